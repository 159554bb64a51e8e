// Which range the funnel counts, and the questions that takes.
import type { AggregatesAnswer, AggregatesQuery, TradesQuery } from "@tapedeck/client";

import { istDate, istMinute, startOfIstDay } from "../format.js";
import type { Focus } from "../state/location.js";
import { DAY_MS, MINUTE_MS } from "./day-range.js";

/** The server answers so many buckets at most. */
const MAX_BUCKETS = 10_000;

export type RangeChoice =
  | { kind: "today" }
  | { kind: "days"; days: number }
  | { kind: "custom"; from: number; until: number };

/** ms since 1970; both belong to it. */
export interface Range {
  since: number;
  until: number;
}

export function rangeOf(choice: RangeChoice, now: number): Range {
  if (choice.kind === "custom") return { since: choice.from, until: choice.until };
  const day = startOfIstDay(now);
  const days = choice.kind === "days" ? choice.days : 1;
  return { since: day - (days - 1) * DAY_MS, until: day + DAY_MS - 1 };
}

export function funnelTradesQuery(range: Range, focus: Focus): TradesQuery {
  return { since: new Date(range.since), until: new Date(range.until), ...narrowed(focus) };
}

/**
 * How many decisions were traced. @param at the moment that is shown; null: now. Buckets are whole:
 * of the past only minutes that are over count. Null: there is none.
 */
export function evaluatedQuery(
  range: Range,
  at: number | null,
  focus: Focus,
): AggregatesQuery | null {
  const whole = at === null ? range.until : Math.floor(at / MINUTE_MS) * MINUTE_MS - 1;
  const until = Math.min(range.until, whole);
  if (until < range.since) return null;
  return {
    event_type: "decision_trace",
    interval: intervalOf(until - range.since),
    since: new Date(range.since),
    until: new Date(until),
    ...narrowed(focus),
  };
}

export function totalCount(answer: AggregatesAnswer): number {
  return answer.buckets.reduce(
    (sum, { groups }) => groups.reduce((count, group) => count + group.count, sum),
    0,
  );
}

/** As the address has it; what cannot be meant is today. */
export function rangeChoiceOf(text: string | null): RangeChoice {
  const days = /^([1-9]\d?)d$/.exec(text ?? "")?.[1];
  if (days !== undefined) return { kind: "days", days: Number(days) };
  const [from, until] = (text ?? "").split("~").map(istMomentOf);
  if (from === undefined || from === null || until === undefined || until === null) {
    return { kind: "today" };
  }
  return { kind: "custom", from, until };
}

/** Null: today. */
export function rangeText(choice: RangeChoice): string | null {
  if (choice.kind === "today") return null;
  if (choice.kind === "days") return `${choice.days}d`;
  return `${istText(choice.from)}~${istText(choice.until)}`;
}

/** As a datetime-local field has it, in IST. */
export function istText(ms: number): string {
  return `${istDate(ms)}T${istMinute(ms)}`;
}

/** Of a datetime-local field, which means IST here. */
export function istMomentOf(text: string): number | null {
  const ms = Date.parse(`${text}:00+05:30`);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) && !Number.isNaN(ms) ? ms : null;
}

function intervalOf(lengthMs: number): "1m" | "5m" | "1h" | "1d" {
  const minutes = lengthMs / MINUTE_MS;
  if (minutes < MAX_BUCKETS - 2) return "1m";
  if (minutes < 5 * (MAX_BUCKETS - 2)) return "5m";
  return minutes < 60 * (MAX_BUCKETS - 2) ? "1h" : "1d";
}

function narrowed({ strategy, symbol }: Focus): { strategy?: string; symbol?: string } {
  return {
    ...(strategy === null ? {} : { strategy }),
    ...(symbol === null ? {} : { symbol }),
  };
}
