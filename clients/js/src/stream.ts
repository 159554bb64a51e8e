// A stream of events that survives its connections and ends only when asked to, when the server
// says that there is nothing more, or when trying again cannot help.
//
// It reads when somebody wants the next event and not before: with a slow consumer the socket fills
// up and the server waits, then sends what was missed from its history. So memory is bounded by one
// read of the socket, whatever the consumer does.
import { TapedeckError } from "./errors.js";
import type { TelemetryEvent } from "./event.js";
import type { Http } from "./http.js";
import { numberOf, objectOf, textOf } from "./json.js";
import { ResumingReader } from "./resuming-reader.js";
import type { SseMessage } from "./sse.js";
import type { StreamGap, StreamSettings, StreamState } from "./stream-options.js";

/** What messages() gives: events, and gaps in their places. */
export type StreamMessage<Event = TelemetryEvent> =
  { kind: "event"; event: Event; id: string } | { kind: "gap"; gap: StreamGap; id: string };

/** Made by Tapedeck.stream(). Iterate it, once, or give onEvent. */
export class TelemetryStream<Event = TelemetryEvent> implements AsyncIterable<Event> {
  /** Resolves when the stream is over; rejects when a failure ended it. */
  readonly closed: Promise<void>;

  readonly #settings: StreamSettings<Event>;
  readonly #life = new AbortController();
  readonly #reader: ResumingReader;
  #batch: readonly SseMessage[] = [];
  #next = 0; // of #batch
  #values: readonly unknown[] = []; // of #batch's unnamed messages
  #nextValue = 0;
  #lastEventId: string;
  #gapCount = 0;
  #lastGap: StreamGap | undefined;
  #taken = false;
  #failure: { error: unknown } | undefined; // to be thrown, once
  #reads = 0; // that have been asked for and not answered
  #turn: Promise<unknown> = Promise.resolve();
  #settle!: { resolve: () => void; reject: (error: unknown) => void };
  readonly #onAbort = (): void => this.#finish({ error: this.#settings.signal?.reason });

  constructor(http: Http, settings: StreamSettings<Event>) {
    this.#settings = settings;
    this.#lastEventId = settings.lastEventId;
    this.closed = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Who iterates gets the failure there. With onEvent alone nobody would hear of it.
    if (!settings.onEvent || settings.onError) this.closed.catch(() => undefined);
    this.#reader = new ResumingReader(
      http,
      settings as StreamSettings<never>,
      this.#life.signal,
      (change) => settings.onState?.(change),
    );
    settings.signal?.addEventListener("abort", this.#onAbort);
    if (settings.signal?.aborted) this.#onAbort();
    if (settings.onEvent) void this.#push(settings.onEvent);
  }

  /** The id of what was handed out last: a stream with this `lastEventId` goes on after it. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** How often events that were asked for were gone. */
  get gapCount(): number {
    return this.#gapCount;
  }

  get lastGap(): StreamGap | undefined {
    return this.#lastGap;
  }

  /** Ends the stream; iteration ends without an error. */
  close(): void {
    this.#finish(undefined);
  }

