// Server-Sent Events: bytes in, messages out (WHATWG HTML §9.2.6, "Interpreting an event stream").
//
// Bytes are cut at the last end of a line that has arrived and decoded at once: no character can
// span the cut, and the decoder's fast path (which has no state) does nearly all of the work.
import { TapedeckError } from "./errors.js";

export interface SseMessage {
  /** Empty for an unnamed message. */
  readonly event: string;
  readonly data: string;
  /** The id in force when it was dispatched: its own, or the one before. */
  readonly id: string;
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;

export class SseParser {
  /** What a client that reconnects sends as Last-Event-ID. */
  lastEventId: string;
  /** What the server last asked for by `retry:`, in milliseconds. */
  retryMs: number | undefined;

  readonly #maxEventBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #tail: Uint8Array[] = []; // of a line that has not ended yet
  #tailBytes = 0;
  #skipLf = false; // the last byte was a CR: a LF now belongs to it
  #atStart = true;
  #data: string | undefined;
  #event = "";
  #id: string;

  /** @param maxEventBytes an event longer than this is an error, not memory without bounds. */
  constructor(maxEventBytes: number, lastEventId = "") {
    this.#maxEventBytes = maxEventBytes;
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
  }

  /** Appends the messages that `bytes` complete to `out`. @throws TapedeckError event_too_large */
  push(bytes: Uint8Array, out: SseMessage[]): void {
    if (bytes.length === 0) return;
    const chunk = this.#skipLf && bytes[0] === LF ? bytes.subarray(1) : bytes;
    this.#skipLf = false;
    const lastLf = chunk.lastIndexOf(LF);
    const rest = chunk.subarray(lastLf + 1);
    const end = lastLf + 1 + rest.lastIndexOf(CR) + 1;
    if (end > 0) {
      this.#skipLf = chunk[end - 1] === CR && end === chunk.length;
      this.#lines(this.#decode(chunk.subarray(0, end)), out);
    }
    if (end < chunk.length) {
      this.#tail.push(chunk.slice(end)); // a copy: the sender may use its buffer again
      this.#tailBytes += chunk.length - end;
    }
    this.#checkSize();
  }

  #decode(bytes: Uint8Array): string {
    let whole = bytes;
    if (this.#tail.length > 0) {
      whole = new Uint8Array(this.#tailBytes + bytes.length);
      let at = 0;
      for (const piece of this.#tail) {
        whole.set(piece, at);
        at += piece.length;
      }
      whole.set(bytes, at);
      this.#tail = [];
      this.#tailBytes = 0;
    }
    let text = this.#decoder.decode(whole);
    if (this.#atStart) {
      this.#atStart = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
  }

  #lines(text: string, out: SseMessage[]): void {
    let at = 0;
    while (at < text.length) {
      const end = text.indexOf("\n", at);
      if (end === at) {
        this.#dispatch(out);
      } else if (text.startsWith("data:", at)) {
        this.#appendData(text.slice(text.charCodeAt(at + 5) === SPACE ? at + 6 : at + 5, end));
      } else if (text.charCodeAt(at) !== COLON) {
        this.#field(text.slice(at, end));
      }
      at = end + 1;
    }
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value =
      colon < 0 ? "" : line.slice(line.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1);
    if (name === "data") {
      this.#appendData(value);
    } else if (name === "id") {
      if (!value.includes("\0")) this.#id = value;
    } else if (name === "event") {
      this.#event = value;
    } else if (name === "retry" && /^\d{1,15}$/.test(value)) {
      this.retryMs = Number(value);
    }
  }

  #appendData(value: string): void {
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    this.#checkSize();
  }

  #dispatch(out: SseMessage[]): void {
    this.lastEventId = this.#id;
    if (this.#data !== undefined) {
      out.push({ event: this.#event, data: this.#data, id: this.#id });
      this.#data = undefined;
    }
    this.#event = "";
  }

  #checkSize(): void {
    if (this.#tailBytes + (this.#data?.length ?? 0) <= this.#maxEventBytes) return;
    throw new TapedeckError(
      "event_too_large",
      `An event is longer than ${this.#maxEventBytes} bytes; see the option maxEventBytes.`,
    );
  }
}
