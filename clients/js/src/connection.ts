// One connection of a stream: opens it, reads it, and lets it go when nothing comes any more.
import { networkError, TapedeckError } from "./errors.js";
import type { Http, RequestOptions } from "./http.js";
import { SseParser, type SseMessage } from "./sse.js";

export interface ConnectionOptions {
  params: Readonly<Record<string, unknown>>;
  lastEventId: string;
  /** Silence after which the connection counts as dead, beyond two heartbeats. */
  silenceSlackMs: number;
  /** Seconds between heartbeats until the server says. */
  heartbeatSeconds: number;
  maxEventBytes: number;
}

export class Connection {
  readonly parser: SseParser;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #controller: AbortController;
  readonly #slackMs: number;
  #limitMs = 0;
  #readingSince: number | undefined; // a consumer at work is no silence of the server
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    controller: AbortController,
    options: ConnectionOptions,
  ) {
    this.#reader = reader;
    this.#controller = controller;
    this.#slackMs = options.silenceSlackMs;
    this.parser = new SseParser(options.maxEventBytes, options.lastEventId);
    // The body of another fetch than the platform's may not know of the signal.
    const letGo = (): void => void reader.cancel().catch(() => undefined);
    controller.signal.addEventListener("abort", letGo);
    if (controller.signal.aborted) letGo();
    this.expectHeartbeat(options.heartbeatSeconds);
  }

  /**
   * @param controller ends the connection, now or later; its reason is what read() throws then.
   * @return nothing when the server says that there is nothing more to come (204).
   */
  static async open(
    http: Http,
    controller: AbortController,
    options: ConnectionOptions,
  ): Promise<Connection | undefined> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (options.lastEventId !== "") headers["Last-Event-ID"] = options.lastEventId;
    const request: RequestOptions = { params: options.params, headers };
    const response = await http.openInTime("GET", "/stream", request, controller);
    if (response.status === 204) return undefined;
    const type = response.headers.get("Content-Type") ?? "";
    if (response.body === null || !/^text\/event-stream\s*(;|$)/i.test(type)) {
      controller.abort();
      throw new TapedeckError(
        "invalid_answer",
        `The answer is not text/event-stream but ${type.slice(0, 80) || "without a type"}.`,
        { status: response.status },
      );
    }
    return new Connection(response.body.getReader(), controller, options);
  }

  /** How often something comes at least. */
  expectHeartbeat(seconds: number): void {
    this.#limitMs = 2000 * seconds + this.#slackMs;
    this.#arm(this.#limitMs);
  }

  /** The messages of the next bytes, at least one; nothing at the end of the stream. */
  async read(): Promise<SseMessage[] | undefined> {
    const messages: SseMessage[] = [];
    while (messages.length === 0) {
      this.#readingSince = performance.now();
      let piece: { done: boolean; value?: Uint8Array | undefined };
      try {
        piece = await this.#reader.read();
      } catch (error) {
        throw this.#reasonToEnd() ?? networkError(error);
      } finally {
        this.#readingSince = undefined;
      }
      if (piece.done) {
        const reason = this.#reasonToEnd();
        if (reason !== undefined) throw reason;
        return undefined;
      }
      if (piece.value !== undefined) this.parser.push(piece.value, messages);
    }
    return messages;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  #reasonToEnd(): unknown {
    const { aborted, reason } = this.#controller.signal;
    return aborted ? (reason as unknown) : undefined;
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), ms);
  }

  #check(): void {
    const silentMs = this.#readingSince === undefined ? 0 : performance.now() - this.#readingSince;
    if (silentMs < this.#limitMs) return this.#arm(this.#limitMs - silentMs);
    const seconds = (this.#limitMs / 1000).toFixed(1);
    this.#controller.abort(
      new TapedeckError("silent", `Nothing came for ${seconds} s, not even a heartbeat.`),
    );
  }
}
