// Indicators: which belong together, which are drawn over the price and which in a pane of their
// own, and their values by candle.
import { type Candle, lastAtOrBefore } from "./candles.js";
import { drawable } from "./chart-time.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { momentOf, number, object, text } from "./payload.js";

const MAX_POINTS = 6000;
const MAX_NAMES = 60;

export interface IndicatorGroup {
  key: string;
  title: string;
  onPrice: boolean;
  lines: { name: string; kind: "line" | "histogram" }[];
}

/** Those that are drawn together, in this order of lines. */
const FAMILIES: readonly { key: string; title: string; onPrice: boolean; lines: RegExp[] }[] = [
  { key: "bb", title: "Bollinger", onPrice: true, lines: [/^bb_upper/, /^bb_middle/, /^bb_lower/] },
  {
    key: "macd",
    title: "MACD",
    onPrice: false,
    lines: [/^macd_hist/, /^macd$/, /^macd_(?!hist)/],
  },
  { key: "adx", title: "ADX · DI", onPrice: false, lines: [/^adx/, /^plus_di/, /^minus_di/] },
];
const ON_PRICE = /^(ema|sma|wma|hma|dema|tema|bb|kc|dc|vwap|supertrend|psar)(_|$|\d)/;
/** Says something about another line, and is none itself. */
const NO_LINE = /_direction$/;

export function indicatorGroups(names: readonly string[]): IndicatorGroup[] {
  const left = new Set([...names].sort(byName).filter((name) => !NO_LINE.test(name)));
  const groups: IndicatorGroup[] = [];
  for (const { key, title, onPrice, lines } of FAMILIES) {
    const found = lines.flatMap((line) => [...left].filter((name) => line.test(name)));
    for (const name of found) left.delete(name);
    if (found.length > 0) groups.push({ key, title, onPrice, lines: found.map(lineOf) });
  }
  for (const name of left) {
    const title = name.replaceAll("_", " ").toUpperCase();
    groups.push({ key: name, title, onPrice: ON_PRICE.test(name), lines: [lineOf(name)] });
  }
  return groups.sort(
    (a, b) => Number(b.onPrice) - Number(a.onPrice) || byName(a.title, b.title),
  );
}

function lineOf(name: string): IndicatorGroup["lines"][number] {
  return { name, kind: /hist/.test(name) ? "histogram" : "line" };
}

function byName(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Whose indicators a symbol has, by strategy (null: nobody's), from some of its newest events. */
export function indicatorSources(
  events: readonly DeskEvent[],
): { strategy: string | null; names: string[] }[] {
  const sources = new Map<string | null, Set<string>>();
  for (const { payload } of events) {
    const strategy = text(payload, "strategy");
    const names = sources.get(strategy) ?? new Set();
    sources.set(strategy, names);
    const values = object(payload, "indicators");
    for (const name of Object.keys(values)) {
      if (number(values, name) !== null && names.size < MAX_NAMES) names.add(name);
    }
  }
  return [...sources]
    .map(([strategy, names]) => ({ strategy, names: [...names] }))
    .sort((a, b) => b.names.length - a.names.length || byName(a.strategy ?? "", b.strategy ?? ""));
}

interface Values {
  /** ms since 1970, at which they were published: the close of their candle, or just after it. */
  start: number;
  seq: number;
  values: Readonly<Record<string, unknown>>;
}

/** The indicators of one strategy in one symbol and timeframe. */
export class IndicatorBook {
  #points: Values[] = [];

  /** Whether something changed. */
  add(events: readonly DeskEvent[]): boolean {
    const known = new Map(this.#points.map((point) => [point.start, point]));
    let changed = false;
    for (const event of events) {
      const start = momentOf(event.timestamp);
      const seq = seqOf(event.id);
      if (start === null || seq <= (known.get(start)?.seq ?? -1)) continue;
      known.set(start, { start, seq, values: object(event.payload, "indicators") });
      changed = true;
    }
    if (changed) {
      const points = [...known.values()].sort((a, b) => a.start - b.start);
      this.#points = points.slice(-MAX_POINTS);
    }
    return changed;
  }

  /** What was known of an indicator when a candle had closed. */
  at(candles: readonly Candle[], index: number, name: string): number | null {
    return this.along(candles.slice(index, index + 2), name)[0] ?? null;
  }

  /** A value, or null, for each candle. @param from the first candle that is asked for. */
  along(candles: readonly Candle[], name: string, from = 0): (number | null)[] {
    const values: (number | null)[] = [];
    let at = lastAtOrBefore(this.#points, (candles[from]?.closedAt ?? 0) - 1) + 1;
    for (let index = from; index < candles.length; index += 1) {
      const opened = candles[index]?.closedAt ?? 0;
      const until = candles[index + 1]?.closedAt ?? Infinity;
      let value: number | null = null;
      for (; (this.#points[at]?.start ?? Infinity) < until; at += 1) {
        const point = this.#points[at];
        if (point === undefined || point.start < opened) continue;
        value = drawable(number(point.values, name)) ?? value;
      }
      values.push(value);
    }
    return values;
  }
}
