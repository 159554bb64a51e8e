// How long to wait before another attempt.

export interface BackoffPolicy {
  /** No wait is shorter, in milliseconds. */
  minMs: number;
  /** The longest first wait, unless the server says another by `retry:`; doubles each time. */
  baseMs: number;
  /** No wait is longer, but where the server asks for more. */
  maxMs: number;
  /** Failures in a row after which to give up. */
  attempts: number;
  /** From [0, 1); for tests. */
  random: () => number;
}

export const DEFAULT_BACKOFF: Readonly<BackoffPolicy> = {
  minMs: 100,
  baseMs: 1000,
  maxMs: 30_000,
  attempts: Infinity,
  random: Math.random,
};

/** Timers hold 31 bits; a server that asks for more is asked again after a day. */
const MAX_WAIT_MS = 86_400_000;

/**
 * Full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015): anything between the
 * lower bound and one that doubles, so that the clients of a server that died do not return as one.
 *
 * @param failures how many attempts have failed in a row before, from 0.
 * @param askedMs what the server asked to wait (Retry-After, or `retry:` of a shutdown): the wait
 *     is never shorter, and up to a quarter longer.
 */
export function backoffMs(failures: number, policy: BackoffPolicy, askedMs = 0): number {
  const upper = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(failures, 30));
  const random = policy.random();
  const jittered = policy.minMs + random * Math.max(0, upper - policy.minMs);
  return Math.min(Math.max(jittered, askedMs * (1 + random / 4)), MAX_WAIT_MS);
}

/** Resolves after `ms`, or at once when the signal fires. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
