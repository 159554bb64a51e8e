// Tells when a page has been hidden for a while, and when it is seen again.

/** The part of `document` that is needed; workers and Node have none. */
export interface VisibilitySource {
  readonly hidden: boolean;
  addEventListener(type: "visibilitychange", listener: () => void): void;
  removeEventListener(type: "visibilitychange", listener: () => void): void;
}

export class HiddenWatch {
  readonly #source: VisibilitySource;
  readonly #afterMs: number;
  readonly #onHidden: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #seen: (() => void)[] = [];
  #hiddenLong = false;
  readonly #onChange = (): void => this.#look();

  /** @param onHidden is called when the page has been hidden for `afterMs`. */
  constructor(source: VisibilitySource, afterMs: number, onHidden: () => void) {
    this.#source = source;
    this.#afterMs = afterMs;
    this.#onHidden = onHidden;
    source.addEventListener("visibilitychange", this.#onChange);
    this.#look();
  }

  /** Whether the stream should be let go of. */
  get hiddenLong(): boolean {
    return this.#hiddenLong;
  }

  /** Resolves when the page is seen, or the watch is ended. */
  untilSeen(): Promise<void> {
    if (!this.#hiddenLong) return Promise.resolve();
    return new Promise((resolve) => this.#seen.push(resolve));
  }

  end(): void {
    this.#source.removeEventListener("visibilitychange", this.#onChange);
    this.#reset();
  }

  #look(): void {
    if (!this.#source.hidden) return this.#reset();
    this.#timer ??= setTimeout(() => {
      this.#hiddenLong = true;
      this.#onHidden();
    }, this.#afterMs);
  }

  #reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hiddenLong = false;
    for (const resolve of this.#seen.splice(0)) resolve();
  }
}
