// What the funnel counts: asked for, of trades only what is new when there are many.
import type { Tapedeck, TradesQuery } from "@tapedeck/client";
import { useMemo, useRef } from "react";

import { MINUTE_MS } from "../model/day-range.js";
import {
  type FunnelCounts,
  funnelCounts,
  funnelTrade,
  type FunnelTrade,
  MAX_PAGES,
  mergeReading,
  PAGE,
  type Reading,
  readingOf,
  resumeFrom,
} from "../model/funnel.js";
import {
  evaluatedQuery,
  funnelTradesQuery,
  type Range,
  rangeOf,
  type RangeChoice,
  totalCount,
} from "../model/funnel-range.js";
import { useApp, useValue } from "../state/app.js";
import type { Focus } from "../state/location.js";
import { useAsOf } from "../ui/use-as-of.js";
import { useAsked } from "../ui/use-asked.js";
import { useDeskNow } from "../ui/use-desk-now.js";

const ASK_EVERY_MS = 3000;
const READ_ALL_EVERY_MS = 120_000;

interface FunnelAnswer {
  reading: Reading;
  evaluated: number;
  /** Until when that was counted; null: until it was asked. */
  evaluatedAt: number | null;
}

export interface FunnelData {
  counts: FunnelCounts | null;
  evaluated: number | null;
  error: string | null;
}

export function useFunnel(choice: RangeChoice): FunnelData {
  const app = useApp();
  const { focus, view } = useValue("shown");
  const loaded = useValue("loaded");
  const version = useValue("tradesVersion");
  const refresh = useValue("refresh");
  const asOf = useAsOf();
  const now = useDeskNow();
  const { since, until } = rangeOf(choice, now);
  const { strategy, symbol } = focus;
  const memory = useRef<Memory | null>(null);
  const question = JSON.stringify([since, until, strategy, symbol]);
  const ask = async (signal: AbortSignal): Promise<FunnelAnswer> => {
    const at = asOf?.at ?? null;
    const range = { since, until };
    const [reading, evaluated] = await Promise.all([
      readTrades(app.client, range, focus, { question, refresh }, memory.current, signal),
      countEvaluated(app.client, range, at, focus, signal),
    ]);
    memory.current = reading;
    return { reading: reading.reading, evaluated, evaluatedAt: at };
  };
  const { answer, error } = useAsked(
    loaded && since <= until ? ask : null,
    [app, loaded, view.kind === "live", question],
    `${version} ${refresh} ${Math.floor(now / MINUTE_MS)}`,
    ASK_EVERY_MS,
  );
  const at = asOf?.at ?? null;
  const seq = asOf?.seq ?? null;
  return useMemo(() => {
    const moment = at === null || seq === null ? null : { at, seq };
    const counts = answer === undefined ? null : funnelCounts(answer.reading, moment);
    return { counts, evaluated: evaluatedBy(answer, at), error: error?.message ?? null };
  }, [answer, error, at, seq]);
}

/** An older answer may know more than the moment shown now. */
function evaluatedBy(answer: FunnelAnswer | undefined, at: number | null): number | null {
  if (answer === undefined) return null;
  return at !== null && (answer.evaluatedAt ?? Infinity) > at ? null : answer.evaluated;
}

interface Memory {
  question: string;
  refresh: number;
  readAllAt: number;
  reading: Reading;
}

async function readTrades(
  client: Tapedeck,
  range: Range,
  focus: Focus,
  asked: { question: string; refresh: number },
  before: Memory | null,
  signal: AbortSignal,
): Promise<Memory> {
  const now = performance.now();
  const same = before?.question === asked.question && before.refresh === asked.refresh;
  const fresh = same && now - before.readAllAt < READ_ALL_EVERY_MS;
  const from = fresh ? resumeFrom(before.reading) : null;
  const query = funnelTradesQuery(range, focus);
  if (!fresh || from === null) {
    const { trades, more } = await readPages(client, query, signal);
    return { ...asked, readAllAt: now, reading: readingOf(trades, more) };
  }
  const { trades, more } = await readPages(client, { ...query, since: from }, signal);
  return { ...before, reading: mergeReading(before.reading, trades, more) };
}

async function readPages(
  client: Tapedeck,
  query: TradesQuery,
  signal: AbortSignal,
): Promise<{ trades: FunnelTrade[]; more: boolean }> {
  const trades: FunnelTrade[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const from = cursor === undefined ? {} : { cursor };
    const answer = await client.trades({ ...query, limit: PAGE, ...from }, { signal });
    trades.push(...answer.trades.map(funnelTrade));
    cursor = answer.next;
    if (cursor === undefined) return { trades, more: false };
  }
  return { trades, more: true };
}

async function countEvaluated(
  client: Tapedeck,
  range: Range,
  at: number | null,
  focus: Focus,
  signal: AbortSignal,
): Promise<number> {
  const query = evaluatedQuery(range, at, focus);
  return query === null ? 0 : totalCount(await client.aggregates(query, { signal }));
}
