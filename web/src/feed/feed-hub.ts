// All tabs of a browser: their sessions, and the live feed they share, which is there as long as
// there is a tab.
import type { Tapedeck } from "@tapedeck/client";

import { LiveFeed } from "./live-feed.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { Session } from "./session.js";

const FLUSH_MS = 200;
/** Timers of tabs that nobody sees run once a minute; one that is silent for longer is gone. */
const GONE_AFTER_MS = 150_000;
const SWEEP_MS = 30_000;

export interface TabPort {
  postMessage: (message: FromWorker) => void;
}

export class FeedHub {
  readonly #client: Tapedeck;
  readonly #sessions = new Map<TabPort, Session>();
  #live: LiveFeed | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(client: Tapedeck) {
    this.#client = client;
  }

  hear(port: TabPort, message: ToWorker): void {
    if (message.kind === "close") {
      this.#drop(port);
      return;
    }
    let session = this.#sessions.get(port);
    if (session === undefined) {
      // A tab that had been given up, for instance while the machine slept, has to begin again.
      if (message.kind !== "open") return port.postMessage({ kind: "reopen" });
      session = new Session(this.#client, this.#liveFeed(), (out) => port.postMessage(out));
      this.#sessions.set(port, session);
    }
    session.hear(message);
  }

  #liveFeed(): LiveFeed {
    if (this.#live !== undefined) return this.#live;
    const all = (tell: (session: Session) => void): void => this.#sessions.forEach(tell);
    this.#live = new LiveFeed(this.#client, {
      onEvent: (event) => all((session) => session.liveEvent(event)),
      onConnection: () => all((session) => session.liveConnection()),
      onGap: (gap) => all((session) => session.liveGap(gap)),
      onSnapshot: () => all((session) => session.liveSnapshot()),
      onMeter: (meter) => all((session) => session.meter(meter)),
    });
    this.#timers = [
      setInterval(() => this.#flush(), FLUSH_MS),
      setInterval(() => this.#sweep(), SWEEP_MS),
    ];
    return this.#live;
  }

  #flush(): void {
    const slices = this.#live?.changes() ?? {};
    const message: FromWorker | undefined =
      Object.keys(slices).length > 0 ? { kind: "slices", slices } : undefined;
    for (const session of this.#sessions.values()) session.flush(message);
  }

  #sweep(): void {
    const now = Date.now();
    for (const [port, session] of this.#sessions) {
      if (now - session.heardAt > GONE_AFTER_MS) this.#drop(port);
    }
  }

  #drop(port: TabPort): void {
    this.#sessions.get(port)?.close();
    this.#sessions.delete(port);
    if (this.#sessions.size > 0) return;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#live?.close();
    this.#live = undefined;
  }
}
