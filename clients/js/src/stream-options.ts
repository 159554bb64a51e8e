// What a stream is asked for, and what it says about itself.
import { DEFAULT_BACKOFF, type BackoffPolicy } from "./backoff.js";
import { invalidOption, type TapedeckError } from "./errors.js";
import type { EventFilter, EventRange } from "./filter.js";
import { positive } from "./http.js";
import type { VisibilitySource } from "./visibility.js";

/** Events that were asked for and are gone: evicted and not stored, or of another epoch. */
export interface StreamGap {
  /** The id (or time) after which events were asked for. */
  requested: string;
  /** The oldest event there is: the stream goes on from it. */
  oldest: string;
  /** How many events, filtered or not; null when nobody can know. */
  missed: number | null;
}

export type StreamState =
  | { state: "connecting"; attempt: number }
  | { state: "open" }
  /** The connection broke or was refused; the next attempt begins after `delayMs`. */
  | { state: "waiting"; delayMs: number; error: TapedeckError | undefined }
  /** Let go because the page is hidden; goes on when it is seen. */
  | { state: "hidden" }
  /** Over: closed, aborted, played to its end, or failed with `error`. */
  | { state: "closed"; error: unknown };

export interface StreamOptions<Type extends string = string, Event = unknown>
  extends EventFilter<Type>, EventRange {
  /** First the newest N that match. */
  replay?: number;
  /** With `since`: plays the past back; 1: as it happened, 0: as fast as it can be read. */
  speed?: number;
  /** Play-back: pauses over a minute take a second (`shorten`, the default), or stay. */
  gaps?: "shorten" | "keep";
  /** Go on after this event; beats `since` and `replay`. */
  lastEventId?: string;
  /** Seconds of quiet before a heartbeat, 1 to 60 (the server's default: 15). */
  heartbeat?: number;
  /** Let the server hold events back this long to send them together, 0 to 1000. */
  coalesce_ms?: number;

  /** Ends the stream; iteration then throws the signal's reason. */
  signal?: AbortSignal;
  /** Gets each event; the stream then runs by itself. A promise is waited for before the next. */
  onEvent?: (event: Event) => void | PromiseLike<void>;
  onGap?: (gap: StreamGap) => void;
  onState?: (change: StreamState) => void;
  /** With onEvent: what ended the stream, if it was a failure. Without it `closed` rejects. */
  onError?: (error: unknown) => void;

  /** How to come back after a failure; the server's `retry:` takes the place of baseMs. */
  reconnect?: Partial<BackoffPolicy>;
  /** The connection counts as dead after two heartbeats of silence and this (5000). */
  silenceSlackMs?: number;
  /** An event longer than this ends the stream with an error (1 MiB). */
  maxEventBytes?: number;
  /**
   * In a page: how long it may be hidden before the connection is let go; when it is seen again the
   * stream goes on where it was. Default: never, because a page that sounds an alarm has to hear it
   * while another is looked at.
   */
  releaseWhenHiddenMs?: number;
  /** What says whether the page is hidden, instead of `document`. */
  visibility?: VisibilitySource;
}

export const DEFAULT_HEARTBEAT_SECONDS = 15;
export const DEFAULT_SILENCE_SLACK_MS = 5000;
export const DEFAULT_MAX_EVENT_BYTES = 1_048_576;

/** The options with what was left out filled in. */
export interface StreamSettings<Event> {
  params: Record<string, unknown>;
  lastEventId: string;
  heartbeatSeconds: number;
  silenceSlackMs: number;
  maxEventBytes: number;
  backoff: BackoffPolicy;
  releaseWhenHiddenMs: number | undefined;
  visibility: VisibilitySource | undefined;
  signal: AbortSignal | undefined;
  onEvent: ((event: Event) => void | PromiseLike<void>) | undefined;
  onGap: ((gap: StreamGap) => void) | undefined;
  onState: ((change: StreamState) => void) | undefined;
  onError: ((error: unknown) => void) | undefined;
}

/** What is none of this client's options is a parameter, which the server checks. */
export function settingsOf<Event>(
  options: StreamOptions<string, Event>,
  backoff: BackoffPolicy,
): StreamSettings<Event> {
  const {
    lastEventId,
    signal,
    onEvent,
    onGap,
    onState,
    onError,
    reconnect,
    silenceSlackMs,
    maxEventBytes,
    releaseWhenHiddenMs,
    visibility,
    ...params
  } = options;
  if (lastEventId !== undefined && !/^[\x20-\x7e]{1,256}$/.test(lastEventId)) {
    throw invalidOption("lastEventId", "must be the id of an event.");
  }
  const document = (globalThis as { document?: VisibilitySource }).document;
  return {
    params,
    lastEventId: lastEventId ?? "",
    heartbeatSeconds: params.heartbeat ?? DEFAULT_HEARTBEAT_SECONDS,
    silenceSlackMs: positive("silenceSlackMs", silenceSlackMs ?? DEFAULT_SILENCE_SLACK_MS),
    maxEventBytes: positive("maxEventBytes", maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES),
    backoff: backoffOf({ ...backoff, ...reconnect }),
    releaseWhenHiddenMs:
      releaseWhenHiddenMs === undefined
        ? undefined
        : positive("releaseWhenHiddenMs", releaseWhenHiddenMs),
    visibility: visibility ?? document,
    signal,
    onEvent,
    onGap,
    onState,
    onError,
  };
}

/** @throws TapedeckError invalid_option */
export function backoffOf(given: Partial<BackoffPolicy> | undefined): BackoffPolicy {
  const policy = { ...DEFAULT_BACKOFF, ...given };
  for (const field of ["minMs", "baseMs", "maxMs"] as const) {
    positive(`reconnect.${field}`, policy[field]);
  }
  if (!(policy.attempts >= 0)) throw invalidOption("reconnect.attempts", "must be from 0.");
  return policy;
}
