// The wall clock for components: one timer for all that ask for the same pace.
import { useSyncExternalStore } from "react";

class Ticker {
  now = Date.now();
  readonly #everyMs: number;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => {
      this.now = Date.now();
      for (const each of this.#listeners) each();
    }, this.#everyMs);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  };

  read = (): number => this.now;
}

const tickers = new Map<number, Ticker>();

/** Milliseconds since 1970, anew every so often. */
export function useNow(everyMs: number): number {
  let ticker = tickers.get(everyMs);
  if (ticker === undefined) tickers.set(everyMs, (ticker = new Ticker(everyMs)));
  return useSyncExternalStore(ticker.subscribe, ticker.read);
}
