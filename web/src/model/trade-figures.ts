// Figures of trades: hops between decision and fill, their percentiles, the waterfall they make.
import type { Trade } from "@tapedeck/client";

import { reasonWords } from "./reasons.js";

export const HOPS = [
  { name: "decision_to_sent_us", title: "decision → sent" },
  { name: "sent_to_ack_us", title: "sent → ack" },
  { name: "ack_to_first_fill_us", title: "ack → first fill" },
  { name: "first_to_last_fill_us", title: "first → last fill" },
] as const;
export type HopName = (typeof HOPS)[number]["name"];

export interface Segment {
  name: HopName;
  title: string;
  us: number;
  x: number;
  width: number;
  /** The clocks of the two ends differ. */
  negative: boolean;
}

/** What is as long as its distance from nothing on the scale. */
const SCALE_US = 1000;
const NARROWEST = 2;

/** log10(1 + t / 1 ms): seconds do not push milliseconds out of sight. */
export function hopLength(us: number): number {
  return Math.log10(1 + Math.abs(us) / SCALE_US);
}

function told(hops: Trade["hops"]): { name: HopName; title: string; us: number }[] {
  return HOPS.flatMap(({ name, title }) => {
    const us = hops[name];
    return us === null || us === 0 ? [] : [{ name, title, us }];
  });
}

/** The longest of these on the scale; at least what a second takes. */
export function longestOf(trades: readonly Trade[]): number {
  const lengths = trades.map(({ hops }) =>
    told(hops).reduce((sum, { us }) => sum + hopLength(us), 0),
  );
  return lengths.reduce((most, length) => Math.max(most, length), hopLength(1_000_000));
}

/** @param longest what takes the whole width, of longestOf(). */
export function waterfall(hops: Trade["hops"], longest: number, width: number): Segment[] {
  const room = width - NARROWEST * HOPS.length;
  let x = 0;
  return told(hops).map(({ name, title, us }) => {
    const length = NARROWEST + (hopLength(us) / longest) * room;
    const segment = { name, title, us, x, width: length, negative: us < 0 };
    x += length;
    return segment;
  });
}

/** How far it came, of what is told; null: nothing is. */
export function elapsedUs(hops: Trade["hops"]): { us: number; over: boolean } | null {
  if (hops.decision_to_fill_us !== null) return { us: hops.decision_to_fill_us, over: true };
  const known = HOPS.flatMap(({ name }) => hops[name] ?? []);
  if (known.length === 0) return null;
  return { us: known.reduce((sum, us) => sum + us, 0), over: false };
}

export interface Spread {
  title: string;
  n: number;
  p50: number | null;
  p95: number | null;
  most: number | null;
  negative: number;
}

export interface TradeFigures {
  decisionToFill: Spread;
  hops: Spread[];
  slippageBps: number | null;
  slippageCount: number;
  /** In rupees, of what is known. */
  slippageTotal: number | null;
  rejects: { reason: string; count: number }[];
}

export function figuresOf(trades: readonly Trade[]): TradeFigures {
  const bps = trades.flatMap((trade) => trade.slippage_bps ?? []);
  const totals = trades.flatMap((trade) => trade.slippage_total ?? []);
  return {
    decisionToFill: spreadOf("decision → fill", trades, "decision_to_fill_us"),
    hops: HOPS.map(({ name, title }) => spreadOf(title, trades, name)),
    slippageBps: bps.length === 0 ? null : sum(bps) / bps.length,
    slippageCount: bps.length,
    slippageTotal: totals.length === 0 ? null : sum(totals),
    rejects: rejectsOf(trades),
  };
}

/** The number of rank floor(q (n - 1)), as the server's aggregates have it. */
export function percentile(sorted: readonly number[], q: number): number | null {
  return sorted[Math.floor(q * (sorted.length - 1))] ?? null;
}

function spreadOf(title: string, trades: readonly Trade[], name: keyof Trade["hops"]): Spread {
  const values = trades.flatMap(({ hops }) => hops[name] ?? []).sort((a, b) => a - b);
  return {
    title,
    n: values.length,
    p50: percentile(values, 0.5),
    p95: percentile(values, 0.95),
    most: values.at(-1) ?? null,
    negative: values.filter((us) => us < 0).length,
  };
}

function rejectsOf(trades: readonly Trade[]): TradeFigures["rejects"] {
  const counts = new Map<string, number>();
  for (const { outcome, reject } of trades) {
    if (outcome !== "rejected") continue;
    const reason = reasonWords(reject?.code ?? reject?.reason ?? null);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || a.reason.localeCompare(b.reason));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
