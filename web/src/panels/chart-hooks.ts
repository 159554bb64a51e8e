// Where a chart's data comes from: history and the stream, for the instrument, the timeframe and
// the moment that are shown.
import type { Trade } from "@tapedeck/client";
import { useEffect, useMemo, useRef, useState } from "react";

import type { Candle } from "../model/candles.js";
import { indicatorSources } from "../model/chart-indicators.js";
import {
  type Gap,
  type Instrument,
  isOfStage,
  type Mark,
  marksOf,
} from "../model/chart-marks.js";
import { type DeskEvent, deskEvents } from "../model/event.js";
import { moment, number, text } from "../model/payload.js";
import { type App, useApp, usePanelEvents, useValue } from "../state/app.js";
import { instrumentText, type Shown, TIMEFRAMES } from "../state/location.js";
import { type Asked, useAsked } from "../ui/use-asked.js";
import { useNow } from "../ui/use-now.js";
import {
  CandleHistory,
  type ChartQuestion,
  IndicatorHistory,
  seriesQuery,
} from "./chart-history.js";
import type { PagesState } from "./chart-pages.js";

const MAX_INSTRUMENTS = 5000;
const MAX_TRADES = 1000;
const NEW_TRADES = 100;
const MAX_GAPS = 500;
/** Newest candles of all timeframes, enough to tell which there are. */
const SOME_CANDLES = 200;
const SOME_INDICATORS = 40;

const SOON_MS = 5000;
const SOMETIMES_MS = 30_000;
const SELDOM_MS = 120_000;

const NOT_ASKED: PagesState = { loaded: false, asking: true, complete: false, error: null };

/** What makes the data of another moment. */
export function viewKey({ view }: Pick<Shown, "view">): string {
  return JSON.stringify(view);
}

/** Nothing later is asked for, RFC 3339; null: live. A play-back has come as far as its cursor. */
export function shownUntil(app: App): string | null {
  const { view } = app.store.get("shown");
  if (view.kind === "live") return null;
  if (view.kind === "at") return view.at;
  const cursor = app.store.get("cursor") ?? 0;
  const end = view.until === null ? Infinity : Date.parse(view.until);
  const from = Date.parse(view.from);
  return new Date(cursor >= from && cursor <= end ? cursor : from).toISOString();
}

function untilOf(app: App): { until?: string } {
  const until = shownUntil(app);
  return until === null ? {} : { until };
}

/** Every instrument that has candles, in order of their names. */
export function useInstruments(): Asked<Instrument[]> {
  const app = useApp();
  const shown = useValue("shown");
  const [none, setNone] = useState(true);
  const again = useNowAndThen(none ? SOON_MS : SELDOM_MS);
  const asked = useAsked(
    async (signal) => {
      const until = shownUntil(app);
      const at = until === null ? {} : { at: until };
      const query = { event_type: "candle_event", by: ["exchange", "symbol"], ...at };
      const { events } = await app.client.latest(query, { signal });
      return instrumentsOf(deskEvents(events));
    },
    [viewKey(shown)],
    again,
  );
  useEffect(() => setNone((asked.answer ?? []).length === 0), [asked.answer]);
  return asked;
}

/** Another value after a reconnect, and now and then: what there is grows while engines run. */
function useNowAndThen(everyMs: number): string {
  const { view } = useValue("shown");
  const refresh = useValue("refresh");
  const now = useNow(everyMs);
  return `${refresh} ${view.kind === "at" ? 0 : now}`;
}

function instrumentsOf(events: readonly DeskEvent[]): Instrument[] {
  const found = new Map<string, Instrument>();
  for (const { payload } of events.slice(0, MAX_INSTRUMENTS)) {
    const symbol = text(payload, "symbol");
    const instrument = { exchange: text(payload, "exchange"), symbol: symbol ?? "" };
    if (symbol !== null) found.set(instrumentText(instrument), instrument);
  }
  return [...found].sort(([a], [b]) => a.localeCompare(b)).map(([, instrument]) => instrument);
}

