import { describe, expect, test } from "vitest";

import {
  elapsedUs,
  figuresOf,
  hopLength,
  longestOf,
  percentile,
  waterfall,
} from "../src/model/trade-figures.js";
import { filledTrade, trade } from "./trades.js";

type Us = number | null;
const hops = (sent: Us, ack: Us, fill: Us, last: Us) => ({
  decision_to_sent_us: sent,
  sent_to_ack_us: ack,
  ack_to_first_fill_us: fill,
  first_to_last_fill_us: last,
  decision_to_fill_us: last === null ? null : (sent ?? 0) + (ack ?? 0) + (fill ?? 0) + last,
});

describe("the waterfall", () => {
  test("shows microseconds beside seconds, and never more than its width", () => {
    const mixed = trade({ hops: hops(50, 25_000, 30_000_000, 1) });
    const segments = waterfall(mixed.hops, longestOf([mixed]), 80);
    expect(segments).toHaveLength(4);
    for (const { width } of segments) expect(width).toBeGreaterThanOrEqual(2);
    const end = segments.at(-1);
    expect((end?.x ?? 0) + (end?.width ?? 0)).toBeLessThanOrEqual(80 + 1e-9);
  });

  test("puts each hop where the one before it ended, longer for longer", () => {
    const [sent, ack, fill] = waterfall(hops(1000, 25_000, 122_000, 0), hopLength(1e6), 80);
    expect(ack?.x).toBe((sent?.x ?? 0) + (sent?.width ?? 0));
    expect(ack?.width).toBeGreaterThan(sent?.width ?? Infinity);
    expect(fill?.width).toBeGreaterThan(ack?.width ?? Infinity);
  });

  test("leaves out hops that took nothing or are not known", () => {
    expect(waterfall(hops(0, 25_000, null, null), 4, 80).map(({ name }) => name)).toEqual([
      "sent_to_ack_us",
    ]);
  });

  test("marks hops below zero instead of hiding them", () => {
    const [first] = waterfall(hops(-3000, 25_000, null, null), 4, 80);
    expect(first).toMatchObject({ us: -3000, negative: true });
    expect(first?.width).toBeGreaterThan(2);
  });

  test("has room for a second even when all were faster", () => {
    expect(longestOf([])).toBe(hopLength(1_000_000));
    expect(longestOf([trade({ hops: hops(0, 60_000_000, 1, 1) })])).toBeGreaterThan(longestOf([]));
  });
});

describe("how long a trade took", () => {
  test("is from decision to fill, or so far", () => {
    expect(elapsedUs(filledTrade().hops)).toEqual({ us: 5_000_000, over: true });
    expect(elapsedUs(hops(10, 20, null, null))).toEqual({ us: 30, over: false });
    expect(elapsedUs(hops(null, null, null, null))).toBeNull();
  });
});

describe("figures of trades", () => {
  test("have percentiles of the rank the server uses", () => {
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(percentile([1, 2, 3, 4], 0.95)).toBe(3);
    expect(percentile([7], 0.95)).toBe(7);
    expect(percentile([], 0.5)).toBeNull();
  });

  test("count only what is known", () => {
    const other = filledTrade({ slippage_bps: null, slippage_total: -4 });
    const figures = figuresOf([filledTrade(), other, trade({})]);
    expect(figures.decisionToFill).toMatchObject({ n: 2, p50: 5_000_000, most: 5_000_000 });
    expect(figures).toMatchObject({ slippageBps: 100, slippageCount: 1, slippageTotal: 6 });
    expect(figuresOf([])).toMatchObject({ slippageBps: null, slippageTotal: null, rejects: [] });
  });

  test("count hops below zero", () => {
    const figures = figuresOf([trade({ hops: hops(-5, 1, null, null) })]);
    expect(figures.hops[0]).toMatchObject({ n: 1, negative: 1 });
  });

  test("list rejects by reason, the most frequent first", () => {
    const rejected = (code: string) =>
      trade({ outcome: "rejected", reject: { code, reason: null, order_id: null } });
    const trades = [rejected("margin"), rejected("price_band"), rejected("price_band")];
    expect(figuresOf(trades).rejects).toEqual([
      { reason: "outside price band", count: 2 },
      { reason: "not enough margin", count: 1 },
    ]);
  });
});
