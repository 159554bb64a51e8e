// The candles of one chart, in order of their start, from pages of history and from the stream.
import { drawable } from "./chart-time.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { moment, momentOf, number } from "./payload.js";

export const MAX_CANDLES = 5000;
/** So many more may gather before the oldest go, since then the whole chart is drawn anew. */
const SLACK = 250;

/** Times are ms since 1970. */
export interface Candle {
  start: number;
  /** When it was published: from then on it was known. */
  closedAt: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number | null;
  seq: number;
}

/** Undefined: the event is none, or lacks what a candle is drawn with. */
export function candleOf(event: DeskEvent): Candle | undefined {
  const { payload } = event;
  const start = moment(payload, "start");
  const [open, high, low, close] = ["open", "high", "low", "close"].map((name) =>
    drawable(number(payload, name)),
  );
  if (event.type !== "candle_event" || start === null) return undefined;
  if (open == null || high == null || low == null || close == null) return undefined;
  return {
    start: 1000 * Math.floor(start / 1000), // charts know whole seconds
    closedAt: momentOf(event.timestamp) ?? start,
    open,
    high: Math.max(open, high, low, close),
    low: Math.min(open, high, low, close),
    close,
    volume: drawable(number(payload, "volume")),
    seq: seqOf(event.id),
  };
}

export class CandleBook {
  #candles: Candle[] = [];

  get candles(): readonly Candle[] {
    return this.#candles;
  }

  /** How many older ones there is room for. */
  get room(): number {
    return Math.max(0, MAX_CANDLES - this.#candles.length);
  }

  /** Of two of one start the newest published counts. @return whether something changed. */
  add(candles: readonly Candle[]): boolean {
    const changed = candles.map((candle) => this.#put(candle)).includes(true);
    const surplus = this.#candles.length - MAX_CANDLES;
    if (surplus > SLACK) this.#candles.splice(0, surplus);
    return changed;
  }

  #put(candle: Candle): boolean {
    const at = lastAtOrBefore(this.#candles, candle.start);
    const known = this.#candles[at];
    if (known?.start !== candle.start) {
      this.#candles.splice(at + 1, 0, candle);
      return true;
    }
    if (known.seq >= candle.seq) return false;
    this.#candles[at] = candle;
    return true;
  }
}

/** The first that is another than before; the length, when none is. */
export function firstChange(before: readonly unknown[], now: readonly unknown[]): number {
  const at = now.findIndex((candle, index) => candle !== before[index]);
  return at < 0 ? now.length : at;
}

/** The index of the last that begins at or before a moment; -1: all begin later. */
export function lastAtOrBefore(rows: readonly { start: number }[], ms: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.start ?? Infinity) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Where on the chart a moment is, in candles: 3.0 is the middle of the fourth candle, and a candle
 * is one wide. Between two sessions it is the border; after the last candle there is room for those
 * to come. Null: before the first.
 */
export function positionOf(
  candles: readonly { start: number }[],
  lengthMs: number,
  ms: number,
): number | null {
  const at = lastAtOrBefore(candles, ms);
  const candle = candles[at];
  if (candle === undefined) return null;
  const part = (ms - candle.start) / lengthMs;
  const last = at === candles.length - 1;
  return at - 0.5 + (last ? part : Math.min(1, part));
}