  /** The events. Gaps are counted and told to onGap; messages() has them in their places. */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined> {
    this.#take();
    const readOn = async (): Promise<IteratorResult<Event, undefined>> => {
      for (;;) {
        const message = await this.#read();
        if (message === undefined) return { done: true, value: undefined };
        if (message.kind === "event") return { done: false, value: message.event };
      }
    };
    const next = (): Promise<IteratorResult<Event, undefined>> => {
      // Most events have been read already; an async function would double the cost of each.
      const message = this.#reads === 0 ? this.#readyOrFail() : undefined;
      if (message?.kind !== "event") return readOn();
      return Promise.resolve({ done: false, value: message.event });
    };
    return { next, return: () => this.#return() };
  }

  /** The events, and the gaps between them. */
  messages(): AsyncIterable<StreamMessage<Event>> {
    this.#take();
    const next = async (): Promise<IteratorResult<StreamMessage<Event>, undefined>> => {
      const message = await this.#read();
      return message ? { done: false, value: message } : { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: () => this.#return() }) };
  }

  #take(): void {
    if (this.#taken || this.#settings.onEvent) {
      throw new TapedeckError("stream_in_use", "A stream has one consumer; ask for another one.");
    }
    this.#taken = true;
  }

  #return(): Promise<{ done: true; value: undefined }> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #push(onEvent: (event: Event) => void | PromiseLike<void>): Promise<void> {
    try {
      for (;;) {
        const message = this.#ready() ?? (await this.#read());
        if (message === undefined) break;
        if (message.kind !== "event") continue;
        const pending = onEvent(message.event);
        if (pending !== undefined) await pending;
      }
    } catch (error) {
      this.#finish({ error }); // the reader's and the callback's alike
    }
  }

  /** The next message. Calls are answered one after another, as an async generator would. */
  #read(): Promise<StreamMessage<Event> | undefined> {
    if (this.#reads === 0) {
      const message = this.#readyOrFail();
      if (message !== undefined) return Promise.resolve(message);
    }
    this.#reads += 1;
    const answer = this.#turn.then(() => this.#readOn()).finally(() => (this.#reads -= 1));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #readOn(): Promise<StreamMessage<Event> | undefined> {
    for (;;) {
      const message = this.#readyOrFail();
      if (message !== undefined) return message;
      if (this.#life.signal.aborted) return this.#throwOnce();
      try {
        const batch = await this.#reader.read();
        if (batch === undefined) this.#finish(undefined);
        else this.#begin(batch);
      } catch (error) {
        this.#finish({ error });
      }
    }
  }

  #begin(batch: readonly SseMessage[]): void {
    if (this.#life.signal.aborted) return;
    this.#batch = batch;
    this.#next = 0;
    this.#values = parseTogether(batch);
    this.#nextValue = 0;
  }

  #throwOnce(): undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    return undefined;
  }

  #readyOrFail(): StreamMessage<Event> | undefined {
    try {
      return this.#ready();
    } catch (error) {
      this.#finish({ error });
      return undefined;
    }
  }

  /** What has been read already. @throws for data that is no event, and what onGap throws. */
  #ready(): StreamMessage<Event> | undefined {
    while (this.#next < this.#batch.length) {
      const { event: name, data, id } = this.#batch[this.#next++]!;
      this.#lastEventId = id;
      if (name === "") return { kind: "event", event: this.#eventOf(data), id };
      if (name === "gap") return { kind: "gap", gap: this.#noteGap(data), id };
    }
    return undefined;
  }

  #eventOf(data: string): Event {
    const value = this.#values.length > 0 ? this.#values[this.#nextValue++] : parseJson(data);
    // Not objectOf(): this is done for each event, and the server's events need no more.
    if (typeof value === "object" && value !== null && "type" in value) return value as Event;
    throw new TapedeckError("invalid_answer", "A message of the stream is not an event.");
  }

  #noteGap(data: string): StreamGap {
    const told = objectOf(parseJson(data)) ?? {};
    const gap: StreamGap = {
      requested: textOf(told["requested"]) ?? "",
      oldest: textOf(told["oldest"]) ?? "",
      missed: numberOf(told["missed"]) ?? null,
    };
    this.#gapCount += 1;
    this.#lastGap = gap;
    this.#settings.onGap?.(gap);
    return gap;
  }

  #finish(failure: { error: unknown } | undefined): void {
    if (this.#life.signal.aborted) return;
    this.#failure = failure;
    this.#batch = [];
    this.#values = [];
    this.#settings.signal?.removeEventListener("abort", this.#onAbort);
    this.#life.abort();
    if (failure) this.#settle.reject(failure.error);
    else this.#settle.resolve();
    const change: StreamState = { state: "closed", error: failure?.error };
    try {
      this.#settings.onState?.(change);
    } finally {
      if (failure && this.#settings.onEvent) this.#settings.onError?.(failure.error);
    }
  }
}

/**
 * The values of the unnamed messages. To parse them at once takes a third less time than one by
 * one; nothing when that fails: then each is parsed in its turn, and the broken one fails there.
 */
function parseTogether(batch: readonly SseMessage[]): readonly unknown[] {
  const texts: string[] = [];
  for (const { event, data } of batch) if (event === "") texts.push(data);
  if (texts.length < 2) return [];
  try {
    const values = JSON.parse(`[${texts.join(",")}]`) as unknown[];
    return values.length === texts.length ? values : [];
  } catch {
    return [];
  }
}

/** @throws TapedeckError invalid_answer */
function parseJson(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (error) {
    throw new TapedeckError("invalid_answer", "A message of the stream is not JSON.", {
      cause: error,
    });
  }
}
