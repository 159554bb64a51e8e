import type { Trade, TradeChain } from "@tapedeck/client";
import { describe, expect, test } from "vitest";

import type { DeskEvent } from "../src/model/event.js";
import { decisionIndicators, microsBetween, tradeAt } from "../src/model/trade-at.js";

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

describe("a trade at a moment", () => {
  test("is all of it when the page is live, or when all of it was then", () => {
    expect(tradeAt(chain, null)).toMatchObject({ trade, hidden: 0 });
    expect(tradeAt(chain, Date.parse(FILLED))).toMatchObject({ trade, hidden: 0 });
  });

  test("has neither events nor figures of what came later", () => {
    const { trade: known, events, hidden } = tradeAt(chain, Date.parse(ACKED));
    expect(events).toHaveLength(2);
    expect(hidden).toBe(2);
    expect(known.outcome).toBe("working");
    expect(known.complete).toBe(false);
    expect([known.net_pnl, known.slippage, known.filled_qty]).toEqual([null, null, null]);
    expect(known.qty).toBe(65);
    expect(known.hops).toEqual({
      decision_to_sent_us: 0,
      sent_to_ack_us: 25_000,
      ack_to_first_fill_us: null,
      first_to_last_fill_us: null,
      decision_to_fill_us: null,
    });
  });
});

test("the indicators are those of the decision", () => {
  expect(decisionIndicators(tradeAt(chain, null).events)).toEqual(indicators);
  expect(decisionIndicators([at(FILLED, "order_event", { trace_data: { indicators } })])).toEqual(
    {},
  );
  expect(decisionIndicators([at(DECIDED, "decision_trace", { trace_data: 7 })])).toEqual({});
});

test("time between events is told to the microsecond", () => {
  expect(microsBetween("2026-11-23T03:48:00.000001Z", "2026-11-23T03:48:01.000000Z")).toBe(999_999);
  expect(microsBetween("2026-11-23T03:48:01.5Z", "2026-11-23T03:48:01Z")).toBe(-500_000);
  expect(microsBetween("never", DECIDED)).toBeNull();
  expect(microsBetween(null, DECIDED)).toBeNull();
});
