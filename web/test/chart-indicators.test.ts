import { describe, expect, it } from "vitest";

import type { Candle } from "../src/model/candles.js";
import { IndicatorBook, indicatorGroups, indicatorSources } from "../src/model/chart-indicators.js";
import type { DeskEvent } from "../src/model/event.js";
import { lineColours } from "../src/panels/chart-colours.js";

const T0 = Date.parse("2026-11-23T04:00:00Z");

function event(second: number, indicators: Record<string, unknown>, changes = {}): DeskEvent {
  return {
    type: "indicator_event",
    timestamp: new Date(T0 + second * 1000).toISOString(),
    payload: { symbol: "TCS", timeframe: "1m", indicators, strategy: "momentum", ...changes },
    id: `a-${String(Math.floor(second))}`,
  };
}

function candles(count: number): Candle[] {
  return Array.from({ length: count }, (_, at) => {
    const start = T0 + at * 60_000;
    const prices = { open: 1, high: 1, low: 1, close: 1, volume: 1 };
    return { start, closedAt: start + 60_000, ...prices, seq: at };
  });
}

describe("groups of indicators", () => {
  const names = ["rsi", "ema_50", "ema_9", "bb_lower", "bb_upper", "bb_middle", "macd_signal"];
  const more = ["macd", "macd_hist", "adx", "plus_di", "minus_di", "vwap", "supertrend", "z"];
  const groups = indicatorGroups([...names, ...more, "supertrend_direction"]);

  it("hold together what belongs together", () => {
    const lines = Object.fromEntries(
      groups.map(({ key, lines }) => [key, lines.map(({ name }) => name)]),
    );
    expect(lines["bb"]).toEqual(["bb_upper", "bb_middle", "bb_lower"]);
    expect(lines["macd"]).toEqual(["macd_hist", "macd", "macd_signal"]);
    expect(lines["adx"]).toEqual(["adx", "plus_di", "minus_di"]);
    expect(Object.values(lines).flat()).not.toContain("supertrend_direction");
  });

  it("are over the price or in a pane, and a name nobody knows has a pane", () => {
    const onPrice = groups.filter((group) => group.onPrice).map(({ key }) => key);
    expect(onPrice).toEqual(["bb", "ema_9", "ema_50", "supertrend", "vwap"]);
    expect(groups.filter((group) => !group.onPrice).map(({ key }) => key)).toEqual([
      "adx",
      "macd",
      "rsi",
      "z",
    ]);
  });
});

it("colours differ over the price, and within each pane", () => {
  const groups = indicatorGroups(["ema_9", "vwap", "macd", "macd_hist", "rsi"]);
  const colours = lineColours(groups);
  expect(Object.fromEntries(colours)).toEqual({ ema_9: 1, vwap: 2, macd_hist: 1, macd: 2, rsi: 1 });
  const many = indicatorGroups(Array.from({ length: 9 }, (_, at) => `ema_${String(at + 1)}`));
  expect([...lineColours(many).values()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 1]);
});

it("sources are the strategies, the one with the most numbers first", () => {
  const events = [
    event(1, { rsi: 1, note: "x" }, { strategy: "b" }),
    event(2, { rsi: 1, ema_9: 2, ready: true }, { strategy: "a" }),
    event(3, { z: 1 }, { strategy: undefined }),
  ];
  expect(indicatorSources(events)).toEqual([
    { strategy: "a", names: ["rsi", "ema_9"] },
    { strategy: null, names: ["z"] },
    { strategy: "b", names: ["rsi"] },
  ]);
});

describe("indicators by candle", () => {
  it("belong to the candle that had just closed", () => {
    const book = new IndicatorBook();
    book.add([event(60, { rsi: 50 }), event(120.004, { rsi: 51 }), event(240, { rsi: 53 })]);
    expect(book.along(candles(4), "rsi")).toEqual([50, 51, null, 53]);
    expect(book.along(candles(4), "rsi", 2)).toEqual([null, 53]);
  });

  it("before the first candle's end belong to none", () => {
    const book = new IndicatorBook();
    book.add([event(30, { rsi: 50 })]);
    expect(book.along(candles(2), "rsi")).toEqual([null, null]);
  });

  it("of one moment: the newest published counts", () => {
    const book = new IndicatorBook();
    const newer = { ...event(60, { rsi: 60 }), id: "a-99" };
    expect(book.add([newer])).toBe(true);
    expect(book.add([event(60, { rsi: 50 })])).toBe(false);
    expect(book.along(candles(1), "rsi")).toEqual([60]);
  });

  it("that are no numbers are not drawn", () => {
    const book = new IndicatorBook();
    book.add([event(60, { rsi: null }), event(120, { rsi: "high" })]);
    expect(book.along(candles(2), "rsi")).toEqual([null, null]);
  });
});
