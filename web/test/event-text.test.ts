import { describe, expect, test } from "vitest";

import type { DeskEvent } from "../src/model/event.js";
import { eventText } from "../src/model/event-text.js";
import type { Payload } from "../src/model/payload.js";
import { event } from "./events.js";

function said(type: string, payload: Payload): string {
  const { subject, what, details } = eventText(event(type, 1, payload));
  return [subject, what, details].join(" | ");
}

const tone = (type: string, payload: Payload): string => eventText(event(type, 1, payload)).tone;

describe("what an event says", () => {
  test("prices have paise, and currencies their four decimals", () => {
    const at = (price: number): string =>
      said("signal_event", { symbol: "X", strategy_name: "s", signal: "BUY", price });
    expect(at(1542.1999999999998)).toContain("at 1,542.20");
    expect(at(963.5)).toContain("at 963.50");
    expect(at(84.1275)).toContain("at 84.1275");
  });

  test("a signal: what is to be done, by whom, at what price and why", () => {
    const signal = {
      symbol: "NIFTY",
      strategy_name: "momentum",
      signal: "BUY",
      confidence: 0.81,
      reason: "fast EMA crossed above slow EMA",
      timeframe: "1m",
      price: 26401.15,
      order_symbol: "NIFTY26NOVFUT",
    };
    expect(said("signal_event", signal)).toBe(
      "NIFTY | BUY | momentum · 1m · at 26,401.15 · in NIFTY26NOVFUT · 81 % · " +
        "fast EMA crossed above slow EMA",
    );
    expect(tone("signal_event", signal)).toBe("gain");
    expect(said("signal_event", { ...signal, order_symbol: "NIFTY" })).not.toContain("in NIFTY");
  });

  test("a veto: what was wanted, and who refused it why", () => {
    const trace_data = {
      reason: "the margin of 257411.21 is more than what is free",
      veto_by: "risk",
      veto_code: "margin",
      wanted: "BUY",
      close_price: 26401,
    };
    const veto = { strategy_name: "ema", symbol: "NIFTY", decision: "VETO", trace_data };
    expect(said("decision_trace", veto)).toBe(
      "NIFTY | VETO | ema · wanted BUY · margin (risk) · " +
        "the margin of 257411.21 is more than what is free · close 26,401.00",
    );
    expect(tone("decision_trace", veto)).toBe("warn");
    expect(tone("decision_trace", { ...veto, decision: "HOLD" })).toBe("dim");
  });

  test("an order: how much of it, of which kind, for whom", () => {
    const order = {
      order_id: "PAPER-1",
      symbol: "INFY",
      side: "BUY",
      status: "open",
      qty: 1300,
      price: 1532.65,
      filled_qty: 0,
      order_type: "LIMIT",
      product: "MIS",
      strategy: "momentum",
    };
    expect(said("order_event", order)).toBe(
      "INFY | BUY open | 1,300 @ 1,532.65 · LIMIT MIS · momentum · PAPER-1",
    );
    const part = { ...order, status: "partially_filled", filled_qty: 300, avg_price: 1532.5 };
    expect(said("order_event", part)).toContain("BUY partially filled | 300 of 1,300 @ 1,532.50");
    expect(said("order_event", { ...order, order_type: "MARKET" })).toContain("| 1,300 · MARKET");
    const why = { reject_code: "margin", reason: "too little" };
    const refused = { ...order, status: "rejected", ...why };
    expect(said("order_event", refused)).toContain("margin · too little");
    expect(tone("order_event", refused)).toBe("bad");
    expect(tone("order_event", { ...order, status: "COMPLETE" })).toBe("accent");
    const stop = { ...order, order_type: "SL-M", trigger_price: 1500 };
    expect(said("order_event", stop)).toContain("SL-M MIS trigger 1,500.00");
  });

  test("a position: its size, what it makes, and what of it has no stop", () => {
    const long = {
      symbol: "INFY",
      position_size: 130,
      entry_price: 1542.2,
      last_price: 1541.85,
      unrealized_pnl: -45.5,
      day_pnl: -45.5,
      strategy: "momentum",
      product: "MIS",
      protected_qty: 100,
    };
    expect(said("position_event", long)).toBe(
      "INFY | +130 | 1,542.20 → 1,541.85 · open −₹46 · day −₹46 · ⚠ 30 without a stop · " +
        "momentum · MIS",
    );
    const flat = { ...long, position_size: 0, protected_qty: 0 };
    expect(said("position_event", flat)).toBe("INFY | flat | day −₹46 · momentum · MIS");
    expect(said("position_event", { ...flat, scope: "account" })).toContain("whole account");
  });

  test("performance: the net with its sign, and what it is made of", () => {
    const metrics = {
      day_net_pnl: -744.54,
      realized_pnl: 10,
      unrealized_pnl: 331.3,
      charges: 1075.84,
      win_rate: 0.5,
      trades: 1,
    };
    const update = { metrics, scope: "strategy", strategy: "momentum" };
    expect(said("performance_update", update)).toBe(
      "momentum | −₹745 | realised +₹10 · open +₹331 · charges ₹1,076 · 1 trade · 50 % won",
    );
    expect(tone("performance_update", update)).toBe("loss");
    expect(said("performance_update", { metrics: {}, scope: "account" })).toBe("account | – | ");
  });

  test("an engine: how it does, by the figures that tell", () => {
    const health = (engine_name: string, metrics: Payload, status = "active"): string =>
      said("engine_health", { engine_name, status, metrics });
    const feed = { ticks_per_second: 32, cached_symbols: 9, last_tick_age_ms: 400, gaps: 0 };
    expect(health("MarketDataEngine", feed)).toBe(
      "MarketDataEngine | active | 32.0 ticks/s · 9 symbols · last tick 0.4 s ago · 0 gaps",
    );
    expect(health("ExecutionEngine", { open_orders: 1, fills_total: 2, kill_switch: true })).toBe(
      "ExecutionEngine | active | 1 order at work · 2 fills · KILL SWITCH ON",
    );
    expect(health("StrategyEngineV2", { total_strategies: 3, avg_win_rate: 0.36 })).toContain(
      "3 strategies · 36 % won",
    );
    expect(health("System", { process_cpu_pct: 12.4, process_memory_bytes: 24e6 })).toContain(
      "CPU 12 % · 24 MB",
    );
    expect(health("Mine", { a: 1, b: "two", c: {}, d: true })).toContain("a 1 · b two · d true");
    expect(tone("engine_health", { engine_name: "Mine", status: "error", metrics: {} })).toBe(
      "bad",
    );
    const status = { mde_name: "mde", status: "degraded", metrics: { ticks: 4 } };
    expect(said("mde_status", status)).toBe("mde | degraded | ticks 4");
  });

  test("a command: which, to whom, by whom", () => {
    const kill = { command: "kill", target: "*", state: "requested", by: "asha", reason: "test" };
    expect(said("command_event", kill)).toBe("all engines | kill requested | by asha · test");
    expect(tone("command_event", { ...kill, state: "failed" })).toBe("bad");
  });

  test("a candle: its close with the direction as a shape, and the rest", () => {
    const candle = {
      symbol: "SBIN",
      timeframe: "1m",
      start: "2026-11-23T03:47:00.000000Z",
      open: 950.6,
      high: 951.4,
      low: 950.45,
      close: 950.85,
      volume: 139618,
    };
    expect(said("candle_event", candle)).toBe(
      "SBIN | 1m | from 09:17 · ▲ 950.85 · open 950.60 · high 951.40 · low 950.45 · " +
        "volume 1,39,618",
    );
  });

  test("indicators by name; what is none of a figure's kinds is left out", () => {
    const indicators = { rsi: 58.7155, up: true, word: "x", nothing: null, deep: { a: 1 } };
    const payload = { symbol: "TCS", timeframe: "1m", strategy: "ema", indicators };
    expect(said("indicator_event", payload)).toBe(
      "TCS | 1m | ema · rsi 58.7155 · up true · word x",
    );
  });

  test("the session, the universe, and what was not found", () => {
    const phase = { exchange: "NSE", segment: "index", phase: "closing_auction", group: "index" };
    expect(said("session_event", phase)).toBe("NSE | closing auction | index");
    const scan = {
      scan_type: "equity",
      universe_size: 7,
      summary: {
        exchange: "NSE",
        counts: { EQ: 6, INDEX: 1 },
        added: ["A"],
        removed: ["B"],
        session_date: "2026-11-23",
      },
    };
    expect(said("universe_scan", scan)).toBe(
      "equity | 7 instruments | NSE · EQ 6, INDEX 1 · 1 added, 1 removed · +A, −B · 2026-11-23",
    );
    const summary = { total: 9, by_exchange: { NFO: 2 }, added_count: 0, removed_count: 0 };
    expect(said("universe_summary", { universe_type: "all", summary })).toBe(
      "all | 9 instruments | NFO 2 · no change",
    );
    expect(said("mde_lookup_failure", { symbol: "X", exchange_tried: "NSE" })).toBe(
      "X | not found | looked for on NSE",
    );
  });

  test("what is silent and what is missing", () => {
    const known = [{ symbol: "A", age_minutes: 61 }, { symbol: "B" }];
    const symbols = [...known, 7, null, { age_minutes: 2 }];
    expect(said("mde_stale_symbols", { count: 12, symbols })).toBe(
      " | 12 silent symbols | A 1 h 01 m, B · …",
    );
    const gap = {
      symbol: "INFY",
      from: "2026-11-23T03:45:03Z",
      to: "2026-11-23T03:45:09Z",
      missed: 12,
    };
    expect(said("feed_gap", gap)).toBe(
      "INFY | feed gap | 09:15:03 to 09:15:09 · 6.0 s · missed 12",
    );
    expect(said("events_dropped", { count: 1234, thread: "main", reason: "spool_full" })).toBe(
      "main | 1,234 dropped | events that the bus could not take · spool full",
    );
  });

  test("alerts and what people do about them", () => {
    const firing = { rule: "kill", state: "firing", severity: "critical", summary: "killed" };
    expect(said("alert_event", firing)).toBe("kill | critical firing | killed");
    expect(tone("alert_event", firing)).toBe("bad");
    expect(tone("alert_event", { ...firing, state: "resolved" })).toBe("dim");
    expect(said("alert_action", { rule: "kill", action: "acknowledge", by: "asha" })).toBe(
      "kill | acknowledge | by asha",
    );
  });

  test("a type of the publisher's own: its subject, what happened, its first fields", () => {
    const payload = { symbol: "X", status: "up", speed: 3.5, deep: { a: 1 }, word: "w" };
    expect(said("my_event", payload)).toBe("X | up | speed 3.5 · word w");
    expect(said("my_event", {})).toBe(" |  | ");
  });
});

