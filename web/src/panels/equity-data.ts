// Where the equity curve comes from: today's updates one by one, more days by their lowest and
// highest of each stretch of time, and then as they happen.
import type { AggregatesQuery, EventsQuery } from "@tapedeck/client";
import { useEffect, useMemo, useState } from "react";

import type { Failure } from "../feed/protocol.js";
import { istDate, startOfIstDay } from "../format.js";
import {
  type EquityBasis,
  type EquityOwner,
  type EquityPoint,
  equityPointOf,
  mergePoints,
  pointsOfBuckets,
} from "../model/equity.js";
import { type DeskEvent, deskEvents } from "../model/event.js";
import { type App, useApp, usePanelEvents, useValue } from "../state/app.js";
import { useAsked } from "../ui/use-asked.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { shownUntil, viewKey } from "./chart-hooks.js";
import { PAGE } from "./chart-pages.js";

export type EquityRange = "today" | "days" | "all";

const MAX_PAGES = 10;
const DAY_MS = 86_400_000;
/** Few enough stretches for one answer, whose limit is 10 000. */
const STRETCHES = {
  days: { back: 4, interval: "5m", lengthMs: 300_000 },
  all: { back: 400, interval: "1h", lengthMs: 3_600_000 },
} as const;

export interface Equity {
  points: readonly EquityPoint[];
  /** There were more updates than are asked for: the curve begins late. */
  cut: boolean;
  loaded: boolean;
  error: Failure | null;
}

interface Answer {
  points: EquityPoint[];
  cut: boolean;
}

/** @param one whether there is no other account it could be mistaken for. */
export function useEquity(owner: EquityOwner, one: boolean, range: EquityRange): Equity {
  const app = useApp();
  const now = useDeskNow();
  const shown = useValue("shown");
  const loaded = useValue("loaded");
  const refresh = useValue("refresh");
  const [live, setLive] = useState<readonly EquityPoint[]>([]);
  const { account, mode, strategy } = owner;
  const question = [account, mode, strategy, one, range, viewKey(shown), istDate(now), loaded];
  const basis: EquityBasis = range === "today" ? "day" : "run";
  const ask = (signal: AbortSignal): Promise<Answer> =>
    range === "today"
      ? askToday(app, owner, now, signal)
      : askDays(app, { owner, one, range, now }, signal);
  const { answer, error } = useAsked(loaded ? ask : null, question, refresh, 5000);
  useEffect(() => setLive([]), question);
  usePanelEvents((events) => {
    const points = pointsOf(events, owner, basis);
    if (points.length > 0) setLive((before) => mergePoints(before, points));
  });
  const base = answer?.points;
  const points = useMemo(() => mergePoints(base ?? [], live), [base, live]);
  return { points, cut: answer?.cut ?? false, loaded: answer !== undefined, error };
}

function pointsOf(
  events: readonly DeskEvent[],
  owner: EquityOwner,
  basis: EquityBasis,
): EquityPoint[] {
  return events.flatMap((event) => equityPointOf(event, owner, basis) ?? []);
}

async function askToday(
  app: App,
  owner: EquityOwner,
  now: number,
  signal: AbortSignal,
): Promise<Answer> {
  const since = new Date(startOfIstDay(now)).toISOString();
  const until = shownUntil(app);
  const query = { ...updatesOf(owner), since, ...(until === null ? {} : { until }) };
  return askUpdates(app, query, owner, "day", signal);
}

async function askUpdates(
  app: App,
  query: EventsQuery,
  owner: EquityOwner,
  basis: EquityBasis,
  signal: AbortSignal,
): Promise<Answer> {
  let points: EquityPoint[] = [];
  let pages = 0;
  for await (const page of app.client.eventPages({ ...query, limit: PAGE }, { signal })) {
    points = [...pointsOf(deskEvents(page.events), owner, basis), ...points];
    pages += 1;
    if (pages === MAX_PAGES) return { points, cut: page.next !== undefined };
  }
  return { points, cut: false };
}

function updatesOf({ account, mode, strategy }: EquityOwner): EventsQuery {
  return {
    event_type: "performance_update",
    ...(account === null ? {} : { account }),
    ...(mode === null ? {} : { mode }),
    ...(strategy === null ? { filter: '!(payload.scope == "strategy")' } : { strategy }),
  };
}

interface DaysQuestion {
  owner: EquityOwner;
  one: boolean;
  range: keyof typeof STRETCHES;
  now: number;
}

/** Whole stretches, since one that holds the moment shown may hold later ones too; the rest of the
 *  way one by one. */
async function askDays(app: App, question: DaysQuestion, signal: AbortSignal): Promise<Answer> {
  const { owner, one, range, now } = question;
  const { back, interval, lengthMs } = STRETCHES[range];
  const end = Math.floor(now / lengthMs) * lengthMs;
  const query: AggregatesQuery = {
    event_type: "performance_update",
    field: "metrics.net_pnl",
    group_by: "strategy",
    interval,
    since: new Date(startOfIstDay(now) - back * DAY_MS),
    until: new Date(end - 1),
    // Left out where nothing is told apart by it: then the server has the answer ready.
    ...(one || owner.account === null ? {} : { account: owner.account }),
    ...(one || owner.mode === null ? {} : { mode: owner.mode }),
  };
  const until = shownUntil(app);
  const since = new Date(end).toISOString();
  const rest = { ...updatesOf(owner), since, ...(until === null ? {} : { until }) };
  const [lowest, highest, newest] = await Promise.all([
    app.client.aggregates({ ...query, metric: "min" }, { signal }),
    app.client.aggregates({ ...query, metric: "max" }, { signal }),
    askUpdates(app, rest, owner, "run", signal),
  ]);
  const before = pointsOfBuckets(lowest, highest, owner.strategy, lengthMs);
  return { points: [...before, ...newest.points], cut: newest.cut };
}
