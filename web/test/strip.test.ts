import { describe, expect, it } from "vitest";

import type { Engine, FeedSummary, Performance, SessionPhase } from "../src/model/desk-types.js";
import {
  byMode,
  countStates,
  dayPnl,
  engineDots,
  isTrading,
  type Judge,
  lossBudget,
  markets,
  worstFeedAge,
} from "../src/model/strip.js";

const ist = (text: string): number => Date.parse(`${text}+05:30`);
const MONDAY_11 = ist("2026-11-23T11:00:00");

function session(exchange: string, phase: string, at: number, group = "all"): SessionPhase {
  const key = JSON.stringify([exchange, "", group]);
  return { key, exchange, segment: "", group, phase, at, seq: 1 };
}

function account(changes: Partial<Performance>): Performance {
  return {
    key: "k",
    account: "main",
    mode: "paper",
    sessionDate: "2026-11-23",
    realized: 100,
    unrealized: 50,
    charges: 30,
    dayNet: 120,
    lossLimit: null,
    marginUsed: null,
    marginAvailable: null,
    maxDrawdown: null,
    drawdown: null,
    winRate: null,
    trades: null,
    at: MONDAY_11,
    seq: 1,
    ...changes,
  };
}

function engine(changes: Partial<Engine>): Engine {
  return {
    key: "e",
    name: "ExecutionEngine",
    engineId: "eq1",
    host: "h",
    mode: "paper",
    status: "active",
    reason: null,
    metrics: {},
    at: MONDAY_11,
    receivedAt: MONDAY_11,
    seq: 1,
    ...changes,
  };
}

describe("markets", () => {
  const words = (sessions: SessionPhase[], now: number): string[] =>
    markets(sessions, now).map(({ exchange, word }) => `${exchange} ${word}`);

  it("say one word of each exchange, in the order traders name them", () => {
    const at = ist("2026-11-23T09:15:00");
    const sessions = [
      session("MCX", "pre_open", at),
      session("NFO", "continuous", at),
      session("NSE", "closing_auction", at),
      session("ZZZ", "lunch", at),
    ];
    expect(words(sessions, MONDAY_11)).toEqual([
      "NSE auction",
      "NFO open",
      "MCX pre-open",
      "ZZZ lunch",
    ]);
  });

  it("tell the group that trades, and a halt before everything", () => {
    const at = ist("2026-11-23T10:00:00");
    const closed = session("NSE", "closed", at, "index");
    const open = session("NSE", "continuous", at, "cash");
    expect(words([closed, open], MONDAY_11)).toEqual(["NSE open"]);
    expect(words([closed, open, session("NSE", "halted", at, "fno")], MONDAY_11)).toEqual([
      "NSE halted",
    ]);
    expect(markets([closed, open], MONDAY_11)[0]?.detail).toBe(
      "cash: continuous since 10:00 IST\nindex: closed since 10:00 IST",
    );
  });

  it("are not called open, or closed in trading hours, by yesterday's word", () => {
    const friday = ist("2026-11-20T15:30:00");
    expect(words([session("NSE", "continuous", friday)], MONDAY_11)).toEqual(["NSE ?"]);
    expect(words([session("NSE", "closed", friday)], MONDAY_11)).toEqual(["NSE ?"]);
    for (const quiet of ["2026-11-21T11:00:00", "2026-11-23T08:00:00", "2026-11-23T20:00:00"]) {
      expect(words([session("NSE", "closed", friday)], ist(quiet))).toEqual(["NSE closed"]);
    }
  });

  it("trade when one of them is open", () => {
    const at = ist("2026-11-23T10:00:00");
    expect(isTrading([session("NSE", "closed", at)], MONDAY_11)).toBe(false);
    const both = [session("NSE", "closed", at), session("MCX", "continuous", at)];
    expect(isTrading(both, MONDAY_11)).toBe(true);
  });
});

describe("the day's profit and loss", () => {
  it("sums accounts within a mode and never over modes, real money first", () => {
    const rows = [
      account({ mode: "paper", dayNet: 1000 }),
      account({ mode: "live", account: "a", dayNet: 10 }),
      account({ mode: "live", account: "b", dayNet: -4 }),
    ];
    const told = dayPnl(rows, MONDAY_11).map(({ mode, net, accounts }) => [
      mode,
      net,
      accounts.length,
    ]);
    expect(told).toEqual([
      ["live", 6, 2],
      ["paper", 1000, 1],
    ]);
  });

  it("is of the newest day only, and says when that is not today", () => {
    const old = account({ account: "old", sessionDate: "2026-11-20", dayNet: 7 });
    const [today] = dayPnl([old, account({})], MONDAY_11);
    expect([today?.day, today?.net]).toEqual([null, 120]);
    const [before] = dayPnl([old], MONDAY_11);
    expect([before?.day, before?.net]).toEqual(["2026-11-20", 7]);
  });

  it("does not know the sum of what one account does not tell", () => {
    const [pnl] = dayPnl([account({}), account({ account: "b", charges: null })], MONDAY_11);
    expect([pnl?.charges, pnl?.net]).toEqual([null, 240]);
  });

  it("shows the loss budget that is used most", () => {
    const rows = [
      account({ account: "a", dayNet: -500, lossLimit: 10_000 }),
      account({ account: "b", dayNet: -900, lossLimit: 1000 }),
      account({ account: "c", dayNet: 400, lossLimit: 500 }),
    ];
    expect(dayPnl(rows, MONDAY_11)[0]?.budget).toEqual({
      account: "b",
      used: 900,
      limit: 1000,
      share: 0.9,
    });
    expect(lossBudget(account({ dayNet: 400, lossLimit: 500 }))?.used).toBe(0);
    expect(lossBudget(account({ dayNet: -1, lossLimit: 0 }))).toBeNull();
    expect(dayPnl([account({})], MONDAY_11)[0]?.budget).toBeNull();
  });
});

