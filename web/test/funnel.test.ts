import { describe, expect, test } from "vitest";

import {
  barShare,
  funnelCounts,
  funnelTrade,
  type FunnelTrade,
  mergeReading,
  PAGE,
  readingOf,
  resumeFrom,
  stageRows,
} from "../src/model/funnel.js";
import {
  evaluatedQuery,
  funnelTradesQuery,
  istMomentOf,
  rangeChoiceOf,
  rangeOf,
  rangeText,
  totalCount,
} from "../src/model/funnel-range.js";
import { filledTrade, trade, vetoedTrade } from "./trades.js";

const nothing = { strategy: null, symbol: null, stage: null };
const at = (text: string): number => Date.parse(text);
const DECIDED = at("2026-11-23T03:46:00Z");

/** So many trades, a second apart, the newest first as the server has them. */
function many(count: number): FunnelTrade[] {
  const filled = funnelTrade(filledTrade());
  return Array.from({ length: count }, (_, index) => ({
    ...filled,
    key: `e-${2 * (count - index)}`,
    decided_at: new Date(DECIDED + 1000 * (count - index)).toISOString(),
  }));
}

describe("counts of the funnel", () => {
  const trades = [
    filledTrade({ first_id: "e-1" }),
    trade({ first_id: "e-2" }),
    trade({ first_id: "e-3", outcome: "rejected" }),
    vetoedTrade("cooldown", { first_id: "e-4" }),
    vetoedTrade("cooldown", { first_id: "e-5" }),
    vetoedTrade("margin", { first_id: "e-6" }),
    vetoedTrade(null, { first_id: "e-7" }),
  ].map(funnelTrade);

  test("have each trade in every stage it passed, and vetoes by code", () => {
    expect(funnelCounts(readingOf(trades, false), null)).toEqual({
      signalled: 3,
      vetoed: 4,
      ordered: 2,
      filled: 1,
      rejected: 1,
      vetoes: [
        { code: "cooldown", count: 2 },
        { code: "margin", count: 1 },
        { code: null, count: 1 },
      ],
      more: false,
    });
  });

  test("of the past know nothing that came later", () => {
    const reading = readingOf(trades, false);
    const early = funnelCounts(reading, { at: DECIDED + 500, seq: 0 });
    expect(early).toMatchObject({ signalled: 3, ordered: 0, filled: 0, vetoed: 4, rejected: 0 });
    expect(funnelCounts(reading, { at: DECIDED - 1, seq: 0 })).toMatchObject({ vetoed: 0 });
  });

  test("take a trade that is read again as it is now", () => {
    const old = readingOf([funnelTrade(trade({ outcome: "working" }))], false);
    const now = mergeReading(old, [funnelTrade(filledTrade())], false);
    expect(funnelCounts(now, null)).toMatchObject({ signalled: 1, filled: 1 });
    expect(funnelCounts(old, null)).toMatchObject({ filled: 0 });
  });

  test("keep no more than they may, and say that there are more", () => {
    const all = mergeReading(readingOf(many(15_000), false), [], false);
    const other = many(15_000).map((each) => ({ ...each, key: `other ${each.key}` }));
    const merged = mergeReading(all, other, false);
    expect(merged.trades.size).toBe(20_000);
    expect(merged.more).toBe(true);
  });
});

describe("reading on", () => {
  test("reads all again while a page holds it", () => {
    expect(resumeFrom(readingOf(many(PAGE - 1), false))).toBeNull();
  });

  test("goes on with the newest decision when all are settled", () => {
    const newest = new Date(DECIDED + 1000 * 1200);
    expect(resumeFrom(readingOf(many(1200), false))).toEqual(newest);
  });

  test("goes back to the oldest order at work of the last minutes", () => {
    const trades = many(2000).map((each, index) =>
      index === 300 || index === 1900 ? { ...each, outcome: "working" as const } : each,
    );
    expect(resumeFrom(readingOf(trades, false))).toEqual(new Date(DECIDED + 1000 * 1700));
  });
});

