// Which orders the panel lists, and how it tells their state.
import type { Focus } from "../state/location.js";
import { inFocus } from "../state/tape-query.js";
import type { Order } from "./desk-types.js";
import { isFinal } from "./order-status.js";

/** How long one that ended can still be seen. */
const ENDED_FOR_MS = 15 * 60_000;

export interface OrderLists {
  working: Order[];
  /** Those of the last minutes. */
  ended: Order[];
}

/** @param orders those at work first, newest first, as the desk has them. */
export function orderLists(orders: readonly Order[], focus: Focus, now: number): OrderLists {
  const inView = orders.filter((order) => inFocus(focus, order));
  return {
    working: inView.filter(({ status }) => !isFinal(status)),
    ended: inView.filter(({ status, at }) => isFinal(status) && now - at <= ENDED_FOR_MS),
  };
}

const TONES: ReadonlyMap<string, string> = new Map([
  ["unknown", "bad"],
  ["rejected", "bad"],
  ["error", "bad"],
  ["cancel_pending", "warn"],
  ["modify_pending", "warn"],
  ["partially_filled", "accent"],
  ["open", "accent"],
  ["trigger_pending", "accent"],
]);

/** A class of base.css. */
export function statusTone(status: string): string {
  return TONES.get(status) ?? "";
}

/** Of those that somebody has to look at. */
export function needsALook(status: string): boolean {
  return status === "unknown" || status === "error" || status === "cancel_pending";
}

export function statusWords(status: string): string {
  return status === "partially_filled" ? "part filled" : status.replaceAll("_", " ");
}

/** From 0 to 1; null: not known. */
export function filledShare({ qty, filledQty }: Order): number | null {
  if (qty === null || filledQty === null || qty <= 0) return null;
  return Math.min(1, Math.max(0, filledQty / qty));
}
