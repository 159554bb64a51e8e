// The client: everything that can be asked of one server. Holds no connection by itself.
import type { AcknowledgeInput, AlertsAnswer, AlertsQuery, SilenceInput } from "./alerts.js";
import type {
  AggregatesAnswer,
  AggregatesQuery,
  CommandInput,
  EventsPage,
  EventsQuery,
  LatestAnswer,
  LatestQuery,
  PublishAnswer,
  Stats,
  TradeChain,
  TradesPage,
  TradesQuery,
} from "./answers.js";
import type { BackoffPolicy } from "./backoff.js";
import { invalidOption, TapedeckError } from "./errors.js";
import type { EventInput, EventOf } from "./event.js";
import type { EventFilter, EventRange } from "./filter.js";
import { Http, type HttpOptions } from "./http.js";
import { ndjsonValues } from "./ndjson.js";
import { TelemetryStream } from "./stream.js";
import {
  backoffOf,
  DEFAULT_MAX_EVENT_BYTES,
  settingsOf,
  type StreamOptions,
} from "./stream-options.js";

export interface TapedeckOptions extends HttpOptions {
  /** How streams come back, and how long requests wait between attempts. */
  reconnect?: Partial<BackoffPolicy>;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export interface PublishOptions extends CallOptions {
  /** `durable`: resolves when the events are on disk. Default: `memory`. */
  ack?: "memory" | "durable";
  /**
   * 1 to 128 visible ASCII characters: the same key with the same events is accepted once in 24
   * hours. Default: a new one for each call, so that its own retries publish nothing twice.
   */
  idempotencyKey?: string;
}

export class Tapedeck {
  readonly #http: Http;
  readonly #backoff: BackoffPolicy;

  /** Asks the server nothing yet. @throws TapedeckError invalid_option */
  constructor(options: TapedeckOptions) {
    this.#backoff = backoffOf(options.reconnect);
    this.#http = new Http(options, this.#backoff);
  }

  /**
   * Events as they happen, after those that `since`, `replay` or `lastEventId` ask for. Connects
   * when iterated, or at once with `onEvent`.
   * @throws TapedeckError invalid_option
   */
  stream<const Type extends string = string>(
    options: StreamOptions<Type, EventOf<Type>> = {},
  ): TelemetryStream<EventOf<Type>> {
    return new TelemetryStream(this.#http, settingsOf(options, this.#backoff));
  }

  /** Publishes one event or a batch, all or none, once over retries. */
  async publish<const Type extends string>(
    events:
      | ({ type: Type } & EventInput<NoInfer<Type>>)
      | readonly ({ type: Type } & EventInput<NoInfer<Type>>)[],
    options: PublishOptions = {},
  ): Promise<PublishAnswer> {
    const key = options.idempotencyKey ?? newKey();
    if (!/^[\x21-\x7e]{1,128}$/.test(key)) {
      throw invalidOption("idempotencyKey", "must be 1 to 128 visible ASCII characters.");
    }
    return this.#answer("POST", "/events", {
      params: { ack: options.ack },
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify(events),
      signal: options.signal,
    });
  }

  /** The newest events that match, newest last. */
  events<const Type extends string = string>(
    query: EventsQuery<Type> = {},
    options: CallOptions = {},
  ): Promise<EventsPage<EventOf<Type>>> {
    return this.#get("/events", query, options);
  }

  /** Page after page of events() towards older ones, until there are none. */
  eventPages<const Type extends string = string>(
    query: EventsQuery<Type> = {},
    options: CallOptions = {},
  ): AsyncGenerator<EventsPage<EventOf<Type>>, void> {
    return pages((cursor) => this.events({ ...query, ...cursor }, options));
  }

  /** The newest event of each symbol, strategy, ... */
  latest<const Type extends string = string>(
    query: LatestQuery<Type> = {},
    options: CallOptions = {},
  ): Promise<LatestAnswer<EventOf<Type>>> {
    return this.#get("/latest", query, options);
  }

  /** Counts and figures by time. */
  aggregates(query: AggregatesQuery = {}, options: CallOptions = {}): Promise<AggregatesAnswer> {
    return this.#get("/aggregates", query, options);
  }

  /** Decisions and what became of them, newest first. */
  trades(query: TradesQuery = {}, options: CallOptions = {}): Promise<TradesPage> {
    return this.#get("/trades", query, options);
  }

