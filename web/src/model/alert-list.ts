// Alerts in the order somebody should look at them; and those of a moment of the past, which only
// their events tell.
import type { Alert, AlertSeverity, AlertState } from "@tapedeck/client";

import { istMinute, startOfIstDay } from "../format.js";
import type { DeskEvent } from "./event.js";
import { number, object, text } from "./payload.js";

const STATES: readonly AlertState[] = ["firing", "pending", "resolved"];
const SEVERITIES: readonly AlertSeverity[] = ["critical", "warning", "info"];
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Firing before resolved, critical before info, unseen before acknowledged, then newest first. */
export function byUrgency(a: Alert, b: Alert): number {
  return (
    STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
    (a.state === "resolved"
      ? 0
      : Number(a.acknowledged_at !== null) - Number(b.acknowledged_at !== null) ||
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)) ||
    whenOf(b) - whenOf(a)
  );
}

/** When it came to be what it is, ms since 1970. */
export function whenOf(alert: Alert): number {
  const at = alert.state === "resolved" ? alert.resolved_at : (alert.fired_at ?? alert.since);
  return at === null ? 0 : Date.parse(at) || 0;
}

export function alertKey(alert: Alert): string {
  return JSON.stringify([alert.rule, alert.group, alert.alert_id]);
}

/** `NIFTY · paper`: the values of its group. */
export function groupText(alert: Alert): string {
  return Object.values(alert.group).join(" · ");
}

/** Who has it in hand; empty when nobody. */
export function inHand(alert: Alert, now: number): string {
  const parts: string[] = [];
  if (alert.acknowledged_at !== null) {
    parts.push(`acknowledged${alert.acknowledged_by ? ` by ${alert.acknowledged_by}` : ""}`);
  }
  const until = silentUntil(alert, now);
  if (until !== null) parts.push(`silent until ${istMinute(until)}`);
  return parts.join(", ");
}

export function silentUntil(alert: Alert, now: number): number | null {
  const until = alert.silenced_until === null ? NaN : Date.parse(alert.silenced_until);
  return until > now ? until : null;
}

/** Until midnight in India, as the API takes a duration. */
export function restOfDay(now: number): string {
  const left = startOfIstDay(now) + DAY_MS - now;
  return `${Math.max(1, Math.ceil(left / MINUTE_MS))}m`;
}

/** @param events alert_event, oldest first: of each alert the newest counts. */
export function alertsOfEvents(events: readonly DeskEvent[]): Alert[] {
  const newest = new Map<string, Alert>();
  for (const event of events) {
    const alert = alertOfEvent(event);
    if (alert !== undefined) newest.set(alert.alert_id ?? alertKey(alert), alert);
  }
  return [...newest.values()].sort(byUrgency);
}

function alertOfEvent(event: DeskEvent): Alert | undefined {
  const { payload } = event;
  const rule = text(payload, "rule");
  const state = STATES.find((known) => known === text(payload, "state"));
  if (rule === null || state === undefined) return undefined;
  const group = Object.entries(object(payload, "group")).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value]] : [],
  );
  const startedAt = text(payload, "started_at") ?? event.timestamp;
  return {
    alert_id: text(payload, "alert_id"),
    rule,
    state,
    severity: SEVERITIES.find((known) => known === text(payload, "severity")) ?? "warning",
    group: Object.fromEntries(group) as Record<string, string>,
    summary: text(payload, "summary") ?? "",
    value: number(payload, "value"),
    event_id: text(payload, "event_id"),
    since: startedAt,
    fired_at: startedAt,
    resolved_at: state === "resolved" ? (text(payload, "resolved_at") ?? event.timestamp) : null,
    suppressed: number(payload, "suppressed") ?? 0,
    acknowledged_by: null,
    acknowledged_at: null,
    silenced_until: null,
  };
}
