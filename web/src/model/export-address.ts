// The address of an export: everything that matches, of any length, straight from the server.
import type { TapeQuery } from "../feed/protocol.js";

export interface ExportRange {
  /** Milliseconds since 1970. */
  since: number;
  /** Null: up to now. */
  until: number | null;
}

export function exportAddress(
  format: "csv" | "ndjson",
  query: TapeQuery,
  { since, until }: ExportRange,
): string {
  const parameters = new URLSearchParams({ format, since: new Date(since).toISOString() });
  if (until !== null) parameters.set("until", new Date(until).toISOString());
  for (const [name, value] of Object.entries(query)) {
    parameters.set(name, typeof value === "string" ? value : value.join(","));
  }
  return `/api/telemetry/export?${parameters.toString()}`;
}
