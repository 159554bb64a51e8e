// Requests to one server: where it is, who asks, how often a request is tried.
import { backoffMs, wait, type BackoffPolicy } from "./backoff.js";
import { errorOf, invalidOption, networkError, TapedeckError } from "./errors.js";
import { queryString } from "./filter.js";
import { objectOf } from "./json.js";

export type FetchFunction = (input: string, init: RequestInit) => Promise<Response>;
export type TokenSource = string | (() => string | Promise<string>);

export interface HttpOptions {
  /** Where the server is, such as `http://localhost:9000`; a path is kept as a prefix. */
  url: string | URL;
  /** Sent as X-API-Key. */
  apiKey?: string;
  /** Sent as Authorization: Bearer. A function is asked before each request, so it may renew. */
  token?: TokenSource;
  /** More headers for each request. */
  headers?: Readonly<Record<string, string>>;
  /** What to call instead of the global fetch. */
  fetch?: FetchFunction;
  /** Whether a browser sends cookies to another origin; see fetch. */
  credentials?: "omit" | "same-origin" | "include";
  /** Patience with one attempt of a request (streams: until they begin), in milliseconds. */
  timeoutMs?: number;
  /** How often a failed request is sent again before its error is told. */
  retries?: number;
}

export interface RequestOptions {
  params?: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  signal?: AbortSignal | undefined;
  /** Never send this again by itself. */
  once?: boolean;
}

export const DEFAULT_TIMEOUT_MS = 30_000;
export const DEFAULT_RETRIES = 4;
const API_PATH = "/api/telemetry";

export class Http {
  readonly #timeoutMs: number;
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #token: TokenSource | undefined;
  readonly #fetch: FetchFunction;
  readonly #credentials: HttpOptions["credentials"];
  readonly #backoff: BackoffPolicy;

  constructor(options: HttpOptions, backoff: BackoffPolicy) {
    this.#base = baseOf(options.url);
    this.#headers = headersOf(options);
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#credentials = options.credentials;
    this.#timeoutMs = positive("timeoutMs", options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const retries = options.retries ?? DEFAULT_RETRIES;
    if (!(retries >= 0)) throw invalidOption("retries", "must be a number from 0.");
    this.#backoff = { ...backoff, attempts: retries };
  }