/** What is asked for, or, when nothing is, one that stays: of an open position, or the first. */
export function useChartInstrument(instruments: readonly Instrument[]): Instrument | null {
  const { symbol, focus } = useValue("shown");
  const loaded = useValue("loaded");
  const { store } = useApp();
  const [chosen, setChosen] = useState<Instrument | null>(null);
  useEffect(() => {
    if (chosen !== null || !loaded) return;
    // Looked at once: positions change all the time, and the chart is not to change with them.
    const open = store.get("positions").find(({ size }) => size !== 0);
    setChosen(open ?? instruments[0] ?? null);
  }, [store, loaded, chosen, instruments]);
  if (symbol !== null) return symbol;
  const named = instruments.find((instrument) => instrument.symbol === focus.symbol);
  if (focus.symbol !== null) return named ?? { exchange: null, symbol: focus.symbol };
  return chosen;
}

/** The timeframes of which there are candles. */
export function useTimeframes({ exchange, symbol }: Instrument): readonly string[] | undefined {
  const app = useApp();
  const shown = useValue("shown");
  const again = useNowAndThen(SOMETIMES_MS);
  const { answer } = useAsked(
    async (signal) => {
      const of = { symbol, ...(exchange === null ? {} : { exchange }), ...untilOf(app) };
      const query = { event_type: "candle_event", ...of, limit: SOME_CANDLES };
      const { events } = await app.client.events(query, { signal });
      const found = new Set(deskEvents(events).map(({ payload }) => text(payload, "timeframe")));
      return TIMEFRAMES.filter((timeframe) => found.has(timeframe));
    },
    [exchange, symbol, viewKey(shown)],
    again,
  );
  return answer;
}

export interface Candles {
  candles: readonly Candle[];
  state: PagesState;
  older: () => void;
}

export function useCandles({ instrument, timeframe }: ChartQuestion): Candles {
  const app = useApp();
  const view = viewKey(useValue("shown"));
  const refresh = useValue("refresh");
  const [candles, setCandles] = useState<readonly Candle[]>([]);
  const [state, setState] = useState(NOT_ASKED);
  const history = useRef<CandleHistory | null>(null);
  const { exchange, symbol } = instrument;
  useEffect(() => {
    const question = { instrument: { exchange, symbol }, timeframe };
    const until = (): string | null => shownUntil(app);
    const made: CandleHistory = new CandleHistory(app.client, question, until, setCandles, () =>
      setState(made.state),
    );
    history.current = made;
    setCandles([]);
    setState(NOT_ASKED);
    made.newest();
    app.watch(instrument, timeframe);
    return () => {
      made.close();
      history.current = null;
      app.watch(null, timeframe);
    };
  }, [app, exchange, symbol, timeframe, view]);
  useAgain(refresh, () => history.current?.newest());
  usePanelEvents((events) => history.current?.add(events));
  return { candles, state, older: () => history.current?.older() };
}

/** Whose indicators there are, and their names. */
export function useIndicatorSources(
  question: ChartQuestion,
): { strategy: string | null; names: string[] }[] {
  const app = useApp();
  const shown = useValue("shown");
  const again = useNowAndThen(SOMETIMES_MS);
  const { exchange, symbol } = question.instrument;
  const { answer } = useAsked(
    async (signal) => {
      const of = seriesQuery(question, shownUntil(app));
      const query = { event_type: "indicator_event", ...of, limit: SOME_INDICATORS };
      return indicatorSources(deskEvents((await app.client.events(query, { signal })).events));
    },
    [exchange, symbol, question.timeframe, viewKey(shown)],
    again,
  );
  return answer ?? NO_SOURCES;
}

const NO_SOURCES: { strategy: string | null; names: string[] }[] = [];

export interface Indicators {
  history: IndicatorHistory | null;
  /** Counts up with each change. */
  version: number;
  /** Whether the last change was only one of the newest. */
  live: boolean;
}

