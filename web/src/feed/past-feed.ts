// The desk at a moment of the past, standing still or played back: one for each tab that looks there.
import type { Tapedeck } from "@tapedeck/client";

import { Desk } from "../model/desk.js";
import type { DeskSlices } from "../model/desk-types.js";
import { type DeskEvent, deskEvents } from "../model/event.js";
import { momentOf } from "../model/payload.js";
import { failureOf } from "./failure.js";
import { PastClock } from "./past-clock.js";
import { type ConnectionState, TAPE_HISTORY, type TapeQuery, type View } from "./protocol.js";
import { loadSnapshot } from "./snapshot.js";
import { Source } from "./source.js";

export type PastView = Exclude<View, { kind: "live" }>;

export interface PastListener {
  onEvent: (event: DeskEvent) => void;
  onSnapshot: () => void;
  onConnection: (connection: ConnectionState) => void;
}

export class PastFeed {
  readonly #client: Tapedeck;
  readonly #listener: PastListener;
  readonly #life = new AbortController();
  readonly #desk = new Desk();
  #source: Source | undefined;
  readonly #clock: PastClock;

  constructor(client: Tapedeck, view: PastView, listener: PastListener) {
    this.#client = client;
    this.#listener = listener;
    const from = view.kind === "at" ? view.at : view.from;
    this.#clock = new PastClock(momentOf(from) ?? Date.now());
    this.#tell("connecting", null);
    void this.#load(view, from);
  }

  /** The moment that is shown. */
  get cursor(): number {
    return this.#clock.at;
  }

  close(): void {
    this.#life.abort();
    this.#source?.close();
  }

  changes(): Partial<DeskSlices> {
    return this.#desk.takeChanges();
  }

  async #load(view: PastView, from: string): Promise<void> {
    try {
      const signal = this.#life.signal;
      for (const event of await loadSnapshot(this.#client, from, signal)) {
        this.#clock.know(event);
        this.#desk.apply(event, this.cursor);
      }
      this.#listener.onSnapshot();
      this.#tell("open", null);
      if (view.kind === "play") this.#play(view);
    } catch (error) {
      if (!this.#life.signal.aborted) this.#tell("closed", error);
    }
  }

  #play(view: Extract<View, { kind: "play" }>): void {
    this.#source = new Source(
      this.#client,
      {
        since: view.from,
        speed: view.speed,
        ...(view.until === null ? {} : { until: view.until }),
      },
      {
        onEvent: (event) => {
          this.#clock.take(event);
          this.#desk.apply(event, this.cursor);
          this.#listener.onEvent(event);
        },
        onConnection: (connection) => this.#listener.onConnection(connection),
      },
    );
  }

  #tell(state: ConnectionState["state"], error: unknown): void {
    this.#listener.onConnection({
      state,
      since: Date.now(),
      retryAt: null,
      error: error === null ? null : failureOf(error),
    });
  }
}

/** What a tape shows that stands still at a moment. */
export async function rowsUntil(
  client: Tapedeck,
  at: string,
  tape: TapeQuery,
  signal: AbortSignal,
): Promise<DeskEvent[]> {
  const page = await client.events({ ...tape, until: at, limit: TAPE_HISTORY }, { signal });
  return deskEvents(page.events);
}
