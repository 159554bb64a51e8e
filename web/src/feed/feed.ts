// A page's end of the line to the worker.
import type { FromWorker, TapeQuery, ToWorker, View, Watch } from "./protocol.js";

const HERE_MS = 20_000;
/** The worker says something every second; this long without a word, and it hangs. */
const SILENT_AFTER_MS = 6000;

export interface FeedState {
  view: View;
  tape: TapeQuery;
  watch: Watch | null;
}

interface Line {
  post: (message: ToWorker) => void;
  listen: (onMessage: (message: FromWorker) => void, onFailure: () => void) => void;
}

export class Feed {
  readonly #line: Line;
  readonly #onMessage: (message: FromWorker) => void;
  #state: FeedState;
  #heardAt = Date.now();

  /** @param onSilence is called, again and again, while the worker says nothing. */
  constructor(
    state: FeedState,
    onMessage: (message: FromWorker) => void,
    onSilence: (sinceMs: number) => void,
  ) {
    this.#state = state;
    this.#onMessage = onMessage;
    this.#line = "SharedWorker" in globalThis ? sharedLine() : ownLine();
    this.#line.listen(
      (message) => this.#hear(message),
      () => onSilence(0),
    );
    this.#open();
    document.addEventListener("visibilitychange", () => {
      this.#heardAt = Date.now();
      this.#post({ kind: "visible", visible: !document.hidden });
    });
    addEventListener("pagehide", () => this.#post({ kind: "close" }));
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.#open();
    });
    setInterval(() => this.#post({ kind: "here" }), HERE_MS);
    setInterval(() => {
      const silentMs = Date.now() - this.#heardAt;
      if (document.hidden || silentMs <= SILENT_AFTER_MS) return;
      onSilence(silentMs);
      this.#post({ kind: "open", ...this.#state, visible: true }); // one that wakes up tells all
    }, 1000);
  }

  setView(view: View): void {
    this.#state = { ...this.#state, view };
    this.#post({ kind: "view", view });
  }

  setTape(tape: TapeQuery): void {
    this.#state = { ...this.#state, tape };
    this.#post({ kind: "tape", tape });
  }

  setWatch(watch: Watch | null): void {
    this.#state = { ...this.#state, watch };
    this.#post({ kind: "watch", watch });
  }

  #open(): void {
    this.#heardAt = Date.now();
    this.#post({ kind: "open", ...this.#state, visible: !document.hidden });
  }

  #hear(message: FromWorker): void {
    this.#heardAt = Date.now();
    if (message.kind === "reopen") this.#open();
    else this.#onMessage(message);
  }

  #post(message: ToWorker): void {
    this.#line.post(message);
  }
}

// Both calls in full: the bundler finds workers by this very form.
function sharedLine(): Line {
  const worker = new SharedWorker(new URL("./feed-worker.ts", import.meta.url), {
    type: "module",
    name: "tapedeck",
  });
  return {
    post: (message) => worker.port.postMessage(message),
    listen: (onMessage, onFailure) => {
      worker.onerror = onFailure;
      worker.port.onmessage = ({ data }: MessageEvent<FromWorker>) => onMessage(data);
    },
  };
}

function ownLine(): Line {
  const worker = new Worker(new URL("./feed-worker.ts", import.meta.url), { type: "module" });
  return {
    post: (message) => worker.postMessage(message),
    listen: (onMessage, onFailure) => {
      worker.onerror = onFailure;
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => onMessage(data);
    },
  };
}
