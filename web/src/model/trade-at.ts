// A trade as it was known at a moment: what came later is cut off, and so are the figures that only
// what came later has made.
import type { Trade, TradeChain } from "@tapedeck/client";

import { type DeskEvent, deskEvents } from "./event.js";
import { momentOf, object, type Payload } from "./payload.js";

export interface TradeView {
  trade: Trade;
  events: DeskEvent[];
  /** Events after the moment, which are not shown. */
  hidden: number;
}

/** @param at ms since 1970; null: all there is. */
export function tradeAt(chain: TradeChain, at: number | null): TradeView {
  const events = deskEvents(chain.events);
  if (at === null) return { trade: chain.trade, events, hidden: 0 };
  const known = events.filter((event) => (momentOf(event.timestamp) ?? 0) <= at);
  const hidden = events.length - known.length;
  return { trade: hidden === 0 ? chain.trade : cut(chain.trade, at), events: known, hidden };
}

function cut(trade: Trade, at: number): Trade {
  const until = (time: string | null): string | null => {
    const ms = momentOf(time);
    return ms === null || ms > at ? null : time;
  };
  const sent = until(trade.sent_at);
  const acked = until(trade.acked_at);
  const filled = until(trade.first_fill_at);
  const { hops } = trade;
  return {
    ...trade,
    outcome: sent === null ? "signalled" : "working",
    complete: false,
    filled_qty: null,
    avg_price: null,
    slippage: null,
    slippage_bps: null,
    slippage_total: null,
    realized_pnl: null,
    charges: null,
    net_pnl: null,
    reject: null,
    end_reason: null,
    sent_at: sent,
    acked_at: acked,
    first_fill_at: filled,
    last_fill_at: null,
    hops: {
      decision_to_sent_us: sent === null ? null : hops.decision_to_sent_us,
      sent_to_ack_us: acked === null ? null : hops.sent_to_ack_us,
      ack_to_first_fill_us: filled === null ? null : hops.ack_to_first_fill_us,
      first_to_last_fill_us: null,
      decision_to_fill_us: null,
    },
  };
}

/** What the indicators were when it was decided: of the chain's first decision that has any. */
export function decisionIndicators(events: readonly DeskEvent[]): Payload {
  for (const { type, payload } of events) {
    if (type !== "decision_trace") continue;
    const indicators = object(object(payload, "trace_data"), "indicators");
    if (Object.keys(indicators).length > 0) return indicators;
  }
  return {};
}

/** Microseconds of an RFC 3339 time, exactly: a Date has none. */
function micros(timestamp: string): bigint | null {
  const ms = momentOf(timestamp);
  if (ms === null) return null;
  const digits = /\.(\d+)/.exec(timestamp)?.[1] ?? "";
  const fraction = BigInt(digits.slice(0, 6).padEnd(6, "0"));
  return BigInt(Math.floor(ms / 1000)) * 1_000_000n + fraction;
}

/** From one time to another in microseconds; null when one of them is none. */
export function microsBetween(from: string | null, to: string | null): number | null {
  const start = from === null ? null : micros(from);
  const end = to === null ? null : micros(to);
  return start === null || end === null ? null : Number(end - start);
}
