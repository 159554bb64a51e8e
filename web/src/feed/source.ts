// A stream of the client as the worker uses it: events one by one, what the connection does told.
import type { StreamGap, StreamOptions, Tapedeck, TelemetryEvent } from "@tapedeck/client";

import type { DeskEvent } from "../model/event.js";
import { failureOf } from "./failure.js";
import type { ConnectionState } from "./protocol.js";

/** Silence is noticed after two heartbeats and a second: numbers must not look alive for longer. */
const HEARTBEAT_SECONDS = 2;
const SILENCE_SLACK_MS = 1000;
const COALESCE_MS = 50;

export interface SourceCallbacks {
  onEvent: (event: DeskEvent) => void;
  onGap?: (gap: StreamGap) => void;
  onConnection?: (connection: ConnectionState) => void;
}

export class Source {
  readonly #life = new AbortController();
  readonly #callbacks: SourceCallbacks;

  constructor(client: Tapedeck, options: StreamOptions, callbacks: SourceCallbacks) {
    this.#callbacks = callbacks;
    const stream = client.stream({
      ...options,
      heartbeat: HEARTBEAT_SECONDS,
      silenceSlackMs: SILENCE_SLACK_MS,
      coalesce_ms: COALESCE_MS,
      signal: this.#life.signal,
      onEvent: (event: TelemetryEvent) => callbacks.onEvent(event as unknown as DeskEvent),
      onGap: (gap) => callbacks.onGap?.(gap),
      onState: (change) => {
        if (change.state === "connecting") this.#tell("connecting");
        if (change.state === "open") this.#tell("open");
        if (change.state === "waiting") this.#tell("waiting", change.delayMs, change.error);
      },
      onError: (error) => {
        if (!this.#life.signal.aborted) this.#tell("closed", undefined, error);
      },
    });
    stream.closed.then(
      () => this.#tell("closed"),
      () => undefined, // told by onError
    );
  }

  close(): void {
    this.#life.abort();
  }

  #tell(state: ConnectionState["state"], delayMs?: number, error?: unknown): void {
    if (this.#life.signal.aborted) return;
    const now = Date.now();
    this.#callbacks.onConnection?.({
      state,
      since: now,
      retryAt: delayMs === undefined ? null : now + delayMs,
      error: error === undefined ? null : failureOf(error),
    });
  }
}
