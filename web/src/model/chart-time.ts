// Times of charts. The charts' library writes all times as UTC, so it is given times that are later
// by India's offset: what it then writes is IST. This is the only place that knows of it.

const IST_OFFSET_S = 5.5 * 3600;
const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** @param ms since 1970. Charts know whole seconds. */
export function toChartTime(ms: number): number {
  return Math.floor(ms / 1000) + IST_OFFSET_S;
}

export function fromChartTime(seconds: number): number {
  return (seconds - IST_OFFSET_S) * 1000;
}

/** The charts' library draws no larger numbers. */
const LARGEST = 9e13;

/** A value that can be drawn, or null. */
export function drawable(value: number | null): number | null {
  return value === null || Math.abs(value) > LARGEST ? null : value;
}

/** The length of `15m`, `1d`, ...; what is no timeframe counts as a minute. */
export function timeframeMs(timeframe: string): number {
  const match = /^(\d+)([smhd])$/.exec(timeframe);
  const unit = UNITS_MS[match?.[2] as keyof typeof UNITS_MS];
  const count = Number(match?.[1]);
  return match === null || !(count > 0) ? UNITS_MS.m : count * unit;
}
