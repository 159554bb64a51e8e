import { describe, expect, test } from "vitest";

import { Desk } from "../src/model/desk.js";
import { engineState } from "../src/model/engines.js";
import { unprotectedQty } from "../src/model/positions.js";
import { event, health, order, position, RUN } from "./events.js";

function deskOf(events: readonly ReturnType<typeof event>[]): Desk {
  const desk = new Desk();
  for (const each of events) desk.apply(each, 1000);
  return desk;
}

describe("the desk", () => {
  test("keeps the newest of each position, in whatever order events come", () => {
    const desk = deskOf([position(7, "INFY", 50), position(5, "INFY", 10), position(6, "TCS", -3)]);
    const { positions } = desk.takeChanges();
    expect(positions?.map(({ symbol, size }) => [symbol, size])).toEqual([
      ["INFY", 50],
      ["TCS", -3],
    ]);
  });

  test("never sums what is told apart by account, mode, exchange, product or strategy", () => {
    const desk = deskOf([
      position(1, "INFY", 1),
      position(2, "INFY", 2, { exchange: "BSE" }),
      position(3, "INFY", 3, { product: "NRML" }),
      position(4, "INFY", 4, { strategy: "mean_reversion" }),
      { ...position(5, "INFY", 5), source: { ...RUN, mode: "live" } },
      { ...position(6, "INFY", 6), source: { ...RUN, account: "second" } },
    ]);
    expect(desk.takeChanges().positions).toHaveLength(6);
  });

  test("leaves out an account's position, which repeats those of its strategies", () => {
    const desk = deskOf([position(1, "INFY", 1, { scope: "account" })]);
    expect(desk.everything().positions).toEqual([]);
  });

  test("keeps a flat position, which has a day's P&L", () => {
    const desk = deskOf([position(1, "INFY", 9), position(2, "INFY", 0, { day_pnl: -12.5 })]);
    expect(desk.takeChanges().positions).toMatchObject([{ size: 0, dayPnl: -12.5 }]);
  });

  test("shows working orders, newest first, before those that ended", () => {
    const desk = deskOf([
      order(1, "A", "submitted"),
      order(2, "B", "submitted"),
      order(3, "A", "COMPLETE"),
      order(4, "C", "open"),
    ]);
    const { orders } = desk.takeChanges();
    expect(orders?.map(({ orderId, status }) => [orderId, status])).toEqual([
      ["C", "open"],
      ["B", "submitted"],
      ["A", "filled"],
    ]);
  });

  test("does not take an order that ended for one at work when an older event comes late", () => {
    const desk = deskOf([order(3, "A", "filled"), order(2, "A", "open")]);
    expect(desk.takeChanges().orders).toMatchObject([{ orderId: "A", status: "filled" }]);
  });

  test("takes an order up again that its broker says is at work after all", () => {
    const desk = deskOf([order(3, "A", "error"), order(4, "A", "open")]);
    expect(desk.takeChanges().orders).toMatchObject([{ orderId: "A", status: "open" }]);
  });

  test("forgets what a run held when its engine starts again with nothing", () => {
    const empty = { open_positions: 0, open_orders: 0 };
    const events = [
      position(1, "INFY", 9),
      order(2, "A", "open"),
      health(3, "ExecutionEngine", "starting", empty),
      position(4, "TCS", 1),
    ];
    for (const inOrder of [events, [...events].reverse()]) {
      const { positions, orders } = deskOf(inOrder).everything();
      expect(positions?.map(({ symbol }) => symbol)).toEqual(["TCS"]);
      expect(orders).toEqual([]);
    }
  });

  test("keeps what an engine that knew its positions starts again with", () => {
    const desk = deskOf([
      position(1, "INFY", 9),
      health(2, "ExecutionEngine", "starting", { open_positions: 1, open_orders: 0 }),
    ]);
    expect(desk.takeChanges().positions).toHaveLength(1);
  });

  test("tells only what changed since it was asked", () => {
    const desk = deskOf([position(1, "INFY", 9)]);
    expect(Object.keys(desk.takeChanges()).sort()).toEqual(["deskTime", "positions"]);
    expect(desk.takeChanges()).toEqual({});
    desk.apply(event("session_event", 2, { exchange: "NSE", phase: "continuous" }), 1000);
    expect(Object.keys(desk.takeChanges()).sort()).toEqual(["deskTime", "sessions"]);
  });

  test("keeps changes to be told while somebody else is told everything", () => {
    const desk = deskOf([position(1, "INFY", 9)]);
    expect(desk.everything().positions).toHaveLength(1);
    expect(desk.takeChanges().positions).toHaveLength(1);
  });

  test("has the desk's clock from the newest event, also when that is earlier in the day", () => {
    const late = { ...position(1, "INFY", 1), timestamp: "2026-11-23T10:00:00.000000Z" };
    const early = { ...position(2, "INFY", 2), timestamp: "2026-11-23T03:30:00.000000Z" };
    const desk = deskOf([late, early]);
    expect(desk.takeChanges().deskTime).toBe(Date.parse("2026-11-23T03:30:00Z"));
  });

  test("knows strategies by their health, their P&L and their last veto", () => {
    const source = { ...RUN, engine_id: "paper-strategy" };
    const desk = deskOf([
      event(
        "engine_health",
        1,
        {
          engine_name: "StrategyEngineV2",
          status: "active",
          metrics: {
            strategies: { momentum: { win_count: 3, loss_count: 1, win_rate: 0.75 } },
            kill_switch: true,
          },
        },
        source,
      ),
      event(
        "performance_update",
        2,
        { scope: "strategy", strategy: "momentum", metrics: { day_net_pnl: 12 } },
        source,
      ),
      event(
        "decision_trace",
        3,
        {
          strategy_name: "momentum",
          symbol: "TCS",
          decision: "VETO",
          trace_data: { veto_code: "cooldown", reason: "2 candles to go" },
        },
        source,
      ),
    ]);
    const changes = desk.takeChanges();
    expect(changes.strategies).toMatchObject([
      { name: "momentum", wins: 3, losses: 1, netPnl: 12, lastVeto: { code: "cooldown" } },
    ]);
    expect(changes.killed).toBe(true);
    expect(changes.performance).toBeUndefined();
  });

  test("knows feeds by the market data engine's figures and by gaps", () => {
    const desk = deskOf([
      health(1, "MarketDataEngine", "active", {
        last_tick_age_ms: 52,
        symbols: { "NSE:INFY": { last_price: 1500.5, age_ms: 52, ticks_per_second: 4, gaps: 0 } },
      }),
      event("feed_gap", 2, {
        symbol: "TCS",
        exchange: "NSE",
        from: "2026-11-23T04:00:00Z",
        to: "2026-11-23T04:02:00Z",
      }),
    ]);
    const { feed } = desk.takeChanges();
    expect(feed).toMatchObject({ lastTickAgeMs: 52 });
    expect(feed?.feeds).toMatchObject([
      { key: "NSE:INFY", symbol: "INFY", exchange: "NSE", lastPrice: 1500.5, gaps: 0 },
      { key: "NSE:TCS", gaps: 1, lastGap: { from: Date.parse("2026-11-23T04:00:00Z") } },
    ]);
  });

  test("survives payloads of any shape", () => {
    const desk = new Desk();
    const hostile = [null, 1, "x", [], { a: 1 }, NaN];
    const types = [
      "position_event",
      "order_event",
      "engine_health",
      "performance_update",
      "decision_trace",
      "session_event",
      "universe_scan",
      "feed_gap",
      "mde_stale_symbols",
      "command_event",
    ];
    const names = ["symbol", "status", "metrics", "strategy", "summary", "symbols", "engine_name"];
    for (const type of types) {
      for (const value of hostile) {
        const payload = Object.fromEntries(names.map((name) => [name, value]));
        desk.apply(event(type, 1, payload), 1000);
      }
    }
    expect(desk.everything().positions).toEqual([]);
  });

  test("stays bounded when every event names another thing", () => {
    const desk = new Desk();
    for (let i = 0; i < 12_000; i += 1) {
      desk.apply(position(i, `S${String(i)}`, 1), 1000);
      desk.apply(order(i, `O${String(i)}`, i % 2 === 0 ? "filled" : "open"), 1000);
    }
    const { positions, orders } = desk.takeChanges();
    expect(positions).toHaveLength(5000);
    expect(orders).toHaveLength(5100);
    expect(positions?.at(-1)?.symbol).toBe("S11999");
  });
});

describe("an engine", () => {
  test("that tells nothing for a while is silent, unless it said that it is over", () => {
    const active = deskOf([health(1, "E", "active", {})]).takeChanges().engines?.[0];
    const stopped = deskOf([health(1, "E", "stopped", {})]).takeChanges().engines?.[0];
    if (active === undefined || stopped === undefined) throw new Error("no engine");
    expect(engineState(active, 5000, 20_000)).toBe("active");
    expect(engineState(active, 30_000, 20_000)).toBe("silent");
    expect(engineState(stopped, 30_000, 20_000)).toBe("stopped");
  });
});

test("what no stop would close is the rest of the position, short or long", () => {
  const of = (size: number, protectedQty: number | undefined): number | null => {
    const more = protectedQty === undefined ? {} : { protected_qty: protectedQty };
    const [held] = deskOf([position(1, "X", size, more)]).takeChanges().positions ?? [];
    if (held === undefined) throw new Error("no position");
    return unprotectedQty(held);
  };
  expect(of(-50, 20)).toBe(30);
  expect(of(50, 50)).toBe(0);
  expect(of(50, undefined)).toBeNull();
});
