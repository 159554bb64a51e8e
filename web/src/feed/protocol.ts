// What a page and the worker that holds its data say to each other. One worker serves all tabs of a
// browser: one live stream, one desk; a tab that looks into the past, or filters its tape, has
// streams of its own there as long as it is seen.
import type { EventFilter } from "@tapedeck/client";

import type { DeskSlices } from "../model/desk-types.js";
import type { DeskEvent } from "../model/event.js";

/** Which moment a page shows. Times are RFC 3339. */
export type View =
  | { kind: "live" }
  | { kind: "at"; at: string }
  | { kind: "play"; from: string; until: string | null; speed: number };

/** Which events the tape shows; without members all. */
export type TapeQuery = EventFilter;

/** What of candles and indicators is wanted as it comes. */
export interface Watch {
  symbol: string;
  exchange: string | null;
  timeframe: string;
}

export type ToWorker =
  | { kind: "open"; view: View; tape: TapeQuery; watch: Watch | null; visible: boolean }
  | { kind: "view"; view: View }
  | { kind: "tape"; tape: TapeQuery }
  | { kind: "watch"; watch: Watch | null }
  | { kind: "visible"; visible: boolean }
  /** Now and then, so that tabs that are gone are noticed. */
  | { kind: "here" }
  | { kind: "close" };

export interface Failure {
  code: string;
  message: string;
  status: number | null;
  field: string | null;
}

/** `closed`: over for good; error says why, if it is not just the end of a play-back. */
export interface ConnectionState {
  state: "connecting" | "open" | "waiting" | "closed";
  /** Since when, ms since 1970. */
  since: number;
  /** Waiting: when it tries again. */
  retryAt: number | null;
  error: Failure | null;
}

/** How the live stream does. */
export interface Meter {
  /** Events that came in each of the last seconds, newest last. */
  perSecond: number[];
  /** From the server's knowledge of an event until it was here; null: not measured yet. */
  lagMs: number | null;
  /** Published events that have not come here yet. */
  behind: number | null;
  droppedTotal: number | null;
  publishedTotal: number | null;
  subscribers: number | null;
  storeProblem: string | null;
}

/** Events for the tape, oldest first, as JSON: only those that are looked at are read. */
export interface TapeRows {
  ids: string[];
  types: string[];
  json: string[];
}

export type FromWorker =
  | { kind: "connection"; connection: ConnectionState }
  | { kind: "slices"; slices: Partial<DeskSlices> }
  /** Where a view of the past is, ms since 1970. */
  | { kind: "cursor"; at: number }
  | { kind: "meter"; meter: Meter }
  | { kind: "rows"; rows: TapeRows; reset: boolean }
  | { kind: "gap"; missed: number | null; after: string }
  /** Why the tape's own filter does not work; null: it does. */
  | { kind: "tape-error"; error: Failure | null }
  /** Events that panels with a history of their own go on with: see PANEL_TYPES. */
  | { kind: "events"; events: DeskEvent[] }
  /** Events may have been missed by panels: they ask again. */
  | { kind: "refresh" }
  /** The worker knows nothing of this tab (any more): it has to open again. */
  | { kind: "reopen" };

/** Beside these, candles and indicators of what is watched. */
export const PANEL_TYPES: ReadonlySet<string> = new Set([
  "signal_event",
  "order_event",
  "performance_update",
  "feed_gap",
  "command_event",
]);

export const TAPE_ROWS = 10_000;
export const TAPE_HISTORY = 1000;
