import { describe, expect, it } from "vitest";

import {
  type Candle,
  CandleBook,
  candleOf,
  firstChange,
  lastAtOrBefore,
  MAX_CANDLES,
  positionOf,
} from "../src/model/candles.js";
import { fromChartTime, timeframeMs, toChartTime } from "../src/model/chart-time.js";
import type { DeskEvent } from "../src/model/event.js";

const MINUTE = 60_000;

function candle(minute: number, changes: Partial<Candle> = {}): Candle {
  const start = minute * MINUTE;
  const prices = { open: 10, high: 12, low: 9, close: 11 };
  return { start, closedAt: start + MINUTE, ...prices, volume: 5, seq: minute, ...changes };
}

function event(payload: Record<string, unknown>): DeskEvent {
  return { type: "candle_event", timestamp: "2026-11-23T03:47:00.000000Z", payload, id: "a-7" };
}

const minutesOf = (book: CandleBook): number[] =>
  book.candles.map(({ start }) => start / MINUTE);

describe("a candle", () => {
  const prices = { open: 1, high: 3, low: 0.5, close: 2, volume: 9 };
  const payload = { start: "2026-11-23T03:46:00Z", ...prices };

  it("is read from its event", () => {
    expect(candleOf(event(payload))).toEqual({
      start: Date.parse("2026-11-23T03:46:00Z"),
      closedAt: Date.parse("2026-11-23T03:47:00Z"),
      open: 1,
      high: 3,
      low: 0.5,
      close: 2,
      volume: 9,
      seq: 7,
    });
  });

  it.each([
    ["without a start", { start: undefined }],
    ["with a start that is no time", { start: "yesterday" }],
    ["without a close", { close: null }],
    ["with a price that is no number", { open: "12" }],
    ["with a price that cannot be drawn", { high: 1e300 }],
  ])("%s is none", (_, changes) => {
    expect(candleOf(event({ ...payload, ...changes }))).toBeUndefined();
  });

  it("begins with a whole second, as charts know them", () => {
    expect(candleOf(event({ ...payload, start: "2026-11-23T03:46:00.700Z" }))?.start).toBe(
      Date.parse("2026-11-23T03:46:00Z"),
    );
  });

  it("whose prices contradict its range is as high and as low as they are", () => {
    const read = candleOf(event({ ...payload, high: 1.5, close: 4 }));
    expect([read?.high, read?.low]).toEqual([4, 0.5]);
  });
});

describe("candles", () => {
  it("are in order of their start, however they come", () => {
    const book = new CandleBook();
    book.add([candle(5), candle(7)]);
    book.add([candle(6)]);
    book.add([candle(2), candle(3)]);
    expect(minutesOf(book)).toEqual([2, 3, 5, 6, 7]);
  });

  it("of one start: the newest published counts, whichever comes first", () => {
    const book = new CandleBook();
    book.add([candle(1, { seq: 20, close: 11.5 })]);
    expect(book.add([candle(1, { seq: 19, close: 10.5 })])).toBe(false);
    expect(book.candles[0]?.close).toBe(11.5);
    expect(book.add([candle(1, { seq: 21, close: 10 })])).toBe(true);
    expect(book.candles.map(({ close }) => close)).toEqual([10]);
  });

  it("are bounded: the oldest go", () => {
    const book = new CandleBook();
    book.add(Array.from({ length: MAX_CANDLES + 250 }, (_, at) => candle(at)));
    expect(book.candles).toHaveLength(MAX_CANDLES + 250);
    expect(book.room).toBe(0);
    book.add([candle(MAX_CANDLES + 250)]);
    expect(book.candles).toHaveLength(MAX_CANDLES);
    expect(book.candles[0]?.start).toBe(251 * MINUTE);
  });

  it("are drawn anew from the first that changed", () => {
    const [one, two, other] = [candle(1), candle(2), candle(2)];
    expect(firstChange([one, two], [one, other, candle(3)])).toBe(1);
    expect(firstChange([one], [one, two])).toBe(1);
    expect(firstChange([one, two], [one, two])).toBe(2);
    expect(firstChange([two], [one, two])).toBe(0);
  });

  it("are found by a moment", () => {
    const rows = [candle(1), candle(2), candle(9)];
    const found = [0, MINUTE, 1.5 * MINUTE, 8 * MINUTE, 99 * MINUTE];
    expect(found.map((ms) => lastAtOrBefore(rows, ms))).toEqual([-1, 0, 0, 1, 2]);
  });
});

describe("the place of a moment", () => {
  const rows = [candle(1), candle(2), candle(9)];

  it("is within its candle", () => {
    expect(positionOf(rows, MINUTE, 2 * MINUTE)).toBe(0.5);
    expect(positionOf(rows, MINUTE, 2.5 * MINUTE)).toBe(1);
  });

  it("where nothing was traded is the border to the next", () => {
    expect(positionOf(rows, MINUTE, 5 * MINUTE)).toBe(1.5);
  });

  it("after the last candle goes on", () => {
    expect(positionOf(rows, MINUTE, 11.5 * MINUTE)).toBe(4);
  });

  it("before the first there is none", () => {
    expect(positionOf(rows, MINUTE, 0)).toBeNull();
    expect(positionOf([], MINUTE, 0)).toBeNull();
  });
});

describe("times of charts", () => {
  it("read as UTC are IST, and lead back", () => {
    const ms = Date.parse("2026-11-23T03:46:00Z");
    expect(new Date(toChartTime(ms) * 1000).toISOString()).toBe("2026-11-23T09:16:00.000Z");
    expect(fromChartTime(toChartTime(ms))).toBe(ms);
  });

  it.each([
    ["1m", MINUTE],
    ["15m", 15 * MINUTE],
    ["60m", 60 * MINUTE],
    ["1d", 1440 * MINUTE],
    ["0m", MINUTE],
    ["fast", MINUTE],
  ])("a timeframe of %s has a length", (timeframe, ms) => {
    expect(timeframeMs(timeframe)).toBe(ms);
  });
});
