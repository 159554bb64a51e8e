// The pieces that sentences about events are made of.
import { count, figure, price, rupees, signedRupees, UNKNOWN } from "../format.js";
import { type Payload, text } from "./payload.js";

/** A class of styles/base.css; empty: an ordinary word. */
export type Tone = "gain" | "loss" | "warn" | "bad" | "accent" | "dim" | "";

export interface EventText {
  /** The symbol, engine or strategy it is about; may be empty. */
  subject: string;
  /** What happened, in a word or two; may be empty. */
  what: string;
  tone: Tone;
  details: string;
}

export type Say = (payload: Payload) => EventText;

/** A payload may have 64 KiB in one member: more than this no row shows. */
const MAX_DETAILS = 400;
export const MAX_WORDS = 80;
const MAX_FIELDS = 8;

export function clip(words: string, length: number): string {
  return words.length <= length ? words : `${words.slice(0, length - 1)}…`;
}

/** Line breaks and marks that turn the direction of writing would make a row say something else. */
export function plain(words: string): string {
  return words.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu, " ");
}

/** What is there of the parts, with dots between. */
export function sentence(parts: readonly (string | null | false)[]): string {
  const said = parts.filter((part) => typeof part === "string" && part !== "");
  return clip(said.map((part) => clip(String(part), MAX_DETAILS)).join(" · "), MAX_DETAILS);
}

/** `label 12.5`; null when it is not known. */
export function named(label: string, value: number | null): string | null {
  return value === null ? null : `${label} ${amount(value)}`;
}

export function money(label: string, value: number | null): string | null {
  return value === null ? null : `${label} ${rupees(value)}`;
}

export function signedMoney(label: string, value: number | null): string | null {
  return value === null ? null : `${label} ${signedRupees(value)}`;
}

/** A share as the contract has it, 0 to 1. */
export function percent(share: number | null): string | null {
  return share === null ? null : `${(100 * share).toFixed(0)} %`;
}

/** `1 order`, `2 orders` */
export function counted(value: number | null, one: string, many = `${one}s`): string | null {
  return value === null ? null : `${amount(value)} ${value === 1 ? one : many}`;
}

/** With paise; currencies have four decimals. */
export function priceText(value: number | null): string {
  if (value === null) return UNKNOWN;
  const paise = value * 100;
  const whole = Math.abs(paise - Math.round(paise)) < 1e-6;
  return whole || Math.abs(value) >= 1000 ? price(value) : figure(value);
}

/** A quantity, or any other figure: what is whole has no decimals. */
export function amount(value: number | null): string {
  if (value === null) return UNKNOWN;
  return Number.isInteger(value) ? count(value) : figure(value);
}

export function strategyOf(payload: Payload): string | null {
  return text(payload, "strategy") ?? text(payload, "strategy_name");
}

/** Whatever a member is, as a word; null for what has no short form. */
export function word(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? amount(value) : null;
  return typeof value === "boolean" ? String(value) : null;
}

/** The first plain members as `name value`. */
export function otherFields(
  payload: Payload,
  wanted: (name: string) => boolean = () => true,
): string[] {
  const said: string[] = [];
  for (const [name, value] of Object.entries(payload)) {
    const short = wanted(name) ? word(value) : null;
    if (short === null || short === "") continue;
    said.push(`${clip(name, MAX_WORDS)} ${short}`);
    if (said.length === MAX_FIELDS) break;
  }
  return said;
}

export function texted(payload: Payload, name: string): string {
  return text(payload, name) ?? "";
}

/** Above, below or at zero, for words beside a sum. */
export function toneOf(value: number | null): Tone {
  if (value === null || Math.abs(value) < 0.5) return "";
  return value > 0 ? "gain" : "loss";
}

export function list(items: readonly string[]): string | null {
  return items.length === 0 ? null : items.join(", ");
}

