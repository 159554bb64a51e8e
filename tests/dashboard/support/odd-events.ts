// Events that no engine would publish, and events of one thing at any moment.
import type { Published } from "./program.js";

/** One of each kind, with this value where another type is meant. */
export function eventsWith(value: unknown, deep: unknown): Published[] {
  const text = (it: unknown): string => (typeof it === "string" ? it : "odd");
  return [
    { type: "odd_event", payload: { value, deep, symbol: value } },
    {
      type: "signal_event",
      payload: {
        symbol: text(value),
        strategy_name: text(value),
        signal: text(value),
        price: value,
      },
    },
    {
      type: "order_event",
      payload: {
        ...{ order_id: text(value).slice(0, 100), symbol: text(value), side: text(value) },
        ...{ status: text(value), qty: value, price: value, reason: value, filled_qty: value },
      },
    },
    {
      type: "position_event",
      payload: {
        ...{ symbol: text(value), position_size: 1e15, strategy: value, unrealized_pnl: value },
        ...{ last_price: value, day_pnl: value, protected_qty: value, square_off_at: value },
      },
    },
    {
      type: "engine_health",
      payload: {
        engine_name: text(value),
        status: text(value),
        metrics: { x: value, reason: value },
      },
      source: { engine_id: "e", mode: "paper", run_id: "r" },
    },
    {
      type: "performance_update",
      payload: { metrics: { net_pnl: value, loss_limit: value, charges: value }, scope: "account" },
    },
    {
      type: "candle_event",
      payload: {
        ...{ symbol: "ODD", timeframe: "1m", start: "2026-11-20T05:30:00Z", open: -1e300 },
        ...{ high: 1e300, low: 0, close: 5, volume: 1 },
      },
    },
    {
      type: "universe_scan",
      payload: {
        scan_type: text(value),
        universe_size: 1,
        summary: { added: value, counts: value },
      },
    },
    {
      type: "feed_gap",
      payload: { symbol: text(value), from: text(value), to: text(value), missed: value },
    },
  ];
}

/** One of each kind that the page shows a time of. */
export function eventsOf(name: string, timestamp: string): Published[] {
  const source = { engine_id: "paper-x", mode: "paper", run_id: "r" };
  const strategy = "s";
  return [
    {
      type: "position_event",
      timestamp,
      source,
      payload: {
        symbol: name,
        position_size: 3,
        strategy,
        scope: "strategy",
        unrealized_pnl: 12.5,
        last_price: 10,
        entry_price: 9,
        square_off_at: timestamp,
      },
    },
    {
      type: "order_event",
      timestamp,
      source,
      payload: {
        order_id: name,
        symbol: name,
        side: "BUY",
        status: "open",
        qty: 3,
        filled_qty: 0,
        decided_at: timestamp,
        sent_at: timestamp,
      },
    },
    {
      type: "signal_event",
      timestamp,
      source,
      payload: {
        symbol: name,
        strategy_name: strategy,
        signal: "BUY",
        correlation_id: `c${name}`,
        price: 10,
      },
    },
    {
      type: "candle_event",
      timestamp,
      source,
      payload: {
        symbol: name,
        exchange: "NSE",
        timeframe: "1m",
        start: timestamp,
        open: 1,
        high: 2,
        low: 1,
        close: 2,
        volume: 3,
      },
    },
    {
      type: "performance_update",
      timestamp,
      source,
      payload: { scope: "account", metrics: { net_pnl: 5, day_net_pnl: 5, loss_limit: 100 } },
    },
    {
      type: "feed_gap",
      timestamp,
      source,
      payload: { symbol: name, from: timestamp, to: timestamp, missed: 2 },
    },
    {
      type: "engine_health",
      timestamp,
      source,
      payload: { engine_name: "StrategyEngineV2", status: "active", metrics: {} },
    },
    {
      type: "universe_scan",
      timestamp,
      source,
      payload: { scan_type: name, universe_size: 3, summary: {} },
    },
  ];
}
