// A tab's end of the feed, as a test looks at it: what it was sent, put together as the page does.
import { Tapedeck } from "@tapedeck/client";

import type { FeedHub, TabPort } from "../src/feed/feed-hub.js";
import type { FromWorker, TapeQuery, View, Watch } from "../src/feed/protocol.js";
import type { DeskSlices } from "../src/model/desk-types.js";
import type { DeskEvent } from "../src/model/event.js";
import { TapeModel } from "../src/state/tape-model.js";
import type { FeedServer } from "./feed-server.js";

type Of<Kind extends FromWorker["kind"]> = Extract<FromWorker, { kind: Kind }>;

export class Tab implements TabPort {
  readonly messages: FromWorker[] = [];
  readonly tape = new TapeModel();
  desk: Partial<DeskSlices> = {};
  readonly events: DeskEvent[] = [];
  readonly #hub: FeedHub;

  constructor(hub: FeedHub) {
    this.#hub = hub;
  }

  postMessage(message: FromWorker): void {
    this.messages.push(message);
    if (message.kind === "rows" || message.kind === "gap") this.tape.hear(message);
    if (message.kind === "slices") this.desk = { ...this.desk, ...message.slices };
    if (message.kind === "events") this.events.push(...message.events);
  }

  open(asked: { view?: View; tape?: TapeQuery; watch?: Watch; visible?: boolean } = {}): this {
    const { view = { kind: "live" }, tape = {}, watch = null, visible = true } = asked;
    this.#hub.hear(this, { kind: "open", view, tape, watch, visible });
    return this;
  }

  say(message: Parameters<FeedHub["hear"]>[1]): void {
    this.#hub.hear(this, message);
  }

  close(): void {
    this.say({ kind: "close" });
  }

  all<Kind extends FromWorker["kind"]>(kind: Kind): Of<Kind>[] {
    return this.messages.filter((message): message is Of<Kind> => message.kind === kind);
  }

  last<Kind extends FromWorker["kind"]>(kind: Kind): Of<Kind> | undefined {
    return this.all(kind).at(-1);
  }

  /** The numbers of the rows of its tape, in their order; a gap is "gap". */
  rows(): (number | "gap")[] {
    const view = this.tape.view();
    return Array.from({ length: view.length }, (_, at) => {
      const row = view.row(view.first + at);
      return row?.kind === "event" ? Number(row.id.split("-")[1]) : "gap";
    });
  }
}

export function clientOf(server: FeedServer): Tapedeck {
  return new Tapedeck({
    url: server.url,
    retries: 0,
    reconnect: { minMs: 1, baseMs: 10, maxMs: 50 },
  });
}

/** Waits until it holds; the test fails when it does not within the time. */
export async function until(condition: () => boolean, what: string, seconds = 10): Promise<void> {
  const deadline = Date.now() + 1000 * seconds;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${String(seconds)} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
