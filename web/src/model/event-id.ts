// Ids of events are `<epoch>-<seq>`, and seq grows over epochs too: order is that of the numbers.

/** Of `9f3c21-184467` the number; -1 for what is no id, so that any event is newer. */
export function seqOf(id: string | null | undefined): number {
  if (!id) return -1;
  const seq = Number(id.slice(id.lastIndexOf("-") + 1));
  return Number.isSafeInteger(seq) ? seq : -1;
}

/** The bound behind an event: the newest before it is that event, if it is kept. Null: no id. */
export function boundBehind(id: string): string | null {
  const match = /^([^-].*)-(\d+)$/.exec(id);
  const seq = Number(match?.[2]);
  return match === null || !Number.isSafeInteger(seq + 1) ? null : `${match[1] ?? ""}-${seq + 1}`;
}
