// What the server answers about alerts; docs/contract.md of the server says what the members mean.

export type AlertState = "pending" | "firing" | "resolved";
export type AlertSeverity = "info" | "warning" | "critical";
export type AlertPart = "rules" | "alerts" | "targets" | "status";

export interface AlertsQuery {
  /** Of alerts. */
  state?: AlertState | readonly AlertState[];
  /** Of alerts and rules, as `rule`. */
  severity?: AlertSeverity | readonly AlertSeverity[];
  rule?: string | readonly string[];
  /** What the answer has; default: all of it. */
  parts?: AlertPart | readonly AlertPart[];
  /** Alerts at most: 1000 if left out. */
  limit?: number;
}

/** One group of a rule. */
export interface Alert {
  /** Names this time that it fired; null while it is pending. */
  alert_id: string | null;
  rule: string;
  state: AlertState;
  severity: AlertSeverity;
  group: Record<string, string>;
  summary: string;
  value: number | null;
  event_id: string | null;
  since: string | null;
  fired_at: string | null;
  resolved_at: string | null;
  suppressed: number;
  acknowledged_by: string | null;
  acknowledged_at: string | null;
  silenced_until: string | null;
}

export interface AlertRule {
  name: string;
  origin: "config" | "api";
  enabled: boolean;
  severity: AlertSeverity;
  /** As `PUT /api/telemetry/alerts/{rule}` takes it. */
  definition: Record<string, unknown>;
  /** Groups. */
  firing: number;
  pending: number;
  matches_total: number;
  firings_total: number;
  suppressed_total: number;
  dropped_groups_total: number;
  last_fired_at: string | null;
  silenced_until: string | null;
}

export interface AlertTarget {
  name: string;
  format: "json" | "slack" | "telegram" | "alertmanager";
  queued: number;
  dead: number;
  delivered_total: number;
  failed_total: number;
  digests_total: number;
  last_delivered_at: string | null;
  last_error: string | null;
}

export interface AlertFigures {
  rules: number;
  pending: number;
  firing: number;
  events_total: number;
  old_total: number;
  missed_total: number;
  behind: number;
  firings_total: number;
  suppressed_total: number;
  problem: string | null;
}

/** Has the parts that were asked for. Alerts come newest first. */
export interface AlertsAnswer {
  rules?: AlertRule[];
  alerts?: Alert[];
  /** There are more alerts. */
  truncated?: boolean;
  targets?: AlertTarget[];
  status?: AlertFigures;
}

export interface AcknowledgeInput {
  /** One group of the rule, as Alert.group has it; left out: all of them. */
  group?: Readonly<Record<string, string>>;
  by?: string;
}

export interface SilenceInput extends AcknowledgeInput {
  /** `30m`, `1h`, `2d`; `0s` ends a silence. */
  for: string;
  reason?: string;
}
