// How the desk's table tells of a strategy.
import type { Strategy } from "./desk-types.js";

/** Trades that ended; null: not told. */
export function tradesOf({ wins, losses }: Strategy): number | null {
  return wins === null || losses === null ? null : wins + losses;
}

/** Of nothing there is no rate. */
export function winRateOf(strategy: Strategy): number | null {
  return tradesOf(strategy) === 0 ? null : strategy.winRate;
}

/** W3 or L2; null: none, or not told. */
export function streakOf({ winStreak, lossStreak }: Strategy): string | null {
  if (winStreak !== null && winStreak > 0) return `W${winStreak}`;
  return lossStreak !== null && lossStreak > 0 ? `L${lossStreak}` : null;
}
