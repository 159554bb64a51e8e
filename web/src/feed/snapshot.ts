// What a page needs on load and after a jump in time: the newest event of each thing.
import type { Tapedeck } from "@tapedeck/client";

import { type DeskEvent, deskEvents } from "../model/event.js";

const NEWEST = 200; // of what `latest` cannot tell apart

/** @param at as it was then; left out: now. */
export async function loadSnapshot(
  client: Tapedeck,
  at: string | undefined,
  signal: AbortSignal,
): Promise<DeskEvent[]> {
  const latest = async (types: string[], by: string[]): Promise<DeskEvent[]> => {
    const query = { event_type: types, by, ...(at === undefined ? {} : { at }) };
    return deskEvents((await client.latest(query, { signal })).events);
  };
  const newest = async (type: string, filter: string): Promise<DeskEvent[]> => {
    const until = at === undefined ? {} : { until: at };
    const query = { event_type: type, filter, limit: NEWEST, ...until };
    return deskEvents((await client.events(query, { signal })).events);
  };
  const parts = await Promise.all([
    newest("engine_health", 'payload.status == "starting"'),
    newest("universe_scan", "has(payload.scan_type)"), // which has no exchange to tell them by
    newest("decision_trace", 'payload.decision == "VETO"'),
    latest(["engine_health"], ["engine", "engine_id", "host"]),
    latest(["position_event"], ["symbol", "exchange", "strategy", "account", "mode", "engine_id"]),
    latest(["order_event"], ["order_id", "account", "engine_id", "run_id"]),
    latest(["performance_update"], ["type", "strategy", "account", "mode", "engine_id"]),
    // Groups of an exchange have phases of their own, which `latest` does not tell apart.
    newest("session_event", "has(payload.phase)"),
    latest(["session_event"], ["type", "exchange"]), // also when the buffer has let go of it
    latest(["feed_gap"], ["symbol", "exchange"]),
    latest(["mde_stale_symbols", "command_event"], ["type", "engine_id"]),
  ]);
  return parts.flat();
}
