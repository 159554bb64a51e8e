// Events of the past, page after page towards older ones, as a chart needs them.
import type { EventsQuery, Tapedeck } from "@tapedeck/client";

import { failureOf } from "../feed/failure.js";
import type { Failure } from "../feed/protocol.js";
import { type DeskEvent, deskEvents } from "../model/event.js";

export const PAGE = 1000;
/** A page may be empty and have older ones behind it all the same; then the next is asked for. */
const MAX_EMPTY_PAGES = 5;

export interface PagesState {
  /** Whether the newest page has come. */
  loaded: boolean;
  asking: boolean;
  /** There are no older ones. */
  complete: boolean;
  error: Failure | null;
}

export class EventPages {
  readonly #client: Tapedeck;
  readonly #query: () => EventsQuery;
  readonly #take: (events: DeskEvent[], newest: boolean) => boolean;
  readonly #onState: () => void;
  readonly #life = new AbortController();
  #next: string | undefined;
  /** The newest page was wanted while another was on its way. */
  #again = false;
  state: PagesState = { loaded: false, asking: false, complete: false, error: null };

  /**
   * @param query what is asked for, anew each time the newest page is.
   * @param take gets each page, oldest event first, and whether it is the newest one; says whether
   *   what was known before that is forgotten.
   */
  constructor(
    client: Tapedeck,
    query: () => EventsQuery,
    take: (events: DeskEvent[], newest: boolean) => boolean,
    onState: () => void,
  ) {
    this.#client = client;
    this.#query = query;
    this.#take = take;
    this.#onState = onState;
  }

  /** The newest page: at first, and whenever events may have been missed. */
  async newest(): Promise<void> {
    // A first page that is on its way is new enough.
    this.#again = this.state.asking && this.state.loaded;
    await this.#ask(PAGE, undefined);
  }

  /** Nothing while another page is on its way, or when there are no older ones. */
  async older(limit = PAGE): Promise<void> {
    const { asking, complete, loaded } = this.state;
    if (asking || complete || !loaded || this.#next === undefined || limit <= 0) return;
    await this.#ask(limit, this.#next);
  }

  close(): void {
    this.#life.abort();
  }

  async #ask(limit: number, cursor: string | undefined): Promise<void> {
    if (this.state.asking) return;
    this.#set({ asking: true });
    try {
      const page = await this.#page(limit, cursor);
      if (this.#life.signal.aborted) return;
      // A newest page that is asked for again does not lead back to what is known already.
      const known = cursor === undefined && this.state.loaded;
      const anew = this.#take(page.events, cursor === undefined);
      const follow = anew || !known;
      if (follow) this.#next = page.next;
      const complete = follow ? page.next === undefined : this.state.complete;
      this.#set({ asking: false, loaded: true, error: null, complete });
    } catch (error) {
      if (!this.#life.signal.aborted) this.#set({ asking: false, error: failureOf(error) });
    }
    if (this.#again && !this.#life.signal.aborted) await this.newest();
  }

  async #page(
    limit: number,
    cursor: string | undefined,
  ): Promise<{ events: DeskEvent[]; next: string | undefined }> {
    const { signal } = this.#life;
    const query = this.#query();
    let next = cursor;
    for (let tries = 0; ; tries += 1) {
      const from = next === undefined ? {} : { cursor: next };
      const page = await this.#client.events({ ...query, limit, ...from }, { signal });
      next = page.next;
      const enough = page.count > 0 || next === undefined || tries === MAX_EMPTY_PAGES;
      if (enough) return { events: deskEvents(page.events), next };
    }
  }

  #set(changes: Partial<PagesState>): void {
    this.state = { ...this.state, ...changes };
    this.#onState();
  }
}
