// The curve of what an account, or one strategy, made: net profit, how far it is below its peak,
// and few enough points of it to be drawn.
import type { AggregatesAnswer } from "@tapedeck/client";

import { drawable } from "./chart-time.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { momentOf, number, object, text } from "./payload.js";

/** What one day's points and some more fit in; beyond it the oldest go. */
export const MAX_EQUITY_POINTS = 20_000;

/** Whose curve it is. With a strategy, that strategy's; else the account's. */
export interface EquityOwner {
  account: string | null;
  mode: string | null;
  strategy: string | null;
}

/** `day`: what the session made; `run`: all since the engine's books begin. After charges, both. */
export type EquityBasis = "day" | "run";

export interface EquityPoint {
  at: number;
  net: number;
  seq: number;
  /** The engine's own figures, over all it knows; null: not told. */
  drawdown: number | null;
  maxDrawdown: number | null;
  lossLimit: number | null;
}

export function equityPointOf(
  event: DeskEvent,
  owner: EquityOwner,
  basis: EquityBasis,
): EquityPoint | undefined {
  const { payload, source } = event;
  if (event.type !== "performance_update") return undefined;
  const strategy = (text(payload, "scope") ?? "account") === "account" ? null : strategyOf(payload);
  if (strategy !== owner.strategy) return undefined;
  if ((source?.account ?? null) !== owner.account) return undefined;
  if ((source?.mode ?? null) !== owner.mode) return undefined;
  const metrics = object(payload, "metrics");
  const total = number(metrics, "net_pnl");
  const told = basis === "day" ? (number(metrics, "day_net_pnl") ?? total) : total;
  const net = drawable(told);
  const at = momentOf(event.timestamp);
  if (net === null || at === null) return undefined;
  return {
    at,
    net,
    seq: seqOf(event.id),
    drawdown: number(metrics, "current_drawdown"),
    maxDrawdown: number(metrics, "max_drawdown"),
    lossLimit: number(metrics, "loss_limit"),
  };
}

/** Undefined: a scope of which nothing is known here. */
function strategyOf(payload: DeskEvent["payload"]): string | undefined {
  if (text(payload, "scope") !== "strategy") return undefined;
  return text(payload, "strategy") ?? undefined;
}

/** Points in order of time, one a second (the newest published), bounded. */
export function mergePoints(
  known: readonly EquityPoint[],
  more: readonly EquityPoint[],
): readonly EquityPoint[] {
  const seconds = new Map<number, EquityPoint>();
  for (const point of [...known, ...more]) {
    const second = Math.floor(point.at / 1000);
    const other = seconds.get(second);
    if (other === undefined || other.seq <= point.seq) seconds.set(second, point);
  }
  return [...seconds.values()].sort((a, b) => a.at - b.at).slice(-MAX_EQUITY_POINTS);
}

export interface CurvePoint {
  at: number;
  net: number;
  /** How far below the highest so far; 0 or less. */
  drawdown: number;
}

export interface Curve {
  points: CurvePoint[];
  /** Of the last point; 0 or less. */
  drawdown: number;
  worst: number;
}

/** The peak begins at nothing made, as the engine's does. */
export function curveOf(points: readonly { at: number; net: number }[]): Curve {
  let peak = 0;
  let worst = 0;
  const curve = points.map(({ at, net }) => {
    peak = Math.max(peak, net);
    const drawdown = Math.min(0, net - peak);
    worst = Math.min(worst, drawdown);
    return { at, net, drawdown };
  });
  return { points: curve, drawdown: curve.at(-1)?.drawdown ?? 0, worst };
}

/** Where a moment is among points, in points: 1.5 is halfway between the second and the third.
 *  Null: outside of them. */
export function indexAt(points: readonly { at: number }[], ms: number): number | null {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? Infinity) <= ms) low = middle + 1;
    else high = middle;
  }
  const before = points[low - 1];
  const after = points[low];
  if (before === undefined) return null;
  if (after === undefined) return before.at === ms ? low - 1 : null;
  return low - 1 + (ms - before.at) / (after.at - before.at);
}

/** At most so many points: the first, the last, and of each of equally many the lowest, the highest
 *  and the one deepest below its peak. */
export function thinned(points: readonly CurvePoint[], limit: number): readonly CurvePoint[] {
  const buckets = Math.floor((limit - 2) / 3);
  if (points.length <= limit || buckets < 1) return points;
  const kept = new Set<number>([0, points.length - 1]);
  const size = points.length / buckets;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = Math.floor(bucket * size);
    const until = Math.floor((bucket + 1) * size);
    kept.add(best(points, from, until, (point) => point.net));
    kept.add(best(points, from, until, (point) => -point.net));
    kept.add(best(points, from, until, (point) => -point.drawdown));
  }
  return [...kept].sort((a, b) => a - b).flatMap((index) => points[index] ?? []);
}

function best(
  points: readonly CurvePoint[],
  from: number,
  until: number,
  worth: (point: CurvePoint) => number,
): number {
  let found = from;
  let most = -Infinity;
  for (let index = from; index < until; index += 1) {
    const point = points[index];
    if (point === undefined || worth(point) <= most) continue;
    most = worth(point);
    found = index;
  }
  return found;
}

/**
 * The lowest and the highest of each stretch of time. Which came first is not known: the one nearer
 * to where the stretch before ended.
 * @param strategy null: of the account, whose events name no strategy.
 */
export function pointsOfBuckets(
  lowest: AggregatesAnswer,
  highest: AggregatesAnswer,
  strategy: string | null,
  lengthMs: number,
): EquityPoint[] {
  const highs = valuesOf(highest, strategy);
  let before = 0;
  return [...valuesOf(lowest, strategy)].flatMap(([start, low]) => {
    const high = highs.get(start) ?? low;
    const upFirst = Math.abs(high - before) < Math.abs(low - before);
    const [first, second] = upFirst ? [high, low] : [low, high];
    before = second;
    return [bucketPoint(start, first), bucketPoint(start + lengthMs / 2, second)];
  });
}

function valuesOf(answer: AggregatesAnswer, strategy: string | null): Map<number, number> {
  const values = new Map<number, number>();
  for (const { start, groups } of answer.buckets) {
    const at = momentOf(start);
    const group = groups.find(({ key, other }) => !other && (key["strategy"] ?? null) === strategy);
    if (at !== null && group?.value != null) values.set(at, group.value);
  }
  return values;
}

function bucketPoint(at: number, net: number): EquityPoint {
  return { at, net, seq: -1, drawdown: null, maxDrawdown: null, lossLimit: null };
}

/** The accounts there are, by what tells them apart; each once. */
export function ownersOf(
  rows: readonly { account: string | null; mode: string | null }[],
): { account: string | null; mode: string | null }[] {
  const owners = new Map(
    rows.map(({ account, mode }) => [ownerKey({ account, mode }), { account, mode }]),
  );
  return [...owners].sort(([a], [b]) => a.localeCompare(b)).map(([, owner]) => owner);
}

export function ownerKey(owner: { account: string | null; mode: string | null }): string {
  return `${owner.mode ?? ""} ${owner.account ?? ""}`;
}

/** Of a day's net: whether the loss limit is near enough to be shown. */
export function isNearLimit(net: number, limit: number | null): boolean {
  return limit !== null && limit > 0 && net < -limit / 2;
}
