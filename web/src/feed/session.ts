// One tab: which moment it shows, what its tape and its chart want, and what it has to be sent.
// Nothing is sent to a tab that nobody sees; it gets everything anew when it is seen again.
import type { StreamGap, Tapedeck } from "@tapedeck/client";

import type { DeskEvent } from "../model/event.js";
import { text } from "../model/payload.js";
import { failureOf } from "./failure.js";
import type { LiveFeed } from "./live-feed.js";
import { PastFeed, rowsUntil } from "./past-feed.js";
import {
  type FromWorker,
  type Meter,
  PANEL_TYPES,
  TAPE_HISTORY,
  TAPE_ROWS,
  type TapeQuery,
  type ToWorker,
  type View,
  type Watch,
} from "./protocol.js";
import { Source } from "./source.js";
import { emptyRows, TapeBuffer } from "./tape-buffer.js";

/** More than this at a time, and panels ask again instead of going on. */
const MAX_EVENTS_AT_ONCE = 500;

export class Session {
  readonly #client: Tapedeck;
  readonly #live: LiveFeed;
  readonly #send: (message: FromWorker) => void;
  #view: View = { kind: "live" };
  #tape: TapeQuery = {};
  #watch: Watch | null = null;
  #visible = false;
  #past: PastFeed | undefined;
  #tapeSource: Source | undefined;
  #tapeLife = new AbortController();
  #rows = new TapeBuffer(TAPE_ROWS);
  #resetRows = true;
  #loadingTape = false;
  #events: DeskEvent[] = [];
  #tooManyEvents = false;
  #cursorSent = 0;
  /** When the tab last said that it is there. */
  heardAt = Date.now();

  constructor(client: Tapedeck, live: LiveFeed, send: (message: FromWorker) => void) {
    this.#client = client;
    this.#live = live;
    this.#send = send;
  }

