// The day the time bar spans: from when to when, and where in it something happened.
import type { AggregateBucket } from "@tapedeck/client";

import type { View } from "../feed/protocol.js";
import { startOfIstDay } from "../format.js";

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
export const BUCKET_MS = 5 * MINUTE_MS;
const OPENS_MS = 9 * 60 * MINUTE_MS;
const CLOSES_MS = (15 * 60 + 40) * MINUTE_MS;
const SESSION_END_MS = (15 * 60 + 30) * MINUTE_MS;
/** These come by the wall's clock or all the time: they do not say when the desk was at work. */
const BACKGROUND = new Set(["engine_health", "alert_event", "alert_action"]);
const FIRST_YEAR = 1990;

export interface Mark {
  /** Begin of five minutes, ms since 1970. */
  at: number;
  events: number;
  orders: number;
  alerts: number;
}

export interface DayRange {
  from: number;
  until: number;
  /** The end of the last five minutes with something in them; null: nothing that day. */
  dataEnd: number | null;
}

export function marksOf(buckets: readonly AggregateBucket[]): Mark[] {
  return buckets.flatMap(({ start, groups }) => {
    const at = Date.parse(start);
    const mark: Mark = { at, events: 0, orders: 0, alerts: 0 };
    for (const { key, count } of groups) {
      const type = key["type"] ?? "";
      if (type === "order_event") mark.orders += count;
      if (type === "alert_event") mark.alerts += count;
      if (!BACKGROUND.has(type)) mark.events += count;
    }
    return Number.isNaN(at) ? [] : [mark];
  });
}

/**
 * Trading hours, and what happened outside of them; only that when nothing happened within.
 * @param now the newest moment there is, when it is of this day.
 */
export function dayRange(day: number, marks: readonly Mark[], now: number | null): DayRange {
  const midnight = startOfIstDay(day);
  const opens = midnight + OPENS_MS;
  const closes = midnight + CLOSES_MS;
  const busy = marks.filter(({ events }) => events > 0);
  const first = busy[0]?.at ?? null;
  const last = busy[busy.length - 1]?.at ?? null;
  const dataEnd = last === null ? null : last + BUCKET_MS;
  const moments = [first, dataEnd, isOfDay(now, midnight) ? now : null].filter(
    (moment) => moment !== null,
  );
  const within = moments.length === 0 || moments.some((at) => at >= opens && at <= closes);
  const low = within ? [opens, ...moments] : moments;
  const high = within ? [closes, ...moments] : moments;
  const from = Math.min(...low);
  return { from, until: Math.max(...high, from + BUCKET_MS), dataEnd };
}

function isOfDay(at: number | null, midnight: number): boolean {
  return at !== null && at >= midnight && at < midnight + DAY_MS;
}

/** A moment that can be shown: of the range, and not of a future nobody knows. */
export function clampTo(range: DayRange, at: number, newest: number | null): number {
  const known = Math.max(newest ?? -Infinity, range.dataEnd ?? -Infinity);
  const last = known === -Infinity ? range.until : Math.min(range.until, known);
  return Math.max(range.from, Math.min(at, Math.max(last, range.from)));
}

/** What shows when a day is chosen: its close, where all of it is known. */
export function dayChosen(date: string, newest: number | null): number | null {
  const midnight = Date.parse(`${date}T00:00:00+05:30`);
  if (Number.isNaN(midnight) || Number(date.slice(0, 4)) < FIRST_YEAR) return null;
  const close = midnight + SESSION_END_MS;
  return newest !== null && newest >= midnight ? Math.min(close, newest) : close;
}

/** Play from a moment to the end of what the bar spans; past that, to the end of what there is. */
export function playFrom(at: number, range: DayRange, speed: number): View {
  const until = at < range.until - MINUTE_MS ? new Date(range.until).toISOString() : null;
  return { kind: "play", from: new Date(at).toISOString(), until, speed };
}

export function standAt(at: number): View {
  return { kind: "at", at: new Date(at).toISOString() };
}
