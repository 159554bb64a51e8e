import { describe, expect, test } from "vitest";

import type { Feed, FeedSummary, Order, Strategy } from "../src/model/desk-types.js";
import { feedRows, worstAgeMs } from "../src/model/feed-rows.js";
import { filledShare, needsALook, orderLists, statusWords } from "../src/model/order-list.js";
import { streakOf, tradesOf, winRateOf } from "../src/model/strategy-words.js";

const everything = { strategy: null, symbol: null, stage: null };

function order(changes: Partial<Order>): Order {
  return {
    key: "k",
    orderId: "O1",
    symbol: "INFY",
    exchange: "NSE",
    side: "BUY",
    status: "open",
    qty: 100,
    filledQty: 25,
    price: 100,
    avgPrice: null,
    triggerPrice: null,
    orderType: "LIMIT",
    product: "MIS",
    strategy: "momentum",
    reason: null,
    correlationId: "D1",
    account: "paper",
    mode: "paper",
    engineId: "e",
    at: 0,
    seq: 1,
    ...changes,
  };
}

describe("the list of orders", () => {
  test("has those at work, and apart from them those that ended lately", () => {
    const orders = [
      order({ key: "a", at: 0 }),
      order({ key: "b", status: "filled", at: 1_000_000 }),
      order({ key: "c", status: "cancelled", at: 1 }),
    ];
    const { working, ended } = orderLists(orders, everything, 1_000_000);
    expect(working.map(({ key }) => key)).toEqual(["a"]);
    expect(ended.map(({ key }) => key)).toEqual(["b"]);
  });

  test("is narrowed as the page is", () => {
    const focus = { ...everything, strategy: "other" };
    expect(orderLists([order({})], focus, 0).working).toEqual([]);
  });

  test("knows how much is filled, if it is told", () => {
    expect(filledShare(order({}))).toBe(0.25);
    expect(filledShare(order({ filledQty: 200 }))).toBe(1);
    expect(filledShare(order({ qty: 0 }))).toBeNull();
    expect(filledShare(order({ filledQty: null }))).toBeNull();
  });

  test("makes an unknown outcome and a pending cancel stand out", () => {
    expect(["unknown", "cancel_pending", "open", "filled"].map(needsALook)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(statusWords("cancel_pending")).toBe("cancel pending");
  });
});

describe("the table of strategies", () => {
  const strategy: Strategy = {
    key: "k",
    name: "momentum",
    engineId: null,
    wins: 3,
    losses: 1,
    winRate: 0.75,
    winStreak: 0,
    lossStreak: 1,
    openPositions: 0,
    signalsToday: 4,
    lastSignal: null,
    lastSignalAt: null,
    realizedPnl: null,
    netPnl: null,
    unrealizedPnl: null,
    lastVeto: null,
  };

  test("has a win rate only of trades that ended", () => {
    expect(tradesOf(strategy)).toBe(4);
    expect(winRateOf(strategy)).toBe(0.75);
    expect(winRateOf({ ...strategy, wins: 0, losses: 0, winRate: 0 })).toBeNull();
    expect(tradesOf({ ...strategy, wins: null })).toBeNull();
  });

  test("tells the streak it is in", () => {
    expect(streakOf(strategy)).toBe("L1");
    expect(streakOf({ ...strategy, winStreak: 2, lossStreak: 0 })).toBe("W2");
    expect(streakOf({ ...strategy, lossStreak: 0 })).toBeNull();
    expect(streakOf({ ...strategy, winStreak: null, lossStreak: null })).toBeNull();
  });
});

describe("the table of feeds", () => {
  const feed = (symbol: string, ageMs: number | null): Feed => ({
    key: `NSE:${symbol}`,
    symbol,
    exchange: "NSE",
    lastPrice: null,
    ageMs,
    ticksPerSecond: null,
    gaps: null,
    lastGap: null,
  });
  const summary: FeedSummary = {
    lastTickAgeMs: 40,
    ticksPerSecond: null,
    ticksTotal: null,
    gaps: null,
    lateTicks: null,
    badTicks: null,
    symbols: null,
    symbolsOmitted: 0,
    stale: [
      { symbol: "INFY", ageMinutes: 61 },
      { symbol: "TCS", ageMinutes: 90 },
    ],
    staleCount: 2,
    feeds: [feed("SBIN", 500), feed("INFY", 3_660_000), feed("NIFTY", null)],
  };

  test("has the longest silent first, and those nobody tells of last", () => {
    const rows = feedRows(summary, "age");
    expect(rows.map(({ symbol }) => symbol)).toEqual(["TCS", "INFY", "SBIN", "NIFTY"]);
    expect(rows.map(({ stale }) => stale)).toEqual([true, true, false, false]);
    expect(rows[0]).toMatchObject({ ageMs: 5_400_000, lastPrice: null });
  });

  test("can be put in the order of names", () => {
    const rows = feedRows(summary, "symbol");
    expect(rows.map(({ symbol }) => symbol)).toEqual(["INFY", "NIFTY", "SBIN", "TCS"]);
  });

  test("has a worst age, of the newest tick when single symbols are not told of", () => {
    expect(worstAgeMs(summary)).toBe(3_660_000);
    expect(worstAgeMs({ ...summary, feeds: [] })).toBe(40);
  });
});