  hear(message: ToWorker): void {
    this.heardAt = Date.now();
    switch (message.kind) {
      case "open":
        this.#watch = message.watch;
        this.#tape = message.tape;
        this.#view = message.view;
        this.#visible = message.visible;
        this.#begin();
        break;
      case "view":
        this.#view = message.view;
        this.#begin();
        break;
      case "tape":
        this.#tape = message.tape;
        this.#beginTape();
        break;
      case "watch":
        this.#watch = message.watch;
        break;
      case "visible":
        if (message.visible === this.#visible) return;
        this.#visible = message.visible;
        this.#begin();
        break;
      case "here":
      case "close":
        break;
    }
  }

  close(): void {
    this.#past?.close();
    this.#endTape();
  }

  // From the live feed ------------------------------------------------------------------------

  liveEvent(event: DeskEvent): void {
    if (!this.#showsLive) return;
    this.#noteEvent(event);
    if (!this.#ownTape) this.#rows.push(event);
  }

  liveConnection(): void {
    if (this.#showsLive) this.#send({ kind: "connection", connection: this.#live.connection });
  }

  liveGap(gap: StreamGap): void {
    if (this.#showsLive && !this.#ownTape) this.#tellGap(gap);
  }

  liveSnapshot(): void {
    if (this.#showsLive) this.#send({ kind: "refresh" });
  }

  meter(meter: Meter): void {
    if (this.#visible) this.#send({ kind: "meter", meter });
  }

  /** A few times a second: what has gathered. */
  flush(liveChanges: FromWorker | undefined): void {
    if (!this.#visible) return;
    if (this.#showsLive) {
      if (liveChanges !== undefined) this.#send(liveChanges);
    } else if (this.#past !== undefined) {
      const slices = this.#past.changes();
      if (Object.keys(slices).length > 0) this.#send({ kind: "slices", slices });
      if (this.#past.cursor !== this.#cursorSent) this.#sendCursor(this.#past.cursor);
    }
    this.#flushEvents();
    this.#flushRows();
  }

  // -------------------------------------------------------------------------------------------

  get #showsLive(): boolean {
    return this.#visible && this.#view.kind === "live";
  }

  /** Whether the tape is not simply what the view's stream brings. */
  get #ownTape(): boolean {
    return this.#view.kind === "at" || Object.keys(this.#tape).length > 0;
  }

  #begin(): void {
    this.#past?.close();
    this.#past = undefined;
    this.#events = [];
    this.#tooManyEvents = false;
    if (!this.#visible) {
      this.#endTape();
      return;
    }
    if (this.#view.kind === "live") {
      this.#send({ kind: "slices", slices: this.#live.everything() });
      this.#send({ kind: "connection", connection: this.#live.connection });
      if (this.#live.loaded) this.#send({ kind: "refresh" });
    } else {
      this.#past = new PastFeed(this.#client, this.#view, {
        onEvent: (event) => {
          this.#noteEvent(event);
          if (!this.#ownTape) this.#rows.push(event);
        },
        onSnapshot: () => this.#send({ kind: "refresh" }),
        onConnection: (connection) => this.#send({ kind: "connection", connection }),
      });
      this.#sendCursor(this.#past.cursor);
    }
    this.#beginTape();
  }

  #beginTape(): void {
    this.#endTape();
    this.#rows = new TapeBuffer(TAPE_ROWS);
    this.#resetRows = true;
    this.#send({ kind: "tape-error", error: null });
    if (!this.#visible) return;
    const view = this.#view;
    if (view.kind === "at") void this.#loadTape(view.at);
    if (view.kind === "play") void this.#loadTape(justBefore(view.from));
    if (view.kind !== "at" && this.#ownTape) this.#followTape(view);
    else if (view.kind === "live") this.#rows.pushRows(this.#live.newestRows());
  }

  #endTape(): void {
    this.#tapeSource?.close();
    this.#tapeSource = undefined;
    this.#tapeLife.abort();
    this.#tapeLife = new AbortController();
    this.#loadingTape = false;
  }

  #followTape(view: Exclude<View, { kind: "at" }>): void {
    const from =
      view.kind === "live"
        ? { replay: TAPE_HISTORY }
        : {
            since: view.from,
            speed: view.speed,
            ...(view.until === null ? {} : { until: view.until }),
          };
    this.#tapeSource = new Source(
      this.#client,
      { ...this.#tape, ...from },
      {
        onEvent: (event) => this.#rows.push(event),
        onGap: (gap) => this.#tellGap(gap),
        onConnection: ({ state, error }) => {
          if (state === "closed" && error !== null) this.#send({ kind: "tape-error", error });
        },
      },
    );
  }

  async #loadTape(at: string): Promise<void> {
    const { signal } = this.#tapeLife;
    this.#loadingTape = true;
    try {
      const events = await rowsUntil(this.#client, at, this.#tape, signal);
      if (signal.aborted) return;
      const older = new TapeBuffer(TAPE_ROWS);
      for (const event of events) older.push(event);
      older.pushRows(this.#rows.take()); // what a play-back has brought meanwhile
      this.#rows = older;
    } catch (error) {
      if (!signal.aborted) this.#send({ kind: "tape-error", error: failureOf(error) });
    } finally {
      if (!signal.aborted) this.#loadingTape = false;
    }
  }

  #noteEvent(event: DeskEvent): void {
    if (!this.#isForPanels(event)) return;
    if (this.#events.length < MAX_EVENTS_AT_ONCE) this.#events.push(event);
    else this.#tooManyEvents = true;
  }

  #isForPanels(event: DeskEvent): boolean {
    if (PANEL_TYPES.has(event.type)) return true;
    const watch = this.#watch;
    if (watch === null || (event.type !== "candle_event" && event.type !== "indicator_event")) {
      return false;
    }
    const exchange = text(event.payload, "exchange");
    return (
      text(event.payload, "symbol") === watch.symbol &&
      text(event.payload, "timeframe") === watch.timeframe &&
      (watch.exchange === null || exchange === null || exchange === watch.exchange)
    );
  }

  /** Rows of before come first: until they are there, those of a play-back wait. */
  #flushRows(): void {
    const rows = this.#loadingTape ? emptyRows() : this.#rows.take();
    if (rows.ids.length === 0 && !this.#resetRows) return;
    this.#send({ kind: "rows", rows, reset: this.#resetRows });
    this.#resetRows = false;
  }

  /** In its place: after the rows that came before it. */
  #tellGap(gap: StreamGap): void {
    this.#flushRows();
    this.#send({ kind: "gap", missed: gap.missed ?? null, after: gap.requested ?? "" });
  }

  #flushEvents(): void {
    if (this.#tooManyEvents) this.#send({ kind: "refresh" });
    else if (this.#events.length > 0) this.#send({ kind: "events", events: this.#events });
    this.#events = [];
    this.#tooManyEvents = false;
  }

  #sendCursor(at: number): void {
    this.#cursorSent = at;
    this.#send({ kind: "cursor", at });
  }
}

/** The moment of a play-back is played: what comes before it ends a microsecond earlier. */
function justBefore(moment: string): string {
  return new Date(Date.parse(moment) - 1).toISOString().replace("Z", "999Z");
}
