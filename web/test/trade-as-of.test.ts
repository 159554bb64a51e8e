import { describe, expect, test } from "vitest";

import { outcomeAsOf, tradeAsOf } from "../src/model/trade-as-of.js";
import { filledTrade, trade, vetoedTrade } from "./trades.js";

const DECIDED = Date.parse("2026-11-23T03:46:00Z");
/** So many seconds after the decision, when no event of it is known to have been there. */
const after = (seconds: number) => ({ at: DECIDED + 1000 * seconds, seq: 0 });

describe("a trade at a moment of the past", () => {
  test("is not there before its decision", () => {
    expect(tradeAsOf(filledTrade(), after(-1))).toBeNull();
  });

  test("is a signal without an order until one was sent", () => {
    const then = tradeAsOf(filledTrade(), after(0.5));
    expect(then).toMatchObject({ outcome: "signalled", order_ids: [], sent_at: null, qty: 10 });
    expect(Object.values(then?.hops ?? {})).toEqual([null, null, null, null, null]);
  });

  test("is at work with the hops it had made", () => {
    const then = tradeAsOf(filledTrade(), after(2.5));
    expect(then).toMatchObject({ outcome: "working", complete: false, order_ids: ["O1"] });
    expect(then?.acked_at).not.toBeNull();
    expect(then?.first_fill_at).toBeNull();
    expect(then?.hops).toEqual({
      decision_to_sent_us: 1_000_000,
      sent_to_ack_us: 1_000_000,
      ack_to_first_fill_us: null,
      first_to_last_fill_us: null,
      decision_to_fill_us: null,
    });
  });

  test("tells neither price nor slippage while only a part was filled", () => {
    const then = tradeAsOf(filledTrade(), after(4));
    expect(then).toMatchObject({ outcome: "working", last_fill_at: null });
    for (const figure of ["filled_qty", "avg_price", "slippage", "slippage_bps"] as const) {
      expect(then?.[figure]).toBeNull();
    }
  });

  test("tells no P&L before the events that told it are known to have been there", () => {
    const then = tradeAsOf(filledTrade(), after(6));
    expect(then).toMatchObject({ outcome: "filled", slippage: 1, net_pnl: null, charges: null });
    expect(tradeAsOf(filledTrade(), { at: DECIDED + 6000, seq: 108 })?.net_pnl).toBe(-5);
  });

  test("does not know yet that its order will be rejected, cancelled or expire", () => {
    const reject = { code: "margin", reason: "no money", order_id: "O1" };
    const sent = { sent_at: "2026-11-23T03:46:01Z", order_ids: ["O1"], last_id: "e-105" };
    const rejected = trade({ ...sent, outcome: "rejected", reject });
    expect(tradeAsOf(rejected, { at: DECIDED + 3000, seq: 104 })).toMatchObject({
      outcome: "working",
      reject: null,
    });
    expect(tradeAsOf(rejected, { at: DECIDED + 3000, seq: 105 })).toBe(rejected);
    const cancelled = trade({ ...sent, outcome: "cancelled", end_reason: "square_off" });
    expect(tradeAsOf(cancelled, after(3))).toMatchObject({ outcome: "working", end_reason: null });
  });

  test("with a part filled and the rest cancelled is at work until the end is known", () => {
    const part = filledTrade({ outcome: "partially_filled", end_reason: "cancelled" });
    expect(outcomeAsOf(part, after(6))).toBe("working");
    expect(outcomeAsOf(part, { at: DECIDED + 6000, seq: 108 })).toBe("partially_filled");
  });

  test("that was vetoed is all known at once", () => {
    const vetoed = vetoedTrade("cooldown");
    expect(tradeAsOf(vetoed, after(0))).toBe(vetoed);
  });

  test("is masked by its times even when the number of a late event says that it is known", () => {
    expect(outcomeAsOf(filledTrade(), { at: DECIDED + 2500, seq: 1000 })).toBe("working");
  });

  test("without a decision begins with its order", () => {
    const orphan = filledTrade({ decided_at: null });
    expect(tradeAsOf(orphan, after(0.5))).toBeNull();
    expect(outcomeAsOf(orphan, after(1))).toBe("working");
  });

  test("is what the server says when the page is live", () => {
    const whole = filledTrade();
    expect(tradeAsOf(whole, null)).toBe(whole);
  });
});
