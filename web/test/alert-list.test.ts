import type { Alert } from "@tapedeck/client";
import { expect, it } from "vitest";

import {
  alertsOfEvents,
  byUrgency,
  groupText,
  inHand,
  restOfDay,
  whenOf,
} from "../src/model/alert-list.js";
import type { DeskEvent } from "../src/model/event.js";

const NOW = Date.parse("2026-11-23T11:00:00+05:30");

function alert(rule: string, changes: Partial<Alert> = {}): Alert {
  return {
    alert_id: rule,
    rule,
    state: "firing",
    severity: "warning",
    group: {},
    summary: rule,
    value: null,
    event_id: null,
    since: "2026-11-23T05:00:00Z",
    fired_at: "2026-11-23T05:00:00Z",
    resolved_at: null,
    suppressed: 0,
    acknowledged_by: null,
    acknowledged_at: null,
    silenced_until: null,
    ...changes,
  };
}

it("what fires comes first, then what nobody has in hand, the worse, the newer", () => {
  const alerts = [
    alert("old resolved", { state: "resolved", resolved_at: "2026-11-23T04:00:00Z" }),
    alert("info", { severity: "info" }),
    alert("pending", { state: "pending", severity: "critical", fired_at: null }),
    alert("in hand", { severity: "critical", acknowledged_at: "2026-11-23T05:01:00Z" }),
    alert("older", { fired_at: "2026-11-23T04:00:00Z" }),
    alert("newer"),
    alert("critical", { severity: "critical" }),
    alert("new resolved", { state: "resolved", resolved_at: "2026-11-23T05:00:00Z" }),
  ];
  expect(alerts.sort(byUrgency).map(({ rule }) => rule)).toEqual([
    "critical",
    "newer",
    "older",
    "info",
    "in hand",
    "pending",
    "new resolved",
    "old resolved",
  ]);
});

it("says who has it in hand and until when it is silent", () => {
  expect(inHand(alert("a"), NOW)).toBe("");
  const seen = { acknowledged_at: "2026-11-23T05:01:00Z" };
  expect(inHand(alert("a", { ...seen, acknowledged_by: "me" }), NOW)).toBe("acknowledged by me");
  const silenced_until = "2026-11-23T06:30:00Z";
  expect(inHand(alert("a", { ...seen, silenced_until }), NOW)).toBe(
    "acknowledged, silent until 12:00",
  );
  expect(inHand(alert("a", { silenced_until: "2026-11-23T05:29:00Z" }), NOW)).toBe("");
});

it("the rest of the day ends at midnight in India", () => {
  expect(restOfDay(NOW)).toBe("780m");
  expect(restOfDay(Date.parse("2026-11-23T23:59:59.500+05:30"))).toBe("1m");
});

it("its group is told by its values, its time by its state", () => {
  expect(groupText(alert("a", { group: { symbol: "NIFTY", account: "paper" } }))).toBe(
    "NIFTY · paper",
  );
  expect(whenOf(alert("a", { state: "pending", fired_at: null }))).toBe(
    Date.parse("2026-11-23T05:00:00Z"),
  );
  expect(whenOf(alert("a", { since: "soon", fired_at: null }))).toBe(0);
});

it("alerts of the past are the newest word on each, whatever the events carry", () => {
  const event = (id: string, payload: Record<string, unknown>): DeskEvent => ({
    type: "alert_event",
    timestamp: "2026-11-23T05:10:00.000000Z",
    id,
    payload,
  });
  const base = { alert_id: "x", rule: "r", severity: "critical", group: { symbol: "INFY", n: 5 } };
  const told = alertsOfEvents([
    event("e-1", { ...base, state: "firing", summary: "down", started_at: "2026-11-23T05:00:00Z" }),
    event("e-2", { rule: "other", state: "firing", severity: "odd" }),
    event("e-3", { ...base, state: "resolved", summary: "up" }),
    event("e-4", { state: "firing" }),
    event("e-5", { rule: "x", state: "exploded" }),
  ]);
  expect(told.map(({ rule, state, severity }) => [rule, state, severity])).toEqual([
    ["other", "firing", "warning"],
    ["r", "resolved", "critical"],
  ]);
  expect(told[1]?.group).toEqual({ symbol: "INFY" });
  expect(told[1]?.resolved_at).toBe("2026-11-23T05:10:00.000000Z");
});
