import type { Trade, TradeChain } from "@tapedeck/client";
import { describe, expect, test } from "vitest";

import type { DeskEvent } from "../src/model/event.js";
import {
  chainAsOf,
  decisionIndicators,
  isHold,
  microsBetween,
  partnersOf,
  partnersQuery,
} from "../src/model/chain-as-of.js";

const DECIDED = "2026-11-23T03:48:00.000000Z";
const ACKED = "2026-11-23T03:48:00.025000Z";
const FILLED = "2026-11-23T03:48:02.055000Z";

function at(timestamp: string, type: string, payload: object = {}): DeskEvent {
  return { type, timestamp, payload: payload as DeskEvent["payload"], id: `a-${timestamp}` };
}

const trade = {
  outcome: "filled",
  complete: true,
  qty: 65,
  filled_qty: 65,
  net_pnl: -97,
  slippage: 0.15,
  decided_at: DECIDED,
  sent_at: DECIDED,
  acked_at: ACKED,
  first_fill_at: FILLED,
  last_fill_at: FILLED,
  hops: {
    decision_to_sent_us: 0,
    sent_to_ack_us: 25_000,
    ack_to_first_fill_us: 2_030_000,
    first_to_last_fill_us: 0,
    decision_to_fill_us: 2_055_000,
  },
} as Partial<Trade> as Trade;
const indicators = { rsi: 74.5 };
const chain = {
  trade,
  events: [
    at(DECIDED, "decision_trace", { trace_data: { indicators } }),
    at(ACKED, "order_event"),
    at(FILLED, "order_event"),
    at(FILLED, "position_event"),
  ],
} as unknown as TradeChain;

describe("a chain at a moment", () => {
  test("is all of it when the page is live, or when all of it was then", () => {
    expect(chainAsOf(chain, null)).toMatchObject({ trade, hidden: 0 });
    expect(chainAsOf(chain, Date.parse(FILLED))).toMatchObject({ trade, hidden: 0 });
  });

  test("has neither events nor figures of what came later", () => {
    const { trade: known, events, hidden } = chainAsOf(chain, Date.parse(ACKED));
    expect(events).toHaveLength(2);
    expect(hidden).toBe(2);
    expect(known).toMatchObject({ outcome: "working", complete: false, qty: 65 });
    expect(known).toMatchObject({ net_pnl: null, slippage: null, filled_qty: null });
    expect(known?.hops).toMatchObject({ sent_to_ack_us: 25_000, ack_to_first_fill_us: null });
  });

  test("is none before it was decided", () => {
    expect(chainAsOf(chain, Date.parse(DECIDED) - 1)).toEqual({
      trade: null,
      events: [],
      hidden: 4,
    });
  });
});

test("the indicators are those of the decision", () => {
  expect(decisionIndicators(chainAsOf(chain, null).events)).toEqual(indicators);
  expect(decisionIndicators([at(FILLED, "order_event", { trace_data: { indicators } })])).toEqual(
    {},
  );
  expect(decisionIndicators([at(DECIDED, "decision_trace", { trace_data: 7 })])).toEqual({});
});

test("a HOLD begins no chain", () => {
  expect(isHold(at(DECIDED, "decision_trace", { decision: "HOLD" }))).toBe(true);
  expect(isHold(at(DECIDED, "decision_trace", { decision: "VETO" }))).toBe(false);
  expect(isHold(at(DECIDED, "signal_event", { decision: "HOLD" }))).toBe(false);
});

test("time between events is told to the microsecond", () => {
  expect(microsBetween("2026-11-23T03:48:00.000001Z", "2026-11-23T03:48:01.000000Z")).toBe(999_999);
  expect(microsBetween("2026-11-23T03:48:01.5Z", "2026-11-23T03:48:01Z")).toBe(-500_000);
  expect(microsBetween("never", DECIDED)).toBeNull();
  expect(microsBetween(null, DECIDED)).toBeNull();
});

describe("the other side of a round trip", () => {
  const entry = { ...trade, correlation_id: "D1", round_trip_id: "R1", symbol: "INFY" } as Trade;

  test("is asked for by the round trip, in the symbols of the trade, up to the moment", () => {
    expect(partnersQuery({ ...entry, signal_symbol: "NIFTY" }, Date.parse(DECIDED))).toEqual({
      event_type: ["signal_event", "order_event"],
      filter: 'payload.round_trip_id == "R1"',
      limit: 200,
      symbol: ["INFY", "NIFTY"],
      until: new Date(DECIDED),
    });
    expect(partnersQuery({ ...entry, round_trip_id: null }, null)).toBeNull();
    const odd = partnersQuery({ ...entry, symbol: "A,B", signal_symbol: null }, null);
    expect(odd).not.toHaveProperty("symbol");
  });

  test("is each other decision once, by its newest event", () => {
    const first = at(DECIDED, "signal_event", { correlation_id: "D2" });
    const newest = at(FILLED, "order_event", { correlation_id: "D2" });
    const own = at(FILLED, "order_event", { correlation_id: "D1" });
    const none = at(FILLED, "order_event", { correlation_id: 7 });
    expect(partnersOf(entry, [first, own, newest, none])).toEqual([newest]);
  });
});
