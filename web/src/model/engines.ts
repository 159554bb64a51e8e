import type { Engine } from "./desk-types.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { momentOf, object, text } from "./payload.js";

export function engineOf(event: DeskEvent, receivedAt: number): Engine | undefined {
  const payload = event.payload;
  const name = text(payload, "engine_name");
  const status = text(payload, "status");
  if (name === null || status === null) return undefined;
  const metrics = object(payload, "metrics");
  const source = event.source ?? {};
  const engineId = source.engine_id ?? null;
  const host = source.host ?? null;
  return {
    key: JSON.stringify([name, engineId, host]),
    name,
    engineId,
    host,
    mode: source.mode ?? null,
    status,
    reason: text(payload, "reason") ?? text(metrics, "reason") ?? text(metrics, "error"),
    metrics,
    at: momentOf(event.timestamp) ?? 0,
    receivedAt,
    seq: seqOf(event.id),
  };
}

/** Engines tell their health every 3 to 5 s. */
export const ENGINE_SILENT_MS = 20_000;

/** What the page calls it: an engine that tells nothing for a while is not `active` any more. */
export function engineState(engine: Engine, now: number, silentAfterMs: number): string {
  const over = engine.status === "stopped" || engine.status === "error";
  return !over && now - engine.receivedAt > silentAfterMs ? "silent" : engine.status;
}
