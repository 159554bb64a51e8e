import { describe, expect, test } from "vitest";

import { TapeBuffer } from "../src/feed/tape-buffer.js";
import { TAPE_ROWS, type TapeRows } from "../src/feed/protocol.js";
import { TapeModel } from "../src/state/tape-model.js";
import { position } from "./events.js";

function rows(from: number, count: number): TapeRows {
  const buffer = new TapeBuffer(TAPE_ROWS * 2);
  for (let i = 0; i < count; i += 1) buffer.push(position(from + i, "INFY", i));
  return buffer.take();
}

describe("the tape", () => {
  test("gives rows by number, oldest first", () => {
    const tape = new TapeModel();
    tape.hear({ kind: "rows", rows: rows(1, 3), reset: true });
    expect(tape.view().length).toBe(3);
    expect(tape.view().row(tape.view().first)).toMatchObject({ kind: "event", id: "9f3c21-1" });
    expect(tape.view().row(tape.view().first + 2)).toMatchObject({ event: { payload: { position_size: 2 } } });
    expect(tape.view().row(tape.view().first + 3)).toBeUndefined();
  });

  test("keeps a row's number while older ones leave", () => {
    const tape = new TapeModel();
    tape.hear({ kind: "rows", rows: rows(0, TAPE_ROWS), reset: true });
    const number = tape.view().first + TAPE_ROWS - 1;
    const before = tape.view().row(number);
    for (let i = 1; i <= 5; i += 1) {
      tape.hear({ kind: "rows", rows: rows(i * 1000 + TAPE_ROWS, 1000), reset: false });
    }
    expect(tape.view().length).toBeLessThanOrEqual(TAPE_ROWS + 2000);
    expect(tape.view().first).toBeGreaterThan(0);
    expect(tape.view().row(number)).toEqual(before);
  });

  test("begins anew when told to, with other numbers", () => {
    const tape = new TapeModel();
    tape.hear({ kind: "rows", rows: rows(1, 3), reset: true });
    const old = tape.view().first;
    tape.hear({ kind: "rows", rows: rows(7, 1), reset: true });
    expect(tape.view().length).toBe(1);
    expect(tape.view().first).toBe(old + 3);
    expect(tape.view().row(old)).toBeUndefined();
  });

  test("says where events are missing", () => {
    const tape = new TapeModel();
    tape.hear({ kind: "gap", missed: 12, after: "9f3c21-1" });
    expect(tape.view().row(tape.view().first)).toMatchObject({ kind: "gap", gap: { missed: 12 } });
    expect(tape.view().lines()).toEqual([]);
  });

  test("tells who looks that it changed", () => {
    const tape = new TapeModel();
    let told = 0;
    const stop = tape.subscribe(() => (told += 1));
    const version = tape.version();
    tape.hear({ kind: "rows", rows: rows(1, 1), reset: false });
    stop();
    tape.hear({ kind: "rows", rows: rows(2, 1), reset: false });
    expect(told).toBe(1);
    expect(tape.version()).toBe(version + 2);
  });
});

test("a buffer gives the newest when more came than it may keep", () => {
  const buffer = new TapeBuffer(10);
  for (let i = 0; i < 100; i += 1) buffer.push(position(i, "INFY", i));
  expect(buffer.newest(3).ids).toEqual(["9f3c21-97", "9f3c21-98", "9f3c21-99"]);
  expect(buffer.take().ids).toHaveLength(10);
  expect(buffer.length).toBe(0);
});
