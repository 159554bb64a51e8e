// What the strip at the top says, reckoned from the desk: plain functions.
import { ago, istDate, istMinute, startOfIstDay } from "../format.js";
import type { Engine, FeedSummary, Performance, SessionPhase } from "./desk-types.js";
import { ENGINE_SILENT_MS, engineState } from "./engines.js";

/** The one that tells its health once a minute. */
const RARELY_TELLS: ReadonlyMap<string, number> = new Map([["UniverseBuilder", 150_000]]);
/** A feed older than this in an open market is worth a warning. */
export const OLD_FEED_MS = 5000;
/** Health comes every three seconds: only what is longer counts as silence of the feed. */
const HEALTH_SLACK_MS = 5000;
const MINUTE_MS = 60_000;

// Modes ---------------------------------------------------------------------------------------

const MODE_ORDER = ["live", "paper", "replay"];

/** Real money first. */
export function byMode(a: string | null, b: string | null): number {
  return modeRank(a) - modeRank(b) || (a ?? "").localeCompare(b ?? "");
}

function modeRank(mode: string | null): number {
  const rank = MODE_ORDER.indexOf(mode ?? "");
  return rank < 0 ? MODE_ORDER.length : rank;
}

// Market --------------------------------------------------------------------------------------

export interface Market {
  exchange: string;
  /** `open`, `pre-open`, `closed`, … or a word of the exchange; `?`: not known. */
  word: string;
  /** Phase by group, for who wants to know. */
  detail: string;
}

const PHASE_WORDS: Readonly<Record<string, string>> = {
  halted: "halted",
  continuous: "open",
  pre_open: "pre-open",
  closing_auction: "auction",
  post_close: "post-close",
  closed: "closed",
};
/** Of groups of one exchange the first of these is told. */
const PHASE_ORDER = Object.keys(PHASE_WORDS);
const EXCHANGE_ORDER = ["NSE", "BSE", "NFO", "BFO", "MCX", "CDS"];
const OPENING_MINUTE = 9 * 60;
const CLOSING_MINUTE = 15 * 60 + 40;

/** One of each exchange. */
export function markets(sessions: readonly SessionPhase[], now: number): Market[] {
  const byExchange = new Map<string, SessionPhase[]>();
  for (const session of sessions) {
    const known = byExchange.get(session.exchange);
    if (known === undefined) byExchange.set(session.exchange, [session]);
    else known.push(session);
  }
  return [...byExchange]
    .map(([exchange, groups]) => marketOf(exchange, groups, now))
    .sort((a, b) => exchangeRank(a.exchange) - exchangeRank(b.exchange));
}

/** Whether prices are expected to move now. */
export function isTrading(sessions: readonly SessionPhase[], now: number): boolean {
  return markets(sessions, now).some(({ word }) => word === "open");
}

function marketOf(exchange: string, groups: readonly SessionPhase[], now: number): Market {
  const told = [...groups].sort((a, b) => phaseRank(a.phase) - phaseRank(b.phase));
  const detail = told
    .map(({ group, segment, phase, at }) => {
      const day = istDate(at) === istDate(now) ? "" : `${istDate(at)} `;
      return `${group ?? (segment || exchange)}: ${phase} since ${day}${istMinute(at)} IST`;
    })
    .join("\n");
  const first = told.find(({ phase, at }) => stillHolds(phase, at, now));
  if (first === undefined) return { exchange, word: "?", detail: `No word today.\n${detail}` };
  return { exchange, word: PHASE_WORDS[first.phase] ?? first.phase, detail };
}

/** A phase of another day says nothing about trading hours of this one. */
function stillHolds(phase: string, at: number, now: number): boolean {
  if (istDate(at) === istDate(now)) return true;
  if (phase !== "closed") return false;
  const midnight = startOfIstDay(now);
  const minute = (now - midnight) / MINUTE_MS;
  const weekday = new Date(midnight + 12 * 60 * MINUTE_MS).getUTCDay();
  const holiday = weekday === 0 || weekday === 6;
  return holiday || minute < OPENING_MINUTE || minute >= CLOSING_MINUTE;
}

function phaseRank(phase: string): number {
  const rank = PHASE_ORDER.indexOf(phase);
  return rank < 0 ? PHASE_ORDER.length : rank;
}

function exchangeRank(exchange: string): number {
  const rank = EXCHANGE_ORDER.indexOf(exchange);
  return rank < 0 ? EXCHANGE_ORDER.length : rank;
}

// Money ---------------------------------------------------------------------------------------

/** What the accounts of one mode made in a day. Paper and live are never summed. */
export interface DayPnl {
  mode: string | null;
  /** Null: today; else the day in India it is of. */
  day: string | null;
  net: number | null;
  realized: number | null;
  unrealized: number | null;
  charges: number | null;
  budget: LossBudget | null;
  accounts: { name: string; net: number | null }[];
}

export interface LossBudget {
  account: string | null;
  used: number;
  limit: number;
  /** Of the limit; above 1 it is broken. */
  share: number;
}

