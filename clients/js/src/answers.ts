// What the server answers; docs/contract.md of the server says what the members mean.
import type { EventFilter, EventRange } from "./filter.js";
import type { TelemetryEvent } from "./event.js";

export interface EventsQuery<Type extends string = string> extends EventFilter<Type>, EventRange {
  /** 100 if left out; more than 1000 counts as 1000. */
  limit?: number;
  /** The `next` of another answer. */
  cursor?: string;
  /** `buffer`: nothing else; `store`: all there is, cleared or not. Default: both, in order. */
  in?: "buffer" | "store";
}

/** Newest last. With `next` there are older ones, even if this page is empty. */
export interface EventsPage<Event = TelemetryEvent> {
  events: Event[];
  count: number;
  next?: string;
}

export interface PublishAnswer {
  accepted: number;
  first_id: string;
  last_id: string;
}

export interface LatestQuery<Type extends string = string> extends EventFilter<Type> {
  /** One event of each combination of these; default: type, symbol, strategy, engine. */
  by?: string | readonly string[];
  /** As it was at this moment. */
  at?: string | Date;
}

export interface LatestAnswer<Event = TelemetryEvent> {
  events: Event[];
  count: number;
  truncated: boolean;
}

type AggregateGroup =
  "type" | "symbol" | "strategy" | "engine" | "engine_id" | "host" | "account" | "mode" | "status";

export interface AggregatesQuery extends EventFilter {
  metric?: "count" | "rate" | "sum" | "avg" | "min" | "max" | "p50" | "p90" | "p99";
  /** A payload path the server is configured for, such as `price` or `metrics.net_pnl`. */
  field?: string;
  group_by?: AggregateGroup | readonly AggregateGroup[];
  interval?: "1s" | "1m" | "5m" | "1h" | "1d";
  /** Times, not ids. Default: the last hour. */
  since?: string | Date;
  until?: string | Date;
}

export interface AggregatesAnswer {
  metric: string;
  field?: string;
  group_by: string[];
  interval: string;
  since: string;
  until: string;
  source: "rollup" | "events";
  buckets: AggregateBucket[];
}

export interface AggregateBucket {
  start: string;
  partial?: boolean;
  groups: {
    key: Record<string, string | null>;
    value: number | null;
    count: number;
    inexact?: boolean;
    other?: boolean;
  }[];
}

export type TradeOutcome =
  | "vetoed"
  | "signalled"
  | "working"
  | "filled"
  | "partially_filled"
  | "rejected"
  | "cancelled"
  | "expired"
  | "unknown"
  | "error";

export interface TradesQuery
  extends Omit<EventFilter, "event_type" | "engine" | "filter">, EventRange {
  outcome?: TradeOutcome | readonly TradeOutcome[];
  side?: "BUY" | "SELL";
  limit?: number;
  cursor?: string;
}

/** One decision and what became of it; null: not known. */
export interface Trade {
  correlation_id: string | null;
  round_trip_id: string | null;
  outcome: TradeOutcome;
  complete: boolean;
  decision: string | null;
  side: string | null;
  symbol: string | null;
  exchange: string | null;
  signal_symbol: string | null;
  signal_exchange: string | null;
  strategy: string | null;
  account: string | null;
  mode: string | null;
  run_id: string | null;
  engine_ids: string[];
  hosts: string[];
  reason: string | null;
  order_ids: string[];
  multi_leg: boolean;
  qty: number | null;
  filled_qty: number | null;
  avg_price: number | null;
  decision_price: number | null;
  slippage: number | null;
  slippage_bps: number | null;
  slippage_total: number | null;
  realized_pnl: number | null;
  charges: number | null;
  net_pnl: number | null;
  veto: Record<"by" | "code" | "reason" | "wanted", string | null> | null;
  reject: Record<"code" | "reason" | "order_id", string | null> | null;
  end_reason: string | null;
  hops: Record<
    | "decision_to_sent_us"
    | "sent_to_ack_us"
    | "ack_to_first_fill_us"
    | "first_to_last_fill_us"
    | "decision_to_fill_us",
    number | null
  >;
  decided_at: string | null;
  sent_at: string | null;
  acked_at: string | null;
  first_fill_at: string | null;
  last_fill_at: string | null;
  first_id: string | null;
  last_id: string | null;
  event_count: number;
  truncated: boolean;
}

/** Newest decision first. */
export interface TradesPage {
  trades: Trade[];
  count: number;
  next?: string;
}

export interface TradeChain {
  trade: Trade;
  events: TelemetryEvent[];
}

export interface Stats {
  total_events: number;
  buffer_size: number;
  event_types: string[];
  event_counts: Record<string, number>;
  published_total: number;
  dropped_total: number;
  evicted_total: number;
  rejected_total: number;
  subscribers: number;
  events_per_second: number;
  epoch: string;
  first_id: string | null;
  last_id: string | null;
  uptime_seconds: number;
  store: { enabled: false } | StoreStats;
}

export interface StoreStats {
  enabled: true;
  events: number;
  files: number;
  bytes: number;
  json_bytes: number;
  first_id: string | null;
  last_id: string | null;
  lag_events: number;
  lost_total: number;
  degraded: boolean;
  problem: string | null;
}

export interface CommandInput {
  /** kill, resume, flatten, square_off, refresh_universe, or a word of your engines. */
  command: string;
  /** An engine_id, an engine's name, or `*` (default): all. */
  target?: string;
  reason?: string;
  by?: string;
}
