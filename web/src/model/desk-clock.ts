// Whose clock the desk goes by: the wall's, one of its own (a simulation, a replay), or none any
// more. Only watching tells a clock that is simulated from one that has stopped.

/** Beyond this the desk's clock is not the wall's. */
const SAME_CLOCK_MS = 60_000;
/** What comes at first is the past being loaded, not a clock that moves. */
const LOADING_MS = 2000;
/** Engines tell something every few seconds. */
const STOPPED_AFTER_MS = 10_000;

export type DeskClock = "same" | "unknown" | "simulated" | "stopped";

export interface ClockWatch {
  deskTime: number | null;
  /** When a time was first seen, by the wall. */
  firstAt: number;
  /** When it last changed. */
  changedAt: number;
  moves: boolean;
}

export function watchClock(
  before: ClockWatch | null,
  deskTime: number | null,
  now: number,
): ClockWatch {
  if (before === null || before.deskTime === null || deskTime === null) {
    return { deskTime, firstAt: now, changedAt: now, moves: false };
  }
  if (before.deskTime === deskTime) return before;
  const moves = before.moves || now - before.firstAt > LOADING_MS;
  return { ...before, deskTime, changedAt: now, moves };
}

export function clockOf({ deskTime, changedAt, moves }: ClockWatch, now: number): DeskClock {
  if (deskTime === null || Math.abs(now - deskTime) < SAME_CLOCK_MS) return "same";
  if (now - changedAt > STOPPED_AFTER_MS) return "stopped";
  return moves ? "simulated" : "unknown";
}