export function dayPnl(performance: readonly Performance[], now: number): DayPnl[] {
  const modes = [...new Set(performance.map(({ mode }) => mode))].sort(byMode);
  return modes.map((mode) => pnlOfMode(mode, performance.filter((row) => row.mode === mode), now));
}

function pnlOfMode(mode: string | null, rows: readonly Performance[], now: number): DayPnl {
  const today = istDate(now);
  const dayOf = (row: Performance): string => row.sessionDate ?? istDate(row.at);
  const day = rows.map(dayOf).reduce((a, b) => (a > b ? a : b), "");
  const ofDay = rows.filter((row) => dayOf(row) === day);
  const budgets = ofDay.flatMap((row) => lossBudget(row) ?? []);
  return {
    mode,
    day: day === today ? null : day,
    net: sum(ofDay, "dayNet"),
    realized: sum(ofDay, "realized"),
    unrealized: sum(ofDay, "unrealized"),
    charges: sum(ofDay, "charges"),
    budget: budgets.reduce<LossBudget | null>(
      (worst, each) => (worst === null || each.share > worst.share ? each : worst),
      null,
    ),
    accounts: ofDay.map((row) => ({ name: row.account ?? "no account", net: row.dayNet })),
  };
}

/** How much of what may be lost in a day is lost; null when there is no limit. */
export function lossBudget(row: Performance): LossBudget | null {
  const { account, dayNet, lossLimit } = row;
  if (lossLimit === null || dayNet === null || lossLimit <= 0) return null;
  const used = Math.max(0, -dayNet);
  return { account, used, limit: lossLimit, share: used / lossLimit };
}

type Figure = "dayNet" | "realized" | "unrealized" | "charges";

/** What one of them does not know, the sum does not know either. */
function sum(rows: readonly Performance[], name: Figure): number | null {
  let total = 0;
  for (const row of rows) {
    const value = row[name];
    if (value === null) return null;
    total += value;
  }
  return rows.length === 0 ? null : total;
}

// Feeds and engines ---------------------------------------------------------------------------

export interface FeedAge {
  ms: number;
  /** The instrument it is of; null: the newest tick of all. */
  symbol: string | null;
}

/**
 * The oldest feed: a tick's age as it was told, and how long nothing has been told since.
 * @param silentMs since the market data engine last said something.
 */
export function worstFeedAge(feed: FeedSummary, silentMs: number | null): FeedAge | null {
  const silence = silentMs !== null && silentMs > HEALTH_SLACK_MS ? silentMs : 0;
  let worst: FeedAge | null =
    feed.lastTickAgeMs === null ? null : { ms: feed.lastTickAgeMs, symbol: null };
  for (const { ageMs, symbol } of feed.feeds) {
    if (ageMs !== null && (worst === null || ageMs > worst.ms)) worst = { ms: ageMs, symbol };
  }
  return worst === null ? null : { ...worst, ms: worst.ms + silence };
}

/**
 * How engines are judged. `arrival`: a desk that lives, by when its words came; `stopped`: one that
 * does not, by their times; `past`: by their times, too, and by the clock of that past.
 */
export interface Judge {
  now: number;
  by: "arrival" | "stopped" | "past";
}

/** When it last said something, as far as silence goes. */
export function seenAt(engine: Engine, { now, by }: Judge): number {
  if (by === "arrival") return engine.receivedAt;
  if (engine.mode !== null) return engine.at;
  return by === "past" ? now : engine.receivedAt; // it has the wall's clock, whatever is shown
}

export interface EngineDot {
  key: string;
  name: string;
  label: string;
  state: string;
  /** All that is known, for a title and a screen reader. */
  says: string;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  MarketDataEngine: "Data",
  StrategyEngineV2: "Strategy",
  ExecutionEngine: "Exec",
  UniverseBuilder: "Universe",
};

export function engineDots(engines: readonly Engine[], judge: Judge): EngineDot[] {
  const { now } = judge;
  return engines.map((engine) => {
    const receivedAt = seenAt(engine, judge);
    const patience = RARELY_TELLS.get(engine.name) ?? ENGINE_SILENT_MS;
    const state = engineState({ ...engine, receivedAt }, now, patience);
    const silent = state === "silent" ? ` for ${ago(now - receivedAt)}` : "";
    const who = engine.engineId === null ? engine.name : `${engine.name} (${engine.engineId})`;
    const why = engine.reason === null ? "" : `: ${engine.reason}`;
    return {
      key: engine.key,
      name: engine.name,
      label: SHORT_NAMES[engine.name] ?? engine.name,
      state,
      says: `${who}${engine.mode === null ? "" : `, ${engine.mode}`}: ${state}${silent}${why}`,
    };
  });
}

/** Worst first: what a count of many engines begins with. `""`: any other word. */
const STATE_ORDER = ["error", "silent", "degraded", "starting", "stopped", "", "active"];

export function countStates(dots: readonly EngineDot[]): { state: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { state } of dots) counts.set(state, (counts.get(state) ?? 0) + 1);
  const rank = (state: string): number =>
    STATE_ORDER.indexOf(STATE_ORDER.includes(state) ? state : "");
  return [...counts]
    .map(([state, count]) => ({ state, count }))
    .sort((a, b) => rank(a.state) - rank(b.state));
}
