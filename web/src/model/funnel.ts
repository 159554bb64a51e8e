// The decision funnel: how many of what was looked at became a signal, an order, a fill, and what
// stopped the others.
import type { Trade } from "@tapedeck/client";

import type { StageName } from "../state/location.js";
import { type AsOf, outcomeAsOf, type TradeState } from "./trade-as-of.js";
import { isAtStage } from "./trade-outcomes.js";

/** What the funnel needs of a trade; of ten thousand of them nothing else is kept. */
export interface FunnelTrade extends TradeState {
  key: string;
  vetoCode: string | null;
}

/** The trades of a range, as far as they were read. */
export interface Reading {
  trades: ReadonlyMap<string, FunnelTrade>;
  /** There are older ones: counts are at least what they say. */
  more: boolean;
}

export const PAGE = 1000;
export const MAX_PAGES = 10;
const MAX_KEPT = 2 * MAX_PAGES * PAGE;
/** Orders that are at work for longer than this are looked at when all is read again. */
const UNSETTLED_MS = 15 * 60_000;

export function funnelTrade(trade: Trade): FunnelTrade {
  const { outcome, decided_at, sent_at, acked_at, first_fill_at, last_fill_at, last_id } = trade;
  return {
    key: trade.first_id ?? trade.correlation_id ?? trade.order_ids.join(" "),
    vetoCode: trade.veto?.code ?? null,
    outcome,
    decided_at,
    sent_at,
    acked_at,
    first_fill_at,
    last_fill_at,
    last_id,
  };
}

export function readingOf(trades: readonly FunnelTrade[], more: boolean): Reading {
  return { trades: new Map(trades.map((trade) => [trade.key, trade])), more };
}

/** @param newer read from resumeFrom() on; @param more whether that did not reach down to it. */
export function mergeReading(old: Reading, newer: readonly FunnelTrade[], more: boolean): Reading {
  const trades = new Map(old.trades);
  for (const trade of newer) trades.set(trade.key, trade);
  const tooMany = Math.max(0, trades.size - MAX_KEPT);
  for (const key of [...trades.keys()].slice(0, tooMany)) trades.delete(key);
  return { trades, more: old.more || more || tooMany > 0 };
}

/** From which decision on trades may be new or other; null: a page holds all of them anyway. */
export function resumeFrom({ trades }: Reading): Date | null {
  if (trades.size < PAGE) return null;
  const times = [...trades.values()].map((trade) => ({
    at: Date.parse(trade.decided_at ?? ""),
    settled: trade.outcome !== "working" && trade.outcome !== "signalled",
  }));
  const newest = times.reduce((most, { at }) => (at > most ? at : most), 0);
  if (newest === 0) return null;
  const from = times.reduce(
    (least, { at, settled }) =>
      !settled && at < least && newest - at <= UNSETTLED_MS ? at : least,
    newest,
  );
  return new Date(from);
}

export interface FunnelCounts {
  signalled: number;
  vetoed: number;
  ordered: number;
  filled: number;
  rejected: number;
  /** Most frequent first; null is a veto without a code. */
  vetoes: { code: string | null; count: number }[];
  more: boolean;
}

export function funnelCounts(reading: Reading, asOf: AsOf | null): FunnelCounts {
  const counts = { signalled: 0, vetoed: 0, ordered: 0, filled: 0, rejected: 0 };
  const codes = new Map<string | null, number>();
  for (const trade of reading.trades.values()) {
    const outcome = outcomeAsOf(trade, asOf);
    if (outcome === null) continue;
    for (const stage of ["signalled", "vetoed", "ordered", "filled"] as const) {
      if (isAtStage(outcome, stage)) counts[stage] += 1;
    }
    if (outcome === "rejected") counts.rejected += 1;
    if (outcome === "vetoed") codes.set(trade.vetoCode, (codes.get(trade.vetoCode) ?? 0) + 1);
  }
  const vetoes = [...codes]
    .map(([code, count]) => ({ code, count }))
    .sort((a, b) => b.count - a.count || String(a.code).localeCompare(String(b.code)));
  return { ...counts, vetoes, more: reading.more };
}

export interface StageRow {
  name: StageName;
  /** Null: not known. */
  count: number | null;
  atLeast: boolean;
  /** Of what came before; null: there is no such. */
  share: number | null;
  /** What the share is of, and what is to be known of the count. */
  note: string;
}

export function stageRows(
  scanned: number | null,
  evaluated: number | null,
  counts: FunnelCounts | null,
): StageRow[] {
  const wanted = counts === null ? null : counts.signalled + counts.vetoed;
  const row = (name: keyof FunnelCounts & StageName, of: number | null, note: string): StageRow => {
    const count = counts?.[name] ?? null;
    return { name, count, atLeast: counts?.more ?? false, share: shareOf(count, of), note };
  };
  const known = { atLeast: false, share: null };
  return [
    { ...known, name: "scanned", count: scanned, note: "instruments in the last universe scans" },
    {
      ...known,
      name: "evaluated",
      count: evaluated,
      note: "decisions that were traced; the engine thins repeated HOLDs",
    },
    row("signalled", evaluated, "share of evaluated"),
    row("vetoed", wanted, "share of what was wanted: signalled and vetoed"),
    row("ordered", counts?.signalled ?? null, `share of signalled; ${rejectedNote(counts)}`),
    row("filled", counts?.ordered ?? null, "share of ordered"),
  ];
}

/** Of 1, on a square root: a hundred fills beside ten thousand evaluations can still be seen. */
export function barShare(count: number | null, most: number): number {
  return count === null || most <= 0 ? 0 : Math.min(1, Math.sqrt(count / most));
}

function rejectedNote(counts: FunnelCounts | null): string {
  return `${counts?.rejected ?? 0} of them rejected`;
}

/** What was counted otherwise (thinned, cut off) can be more than what it is of. */
function shareOf(count: number | null, of: number | null): number | null {
  return count === null || of === null || of <= 0 || count > of ? null : count / of;
}
