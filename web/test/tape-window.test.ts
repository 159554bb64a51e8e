import { expect, test } from "vitest";

import { TapeBuffer } from "../src/feed/tape-buffer.js";
import { newerThan, paint, repaint, standStill } from "../src/panels/tape-window.js";
import { TapeModel } from "../src/state/tape-model.js";
import { position } from "./events.js";

function add(tape: TapeModel, from: number, count: number, reset = false): void {
  const buffer = new TapeBuffer(20_000);
  for (let i = 0; i < count; i += 1) buffer.push(position(from + i, "INFY", i));
  tape.hear({ kind: "rows", rows: buffer.take(), reset });
}

test("what follows shows the newest rows at each repaint", () => {
  const tape = new TapeModel();
  add(tape, 0, 3);
  const first = paint(tape);
  add(tape, 3, 2);
  const next = repaint(first, tape);
  expect(next.view.end).toBe(5);
  expect(newerThan(next)).toBe(0);
});

test("what stands still shows the same rows, and counts what came, however much", () => {
  const tape = new TapeModel();
  add(tape, 0, 100);
  const still = standStill(paint(tape), "scrolled");
  for (let batch = 0; batch < 5; batch += 1) add(tape, 100 + batch * 5000, 5000);
  const later = repaint(still, tape);
  expect(later.view).toBe(still.view);
  expect(later.view.row(0)?.id).toBe("9f3c21-0");
  expect(newerThan(later)).toBe(25_000);
});

test("what was sent anew cannot be counted", () => {
  const tape = new TapeModel();
  add(tape, 0, 100);
  const still = standStill(paint(tape), "paused");
  add(tape, 50, 100, true);
  const later = repaint(still, tape);
  expect(later.view.length).toBe(100);
  expect(newerThan(later)).toBeNull();
});

test("a pause is not weakened by scrolling, and a scroll becomes a pause", () => {
  const paused = standStill(paint(new TapeModel()), "paused");
  expect(standStill(paused, "scrolled").standing?.reason).toBe("paused");
  const scrolled = standStill(paint(new TapeModel()), "scrolled");
  expect(standStill(scrolled, "chosen").standing?.reason).toBe("chosen");
  expect(standStill(scrolled, "paused").standing?.reason).toBe("paused");
});