  /** Page after page of trades(), until there are none. */
  tradePages(query: TradesQuery = {}, options: CallOptions = {}): AsyncGenerator<TradesPage, void> {
    return pages((cursor) => this.trades({ ...query, ...cursor }, options));
  }

  /** One decision by its correlation_id or an order_id, with its events. */
  trade(id: string, options: CallOptions = {}): Promise<TradeChain> {
    if (id === "" || id === "." || id === "..") {
      throw invalidOption("id", "must be a correlation_id or order_id.");
    }
    return this.#get(`/trades/${encodeURIComponent(id)}`, {}, options);
  }

  stats(options: CallOptions = {}): Promise<Stats> {
    return this.#get("/stats", {}, options);
  }

  /** Alert rules, what fires and what lately did, how targets do. */
  alerts(query: AlertsQuery = {}, options: CallOptions = {}): Promise<AlertsAnswer> {
    return this.#get("/alerts", query, options);
  }

  /** Says that somebody looks after what a rule fires: it is not reminded of any more. */
  acknowledge(
    rule: string,
    input: AcknowledgeInput = {},
    options: CallOptions = {},
  ): Promise<{ acknowledged: number }> {
    return this.#post(`${alertPath(rule)}/acknowledge`, input, options);
  }

  /** Sends nothing about a rule for a while. What still fires then is sent. */
  silence(
    rule: string,
    input: SilenceInput,
    options: CallOptions = {},
  ): Promise<{ silenced_until: string | null }> {
    return this.#post(`${alertPath(rule)}/silence`, input, options);
  }

  /** Orders engines to do something. Never sent again by itself: it may have been obeyed. */
  command(input: CommandInput, options: CallOptions = {}): Promise<{ id: string }> {
    return this.#post("/commands", input, options, true);
  }

  /** Default reads begin after this moment; streams go on. */
  async clear(options: CallOptions = {}): Promise<void> {
    // Once: a second one would hide what was published since the first.
    await this.#answer("DELETE", "/events", { signal: options.signal, once: true });
  }

  /**
   * Everything that matches, oldest first, of any length, in bounded memory.
   * @throws TapedeckError `network` when it breaks off: what came until then is not all.
   */
  async *exportStream<const Type extends string = string>(
    query: EventFilter<Type> & EventRange = {},
    options: CallOptions = {},
  ): AsyncGenerator<EventOf<Type>, void> {
    const controller = new AbortController();
    const stop = (): void => controller.abort(options.signal?.reason);
    options.signal?.addEventListener("abort", stop);
    if (options.signal?.aborted) stop();
    try {
      const request = { params: { ...query, format: "ndjson" } };
      const { body } = await this.#http.openInTime("GET", "/export", request, controller);
      if (body === null) throw new TapedeckError("invalid_answer", "The answer has no body.");
      yield* ndjsonValues(body, DEFAULT_MAX_EVENT_BYTES) as AsyncGenerator<
        EventOf<Type>,
        undefined
      >;
    } catch (error) {
      throw options.signal?.aborted ? options.signal.reason : error;
    } finally {
      options.signal?.removeEventListener("abort", stop);
      controller.abort();
    }
  }

  #get<Answer>(path: string, query: object, options: CallOptions): Promise<Answer> {
    return this.#answer("GET", path, { params: { ...query }, signal: options.signal });
  }

  #post<Answer>(
    path: string,
    input: object,
    options: CallOptions,
    once = false,
  ): Promise<Answer> {
    return this.#answer("POST", path, {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(input),
      signal: options.signal,
      once,
    });
  }

  async #answer<Answer>(
    method: string,
    path: string,
    request: Parameters<Http["json"]>[2],
  ): Promise<Answer> {
    return (await this.#http.json(method, path, request)) as Answer;
  }
}

function alertPath(rule: string): string {
  if (rule === "" || rule === "." || rule === "..") {
    throw invalidOption("rule", "must be the name of a rule.");
  }
  return `/alerts/${encodeURIComponent(rule)}`;
}

async function* pages<Page extends { next?: string }>(
  ask: (cursor: { cursor?: string }) => Promise<Page>,
): AsyncGenerator<Page, void> {
  let page = await ask({});
  yield page;
  while (page.next !== undefined) {
    page = await ask({ cursor: page.next });
    yield page;
  }
}

/** 128 random bits. Not randomUUID(), which pages have on https and loopback only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
