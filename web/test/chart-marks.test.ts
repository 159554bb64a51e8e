import type { Trade } from "@tapedeck/client";
import { describe, expect, it } from "vitest";

import {
  candleOfMark,
  gapAt,
  isOfStage,
  type Mark,
  marksOf,
  placeMarks,
} from "../src/model/chart-marks.js";

const T0 = Date.parse("2026-11-23T04:00:00Z");
const MINUTE = 60_000;
const CANDLES = [0, 1, 2, 5].map((minute) => ({
  start: T0 + minute * MINUTE,
  closedAt: T0 + (minute + 1) * MINUTE,
}));
const NIFTY = { exchange: "NSE", symbol: "NIFTY" };
const FUTURE = { exchange: "NFO", symbol: "NIFTY26NOVFUT" };

function trade(changes: Partial<Trade>): Trade {
  return {
    correlation_id: "c1",
    outcome: "filled",
    decision: "BUY",
    side: "BUY",
    symbol: "NIFTY",
    exchange: "NSE",
    signal_symbol: "NIFTY",
    signal_exchange: "NSE",
    strategy: "momentum",
    reason: "fast over slow",
    order_ids: ["O1"],
    qty: 75,
    filled_qty: 75,
    avg_price: 101.5,
    decision_price: 101,
    veto: null,
    reject: null,
    end_reason: null,
    decided_at: "2026-11-23T04:02:00Z",
    sent_at: null,
    first_fill_at: "2026-11-23T04:02:00.061Z",
    ...changes,
  } as Trade;
}

function mark(changes: Partial<Mark>): Mark {
  const what = { kind: "signal", side: "BUY", at: T0, price: 1, qty: 1 } as const;
  const why = { strategy: null, reason: null, trade: "c1", vetoCode: null };
  return { id: "m", ...what, ...why, ...changes };
}

const kinds = (trades: Trade[], chart = NIFTY, until = Infinity): string[] =>
  marksOf(trades, chart, until).map(({ kind }) => kind);

describe("marks of a trade", () => {
  it("are its decision and its fill", () => {
    const [decision, fill] = marksOf([trade({})], NIFTY, Infinity);
    expect(decision).toMatchObject({ kind: "signal", side: "BUY", reason: "fast over slow" });
    expect(fill).toMatchObject({ kind: "fill", price: 101.5, qty: 75, trade: "c1" });
  });

  it("decided on an index and made in its future are on the chart of each", () => {
    const both = trade({ symbol: FUTURE.symbol, exchange: "NFO" });
    expect(kinds([both])).toEqual(["signal"]);
    expect(kinds([both], FUTURE)).toEqual(["fill"]);
  });

  it("of another exchange's symbol of the same name are not shown", () => {
    expect(kinds([trade({})], { exchange: "BSE", symbol: "NIFTY" })).toEqual([]);
  });

  it("say why a decision was vetoed, and which way it wanted", () => {
    const veto = { by: "limits", code: "cooldown", reason: "3 candles to wait", wanted: "SELL" };
    const vetoed = trade({ outcome: "vetoed", side: null, veto, first_fill_at: null });
    expect(marksOf([vetoed], NIFTY, Infinity)).toMatchObject([
      { kind: "rejected", side: "SELL", reason: "cooldown: 3 candles to wait" },
    ]);
  });

  it("say why a broker refused an order", () => {
    const reject = { code: "margin", reason: "funds are missing", order_id: "O1" };
    const refused = trade({ outcome: "rejected", reject, first_fill_at: null });
    expect(marksOf([refused], NIFTY, Infinity)).toMatchObject([
      { kind: "rejected", side: "BUY", reason: "margin: funds are missing" },
    ]);
  });

  it("tell an exit from an entry", () => {
    expect(kinds([trade({ decision: "EXIT", first_fill_at: null })])).toEqual(["exit"]);
  });

  it("end at the moment that is shown", () => {
    const cursor = Date.parse("2026-11-23T04:02:00.050Z");
    expect(kinds([trade({})], NIFTY, cursor)).toEqual(["signal"]);
    expect(kinds([trade({})], NIFTY, T0)).toEqual([]);
  });

  it("without an id are opened by the order", () => {
    const [first] = marksOf([trade({ correlation_id: null })], NIFTY, Infinity);
    expect(first?.trade).toBe("O1");
  });
});

describe("the candle of a mark", () => {
  const at = (ms: number, kind: Mark["kind"] = "fill"): number =>
    candleOfMark(CANDLES, MINUTE, mark({ at: T0 + ms, kind }));

  it("is the one that holds its moment", () => {
    expect([at(0), at(59_999), at(60_000)]).toEqual([0, 0, 1]);
  });

  it("of a decision at a candle's end is that candle, also before the next one is known", () => {
    expect([at(60_003, "signal"), at(62_000, "signal")]).toEqual([0, 1]);
    expect(at(6 * MINUTE + 3, "signal")).toBe(3);
  });

  it("after the last one is the one that forms", () => {
    expect(at(6 * MINUTE + 61)).toBe(4);
  });

  it("between two sessions is the last before", () => {
    expect(at(4 * MINUTE)).toBe(2);
  });

  it("before the first there is none", () => {
    expect(at(-1)).toBe(-1);
    expect(placeMarks([mark({ at: T0 - 1 })], CANDLES, MINUTE)).toEqual([]);
  });
});

describe("placed marks", () => {
  it("stand below what was to be bought, above what was to be sold, fills at their price", () => {
    const marks = [mark({}), mark({ side: "SELL" }), mark({ kind: "fill" })];
    const places = placeMarks(marks, CANDLES, MINUTE).map(({ where }) => where);
    expect(places).toEqual(["below", "above", "price"]);
  });

  it("of one candle stand in a row, and those beyond three are counted", () => {
    const placed = placeMarks(Array.from({ length: 5 }, () => mark({})), CANDLES, MINUTE);
    expect(placed.map(({ level, more }) => [level, more])).toEqual([
      [0, 0],
      [1, 0],
      [2, 2],
    ]);
  });
});

it("a stage of the funnel leaves its own marks", () => {
  const veto = mark({ kind: "rejected", vetoCode: "cooldown" });
  expect(isOfStage(veto, { name: "vetoed", vetoCode: null })).toBe(true);
  expect(isOfStage(veto, { name: "vetoed", vetoCode: "cooldown" })).toBe(true);
  expect(isOfStage(veto, { name: "vetoed", vetoCode: "margin" })).toBe(false);
  expect(isOfStage(veto, { name: "filled", vetoCode: null })).toBe(false);
  expect(isOfStage(veto, null)).toBe(true);
});

it("a gap is told for each candle that it touches", () => {
  const gaps = [{ from: T0 + 30_000, to: T0 + 90_000, missed: 4 }];
  expect(gapAt(gaps, T0, MINUTE)?.missed).toBe(4);
  expect(gapAt(gaps, T0 + MINUTE, MINUTE)?.missed).toBe(4);
  expect(gapAt(gaps, T0 + 2 * MINUTE, MINUTE)).toBeUndefined();
});
