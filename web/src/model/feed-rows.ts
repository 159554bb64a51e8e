// The feeds as a table: each symbol that is told of, and those that are only told to be silent.
import type { Feed, FeedSummary } from "./desk-types.js";

export interface FeedRow extends Feed {
  stale: boolean;
}

export type FeedOrder = "symbol" | "age";

export function feedRows(summary: FeedSummary, order: FeedOrder): FeedRow[] {
  const silent = new Map(summary.stale.map(({ symbol, ageMinutes }) => [symbol, ageMinutes]));
  const told = new Set(summary.feeds.map(({ symbol }) => symbol));
  const rows = summary.feeds.map((feed): FeedRow => ({ ...feed, stale: silent.has(feed.symbol) }));
  for (const [symbol, ageMinutes] of silent) {
    if (!told.has(symbol)) rows.push(silentRow(symbol, ageMinutes));
  }
  return rows.sort(order === "symbol" ? bySymbol : byAge);
}

/** Of single symbols, else of the newest tick of all; null: not known. */
export function worstAgeMs(summary: FeedSummary): number | null {
  const ages = summary.feeds.flatMap(({ ageMs }) => ageMs ?? []);
  return ages.length === 0
    ? summary.lastTickAgeMs
    : ages.reduce((worst, age) => Math.max(worst, age), 0);
}

function silentRow(symbol: string, ageMinutes: number | null): FeedRow {
  return {
    key: `stale ${symbol}`,
    symbol,
    exchange: null,
    lastPrice: null,
    ageMs: ageMinutes === null ? null : ageMinutes * 60_000,
    ticksPerSecond: null,
    gaps: null,
    lastGap: null,
    stale: true,
  };
}

function bySymbol(a: FeedRow, b: FeedRow): number {
  return a.symbol.localeCompare(b.symbol) || a.key.localeCompare(b.key);
}

/** The oldest first; what is not known is last. */
function byAge(a: FeedRow, b: FeedRow): number {
  return (b.ageMs ?? -1) - (a.ageMs ?? -1) || bySymbol(a, b);
}
