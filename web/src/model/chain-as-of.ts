// The chain of a trade as it was known at a moment: what came later is cut off, and so are the
// figures that only what came later has made.
import type { EventsQuery, Trade, TradeChain } from "@tapedeck/client";

import { type DeskEvent, deskEvents } from "./event.js";
import { momentOf, object, type Payload, text } from "./payload.js";
import { tradeAsOf } from "./trade-as-of.js";

export interface ChainView {
  /** Null: it had not been decided. */
  trade: Trade | null;
  events: DeskEvent[];
  /** Events after the moment, which are not shown. */
  hidden: number;
}

/** @param at ms since 1970; null: all there is. */
export function chainAsOf(chain: TradeChain, at: number | null): ChainView {
  const all = deskEvents(chain.events);
  const events = at === null ? all : all.filter((event) => !isLater(event, at));
  const hidden = all.length - events.length;
  if (at === null || hidden === 0) return { trade: chain.trade, events, hidden };
  // Something is not known, so no event's number says that all of it is.
  return { trade: tradeAsOf(chain.trade, { at, seq: -1 }), events, hidden };
}

export function isLater(event: DeskEvent, at: number | null): boolean {
  return at !== null && (momentOf(event.timestamp) ?? 0) > at;
}

/** A decision to do nothing: no trade comes of it, whatever it is called. */
export function isHold({ type, payload }: DeskEvent): boolean {
  return type === "decision_trace" && text(payload, "decision") === "HOLD";
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

const MAX_PARTNER_EVENTS = 200;

/** Signals and orders of the other side of a round trip; null: it has none to look for. */
export function partnersQuery(trade: Trade, at: number | null): EventsQuery | null {
  const { round_trip_id, symbol, signal_symbol } = trade;
  if (round_trip_id === null) return null;
  const symbols = [symbol, signal_symbol].filter((name) => name !== null);
  // A comma would part a name in two.
  const named = symbols.length > 0 && symbols.every((name) => !name.includes(","));
  return {
    event_type: ["signal_event", "order_event"],
    filter: `payload.round_trip_id == ${JSON.stringify(round_trip_id)}`,
    limit: MAX_PARTNER_EVENTS,
    ...(named ? { symbol: [...new Set(symbols)] } : {}),
    ...(at === null ? {} : { until: new Date(at) }),
  };
}

/** The newest event of each other decision of the round trip, oldest decision first. */
export function partnersOf(trade: Trade, events: readonly DeskEvent[]): DeskEvent[] {
  const newest = new Map<string, DeskEvent>();
  for (const event of events) {
    const id = text(event.payload, "correlation_id");
    if (id !== null && id !== trade.correlation_id) newest.set(id, event);
  }
  return [...newest.values()];
}
