// Trades for tests: what the server answers, of one decision at 09:16:00 IST.
import type { Trade } from "@tapedeck/client";

const NOTHING_KNOWN = {
  round_trip_id: null,
  exchange: "NSE",
  signal_symbol: null,
  signal_exchange: null,
  account: "paper",
  mode: "paper",
  run_id: null,
  engine_ids: [],
  hosts: [],
  multi_leg: false,
  qty: null,
  filled_qty: null,
  avg_price: null,
  decision_price: null,
  slippage: null,
  slippage_bps: null,
  slippage_total: null,
  realized_pnl: null,
  charges: null,
  net_pnl: null,
  veto: null,
  reject: null,
  end_reason: null,
  hops: {
    decision_to_sent_us: null,
    sent_to_ack_us: null,
    ack_to_first_fill_us: null,
    first_to_last_fill_us: null,
    decision_to_fill_us: null,
  },
  decided_at: null,
  sent_at: null,
  acked_at: null,
  first_fill_at: null,
  last_fill_at: null,
  truncated: false,
} satisfies Partial<Trade>;

export function trade(changes: Partial<Trade>): Trade {
  return {
    ...NOTHING_KNOWN,
    correlation_id: "D1",
    outcome: "signalled",
    complete: false,
    decision: "BUY",
    side: "BUY",
    symbol: "INFY",
    strategy: "momentum",
    reason: "fast above slow",
    order_ids: [],
    decided_at: "2026-11-23T03:46:00.000000Z",
    first_id: "e-100",
    last_id: "e-100",
    event_count: 1,
    ...changes,
  };
}

/** Sent after 1 s, acknowledged after 2, filled in two parts after 3 and 5. */
export function filledTrade(changes: Partial<Trade> = {}): Trade {
  return trade({
    outcome: "filled",
    complete: true,
    order_ids: ["O1"],
    qty: 10,
    filled_qty: 10,
    avg_price: 101,
    decision_price: 100,
    slippage: 1,
    slippage_bps: 100,
    slippage_total: 10,
    realized_pnl: 0,
    charges: 5,
    net_pnl: -5,
    hops: {
      decision_to_sent_us: 1_000_000,
      sent_to_ack_us: 1_000_000,
      ack_to_first_fill_us: 1_000_000,
      first_to_last_fill_us: 2_000_000,
      decision_to_fill_us: 5_000_000,
    },
    sent_at: "2026-11-23T03:46:01.000000Z",
    acked_at: "2026-11-23T03:46:02.000000Z",
    first_fill_at: "2026-11-23T03:46:03.000000Z",
    last_fill_at: "2026-11-23T03:46:05.000000Z",
    last_id: "e-108",
    event_count: 9,
    ...changes,
  });
}

export function vetoedTrade(code: string | null, changes: Partial<Trade> = {}): Trade {
  const veto = { by: "limits", code, reason: `because of ${code}`, wanted: "BUY" };
  return trade({ outcome: "vetoed", complete: true, decision: "VETO", veto, ...changes });
}
