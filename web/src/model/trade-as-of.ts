// A trade as it was known at a moment of the past. The server tells the whole of it, also what came
// later; a look into the past must not know that.
import type { Trade, TradeOutcome } from "@tapedeck/client";

import { seqOf } from "./event-id.js";
import { momentOf } from "./payload.js";

export interface AsOf {
  /** The moment, ms since 1970. */
  at: number;
  /** The number of an event that was there by then: what is not later was there too. */
  seq: number;
}

/** What of a trade it takes to say how far it was. */
export type TradeState = Pick<
  Trade,
  | "outcome"
  | "decided_at"
  | "sent_at"
  | "acked_at"
  | "first_fill_at"
  | "last_fill_at"
  | "last_id"
>;

/** @param asOf null: now. Null: there was no such trade yet. */
export function outcomeAsOf(trade: TradeState, asOf: AsOf | null): TradeOutcome | null {
  if (asOf === null || allKnown(trade, asOf)) return trade.outcome;
  if (!isBy(beganAt(trade), asOf)) return null;
  if (trade.outcome === "vetoed") return "vetoed";
  if (trade.outcome === "filled" && isBy(trade.last_fill_at, asOf)) return "filled";
  const { sent_at, acked_at, first_fill_at } = trade;
  const sent = [sent_at, acked_at, first_fill_at].some((time) => isBy(time, asOf));
  return sent ? "working" : "signalled";
}

/** @param asOf null: now. Null: there was no such trade yet. */
export function tradeAsOf(trade: Trade, asOf: AsOf | null): Trade | null {
  const outcome = outcomeAsOf(trade, asOf);
  if (outcome === null) return null;
  if (asOf === null || outcome === "vetoed" || allKnown(trade, asOf)) return trade;
  const known = (time: string | null): string | null => (isBy(time, asOf) ? time : null);
  const times = {
    sent_at: known(trade.sent_at),
    acked_at: known(trade.acked_at),
    first_fill_at: known(trade.first_fill_at),
    last_fill_at: outcome === "filled" ? trade.last_fill_at : null,
  };
  return {
    ...trade,
    ...times,
    outcome,
    complete: false,
    order_ids: outcome === "signalled" ? [] : trade.order_ids,
    hops: hopsBy(trade.hops, times),
    ...(outcome === "filled" ? {} : NOT_FILLED),
    // Told by events later than the fill's own, which may not have been there.
    realized_pnl: null,
    charges: null,
    net_pnl: null,
    reject: null,
    end_reason: null,
  };
}

export function beganAt(
  trade: Pick<Trade, "decided_at" | "sent_at" | "acked_at" | "first_fill_at">,
): string | null {
  return trade.decided_at ?? trade.sent_at ?? trade.acked_at ?? trade.first_fill_at;
}

const NOT_FILLED = {
  filled_qty: null,
  avg_price: null,
  slippage: null,
  slippage_bps: null,
  slippage_total: null,
} as const;

type Times = Pick<Trade, "sent_at" | "acked_at" | "first_fill_at" | "last_fill_at">;

function hopsBy(hops: Trade["hops"], times: Times): Trade["hops"] {
  const when = (time: string | null, hop: number | null): number | null =>
    time === null ? null : hop;
  return {
    decision_to_sent_us: when(times.sent_at, hops.decision_to_sent_us),
    sent_to_ack_us: when(times.acked_at, hops.sent_to_ack_us),
    ack_to_first_fill_us: when(times.first_fill_at, hops.ack_to_first_fill_us),
    first_to_last_fill_us: when(times.last_fill_at, hops.first_to_last_fill_us),
    decision_to_fill_us: when(times.last_fill_at, hops.decision_to_fill_us),
  };
}

/** Events of several hosts may come late: the times have a say too. */
function allKnown(trade: TradeState, asOf: AsOf): boolean {
  if (trade.last_id === null || seqOf(trade.last_id) > asOf.seq) return false;
  const { decided_at, sent_at, acked_at, first_fill_at, last_fill_at } = trade;
  const times = [decided_at, sent_at, acked_at, first_fill_at, last_fill_at];
  return times.every((time) => time === null || isBy(time, asOf));
}

function isBy(time: string | null, asOf: AsOf): boolean {
  const at = momentOf(time);
  return at !== null && at <= asOf.at;
}
