// Reads a stream over as many connections as it takes: goes on after each break with the id of the
// last message, waits between attempts, lets go while the page is hidden.
import { backoffMs, wait } from "./backoff.js";
import { Connection } from "./connection.js";
import { TapedeckError } from "./errors.js";
import type { Http } from "./http.js";
import { numberOf, objectOf } from "./json.js";
import type { SseMessage } from "./sse.js";
import type { StreamSettings, StreamState } from "./stream-options.js";
import { HiddenWatch } from "./visibility.js";

/** Why a connection was ended from here, where that is no failure. */
const HIDDEN = new TapedeckError("hidden", "The page is hidden.");

export class ResumingReader {
  readonly #http: Http;
  readonly #settings: StreamSettings<never>;
  readonly #life: AbortSignal;
  readonly #onState: (change: StreamState) => void;
  #watch: HiddenWatch | undefined;
  #connection: Connection | undefined;
  #controller: AbortController | undefined; // of the connection, or of the attempt at one
  #resumeId: string;
  #baseMs: number;
  #askedMs: number | undefined; // by a shutdown
  #failures = 0;
  #ended = false;

  /** @param life fires when the stream is over; read() then gives nothing. */
  constructor(
    http: Http,
    settings: StreamSettings<never>,
    life: AbortSignal,
    onState: (change: StreamState) => void,
  ) {
    this.#http = http;
    this.#settings = settings;
    this.#life = life;
    this.#onState = onState;
    this.#resumeId = settings.lastEventId;
    this.#baseMs = settings.backoff.baseMs;
    life.addEventListener("abort", () => {
      this.#watch?.end();
      this.#drop();
    });
  }

  /**
   * The next messages, at least one; nothing when there will be no more. One call at a time.
   * @throws TapedeckError when trying again cannot help or was tried often enough.
   */
  async read(): Promise<SseMessage[] | undefined> {
    while (!this.#life.aborted) {
      this.#watch ??= this.#watchPage();
      if (this.#watch?.hiddenLong) {
        this.#onState({ state: "hidden" });
        await this.#watch.untilSeen();
        continue;
      }
      let failure: TapedeckError | undefined;
      try {
        const connection = this.#connection ?? (await this.#connect());
        if (connection === undefined) return undefined;
        const messages = await connection.read();
        if (messages !== undefined) {
          this.#note(messages, connection);
          return messages;
        }
      } catch (error) {
        if (this.#life.aborted) return undefined;
        if (error !== HIDDEN) failure = transientOrThrow(error);
      }
      const letGo = this.#controller?.signal.reason === HIDDEN;
      this.#drop();
      if (this.#ended) return undefined;
      if (!letGo) await this.#pause(failure);
    }
    return undefined;
  }

  #watchPage(): HiddenWatch | undefined {
    const { visibility, releaseWhenHiddenMs } = this.#settings;
    if (!visibility || releaseWhenHiddenMs === undefined) return undefined;
    const letGo = (): void => this.#controller?.abort(HIDDEN);
    return new HiddenWatch(visibility, releaseWhenHiddenMs, letGo);
  }

  async #connect(): Promise<Connection | undefined> {
    this.#onState({ state: "connecting", attempt: this.#failures + 1 });
    this.#controller = new AbortController();
    const connection = await Connection.open(this.#http, this.#controller, {
      ...this.#settings,
      lastEventId: this.#resumeId,
    });
    if (connection === undefined) return undefined;
    if (this.#life.aborted) {
      connection.close(); // ended just now, when there was nothing to end yet
      return undefined;
    }
    this.#connection = connection; // first: the callback may end the stream
    this.#onState({ state: "open" });
    return connection;
  }

  /** What messages mean for this connection and the next. */
  #note(messages: readonly SseMessage[], connection: Connection): void {
    this.#failures = 0;
    this.#resumeId = connection.parser.lastEventId;
    this.#askedMs = undefined;
    for (const message of messages) {
      if (message.event === "connection") {
        const seconds = numberOf(objectOf(parse(message.data))?.["heartbeat_seconds"]);
        if (seconds !== undefined && seconds > 0) connection.expectHeartbeat(seconds);
      } else if (message.event === "shutdown") {
        this.#askedMs = connection.parser.retryMs; // each client is told another one
      } else if (message.event === "end") {
        this.#ended = true;
      }
    }
    if (this.#askedMs === undefined) this.#baseMs = connection.parser.retryMs ?? this.#baseMs;
  }

  async #pause(error: TapedeckError | undefined): Promise<void> {
    const policy = { ...this.#settings.backoff, baseMs: this.#baseMs };
    if (this.#failures >= policy.attempts) {
      throw error ?? new TapedeckError("network", "The server ended the stream.");
    }
    const delayMs = backoffMs(this.#failures, policy, error?.retryAfterMs ?? this.#askedMs);
    this.#failures += 1;
    this.#onState({ state: "waiting", delayMs, error });
    await wait(delayMs, this.#life);
  }

  #drop(): void {
    if (this.#connection) this.#resumeId = this.#connection.parser.lastEventId;
    this.#connection?.close();
    this.#connection = undefined;
    this.#controller?.abort();
    this.#controller = undefined;
  }
}

function transientOrThrow(error: unknown): TapedeckError {
  if (error instanceof TapedeckError && error.transient) return error;
  throw error;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a frame that only tells how the connection is; the stream can do without
  }
}
