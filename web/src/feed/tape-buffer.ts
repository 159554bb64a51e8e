// Rows for the tape that wait to be sent, and the newest of them for a tab that comes later.
import type { DeskEvent } from "../model/event.js";
import type { TapeRows } from "./protocol.js";

export function emptyRows(): TapeRows {
  return { ids: [], types: [], json: [] };
}

export class TapeBuffer {
  #kept: TapeRows = emptyRows();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(event: DeskEvent): void {
    this.#kept.ids.push(event.id);
    this.#kept.types.push(event.type);
    this.#kept.json.push(JSON.stringify(event));
    // Now and then, not with each event: it moves what stays.
    if (this.#kept.ids.length > 2 * this.#limit) this.#kept = newest(this.#kept, this.#limit);
  }

  pushRows(rows: TapeRows): void {
    const { ids, types, json } = this.#kept;
    this.#kept = newest(
      {
        ids: ids.concat(rows.ids),
        types: types.concat(rows.types),
        json: json.concat(rows.json),
      },
      2 * this.#limit,
    );
  }

  get length(): number {
    return this.#kept.ids.length;
  }

  newest(count = this.#limit): TapeRows {
    return newest(this.#kept, count);
  }

  /** All, which are then gone from here. */
  take(): TapeRows {
    const rows = newest(this.#kept, this.#limit);
    this.#kept = emptyRows();
    return rows;
  }
}

function newest(rows: TapeRows, count: number): TapeRows {
  return {
    ids: rows.ids.slice(-count),
    types: rows.types.slice(-count),
    json: rows.json.slice(-count),
  };
}
