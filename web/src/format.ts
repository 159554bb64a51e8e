// How figures and times are written. Times are IST, money is in rupees with Indian grouping, and
// what is not known is an en dash.

export const UNKNOWN = "–";
/** A minus sign, as wide as a plus: figures in a column stay in line. */
const MINUS = "−";

const IST = { timeZone: "Asia/Kolkata", hourCycle: "h23" } as const;
const clock = new Intl.DateTimeFormat("en-GB", {
  ...IST,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const shortClock = new Intl.DateTimeFormat("en-GB", { ...IST, hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { ...IST, day: "2-digit", month: "short" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", {
  ...IST,
  weekday: "short",
  day: "2-digit",
  month: "short",
  year: "numeric",
});
const isoDay = new Intl.DateTimeFormat("en-CA", { ...IST, dateStyle: "short" });
const whole = new Intl.NumberFormat("en-IN", { maximumFractionDigits: 0 });
const paise = new Intl.NumberFormat("en-IN", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const compact = new Intl.NumberFormat("en-IN", { notation: "compact", maximumFractionDigits: 1 });

/** 15:04:05 */
export function istTime(ms: number | null): string {
  return ms === null ? UNKNOWN : clock.format(ms);
}

/** 15:04 */
export function istMinute(ms: number | null): string {
  return ms === null ? UNKNOWN : shortClock.format(ms);
}

/** 15:04:05.123 */
export function istMillis(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  return `${clock.format(ms)}.${String(Math.floor(ms) % 1000).padStart(3, "0")}`;
}

/** Mon, 23 Nov 2026 */
export function istDay(ms: number): string {
  return dayAndYear.format(ms);
}

/** 15:04:05, with the day before it, and the year, where they are others than those of `now`. */
export function istMoment(ms: number | null, now: number): string {
  if (ms === null) return UNKNOWN;
  const time = clock.format(ms);
  const [date, today] = [isoDay.format(ms), isoDay.format(now)];
  if (date === today) return time;
  const year = date.slice(0, 4) === today.slice(0, 4) ? "" : ` ${date.slice(0, 4)}`;
  return `${day.format(ms)}${year} ${time}`;
}

/** 2026-11-23: the session date in India. */
export function istDate(ms: number): string {
  return isoDay.format(ms);
}

/** The beginning of the day in India, ms since 1970. */
export function startOfIstDay(ms: number): number {
  return Date.parse(`${isoDay.format(ms)}T00:00:00+05:30`);
}

/** 1,23,456.70 */
export function price(value: number | null): string {
  return value === null ? UNKNOWN : signed(value, paise, "");
}

/** ₹1,23,457; a sign only below zero. */
export function rupees(value: number | null): string {
  if (value === null) return UNKNOWN;
  const text = whole.format(Math.abs(value));
  return value < 0 && text !== "0" ? `${MINUS}₹${text}` : `₹${text}`;
}

/** +₹1,234 or −₹1,234: with its sign always, since colour alone does not tell. */
export function signedRupees(value: number | null): string {
  if (value === null) return UNKNOWN;
  const text = whole.format(Math.abs(value));
  if (text === "0") return "₹0";
  return `${value < 0 ? MINUS : "+"}₹${text}`;
}

/** +150 */
export function signedQty(value: number | null): string {
  return value === null ? UNKNOWN : signed(value, whole, "+");
}

/** +0.66: a difference of prices, basis points. */
export function signedPrice(value: number | null): string {
  return value === null ? UNKNOWN : signed(value, paise, "+");
}

export function count(value: number | null): string {
  return value === null ? UNKNOWN : signed(value, whole, "");
}

/** 12.3K, 4.5L: where there is little room. */
export function shortCount(value: number | null): string {
  return value === null ? UNKNOWN : compact.format(value);
}

/** Of a share: 0.625 is 62.5 %. */
export function percent(value: number | null, digits = 1): string {
  return value === null ? UNKNOWN : `${(100 * value).toFixed(digits)}%`.replace("-", MINUS);
}

/** A number as an indicator has it: four significant digits, not more than needed. */
export function figure(value: number | null): string {
  if (value === null) return UNKNOWN;
  const size = Math.abs(value);
  const text = size >= 1000 ? paise.format(value) : String(Number(value.toPrecision(size < 1 ? 4 : 6)));
  return text.replace("-", MINUS);
}

/** 85 µs, 12.3 ms, 4.1 s, 2 m 05 s */
export function durationUs(us: number | null): string {
  if (us === null) return UNKNOWN;
  const size = Math.abs(us);
  const sign = us < 0 ? MINUS : "";
  if (size < 1000) return `${sign}${size.toFixed(0)} µs`;
  if (size < 1_000_000) return `${sign}${(size / 1000).toFixed(size < 100_000 ? 1 : 0)} ms`;
  return sign + duration(size / 1000);
}

/** 0.4 s, 12 s, 2 m 05 s, 3 h 12 m, 4 d */
export function duration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${pad(Math.floor(seconds % 60))} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${pad(minutes % 60)} m`;
  return `${Math.floor(hours / 24)} d`;
}

/** 12 s, 5 m, 3 h, 4 d: how long ago, where there is little room. */
export function ago(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m`;
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

/** ▲, ▼ or nothing: the shape that goes with the sign. */
export function arrow(value: number | null): string {
  if (value === null || Math.abs(value) < 0.5) return "";
  return value > 0 ? "▲" : "▼";
}

function signed(value: number, format: Intl.NumberFormat, plus: string): string {
  const text = format.format(Math.abs(value));
  if (value < 0 && /[1-9]/.test(text)) return MINUS + text;
  return value > 0 ? plus + text : text;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
