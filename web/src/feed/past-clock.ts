// Where a play-back stands. Events of a run move it; what the program tells of itself, or an alert,
// has the wall's time, which in a simulation is another day.
import type { DeskEvent } from "../model/event.js";
import { momentOf } from "../model/payload.js";

export class PastClock {
  at: number;
  #hasRun = false;

  constructor(at: number) {
    this.at = at;
  }

  /** An event of the state it begins with: it moves nothing. */
  know(event: DeskEvent): void {
    if (isOfRun(event)) this.#hasRun = true;
  }

  /** Forward only. Events of no run move it as long as there is no run. */
  take(event: DeskEvent): void {
    this.know(event);
    if (this.#hasRun && !isOfRun(event)) return;
    this.at = Math.max(this.at, momentOf(event.timestamp) ?? 0);
  }
}

function isOfRun({ source }: DeskEvent): boolean {
  return source?.run_id !== undefined || source?.mode !== undefined;
}
