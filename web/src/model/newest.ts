// The newest record of each key, bounded: beyond the limit the one that changed longest ago goes.

interface Numbered {
  key: string;
  seq: number;
}

export class Newest<Row extends Numbered> {
  readonly #rows = new Map<string, Row>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether it is newer than what was known of its key, and now taken. */
  take(row: Row): boolean {
    const known = this.#rows.get(row.key);
    if (known !== undefined && known.seq >= row.seq) return false;
    this.#rows.delete(row.key); // to the end: the order is that of the last change
    this.#rows.set(row.key, row);
    if (this.#rows.size > this.#limit) {
      for (const oldest of this.#rows.keys()) {
        this.#rows.delete(oldest);
        break;
      }
    }
    return true;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  delete(key: string): void {
    this.#rows.delete(key);
  }

  /** Whether there were any. */
  deleteWhere(gone: (row: Row) => boolean): boolean {
    const before = this.#rows.size;
    for (const row of this.#rows.values()) if (gone(row)) this.#rows.delete(row.key);
    return this.#rows.size !== before;
  }

  /** Those that changed longest ago first. */
  values(): Row[] {
    return [...this.#rows.values()];
  }
}
