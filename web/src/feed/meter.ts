// How the live stream does: events by the second, and how far behind the server it is.
//
// Lag is measured without comparing clocks: the server is asked which event is its newest, and the
// time until that event was here is at most the lag (plus the way of the question).
import type { Stats } from "@tapedeck/client";

import { seqOf } from "../model/event-id.js";
import type { Meter } from "./protocol.js";

const SECONDS = 60;

export class StreamMeter {
  readonly #perSecond: number[] = Array.from({ length: SECONDS }, () => 0);
  #inThisSecond = 0;
  #seenSeq = -1;
  #asked: { seq: number; at: number } | undefined;
  #lagMs: number | null = null;
  #stats: Stats | undefined;

  /** An event came, or a heartbeat's worth of silence up to it. */
  saw(id: string, now: number): void {
    this.#inThisSecond += 1;
    this.#seenSeq = Math.max(this.#seenSeq, seqOf(id));
    if (this.#asked !== undefined && this.#seenSeq >= this.#asked.seq) {
      this.#lagMs = Math.max(0, now - this.#asked.at);
      this.#asked = undefined;
    }
  }

  /** @param askedAt when the question was sent. */
  told(stats: Stats, askedAt: number): void {
    this.#stats = stats;
    const seq = seqOf(stats.last_id);
    if (seq <= this.#seenSeq) {
      this.#asked = undefined;
      this.#lagMs = 0; // all that the server knew was here already
    } else if (this.#asked === undefined) {
      this.#asked = { seq, at: askedAt };
    }
  }

  /** Another connection: a question of before is not answered on it in its time. */
  restart(): void {
    this.#asked = undefined;
    this.#lagMs = null;
  }

  /** Another epoch: numbers begin anew. */
  forget(): void {
    this.restart();
    this.#seenSeq = -1;
    this.#stats = undefined;
  }

  /** Once a second. */
  endSecond(now: number): Meter {
    this.#perSecond.push(this.#inThisSecond);
    this.#perSecond.shift();
    this.#inThisSecond = 0;
    const stats = this.#stats;
    const waiting = this.#asked === undefined ? 0 : now - this.#asked.at;
    const store = stats?.store;
    return {
      perSecond: [...this.#perSecond],
      lagMs: this.#lagMs === null && waiting === 0 ? null : Math.max(this.#lagMs ?? 0, waiting),
      behind: stats === undefined ? null : Math.max(0, seqOf(stats.last_id) - this.#seenSeq),
      droppedTotal: stats?.dropped_total ?? null,
      publishedTotal: stats?.published_total ?? null,
      subscribers: stats?.subscribers ?? null,
      storeProblem: store?.enabled === true && store.degraded ? (store.problem ?? "degraded") : null,
    };
  }
}
