// What selects events, and how it becomes a query string. Names are the server's own, so that its
// documents, an error's `field` and this client speak of the same thing.
import { invalidOption } from "./errors.js";

type OneOrMany<T extends string = string> = T | readonly T[];

/** Each key: any of the values; all keys together. An empty list is an error: it has no match. */
export interface EventFilter<Type extends string = string> {
  event_type?: OneOrMany<Type>;
  symbol?: OneOrMany;
  exchange?: OneOrMany;
  /** `payload.strategy` or `payload.strategy_name`. */
  strategy?: OneOrMany;
  /** `payload.engine_name`. */
  engine?: OneOrMany;
  engine_id?: OneOrMany;
  host?: OneOrMany;
  account?: OneOrMany;
  mode?: OneOrMany;
  run_id?: OneOrMany;
  order_id?: OneOrMany;
  correlation_id?: OneOrMany;
  /** An expression, such as `payload.qty * payload.price > 1e6`; docs/contract.md, Expressions. */
  filter?: string;
}

/** From when and until when: a time (inclusive) or an event's id (exclusive). */
export interface EventRange {
  since?: string | Date;
  until?: string | Date;
}

/**
 * `?name=value&...`, or an empty string. Undefined values are left out; lists are joined by commas.
 * Names are not checked: the server refuses those it does not know, and says which.
 * @throws TapedeckError invalid_option for a value that has no one meaning.
 */
export function queryString(values: Readonly<Record<string, unknown>>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(textOf(name, value))}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalidOption(name, "the Date is not a valid one.");
    return value.toISOString();
  }
  if (Array.isArray(value)) return listOf(name, value);
  throw invalidOption(name, `a value of type ${typeof value} cannot be sent to the server.`);
}

function listOf(name: string, values: readonly unknown[]): string {
  if (values.length === 0) {
    throw invalidOption(name, "an empty list matches nothing; name a value or leave it out.");
  }
  for (const value of values) {
    if (typeof value !== "string") throw invalidOption(name, "a list must hold strings.");
    if (value.includes(",")) {
      throw invalidOption(name, `${value} has a comma, which separates values; use filter.`);
    }
  }
  return values.join(",");
}
