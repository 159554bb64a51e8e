import { expect, it } from "vitest";

import { PastClock } from "../src/feed/past-clock.js";
import type { DeskEvent } from "../src/model/event.js";

const at = (time: string): number => Date.parse(`2026-11-23T${time}Z`);

function event(timestamp: string, source?: NonNullable<DeskEvent["source"]>): DeskEvent {
  const rest = source === undefined ? {} : { source };
  return { type: "any", timestamp, payload: {}, id: "e-1", ...rest };
}

it("a play-back stands at the newest event of the run, and never goes back", () => {
  const clock = new PastClock(at("04:00:00"));
  clock.take(event("2026-11-23T04:00:05Z", { run_id: "r" }));
  clock.take(event("2026-11-23T04:00:03Z", { mode: "paper" }));
  expect(clock.at).toBe(at("04:00:05"));
});

it("what has the wall's time does not throw it out of the simulation's day", () => {
  const clock = new PastClock(at("04:00:00"));
  clock.know(event("2026-11-23T03:59:59Z", { mode: "paper" }));
  expect(clock.at).toBe(at("04:00:00"));
  clock.take(event("2026-11-24T09:00:00Z"));
  clock.take(event("2026-11-24T09:00:00Z", { host: "vm", engine_id: "system" }));
  expect(clock.at).toBe(at("04:00:00"));
});

it("without a run every event moves it, but for a time that is none", () => {
  const clock = new PastClock(at("04:00:00"));
  clock.take(event("2026-11-23T04:00:05Z"));
  clock.take(event("soon"));
  expect(clock.at).toBe(at("04:00:05"));
});
