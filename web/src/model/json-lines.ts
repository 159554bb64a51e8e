// JSON as the lines a person reads, each knowing which member it shows.
import type { Path } from "./filter-clause.js";

export type JsonKind = "string" | "number" | "word" | "bracket";

export interface JsonLine {
  depth: number;
  /** Null: in a list, or the closing bracket. */
  name: string | null;
  /** `"text"`, `12.5`, `true`, `{`, `],` ... */
  text: string;
  kind: JsonKind;
  comma: boolean;
  path: Path;
  /** What a condition can be made of; undefined for brackets. */
  value: string | number | boolean | null | undefined;
}

export interface JsonText {
  lines: JsonLine[];
  /** Lines beyond the limit. */
  more: number;
}

/** An event has at most 64 KiB: that can be ten thousand lines. */
const MAX_LINES = 1500;

export function jsonLines(value: unknown, limit = MAX_LINES): JsonText {
  const all: JsonLine[] = [];
  add(all, value, null, [], false);
  return { lines: all.slice(0, limit), more: Math.max(0, all.length - limit) };
}

function add(
  lines: JsonLine[],
  value: unknown,
  name: string | null,
  path: Path,
  comma: boolean,
): void {
  const line = { depth: path.length, name, comma, path };
  if (typeof value !== "object" || value === null) {
    const plain = plainOf(value);
    lines.push({ ...line, text: quoted(plain), kind: kindOf(plain), value: plain });
    return;
  }
  const list = Array.isArray(value);
  const members = Object.entries(value as Record<string, unknown>);
  const [open, close] = list ? ["[", "]"] : ["{", "}"];
  const bracket = { ...line, kind: "bracket" as const, value: undefined };
  if (members.length === 0) {
    lines.push({ ...bracket, text: open + close });
    return;
  }
  lines.push({ ...bracket, text: open, comma: false });
  members.forEach(([key, member], index) => {
    const within = [...path, list ? index : key];
    add(lines, member, list ? null : key, within, index < members.length - 1);
  });
  lines.push({ ...bracket, name: null, text: close });
}

/** As JSON, with marks that turn the direction of writing spelt out: they hide what is there. */
export function quoted(value: string | number | boolean | null): string {
  return JSON.stringify(value).replace(
    /[\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function plainOf(value: unknown): string | number | boolean | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : null;
}

function kindOf(value: unknown): JsonKind {
  if (typeof value === "string") return "string";
  return typeof value === "number" ? "number" : "word";
}
