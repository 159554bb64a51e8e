// What the tape's panel shows: the newest rows, repainted a few times a second, or the rows as they
// were when somebody wanted to look at them, whatever comes meanwhile.
import { useCallback, useEffect, useRef, useState } from "react";

import type { TapeModel, TapeView } from "../state/tape-model.js";

/** Why it does not follow, the weakest first. */
const REASONS = ["scrolled", "chosen", "paused"] as const;
export type Reason = (typeof REASONS)[number];

const REPAINT_MS = 125;

export interface Painted {
  view: TapeView;
  /** Null: it follows. */
  standing: { reason: Reason; resets: number } | null;
  end: number;
  resets: number;
}

export interface TapeWindow {
  view: TapeView;
  standing: Reason | null;
  /** As newerThan() has it. */
  newer: number | null;
  stand: (reason: Reason) => void;
  follow: () => void;
}

export function paint(tape: TapeModel): Painted {
  return { view: tape.view(), standing: null, end: tape.end, resets: tape.resets };
}

export function repaint(before: Painted, tape: TapeModel): Painted {
  if (before.standing === null) return paint(tape);
  return { ...before, end: tape.end, resets: tape.resets };
}

/** A stronger reason takes the place of a weaker one. */
export function standStill(before: Painted, reason: Reason): Painted {
  const now = before.standing;
  if (now !== null && REASONS.indexOf(now.reason) >= REASONS.indexOf(reason)) return before;
  return { ...before, standing: { reason, resets: now?.resets ?? before.resets } };
}

/** Rows that came since it stands still; null: not known, since all of them were sent anew. */
export function newerThan({ view, standing, end, resets }: Painted): number | null {
  if (standing === null) return 0;
  return standing.resets === resets ? end - view.end : null;
}

/** @param question what the rows are the answer to: with another one it follows again. */
export function useTapeWindow(tape: TapeModel, question: string): TapeWindow {
  const [painted, setPainted] = useState(() => paint(tape));
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  useEffect(() => {
    const onChange = (): void => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        setPainted((before) => repaint(before, tape));
      }, REPAINT_MS);
    };
    const stop = tape.subscribe(onChange);
    onChange(); // what came before this listened
    return () => {
      stop();
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [tape]);

  const follow = useCallback(() => setPainted(paint(tape)), [tape]);
  const stand = useCallback(
    (reason: Reason) => setPainted((before) => standStill(before, reason)),
    [],
  );
  useEffect(() => follow(), [question, follow]);

  return {
    view: painted.view,
    standing: painted.standing?.reason ?? null,
    newer: newerThan(painted),
    stand,
    follow,
  };
}
