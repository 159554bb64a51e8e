import { describe, expect, it } from "vitest";

import {
  curveOf,
  equityPointOf,
  indexAt,
  type EquityPoint,
  isNearLimit,
  MAX_EQUITY_POINTS,
  mergePoints,
  ownersOf,
  pointsOfBuckets,
  thinned,
} from "../src/model/equity.js";
import type { DeskEvent } from "../src/model/event.js";

const OWNER = { account: "paper", mode: "paper", strategy: null };

function update(payload: Record<string, unknown>, source = {}): DeskEvent {
  return {
    type: "performance_update",
    timestamp: "2026-11-23T03:47:55.000000Z",
    payload,
    id: "e-9",
    source: { account: "paper", mode: "paper", ...source },
  };
}

function point(second: number, net: number, seq = second): EquityPoint {
  return { at: second * 1000, net, seq, drawdown: null, maxDrawdown: null, lossLimit: null };
}

describe("a point of the curve", () => {
  const metrics = { net_pnl: -700, day_net_pnl: 120, current_drawdown: 30, max_drawdown: 900 };

  it("of a day is what the day made, of the run all of it", () => {
    const event = update({ scope: "account", metrics });
    expect(equityPointOf(event, OWNER, "day")?.net).toBe(120);
    expect(equityPointOf(event, OWNER, "run")?.net).toBe(-700);
    expect(equityPointOf(event, OWNER, "run")).toMatchObject({ drawdown: 30, maxDrawdown: 900 });
  });

  it("of a day is the net profit where the day's is not told", () => {
    const event = update({ metrics: { net_pnl: 5 } });
    expect(equityPointOf(event, OWNER, "day")?.net).toBe(5);
  });

  it("is of the account that is asked for", () => {
    const event = update({ scope: "account", metrics }, { mode: "live" });
    expect(equityPointOf(event, OWNER, "day")).toBeUndefined();
    expect(equityPointOf(event, { ...OWNER, mode: "live" }, "day")?.net).toBe(120);
  });

  it("is of the strategy that is asked for, and an account's is no strategy's", () => {
    const event = update({ scope: "strategy", strategy: "momentum", metrics });
    expect(equityPointOf(event, OWNER, "day")).toBeUndefined();
    expect(equityPointOf(event, { ...OWNER, strategy: "momentum" }, "day")?.net).toBe(120);
    const account = update({ scope: "account", metrics });
    expect(equityPointOf(account, { ...OWNER, strategy: "momentum" }, "day")).toBeUndefined();
  });

  it("without a figure is none", () => {
    expect(equityPointOf(update({ metrics: { net_pnl: null } }), OWNER, "day")).toBeUndefined();
  });
});

describe("points", () => {
  it("are in order of time; of one second the newest published stays", () => {
    const merged = mergePoints([point(3, 30), point(1, 10, 5)], [point(2, 20), point(1, 11, 4)]);
    expect(merged.map(({ net }) => net)).toEqual([10, 20, 30]);
  });

  it("of history alone are in order too", () => {
    const merged = mergePoints([point(2, 20), point(1, 10), point(2, 21, 9)], []);
    expect(merged.map(({ net }) => net)).toEqual([10, 21]);
  });

  it("are bounded", () => {
    const many = Array.from({ length: MAX_EQUITY_POINTS + 5 }, (_, at) => point(at, at));
    const merged = mergePoints([], many);
    expect(merged).toHaveLength(MAX_EQUITY_POINTS);
    expect(merged[0]?.net).toBe(5);
  });
});

describe("drawdown", () => {
  it("is the distance to the highest so far, which begins at nothing made", () => {
    const curve = curveOf([-5, 10, 4, 12, 2, 7].map((net, at) => ({ at, net })));
    expect(curve.points.map(({ drawdown }) => drawdown)).toEqual([-5, 0, -6, 0, -10, -5]);
    expect([curve.drawdown, curve.worst]).toEqual([-5, -10]);
  });

  it("of nothing is none", () => {
    expect(curveOf([])).toEqual({ points: [], drawdown: 0, worst: 0 });
  });
});

describe("a thinned curve", () => {
  const wave = Array.from({ length: 9000 }, (_, at) => ({
    at,
    net: at === 4321 ? 5000 : at === 7777 ? -5000 : Math.sin(at / 50) * 100 + at / 100,
  }));
  const { points, worst } = curveOf(wave);

  it("has at most as many points as are drawn, in order, with both ends", () => {
    const few = thinned(points, 2000);
    expect(few.length).toBeLessThanOrEqual(2000);
    expect(few.map(({ at }) => at)).toEqual(few.map(({ at }) => at).toSorted((a, b) => a - b));
    expect([few[0]?.at, few.at(-1)?.at]).toEqual([0, 8999]);
  });

  it("keeps each stretch's lowest and highest, and the deepest drawdown", () => {
    const few = thinned(points, 302);
    for (let stretch = 0; stretch < 100; stretch += 1) {
      const within = ({ at }: { at: number }): boolean => Math.floor(at / 90) === stretch;
      const all = points.filter(within).map(({ net }) => net);
      const kept = few.filter(within).map(({ net }) => net);
      expect(Math.max(...kept)).toBe(Math.max(...all));
      expect(Math.min(...kept)).toBe(Math.min(...all));
    }
    expect(Math.min(...few.map(({ drawdown }) => drawdown))).toBe(worst);
  });

  it("with few points is what it was", () => {
    expect(thinned(points.slice(0, 100), 100)).toHaveLength(100);
  });
});

describe("stretches of many days", () => {
  const answer = (values: [string, string | null, number][]): never =>
    ({
      buckets: values.map(([start, strategy, value]) => ({
        start,
        groups: [{ key: { strategy }, value, count: 1 }],
      })),
    }) as never;

  it("give the lowest and the highest, in the order that leads on from where it was", () => {
    const lows = answer([
      ["2026-11-23T04:00:00Z", null, -20],
      ["2026-11-23T05:00:00Z", null, 10],
    ]);
    const highs = answer([
      ["2026-11-23T04:00:00Z", null, 100],
      ["2026-11-23T05:00:00Z", null, 90],
    ]);
    const points = pointsOfBuckets(lows, highs, null, 3_600_000);
    expect(points.map(({ net }) => net)).toEqual([-20, 100, 90, 10]);
    expect(points[1]?.at).toBe(Date.parse("2026-11-23T04:30:00Z"));
  });

  it("are those of the strategy", () => {
    const lows = answer([["2026-11-23T04:00:00Z", "momentum", 3]]);
    expect(pointsOfBuckets(lows, lows, null, 1000)).toEqual([]);
    expect(pointsOfBuckets(lows, lows, "momentum", 1000)).toHaveLength(2);
  });
});

it("a moment has a place between two points, and none outside of them", () => {
  const points = [1000, 2000, 6000].map((at) => ({ at }));
  const places = [999, 1000, 1500, 5000, 6000, 6001].map((ms) => indexAt(points, ms));
  expect(places).toEqual([null, 0, 0.5, 1.75, 2, null]);
});

it("accounts are told apart by mode, and each is there once", () => {
  const paper = { account: "a", mode: "paper" };
  const live = { account: "a", mode: "live" };
  expect(ownersOf([paper, live, { ...paper }])).toEqual([live, paper]);
});

it("a loss limit is near from half of it on", () => {
  expect(isNearLimit(-4999, 10_000)).toBe(false);
  expect(isNearLimit(-5001, 10_000)).toBe(true);
  expect(isNearLimit(-5001, null)).toBe(false);
});