describe("stages", () => {
  const counts = funnelCounts(readingOf([funnelTrade(filledTrade())], true), null);

  test("are told with their share of the stage before", () => {
    const rows = stageRows(9, 50, counts);
    expect(rows.map(({ name, count, share }) => [name, count, share])).toEqual([
      ["scanned", 9, null],
      ["evaluated", 50, null],
      ["signalled", 1, 0.02],
      ["vetoed", 0, 0],
      ["ordered", 1, 1],
      ["filled", 1, 1],
    ]);
    expect(rows.map(({ atLeast }) => atLeast)).toEqual([false, false, true, true, true, true]);
  });

  test("have no share of what is not known, or smaller than they are", () => {
    expect(stageRows(null, 0, counts)[2]?.share).toBeNull();
    expect(stageRows(null, null, null).map(({ count }) => count)).toEqual(Array(6).fill(null));
  });

  test("have bars on a square root", () => {
    expect(barShare(25, 100)).toBe(0.5);
    expect(barShare(null, 100)).toBe(0);
    expect(barShare(0, 0)).toBe(0);
  });
});

describe("the funnel's range", () => {
  const now = at("2026-11-23T05:00:00Z");

  test("is the day in India", () => {
    expect(rangeOf({ kind: "today" }, now)).toEqual({
      since: at("2026-11-22T18:30:00Z"),
      until: at("2026-11-23T18:29:59.999Z"),
    });
    expect(rangeOf({ kind: "days", days: 5 }, now).since).toBe(at("2026-11-18T18:30:00Z"));
  });

  test("counts of the past only minutes that are over", () => {
    const range = rangeOf({ kind: "today" }, now);
    const query = evaluatedQuery(range, at("2026-11-23T04:00:30Z"), nothing);
    expect(query).toMatchObject({ interval: "1m", event_type: "decision_trace" });
    expect(query?.until).toEqual(new Date("2026-11-23T03:59:59.999Z"));
    expect(evaluatedQuery(range, range.since + 1, nothing)).toBeNull();
  });

  test("asks for no more buckets than the server answers", () => {
    const interval = (days: number) =>
      evaluatedQuery({ since: 0, until: days * 86_400_000 }, null, nothing)?.interval;
    expect([1, 6, 7, 34, 35, 400, 500].map(interval)).toEqual(
      ["1m", "1m", "5m", "5m", "1h", "1h", "1d"],
    );
  });

  test("is narrowed as the page is", () => {
    const focus = { ...nothing, strategy: "momentum", symbol: "INFY" };
    const range = { since: 0, until: 1000 };
    expect(funnelTradesQuery(range, focus)).toMatchObject({ strategy: "momentum", symbol: "INFY" });
    const whole = { since: new Date(0), until: new Date(1000) };
    expect(funnelTradesQuery(range, nothing)).toEqual(whole);
  });

  test("sums what the buckets count", () => {
    const group = (count: number) => ({ key: {}, value: count, count });
    const buckets = [
      { start: "a", groups: [group(2), group(3)] },
      { start: "b", groups: [group(4)] },
    ];
    const answer = { metric: "count", group_by: [], interval: "1m", since: "", until: "" };
    expect(totalCount({ ...answer, source: "rollup", buckets })).toBe(9);
  });

  test("is in the address, and today when that makes no sense", () => {
    const from = at("2026-11-23T03:45:00Z");
    for (const choice of [
      { kind: "today" } as const,
      { kind: "days", days: 5 } as const,
      { kind: "custom", from, until: from + 3_600_000 } as const,
    ]) {
      expect(rangeChoiceOf(rangeText(choice))).toEqual(choice);
    }
    for (const nonsense of ["", "0d", "100d", "yesterday", "2026-11-23T09:15", "a~b", "~"]) {
      expect(rangeChoiceOf(nonsense)).toEqual({ kind: "today" });
    }
  });

  test("reads fields as IST", () => {
    expect(istMomentOf("2026-11-23T09:15")).toBe(at("2026-11-23T03:45:00Z"));
    expect(istMomentOf("")).toBeNull();
    expect(istMomentOf("2026-11-23")).toBeNull();
  });
});
