import { expect, it } from "vitest";

import { type ClockWatch, clockOf, watchClock } from "../src/model/desk-clock.js";

const NOW = Date.parse("2026-11-24T09:00:00+05:30");
const HOUR = 3_600_000;
const SECOND = 1000;

/** What was seen, as [milliseconds from the start, the desk's time]. */
function watched(seen: [number, number | null][]): ClockWatch {
  const watch = seen.reduce<ClockWatch | null>(
    (before, [ms, deskTime]) => watchClock(before, deskTime, NOW + ms),
    null,
  );
  if (watch === null) throw new Error("Nothing was seen.");
  return watch;
}

it("a desk near the wall's clock goes by it, and so does one that is not known yet", () => {
  expect(clockOf(watched([[0, NOW - 30 * SECOND]]), NOW)).toBe("same");
  expect(clockOf(watched([[0, null]]), NOW + HOUR)).toBe("same");
});

it("a clock far from the wall's is simulated once it moves, not by what is loaded at first", () => {
  const loaded: [number, number | null][] = [
    [0, null],
    [100, NOW - HOUR],
    [600, NOW - HOUR + SECOND],
  ];
  expect(clockOf(watched(loaded), NOW + 700)).toBe("unknown");
  expect(clockOf(watched([...loaded, [4000, NOW - HOUR + 9000]]), NOW + 4000)).toBe("simulated");
});

it("a clock that stands still for ten seconds has stopped, until it moves again", () => {
  const watch = watched([[0, NOW - HOUR]]);
  expect(clockOf(watch, NOW + 9 * SECOND)).toBe("unknown");
  expect(clockOf(watch, NOW + 11 * SECOND)).toBe("stopped");
  const again = watchClock(watch, NOW - HOUR + SECOND, NOW + 12 * SECOND);
  expect(clockOf(again, NOW + 12 * SECOND)).toBe("simulated");
});

it("a desk of the wall's clock that falls silent stops when it is a minute old", () => {
  const watch = watched([[0, NOW]]);
  expect(clockOf(watch, NOW + 59 * SECOND)).toBe("same");
  expect(clockOf(watch, NOW + 61 * SECOND)).toBe("stopped");
});

it("another view begins the watch anew", () => {
  const moved = watched([
    [0, NOW - HOUR],
    [5000, NOW - HOUR + SECOND],
  ]);
  expect(moved.moves).toBe(true);
  expect(watchClock(watchClock(moved, null, NOW), NOW - HOUR, NOW).moves).toBe(false);
});
