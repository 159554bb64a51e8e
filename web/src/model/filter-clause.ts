// Expressions of the tape's filter: conditions made from a member of an event, and where a mistake
// is in one. The language is the server's (docs/contract.md, Expressions).

/** A way to a member: `["payload", "trace_data", "veto_code"]`, `["payload", "symbols", 0]`. */
export type Path = readonly (string | number)[];

/** Longer values make no condition that anybody wants. */
const MAX_VALUE = 200;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Words that the language has for itself. */
const RESERVED = new Set(["true", "false", "null", "in"]);
const ROOTS: ReadonlySet<unknown> = new Set(["type", "timestamp", "payload", "source"]);

/** `payload.qty == 65`; null for what no condition can be about. */
export function clauseOf(path: Path, value: unknown): string | null {
  const [root, ...members] = path;
  if (typeof root !== "string" || !ROOTS.has(root)) return null;
  const literal = literalOf(value);
  return literal === null ? null : `${root}${members.map(memberText).join("")} == ${literal}`;
}

function memberText(member: string | number): string {
  if (typeof member === "number") return `[${String(member)}]`;
  const plain = NAME.test(member) && !RESERVED.has(member);
  return plain ? `.${member}` : `[${JSON.stringify(member)}]`;
}

function literalOf(value: unknown): string | null {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : null;
  return typeof value === "string" && value.length <= MAX_VALUE ? JSON.stringify(value) : null;
}

/** The filter with one more condition; unchanged when it has that already. */
export function withClause(filter: string, clause: string): string {
  const before = filter.trim();
  if (before === "" || before === clause) return clause;
  const closed = before.includes("||") ? `(${before})` : before;
  return closed.split(" && ").includes(clause) ? before : `${closed} && ${clause}`;
}

export interface Mistake {
  /** What is said about it, without the place. */
  sentence: string;
  /** Characters before the mistake; null: the sentence names no column. */
  before: number | null;
}

/** Of the server's `filter, column 15: write == to compare.` */
export function mistakeOf(message: string): Mistake {
  const match = /^filter, column (\d+): (.*)$/s.exec(message);
  if (match === null) return { sentence: message, before: null };
  return { sentence: match[2] ?? "", before: Number(match[1]) - 1 };
}