  /**
   * One attempt. Resolves with a good answer whose body is still to be read (under `signal`).
   * @throws TapedeckError; the signal's reason when that fired.
   */
  async open(
    method: string,
    path: string,
    request: RequestOptions & { signal: AbortSignal },
  ): Promise<Response> {
    const url = this.#base + API_PATH + path + queryString(request.params ?? {});
    const init: RequestInit = {
      method,
      headers: { ...this.#headers, ...(await this.#bearer()), ...request.headers },
      signal: request.signal,
      cache: "no-store",
      redirect: "manual",
    };
    if (request.body !== undefined) init.body = request.body;
    if (this.#credentials !== undefined) init.credentials = this.#credentials;
    let response: Response;
    try {
      response = await this.#fetch(url, init);
    } catch (error) {
      throw request.signal.aborted ? request.signal.reason : networkError(error);
    }
    if (request.signal.aborted) {
      void response.body?.cancel().catch(() => undefined); // a fetch that does not heed signals
      throw request.signal.reason;
    }
    if (isRedirect(response)) throw redirected(response.status);
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  /**
   * As open(), for an answer that may go on for ever: it has to begin in time.
   * @param controller ends the answer, now or later.
   */
  async openInTime(
    method: string,
    path: string,
    request: RequestOptions,
    controller: AbortController,
  ): Promise<Response> {
    const deadline = new Deadline(this.#timeoutMs);
    const giveUp = (): void => controller.abort(deadline.signal.reason);
    deadline.signal.addEventListener("abort", giveUp);
    try {
      return await this.open(method, path, { ...request, signal: controller.signal });
    } finally {
      deadline.clear();
    }
  }

  /**
   * The JSON object of an answer; tries again what may heal.
   * @throws TapedeckError; the signal's reason when that fired.
   */
  async json(method: string, path: string, request: RequestOptions = {}): Promise<unknown> {
    for (let failures = 0; ; ++failures) {
      request.signal?.throwIfAborted();
      try {
        return await this.#attempt(method, path, request);
      } catch (error) {
        const mayHeal = error instanceof TapedeckError && error.transient && request.once !== true;
        if (!mayHeal || failures >= this.#backoff.attempts) throw error;
        const pause = backoffMs(failures, this.#backoff, error.retryAfterMs);
        await wait(pause, request.signal ?? new AbortController().signal);
      }
    }
  }

  async #attempt(method: string, path: string, request: RequestOptions): Promise<unknown> {
    const deadline = new Deadline(this.#timeoutMs, request.signal);
    try {
      const response = await this.open(method, path, { ...request, signal: deadline.signal });
      const text = await response.text().catch((error: unknown) => {
        throw deadline.signal.aborted ? deadline.signal.reason : networkError(error);
      });
      return parseObject(text, response.status);
    } finally {
      deadline.clear();
    }
  }

  async #bearer(): Promise<Record<string, string>> {
    if (this.#token === undefined) return {};
    const token = typeof this.#token === "string" ? this.#token : await this.#token();
    checkSecret("token", token);
    return { Authorization: `Bearer ${token}` };
  }
}

/** A signal that fires after a time, or when the caller's does. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #onOuter = (): void => this.#controller.abort(this.#outer?.reason);

  constructor(ms: number, outer?: AbortSignal) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      const message = `The server did not answer within ${ms} ms.`;
      this.#controller.abort(new TapedeckError("timeout", message));
    }, ms);
    if (outer?.aborted) this.#onOuter();
    outer?.addEventListener("abort", this.#onOuter);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onOuter);
  }
}

export function positive(field: string, value: number): number {
  if (typeof value === "number" && value > 0) return value;
  throw invalidOption(field, "must be a number above 0.");
}

function baseOf(given: string | URL): string {
  // In a page "" and "/" mean its own origin; workers have a location too.
  const here = (globalThis as { location?: { href?: string } }).location?.href;
  let url: URL;
  try {
    url = new URL(given, here);
  } catch {
    throw invalidOption("url", "must be the server's address, such as http://localhost:9000.");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw invalidOption("url", `must begin with http:// or https://, not ${url.protocol}.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalidOption("url", "must not hold credentials; use apiKey or token.");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

function headersOf(options: HttpOptions): Record<string, string> {
  if (options.apiKey !== undefined && options.token !== undefined) {
    throw invalidOption("token", "give an apiKey or a token, not both.");
  }
  const headers = { ...options.headers };
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  if (options.apiKey !== undefined) {
    checkSecret("apiKey", options.apiKey);
    headers["X-API-Key"] = options.apiKey;
  }
  return headers;
}

function checkHeader(name: string, value: unknown): void {
  const good = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof value === "string";
  if (good && /^[\t\x20-\x7e\xa0-\xff]*$/.test(value)) return;
  throw invalidOption("headers", `${name} is no header that can be sent (its value is not shown).`);
}

/** Checked here because fetch puts a header's value into its error. */
function checkSecret(field: string, value: unknown): void {
  if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return;
  throw invalidOption(field, "must be visible ASCII characters (the value is not shown here).");
}

/** The server has no redirects; a page cannot see more of one than that it is one. */
function isRedirect({ type, status }: Response): boolean {
  return type === "opaqueredirect" || (status >= 300 && status < 400);
}

function redirected(status: number): TapedeckError {
  const why = "redirects are not followed, because the credentials would go where they lead";
  const message = `The answer is a redirect; ${why}. Give the address that it leads to as url.`;
  return new TapedeckError("redirected", message, { status });
}

function parseObject(text: string, status: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TapedeckError("invalid_answer", "The answer is not JSON.", { status, cause: error });
  }
  const object = objectOf(value);
  if (object === undefined) {
    throw new TapedeckError("invalid_answer", "The answer is not a JSON object.", { status });
  }
  return object;
}
