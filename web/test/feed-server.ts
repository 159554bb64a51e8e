// A server as small as the feed's tests need it: the stream, latest, events and stats of
// docs/contract.md over real connections, with what a test wants to go wrong.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import type { DeskEvent } from "../src/model/event.js";
import { event } from "./events.js";
import type { Payload } from "../src/model/payload.js";

interface OpenStream {
  response: ServerResponse;
  query: URLSearchParams;
}

export class FeedServer {
  /** All that were published, oldest first. */
  readonly events: DeskEvent[] = [];
  /** What was asked for, as `/path?query`. */
  readonly asked: string[] = [];
  readonly #streams = new Set<OpenStream>();
  #server: Server | undefined;
  #port = 0;
  #epoch = "a";
  #seq = 0;
  /** Answers a question in the place of the server; undefined: the server does. */
  refuse: (path: string, query: URLSearchParams) => { status: number; code: string } | undefined =
    () => undefined;

  async start(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    const address = server.address();
    if (address !== null && typeof address !== "string") this.#port = address.port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Of the streams that are open. */
  get queries(): string[] {
    return [...this.#streams].map(({ query }) => query.toString());
  }

  publish(type: string, payload: Payload = {}): DeskEvent {
    this.#seq += 1;
    const made = { ...event(type, this.#seq, payload), id: `${this.#epoch}-${String(this.#seq)}` };
    this.events.push(made);
    for (const stream of this.#streams) {
      if (stream.query.has("speed") || !matches(made, stream.query)) continue;
      stream.response.write(frame(made));
    }
    return made;
  }

  publishMany(count: number, type = "n_event"): void {
    for (let n = 0; n < count; n += 1) this.publish(type, { n });
  }

  /** The connections of all streams break. */
  breakStreams(): void {
    for (const { response } of this.#streams) response.destroy();
  }

  /** All that was is unknown from now on, as after a loss of the data. */
  beginEpoch(epoch: string): void {
    this.#epoch = epoch;
    this.#seq = 0;
    this.events.length = 0;
  }

  tellGap(missed: number): void {
    const gap = { type: "gap", requested: "a-0", oldest: "a-1", missed };
    for (const { response } of this.#streams) {
      response.write(`event: gap\ndata: ${JSON.stringify(gap)}\n\n`);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", this.url);
    const path = url.pathname.replace("/api/telemetry/", "");
    this.asked.push(path + url.search);
    const refusal = this.refuse(path, url.searchParams);
    if (refusal !== undefined) {
      const error = `${path} is refused.`;
      return json(response, refusal.status, { ok: false, error, code: refusal.code });
    }
    switch (path) {
      case "stream":
        return this.#stream(response, url.searchParams, request.headers["last-event-id"]);
      case "latest":
        return json(response, 200, { events: this.#latest(url.searchParams), count: 0 });
      case "events":
        return json(response, 200, { events: this.#newest(url.searchParams), count: 0 });
      case "stats":
        return json(response, 200, this.#stats());
      default:
        return json(response, 404, { ok: false, error: path, code: "not_found" });
    }
  }

  #stream(response: ServerResponse, query: URLSearchParams, last: string | undefined): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("retry: 20\nevent: connection\ndata: {}\n\n");
    const all = this.events.filter((each) => matches(each, query) && inRange(each, query));
    const from = this.events.findIndex(({ id }) => id === last) + 1;
    if (last !== undefined && from === 0) {
      const oldest = this.events[0]?.id ?? "";
      const gap = { type: "gap", requested: last, oldest, missed: null };
      response.write(`event: gap\ndata: ${JSON.stringify(gap)}\n\n`);
    }
    const known = new Set(last === undefined ? [] : this.events.slice(0, from));
    const replay = Number(query.get("replay") ?? 0);
    const past =
      query.has("since") || last !== undefined ? all : replay > 0 ? all.slice(-replay) : [];
    response.write(
      past
        .filter((each) => !known.has(each))
        .map(frame)
        .join(""),
    );
    if (query.has("speed")) {
      response.write(`event: end\ndata: {}\n\n`);
      response.end();
      return;
    }
    const stream = { response, query };
    this.#streams.add(stream);
    response.on("close", () => this.#streams.delete(stream));
  }

  /** One of each type and symbol: enough where a test has not two of one. */
  #latest(query: URLSearchParams): DeskEvent[] {
    const newest = new Map<string, DeskEvent>();
    const at = query.get("at");
    for (const each of this.events) {
      if (!matches(each, query) || (at !== null && each.timestamp > at)) continue;
      newest.set(`${each.type} ${String(each.payload["symbol"])}`, each);
    }
    return [...newest.values()];
  }

  #newest(query: URLSearchParams): DeskEvent[] {
    if (query.get("filter")?.includes("payload.status") === true) return [];
    const all = this.events.filter((each) => matches(each, query) && inRange(each, query));
    return all.slice(-Number(query.get("limit") ?? 100));
  }

  #stats(): Record<string, unknown> {
    const last = this.events.at(-1)?.id ?? `${this.#epoch}-0`;
    const numbers = { published_total: this.#seq, dropped_total: 0, subscribers: this.streams };
    return { ok: true, ...numbers, last_id: last, first_id: last, store: { enabled: false } };
  }
}

function matches(each: DeskEvent, query: URLSearchParams): boolean {
  const types = query.get("event_type");
  const symbols = query.get("symbol");
  return (
    (types === null || types.split(",").includes(each.type)) &&
    (symbols === null || symbols.split(",").includes(String(each.payload["symbol"])))
  );
}

function inRange(each: DeskEvent, query: URLSearchParams): boolean {
  const [since, until] = [query.get("since"), query.get("until")];
  return (since === null || each.timestamp >= since) && (until === null || each.timestamp <= until);
}

function frame(each: DeskEvent): string {
  return `id: ${each.id}\ndata: ${JSON.stringify(each)}\n\n`;
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ ok: true, ...(body as object) }));
}
