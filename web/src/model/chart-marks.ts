// What is marked on a chart: signals that were taken, ones that were not and why, and fills.
import type { Trade } from "@tapedeck/client";

import type { Stage } from "../state/location.js";
import { lastAtOrBefore } from "./candles.js";
import { momentOf } from "./payload.js";

export type MarkKind = "signal" | "exit" | "rejected" | "fill";

export interface Mark {
  id: string;
  kind: MarkKind;
  /** Which way it wanted, or traded; null: not told. */
  side: "BUY" | "SELL" | null;
  /** ms since 1970 */
  at: number;
  price: number | null;
  qty: number | null;
  strategy: string | null;
  /** Why: of a signal, a veto, or a broker's no. */
  reason: string | null;
  /** What opens its chain; null: it has none. */
  trade: string | null;
  vetoCode: string | null;
}

export interface Instrument {
  exchange: string | null;
  symbol: string;
}

/** A decision this soon after a candle's end was made on that candle, not on the one that began. */
const DECIDED_ON_CLOSE_MS = 1000;
/** More marks of one candle on one side are counted, not drawn. */
export const MAX_LEVELS = 3;

/**
 * A trade may be decided on one instrument and made in another (an index and its future): each
 * chart gets what happened there.
 * @param until nothing later is known yet (ms since 1970).
 */
export function marksOf(trades: readonly Trade[], chart: Instrument, until: number): Mark[] {
  return trades
    .flatMap((trade) => [decisionMark(trade, chart), fillMark(trade, chart)])
    .filter((mark) => mark !== null)
    .filter((mark) => mark.at <= until)
    .sort((a, b) => a.at - b.at);
}

function decisionMark(trade: Trade, chart: Instrument): Mark | null {
  const at = momentOf(trade.decided_at) ?? momentOf(trade.sent_at);
  const symbol = trade.signal_symbol ?? trade.symbol;
  const exchange = trade.signal_symbol === null ? trade.exchange : trade.signal_exchange;
  if (at === null || !isOf(chart, symbol, exchange)) return null;
  const refused = trade.outcome === "vetoed" || trade.outcome === "rejected";
  const failed = refused || trade.outcome === "error";
  return {
    ...common(trade),
    id: `${trade.correlation_id ?? trade.first_id ?? "?"}/decision`,
    kind: failed ? "rejected" : trade.decision === "EXIT" ? "exit" : "signal",
    side: sideOf(trade.veto?.wanted) ?? sideOf(trade.side) ?? sideOf(trade.decision),
    at,
    price: trade.decision_price,
    reason: failed ? whyNot(trade) : trade.reason,
  };
}

function fillMark(trade: Trade, chart: Instrument): Mark | null {
  const at = momentOf(trade.first_fill_at);
  const { avg_price: price, filled_qty: qty } = trade;
  if (at === null || price === null || qty === null || qty <= 0) return null;
  if (!isOf(chart, trade.symbol, trade.exchange)) return null;
  return {
    ...common(trade),
    id: `${trade.correlation_id ?? trade.first_id ?? "?"}/fill`,
    kind: "fill",
    side: sideOf(trade.side),
    at,
    price,
    qty,
  };
}

function common(trade: Trade): Omit<Mark, "id" | "kind" | "side" | "at" | "price"> {
  return {
    qty: trade.qty,
    strategy: trade.strategy,
    reason: trade.reason,
    trade: trade.correlation_id ?? trade.order_ids[0] ?? null,
    vetoCode: trade.veto?.code ?? null,
  };
}

function whyNot(trade: Trade): string {
  const { veto, reject } = trade;
  const words = [veto?.code ?? reject?.code, veto?.reason ?? reject?.reason ?? trade.end_reason];
  return words.filter((word) => word).join(": ") || trade.outcome;
}

function sideOf(word: string | null | undefined): Mark["side"] {
  return word === "BUY" || word === "SELL" ? word : null;
}

function isOf(chart: Instrument, symbol: string | null, exchange: string | null): boolean {
  if (symbol !== chart.symbol) return false;
  return chart.exchange === null || exchange === null || exchange === chart.exchange;
}

/** Whether a mark is of the stage of the funnel that everything is narrowed to. */
export function isOfStage(mark: Mark, stage: Stage | null): boolean {
  switch (stage?.name) {
    case "signalled":
      return mark.kind === "signal" || mark.kind === "exit";
    case "vetoed":
      return mark.kind === "rejected" && [null, mark.vetoCode].includes(stage.vetoCode);
    case "filled":
      return mark.kind === "fill";
    default:
      return true;
  }
}

export interface PlacedMark {
  mark: Mark;
  /** The candle; its number may be one more than the last: the candle that forms now. */
  candle: number;
  where: "above" | "below" | "price";
  /** How many marks stand between it and the candle. */
  level: number;
  /** Only of the last that is drawn: how many more there are. */
  more: number;
}

/** The candle that holds a mark's moment; -1: it is before the first. */
export function candleOfMark(
  candles: readonly { start: number; closedAt: number }[],
  lengthMs: number,
  mark: Mark,
): number {
  const at = lastAtOrBefore(candles, mark.at);
  const candle = candles[at];
  if (candle === undefined) return -1;
  const before = candles[at - 1];
  const decided = mark.kind !== "fill";
  if (decided && before !== undefined && isOnClose(before.closedAt, mark.at)) return at - 1;
  if (at < candles.length - 1 || (decided && isOnClose(candle.closedAt, mark.at))) return at;
  return mark.at >= candle.start + lengthMs ? at + 1 : at;
}

function isOnClose(closedAt: number, at: number): boolean {
  return at >= closedAt && at < closedAt + DECIDED_ON_CLOSE_MS;
}

/** What wanted to buy stands below its candle, what wanted to sell above, a fill at its price. */
export function placeMarks(
  marks: readonly Mark[],
  candles: readonly { start: number; closedAt: number }[],
  lengthMs: number,
): PlacedMark[] {
  const columns = new Map<string, PlacedMark[]>();
  for (const mark of marks) {
    const candle = candleOfMark(candles, lengthMs, mark);
    if (candle < 0) continue;
    const where = mark.kind === "fill" ? "price" : mark.side === "SELL" ? "above" : "below";
    const key = `${where} ${String(candle)}`;
    const column = columns.get(key) ?? [];
    columns.set(key, column);
    column.push({ mark, candle, where, level: column.length, more: 0 });
  }
  return [...columns.values()].flatMap((column) => {
    const last = column[MAX_LEVELS - 1];
    if (last === undefined || last.where === "price") return column;
    last.more = column.length - MAX_LEVELS;
    return column.slice(0, MAX_LEVELS);
  });
}

export interface Gap {
  from: number;
  to: number;
  missed: number | null;
}

/** The gap of a feed in which a moment lies. */
export function gapAt(gaps: readonly Gap[], ms: number, lengthMs: number): Gap | undefined {
  return gaps.find((gap) => gap.from < ms + lengthMs && gap.to > ms);
}
