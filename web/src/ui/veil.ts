// When what the page shows may not be believed, and the sentence that says so over it.
import type { ConnectionState } from "../feed/protocol.js";
import { duration, istTime } from "../format.js";
import type { Engine } from "../model/desk-types.js";
import { ENGINE_SILENT_MS, engineState } from "../model/engines.js";
import { useValue } from "../state/app.js";
import { useNow } from "./use-now.js";

/** A reconnect within this is not worth a word. */
const GRACE_MS = 2000;

/**
 * Null: it is as fresh as it can be.
 * @param engine whose figures these are: one that is silent or has failed tells nothing new.
 */
export function useVeil(engine?: string): string | null {
  const connection = useValue("connection");
  const live = useValue("shown").view.kind === "live";
  const loaded = useValue("loaded");
  const engines = useValue("engines");
  const now = useNow(1000);
  if (!live) return connection.state === "closed" ? (connection.error?.message ?? null) : null;
  if (!loaded && connection.state === "connecting") return null; // panels say that they load
  return connectionVeil(connection, now) ?? (engine ? engineVeil(engine, engines, now) : null);
}

function connectionVeil(connection: ConnectionState, now: number): string | null {
  const { state, since, error } = connection;
  if (state === "open") return null;
  if (state !== "closed" && error === null && now - since < GRACE_MS) return null;
  return `Not live since ${istTime(since)} IST`;
}

/** Of several of that name one that works is enough: their figures are told apart elsewhere. */
export function engineVeil(name: string, engines: readonly Engine[], now: number): string | null {
  const named = engines.filter((engine) => engine.name === name);
  const states = named.map((engine) => engineState(engine, now, ENGINE_SILENT_MS));
  if (named.length === 0 || states.some((state) => state !== "silent" && state !== "error")) {
    return null;
  }
  const heard = Math.max(...named.map((engine) => engine.receivedAt));
  return states.includes("error")
    ? `${name} has failed: ${named.find(({ reason }) => reason !== null)?.reason ?? "no reason told"}`
    : `${name} has told nothing for ${duration(now - heard)}`;
}