describe("the age of feeds", () => {
  const feed = (lastTickAgeMs: number | null, ages: (number | null)[]): FeedSummary => ({
    lastTickAgeMs,
    ticksPerSecond: null,
    ticksTotal: null,
    gaps: null,
    lateTicks: null,
    badTicks: null,
    symbols: null,
    symbolsOmitted: 0,
    stale: [],
    staleCount: null,
    feeds: ages.map((ageMs, index) => ({
      key: `S${index}`,
      symbol: `S${index}`,
      exchange: null,
      lastPrice: null,
      ageMs,
      ticksPerSecond: null,
      gaps: null,
      lastGap: null,
    })),
  });

  it("is that of the oldest instrument", () => {
    expect(worstFeedAge(feed(100, [300, 9000, null]), 1000)).toEqual({ ms: 9000, symbol: "S1" });
    expect(worstFeedAge(feed(100, []), 1000)).toEqual({ ms: 100, symbol: null });
    expect(worstFeedAge(feed(null, []), 1000)).toBeNull();
  });

  it("grows while the engine that tells it is silent", () => {
    expect(worstFeedAge(feed(100, []), 4000)?.ms).toBe(100);
    expect(worstFeedAge(feed(100, []), 60_000)?.ms).toBe(60_100);
    expect(worstFeedAge(feed(100, []), null)?.ms).toBe(100);
  });
});

describe("engines", () => {
  const NOW: Judge = { now: MONDAY_11, by: "arrival" };
  const stateOf = (changes: Partial<Engine>, judge: Judge): string | undefined =>
    engineDots([engine(changes)], judge)[0]?.state;

  it("are silent when nothing came for twenty seconds, unless they said that it is over", () => {
    const states = ["active", "stopped", "error"].map(
      (status) => stateOf({ status }, { now: MONDAY_11 + 21_000, by: "arrival" }),
    );
    expect(states).toEqual(["silent", "stopped", "error"]);
    expect(stateOf({}, { now: MONDAY_11 + 19_000, by: "arrival" })).toBe("active");
  });

  it("that tell their health once a minute are given time for it", () => {
    const universe = { name: "UniverseBuilder" };
    expect(stateOf(universe, { now: MONDAY_11 + 65_000, by: "arrival" })).toBe("active");
    expect(stateOf(universe, { now: MONDAY_11 + 151_000, by: "arrival" })).toBe("silent");
  });

  it("are judged by their own times when the desk has stopped, and in the past", () => {
    const old = { at: MONDAY_11 - 60_000 };
    const now = MONDAY_11;
    expect(stateOf(old, { now, by: "arrival" })).toBe("active");
    expect(stateOf(old, { now, by: "stopped" })).toBe("silent");
    expect(stateOf(old, { now, by: "past" })).toBe("silent");
  });

  it("without a desk have the wall's clock, which says nothing about silence in the past", () => {
    const system = { at: MONDAY_11 - 60_000, receivedAt: MONDAY_11 - 30_000, mode: null };
    expect(stateOf(system, { now: MONDAY_11, by: "past" })).toBe("active");
    expect(stateOf(system, { now: MONDAY_11, by: "stopped" })).toBe("silent");
  });

  it("say who they are, how they are and why", () => {
    const [dot] = engineDots([engine({ status: "error", reason: "no token" })], NOW);
    expect(dot?.says).toBe("ExecutionEngine (eq1), paper: error: no token");
    expect(dot?.label).toBe("Exec");
  });

  it("are counted worst first", () => {
    const dots = ["active", "error", "active", "odd", "degraded"].map(
      (status) => engineDots([engine({ status })], NOW)[0],
    );
    const counts = countStates(dots.filter((dot) => dot !== undefined));
    expect(counts.map(({ state, count }) => `${count} ${state}`)).toEqual([
      "1 error",
      "1 degraded",
      "1 odd",
      "2 active",
    ]);
  });
});

it("modes are told with real money first", () => {
  expect(["replay", "paper", "odd", "live"].sort(byMode)).toEqual([
    "live",
    "paper",
    "replay",
    "odd",
  ]);
});
