// Events for tests, as the server sends them.
import type { DeskEvent } from "../src/model/event.js";
import type { Payload } from "../src/model/payload.js";

export const RUN = {
  host: "vm",
  engine_id: "paper-execution",
  run_id: "sim-20261123-1",
  account: "paper",
  mode: "paper",
};

let seconds = 0;

export function event(
  type: string,
  seq: number,
  payload: Payload,
  source: NonNullable<DeskEvent["source"]> = RUN,
): DeskEvent {
  seconds += 1;
  const timestamp = new Date(Date.UTC(2026, 10, 23, 4) + 1000 * seconds).toISOString();
  return { type, timestamp, payload, id: `9f3c21-${String(seq)}`, source };
}

export function position(seq: number, symbol: string, size: number, more: Payload = {}): DeskEvent {
  return event("position_event", seq, {
    symbol,
    position_size: size,
    exchange: "NSE",
    product: "MIS",
    scope: "strategy",
    strategy: "momentum",
    ...more,
  });
}

export function order(seq: number, id: string, status: string, more: Payload = {}): DeskEvent {
  return event("order_event", seq, { order_id: id, symbol: "INFY", side: "BUY", status, ...more });
}

export function health(seq: number, name: string, status: string, metrics: Payload): DeskEvent {
  return event("engine_health", seq, { engine_name: name, status, metrics });
}
