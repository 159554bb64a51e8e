// An event as the page works with it: of any type, its payload still to be looked at.
import type { TelemetryEvent } from "@tapedeck/client";

import type { Payload } from "./payload.js";

export interface DeskEvent {
  type: string;
  timestamp: string;
  payload: Payload;
  id: string;
  source?: {
    host?: string;
    engine_id?: string;
    run_id?: string;
    account?: string;
    mode?: string;
  };
}

export function deskEvents(events: readonly TelemetryEvent[]): DeskEvent[] {
  return events as unknown as DeskEvent[];
}
