// The live stream and the desk made of it: one for all tabs.
import type { StreamGap, Tapedeck } from "@tapedeck/client";

import { Desk } from "../model/desk.js";
import type { DeskSlices } from "../model/desk-types.js";
import type { DeskEvent } from "../model/event.js";
import { StreamMeter } from "./meter.js";
import { type ConnectionState, type Meter, TAPE_HISTORY, type TapeRows } from "./protocol.js";
import { loadSnapshot } from "./snapshot.js";
import { Source } from "./source.js";
import { TapeBuffer } from "./tape-buffer.js";

const STATS_EVERY_MS = 2000;
const RETRY_SNAPSHOT_MS = 2000;

export interface LiveListener {
  onEvent: (event: DeskEvent) => void;
  onConnection: (connection: ConnectionState) => void;
  onGap: (gap: StreamGap) => void;
  /** The state was asked for anew: what panels know may have holes. */
  onSnapshot: () => void;
  onMeter: (meter: Meter) => void;
}

export class LiveFeed {
  readonly #client: Tapedeck;
  readonly #listener: LiveListener;
  readonly #life = new AbortController();
  #desk = new Desk();
  /** Whether the desk is another one than that whose changes were told. */
  #deskIsNew = false;
  #epoch = "";
  readonly #tape = new TapeBuffer(TAPE_HISTORY);
  readonly #meter = new StreamMeter();
  readonly #source: Source;
  readonly #second: ReturnType<typeof setInterval>;
  readonly #statsTimer: ReturnType<typeof setInterval>;
  #snapshotTimer: ReturnType<typeof setTimeout> | undefined;
  connection: ConnectionState;
  /** Whether the first state is known. */
  loaded = false;

  constructor(client: Tapedeck, listener: LiveListener) {
    this.#client = client;
    this.#listener = listener;
    this.connection = { state: "connecting", since: Date.now(), retryAt: null, error: null };
    this.#source = new Source(
      client,
      { replay: TAPE_HISTORY },
      {
        onEvent: (event) => this.#take(event),
        onGap: (gap) => this.#missed(gap),
        onConnection: (connection) => this.#connected(connection),
      },
    );
    this.#second = setInterval(() => listener.onMeter(this.#meter.endSecond(Date.now())), 1000);
    this.#statsTimer = setInterval(() => void this.#askStats(), STATS_EVERY_MS);
    void this.#loadSnapshot();
  }

  close(): void {
    this.#life.abort();
    this.#source.close();
    clearInterval(this.#second);
    clearInterval(this.#statsTimer);
    clearTimeout(this.#snapshotTimer);
  }

  /** Since the last call. */
  changes(): Partial<DeskSlices> {
    const changes = this.#desk.takeChanges();
    if (!this.#deskIsNew) return changes;
    this.#deskIsNew = false;
    return this.#desk.everything();
  }

  everything(): DeskSlices {
    return this.#desk.everything();
  }

  newestRows(): TapeRows {
    return this.#tape.newest();
  }

  #take(event: DeskEvent): void {
    const now = Date.now();
    const epoch = event.id.slice(0, event.id.lastIndexOf("-"));
    if (epoch !== this.#epoch) this.#beginEpoch(epoch);
    this.#meter.saw(event.id, now);
    this.#desk.apply(event, now);
    this.#tape.push(event);
    this.#listener.onEvent(event);
  }

  /**
   * The server's history goes on under another name. Numbers that were streamed before and never
   * stored are given again, so what is known cannot be compared with what comes.
   */
  #beginEpoch(epoch: string): void {
    const first = this.#epoch === "";
    this.#epoch = epoch;
    if (first) return;
    this.#desk = new Desk();
    this.#deskIsNew = true;
    this.#meter.forget();
    void this.#loadSnapshot();
  }

  #missed(gap: StreamGap): void {
    this.#listener.onGap(gap);
    void this.#loadSnapshot();
  }

  #connected(connection: ConnectionState): void {
    const back = connection.state === "open" && this.connection.state !== "open";
    this.connection = connection;
    if (back) this.#meter.restart();
    this.#listener.onConnection(connection);
  }

  async #askStats(): Promise<void> {
    if (this.connection.state !== "open") return;
    const askedAt = Date.now();
    try {
      this.#meter.told(await this.#client.stats({ signal: this.#life.signal }), askedAt);
    } catch {
      // The connection's own state says that the server is away.
    }
  }

  async #loadSnapshot(): Promise<void> {
    clearTimeout(this.#snapshotTimer);
    const desk = this.#desk;
    try {
      const events = await loadSnapshot(this.#client, undefined, this.#life.signal);
      if (desk !== this.#desk) return; // an answer of the epoch before; another is on its way
      const now = Date.now();
      for (const event of events) this.#desk.apply(event, now);
      this.loaded = true;
      this.#listener.onSnapshot();
    } catch {
      if (this.#life.signal.aborted) return;
      this.#snapshotTimer = setTimeout(() => void this.#loadSnapshot(), RETRY_SNAPSHOT_MS);
    }
  }
}
