// The rows of the tape: the newest 10 000, as JSON; what is looked at is read, and only then.
import type { FromWorker, TapeRows } from "../feed/protocol.js";
import { TAPE_ROWS } from "../feed/protocol.js";
import type { DeskEvent } from "../model/event.js";
import { momentOf, object } from "../model/payload.js";

/** Rows beyond those kept that leave together: each time, those that stay are moved. */
const SLACK = 2000;
const OPENED = 20;

/** A place in the tape where events are missing. */
export interface TapeGap {
  missed: number | null;
}

export type TapeRow =
  | { kind: "event"; id: string; event: DeskEvent; at: number }
  | { kind: "gap"; id: string; gap: TapeGap };

interface Kept {
  id: string;
  /** Empty: a gap. */
  json: string;
  gap: TapeGap | undefined;
}

/** Rows as they were at one moment: they stay, whatever comes to the tape and leaves it. */
export class TapeView {
  /** The number of its oldest row. */
  readonly first: number;
  readonly #rows: readonly Kept[];

  constructor(first: number, rows: readonly Kept[]) {
    this.first = first;
    this.#rows = rows;
  }

  get length(): number {
    return this.#rows.length;
  }

  /** One more than the number of its newest row. */
  get end(): number {
    return this.first + this.#rows.length;
  }

  /** @param number from `first` up to, not including, `end`. */
  row(number: number): TapeRow | undefined {
    const kept = this.#rows[number - this.first];
    return kept === undefined ? undefined : rowOf(kept);
  }

  /** All events as JSON lines, oldest first. */
  lines(): string[] {
    return this.#rows.flatMap((row) => (row.gap === undefined ? [row.json] : []));
  }
}

export class TapeModel {
  #rows: Kept[] = [];
  #gaps = 0;
  #version = 0;
  /** Rows that came and went, so that a row keeps its number while others leave. */
  #dropped = 0;
  #resets = 0;
  #opened: TapeRow[] = [];
  readonly #listeners = new Set<() => void>();

  hear(message: Extract<FromWorker, { kind: "rows" | "gap" }>): void {
    if (message.kind === "gap") this.#addGap(message.missed);
    else this.#add(message.rows, message.reset);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Another number whenever rows came or went. */
  version = (): number => this.#version;

  /** How often all rows were replaced: numbers before that say nothing about what came after. */
  get resets(): number {
    return this.#resets;
  }

  /** One more than the number of the newest row. */
  get end(): number {
    return this.#dropped + this.#rows.length;
  }

  /** The newest rows, at most TAPE_ROWS. */
  view(): TapeView {
    const surplus = Math.max(0, this.#rows.length - TAPE_ROWS);
    return new TapeView(this.#dropped + surplus, this.#rows.slice(surplus));
  }

  /** A row of a view that somebody opens: it is found when the tape has forgotten it, too. */
  keep(row: TapeRow): void {
    this.#opened = [row, ...this.#opened.filter(({ id }) => id !== row.id)].slice(0, OPENED);
  }

  /** An event by its id, if it is on the tape, or was opened lately. */
  find(id: string): TapeRow | undefined {
    const opened = this.#opened.find((row) => row.id === id);
    if (opened !== undefined) return opened;
    const kept = this.#rows.findLast((row) => row.id === id && row.gap === undefined);
    return kept === undefined ? undefined : rowOf(kept);
  }

  #add(rows: TapeRows, reset: boolean): void {
    if (reset) {
      this.#dropped += this.#rows.length;
      this.#rows = [];
      this.#resets += 1;
    }
    rows.ids.forEach((id, index) => {
      this.#rows.push({ id, json: rows.json[index] ?? "{}", gap: undefined });
    });
    this.#changed();
  }

  #addGap(missed: number | null): void {
    this.#gaps += 1;
    this.#rows.push({ id: `gap-${String(this.#gaps)}`, json: "", gap: { missed } });
    this.#changed();
  }

  #changed(): void {
    const surplus = this.#rows.length - TAPE_ROWS;
    // Now and then, not with each batch: it moves what stays.
    if (surplus > SLACK) {
      this.#rows = this.#rows.slice(surplus);
      this.#dropped += surplus;
    }
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}

function rowOf(kept: Kept): TapeRow {
  if (kept.gap !== undefined) return { kind: "gap", id: kept.id, gap: kept.gap };
  const event = readEvent(kept.json);
  return { kind: "event", id: kept.id, event, at: momentOf(event.timestamp) ?? 0 };
}

function readEvent(json: string): DeskEvent {
  const value = JSON.parse(json) as Record<string, unknown>;
  return {
    id: String(value["id"]),
    type: String(value["type"]),
    timestamp: String(value["timestamp"]),
    payload: object(value, "payload"),
    source: object(value, "source") as NonNullable<DeskEvent["source"]>,
  };
}