const KNOWN = [
  ...["signal_event", "indicator_event", "order_event", "position_event", "engine_health"],
  ...["decision_trace", "universe_scan", "performance_update", "candle_event", "session_event"],
  ...["command_event", "mde_lookup_failure", "mde_stale_symbols", "mde_status"],
  ...["universe_summary", "feed_gap", "alert_event", "alert_action", "events_dropped", "any.other"],
];
const MEMBERS = [
  ...["symbol", "strategy_name", "strategy", "signal", "decision", "trace_data", "side", "status"],
  ...["qty", "price", "filled_qty", "avg_price", "order_type", "trigger_price", "position_size"],
  ...["entry_price", "day_pnl", "protected_qty", "metrics", "engine_name", "mde_name", "state"],
  ...["target", "command", "by", "open", "close", "start", "volume", "indicators", "phase", "from"],
  ...["to", "missed", "summary", "universe_size", "count", "symbols", "rule", "severity", "value"],
  ...["until", "reason", "confidence", "reject_code", "universe_type", "scan_type", "thread"],
];
const VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1e308, -1e308, 1e-300, NaN, "", "x".repeat(70_000), "constructor"],
  ...["__proto__", "\u202e\u0000\n", [], [[]], [null, 1, "a"], {}, { win_rate: "x", a: { b: 1 } }],
  { counts: [1], added: "x", removed: [1], indicators: 3, veto_code: 4, reason: [], wanted: {} },
];

test.each(KNOWN)("%s survives any payload, and is never long", (type) => {
  for (const value of VALUES) {
    const payload = Object.fromEntries(MEMBERS.map((name) => [name, value]));
    const hostile = { type, id: "a-1", timestamp: "never", payload } as DeskEvent;
    const { subject, what, details } = eventText(hostile);
    expect(subject.length).toBeLessThanOrEqual(80);
    expect(what.length).toBeLessThanOrEqual(80);
    expect(details.length).toBeLessThanOrEqual(400);
    expect([subject, what, details].join()).not.toMatch(/undefined|NaN|\[object/);
    expect([subject, what, details].join()).not.toMatch(/[\p{Cc}\u202e]/u);
  }
});
