// What the server is asked for: the answer stays until the next one is there, questions do not pile
// up, and the answer to a question nobody asks any more is not taken.
import { type DependencyList, useCallback, useEffect, useRef, useState } from "react";

import { failureOf } from "../feed/failure.js";
import type { Failure } from "../feed/protocol.js";

export interface Asked<Answer> {
  answer: Answer | undefined;
  error: Failure | null;
  asking: boolean;
}

/**
 * @param ask null: there is nothing to ask now.
 * @param question what makes it another question; the old answer is forgotten.
 * @param again what makes it the same question once more, at most every `everyMs`.
 */
export function useAsked<Answer>(
  ask: ((signal: AbortSignal) => Promise<Answer>) | null,
  question: DependencyList,
  again: unknown = 0,
  everyMs = 1000,
): Asked<Answer> {
  const [state, setState] = useState<Asked<Answer>>({
    answer: undefined,
    error: null,
    asking: ask !== null,
  });
  const newest = useRef(ask);
  const askedAt = useRef(0);
  const busy = useRef<AbortController | null>(null);
  const wanted = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    newest.current = ask;
  });

  const run = useCallback(async (): Promise<void> => {
    const current = newest.current;
    if (current === null) return;
    const life = new AbortController();
    busy.current = life;
    wanted.current = false;
    askedAt.current = performance.now();
    setState((before) => ({ ...before, asking: true }));
    try {
      const answer = await current(life.signal);
      if (!life.signal.aborted) setState({ answer, error: null, asking: false });
    } catch (error) {
      if (!life.signal.aborted) {
        setState((before) => ({ ...before, error: failureOf(error), asking: false }));
      }
    }
    if (busy.current !== life) return;
    busy.current = null;
    if (wanted.current) void run();
  }, []);

  useEffect(() => {
    setState({ answer: undefined, error: null, asking: newest.current !== null });
    void run();
    return () => {
      busy.current?.abort();
      busy.current = null;
      clearTimeout(timer.current);
    };
  }, question);

  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    clearTimeout(timer.current);
    const wait = Math.max(0, askedAt.current + everyMs - performance.now());
    timer.current = setTimeout(() => {
      if (busy.current !== null) wanted.current = true;
      else void run();
    }, wait);
  }, [again, everyMs, run]);

  return state;
}
