// The one error this client throws, besides the reason of an AbortSignal that the caller fired.
import { numberOf, objectOf, textOf } from "./json.js";

export interface TapedeckErrorDetails {
  status?: number;
  field?: string;
  retryAfterMs?: number;
  body?: Record<string, unknown>;
  cause?: unknown;
}

/**
 * A request that failed, or options that cannot be meant. Never holds credentials or a URL's query.
 *
 * `code` is the server's word (`invalid_filter`, `unknown_parameter`, `store_degraded`, ...) or one
 * of this client's: `invalid_option`, `network`, `timeout`, `silent` (not even a heartbeat came),
 * `http_error` (a failure without the server's body: a proxy's, perhaps), `invalid_answer`,
 * `redirected`, `event_too_large`, `stream_in_use`.
 */
export class TapedeckError extends Error {
  override readonly name = "TapedeckError";
  readonly code: string;
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** The parameter, option or JSON pointer that is wrong. */
  readonly field: string | undefined;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The rest of the server's error body, such as `first_id` of events that were accepted. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: TapedeckErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
    this.body = details.body ?? {};
  }

  /** Whether the same request may succeed later without anybody changing it. */
  get transient(): boolean {
    if (this.status !== undefined) return isTransientStatus(this.status);
    return this.code === "network" || this.code === "timeout" || this.code === "silent";
  }
}

/** 408 and 425: the server asks to send it again; 429 and 5xx: later. 501 and 505 never heal. */
export function isTransientStatus(status: number): boolean {
  if (status === 408 || status === 425 || status === 429) return true;
  return status >= 500 && status !== 501 && status !== 505;
}

export function invalidOption(field: string, message: string): TapedeckError {
  return new TapedeckError("invalid_option", `${field}: ${message}`, { field });
}

/** An error body is a sentence; what is longer comes from something else. */
const MAX_ERROR_BODY_CHARS = 65_536;

/** Reads the body of a failed answer. */
export async function errorOf(response: Response): Promise<TapedeckError> {
  const text = await response.text().catch(() => "");
  let body: Record<string, unknown> = {};
  if (text.length <= MAX_ERROR_BODY_CHARS) {
    try {
      body = objectOf(JSON.parse(text)) ?? {};
    } catch {
      // Not the server's: a proxy answers with a page of its own.
    }
  }
  const { error, code, field, ok: _, ...rest } = body;
  const details: TapedeckErrorDetails = { status: response.status, body: rest };
  if (textOf(field) !== undefined) details.field = textOf(field)!;
  const retryAfterMs = parseRetryAfter(response.headers.get("Retry-After"), Date.now());
  if (retryAfterMs !== undefined) details.retryAfterMs = retryAfterMs;
  return new TapedeckError(
    textOf(code) ?? "http_error",
    textOf(error) ?? `The server answered with status ${response.status}.`,
    details,
  );
}

/** What a connection that failed or broke is told as. */
export function networkError(cause: unknown): TapedeckError {
  // fetch says "fetch failed" and keeps the reason in its cause.
  const inner = objectOf(objectOf(cause)?.["cause"]);
  const why = textOf(inner?.["code"]) ?? textOf(inner?.["message"]) ?? messageOf(cause);
  return new TapedeckError("network", `The connection failed: ${why}.`, { cause });
}

/** Retry-After is seconds or a date (RFC 9110 §10.2.3). In milliseconds from `nowMs`. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return numberOf(Number(value) * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/\.$/, "") : "no reason was given";
}
