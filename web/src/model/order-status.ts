// Order states of the contract, and which of them are over.

const FINAL = new Set(["filled", "cancelled", "rejected", "expired", "error"]);
/** Words of brokers that are carried as they are. */
const SYNONYMS: Readonly<Record<string, string>> = {
  complete: "filled",
  completed: "filled",
  canceled: "cancelled",
  "trigger pending": "trigger_pending",
};

export function orderStatus(word: string): string {
  const lower = word.toLowerCase();
  return SYNONYMS[lower] ?? lower;
}

export function isFinal(status: string): boolean {
  return FINAL.has(status);
}