/** @param strategy whose; undefined: none are wanted. */
export function useIndicators(
  { instrument, timeframe }: ChartQuestion,
  strategy: string | null | undefined,
  oldest: number,
): Indicators {
  const app = useApp();
  const view = viewKey(useValue("shown"));
  const refresh = useValue("refresh");
  const [state, setState] = useState<Indicators>({ history: null, version: 0, live: false });
  const { exchange, symbol } = instrument;
  useEffect(() => {
    if (strategy === undefined) return undefined;
    const question = { instrument: { exchange, symbol }, timeframe };
    const changed = (live: boolean): void =>
      setState(({ version }) => ({ history: made, version: version + 1, live }));
    const until = (): string | null => shownUntil(app);
    const made = new IndicatorHistory(app.client, question, strategy, until, changed);
    changed(false);
    made.newest();
    return () => made.close();
  }, [app, exchange, symbol, timeframe, strategy, view]);
  const { history, version } = state;
  useEffect(() => {
    void history?.reach(oldest);
  }, [history, oldest, version]);
  useAgain(refresh, () => history?.newest());
  usePanelEvents((events) => history?.add(events));
  return state;
}

/** Marks of what was decided and filled in an instrument, up to the moment that is shown. */
export function useMarks(instrument: Instrument): readonly Mark[] {
  const app = useApp();
  const shown = useValue("shown");
  const refresh = useValue("refresh");
  const version = useValue("tradesVersion");
  const cursor = useValue("cursor");
  const { exchange, symbol } = instrument;
  const { strategy, stage } = shown.focus;
  const ask = async (signal: AbortSignal, limit: number): Promise<Trade[]> => {
    const by = strategy === null ? {} : { strategy };
    const query = { symbol, limit, ...by, ...untilOf(app) };
    return (await app.client.trades(query, { signal })).trades;
  };
  const question = [exchange, symbol, strategy, viewKey(shown)];
  const all = useAsked((signal) => ask(signal, MAX_TRADES), question, refresh, 5000).answer;
  const newest = useAsked((signal) => ask(signal, NEW_TRADES), question, version, 2000).answer;
  const live = shown.view.kind === "live";
  return useMemo(() => {
    const trades = new Map<string, Trade>();
    for (const trade of [...(all ?? []), ...(newest ?? [])]) {
      trades.set(trade.correlation_id ?? trade.order_ids[0] ?? "", trade);
    }
    const until = live ? Infinity : (cursor ?? 0);
    const marks = marksOf([...trades.values()], { exchange, symbol }, until);
    return marks.filter((mark) => isOfStage(mark, stage));
  }, [all, newest, live, cursor, exchange, symbol, stage]);
}

/** When the feed of an instrument was silent. */
export function useGaps({ exchange, symbol }: Instrument): readonly Gap[] {
  const app = useApp();
  const shown = useValue("shown");
  const refresh = useValue("refresh");
  const [seen, setSeen] = useState(0);
  usePanelEvents((events) => {
    const mine = events.filter(
      ({ type, payload }) => type === "feed_gap" && text(payload, "symbol") === symbol,
    );
    if (mine.length > 0) setSeen((before) => before + mine.length);
  });
  const { answer } = useAsked(
    async (signal) => {
      const of = { symbol, ...(exchange === null ? {} : { exchange }), ...untilOf(app) };
      const query = { event_type: "feed_gap", ...of, limit: MAX_GAPS };
      return gapsOf(deskEvents((await app.client.events(query, { signal })).events));
    },
    [exchange, symbol, viewKey(shown)],
    refresh + seen,
  );
  return answer ?? NO_GAPS;
}

const NO_GAPS: readonly Gap[] = [];

function gapsOf(events: readonly DeskEvent[]): Gap[] {
  return events.flatMap(({ payload }) => {
    const from = moment(payload, "from");
    const to = moment(payload, "to");
    if (from === null || to === null || to < from) return [];
    return [{ from, to, missed: number(payload, "missed") }];
  });
}

/** Runs when a count goes on, not at first. */
function useAgain(count: number, run: () => void): void {
  const before = useRef(count);
  useEffect(() => {
    if (before.current === count) return;
    before.current = count;
    run();
  });
}
