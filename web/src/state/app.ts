// What the whole page shares: values from the worker, what is shown, the client for questions.
import { Tapedeck } from "@tapedeck/client";
import { createContext, useContext, useEffect, useRef } from "react";

import { Feed } from "../feed/feed.js";
import type { ConnectionState, Failure, FromWorker, Meter, View } from "../feed/protocol.js";
import type { DeskSlices } from "../model/desk-types.js";
import type { DeskEvent } from "../model/event.js";
import { readLocation, type Shown, writeLocation } from "./location.js";
import { Store, useStored } from "./store.js";
import { TapeModel } from "./tape-model.js";
import { tapeQueryOf } from "./tape-query.js";

export interface AppValues extends DeskSlices {
  shown: Shown;
  connection: ConnectionState;
  meter: Meter | null;
  /** The moment shown when it is not now, ms since 1970; null: live. */
  cursor: number | null;
  tapeError: Failure | null;
  /** Counts up when panels that ask the server should ask again. */
  refresh: number;
  /** Whether the first state has come: before it nothing is known, which is not "nothing". */
  loaded: boolean;
}

const EMPTY_DESK: DeskSlices = {
  modes: [],
  deskTime: null,
  positions: [],
  orders: [],
  engines: [],
  strategies: [],
  performance: [],
  sessions: [],
  feed: {
    lastTickAgeMs: null,
    ticksPerSecond: null,
    ticksTotal: null,
    gaps: null,
    lateTicks: null,
    badTicks: null,
    symbols: null,
    symbolsOmitted: 0,
    stale: [],
    staleCount: null,
    feeds: [],
  },
  universe: [],
  commands: [],
  killed: false,
  alertsVersion: 0,
  tradesVersion: 0,
};

export class App {
  readonly store: Store<AppValues>;
  readonly tape = new TapeModel();
  /** For questions of one page: history, trades, alerts, commands. */
  readonly client = new Tapedeck({
    url: location.origin,
    credentials: "same-origin",
    retries: 1,
    reconnect: { baseMs: 500, maxMs: 5000 },
  });
  readonly #feed: Feed;
  readonly #eventListeners = new Set<(events: readonly DeskEvent[]) => void>();

  constructor() {
    const shown = readLocation(location.search);
    this.store = new Store<AppValues>({
      ...EMPTY_DESK,
      shown,
      connection: { state: "connecting", since: Date.now(), retryAt: null, error: null },
      meter: null,
      cursor: null,
      tapeError: null,
      refresh: 0,
      loaded: false,
    });
    this.#feed = new Feed(
      { view: shown.view, tape: tapeQueryOf(shown), watch: null },
      (message) => this.#hear(message),
      (sinceMs) => this.#silent(sinceMs),
    );
    addEventListener("popstate", () => this.#show(readLocation(location.search)));
  }

  /** @param push a step that Back takes back; else the address is only kept true. */
  show(changes: Partial<Shown>, push = true): void {
    const shown = { ...this.store.get("shown"), ...closedBy(changes), ...changes };
    const address = writeLocation(shown);
    if (address !== location.search) {
      const url = location.pathname + address;
      if (push) history.pushState(null, "", url);
      else history.replaceState(null, "", url);
    }
    this.#show(shown);
  }

  focus(changes: Partial<Shown["focus"]>): void {
    this.show({ focus: { ...this.store.get("shown").focus, ...changes } });
  }

  setView(view: View): void {
    this.show({ view });
  }

  /** What of candles and indicators comes as events. */
  watch(symbol: Shown["symbol"], timeframe: string): void {
    this.#feed.setWatch(symbol === null ? null : { ...symbol, timeframe });
  }

  /** Events that panels with a history of their own go on with (PANEL_TYPES and what is watched). */
  onEvents(listener: (events: readonly DeskEvent[]) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  #show(shown: Shown): void {
    const before = this.store.get("shown");
    const live = shown.view.kind === "live";
    const moved = JSON.stringify(shown.view) !== JSON.stringify(before.view);
    this.store.set({ shown, ...(live ? { cursor: null } : {}) });
    if (moved) {
      // What was known belongs to another moment.
      this.store.set({ ...EMPTY_DESK, loaded: false });
      this.#feed.setView(shown.view);
    }
    const tape = tapeQueryOf(shown);
    if (JSON.stringify(tape) !== JSON.stringify(tapeQueryOf(before))) this.#feed.setTape(tape);
  }

  #hear(message: FromWorker): void {
    const { store } = this;
    switch (message.kind) {
      case "slices":
        store.set(message.slices);
        break;
      case "connection":
        store.set({ connection: message.connection });
        if (message.connection.error?.status === 401) location.assign(`/login${location.search}`);
        break;
      case "cursor":
        store.set({ cursor: store.get("shown").view.kind === "live" ? null : message.at });
        break;
      case "meter":
        store.set({ meter: message.meter });
        break;
      case "rows":
      case "gap":
        this.tape.hear(message);
        break;
      case "tape-error":
        store.set({ tapeError: message.error });
        break;
      case "events":
        for (const listener of this.#eventListeners) listener(message.events);
        break;
      case "refresh":
        store.set({ refresh: store.get("refresh") + 1, loaded: true });
        break;
      case "reopen":
        break; // the feed's own business
    }
  }

  #silent(sinceMs: number): void {
    const connection = this.store.get("connection");
    if (connection.error?.code === "worker_silent") return;
    const message = "The page's background worker does not answer; reload the page.";
    this.store.set({
      connection: {
        state: "waiting",
        since: Date.now() - sinceMs,
        retryAt: null,
        error: { code: "worker_silent", message, status: null, field: null },
      },
    });
  }
}

/** What is open is one thing: another trade closes the event that was, and the other way round. */
function closedBy(changes: Partial<Shown>): Partial<Shown> {
  return "trade" in changes || "event" in changes ? { trade: null, event: null } : {};
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("There is no App around this component.");
  return app;
}

export function useValue<Name extends keyof AppValues>(name: Name): AppValues[Name] {
  return useStored(useApp().store, name);
}

/** Calls with each batch of events for panels; the newest function given. */
export function usePanelEvents(onEvents: (events: readonly DeskEvent[]) => void): void {
  const app = useApp();
  const newest = useRef(onEvents);
  useEffect(() => {
    newest.current = onEvents;
  });
  useEffect(() => app.onEvents((events) => newest.current(events)), [app]);
}
