import { expect, test } from "vitest";

import { TAPE_ROWS, type TapeRows } from "../src/feed/protocol.js";
import { TapeModel } from "../src/state/tape-model.js";

function rows(from: number, count: number): TapeRows {
  const ids = Array.from({ length: count }, (_, index) => `a-${String(from + index)}`);
  const json = ids.map((id) =>
    JSON.stringify({ id, type: "x", timestamp: "2026-11-23T03:45:00.000000Z", payload: {} }),
  );
  return { ids, types: ids.map(() => "x"), json };
}

function add(tape: TapeModel, from: number, count: number, reset = false): void {
  tape.hear({ kind: "rows", rows: rows(from, count), reset });
}

test("a view shows the newest rows, and not more than a tape has", () => {
  const tape = new TapeModel();
  add(tape, 0, TAPE_ROWS + 1500);
  const view = tape.view();
  expect(view.length).toBe(TAPE_ROWS);
  expect(view.end).toBe(tape.end);
  expect(view.row(view.first)?.id).toBe("a-1500");
  expect(view.row(view.first - 1)).toBeUndefined();
  expect(view.row(view.end)).toBeUndefined();
});

test("what a view shows stays when the tape has long forgotten it", () => {
  const tape = new TapeModel();
  add(tape, 0, 100);
  const view = tape.view();
  add(tape, 100, 30_000);
  expect(tape.view().row(50)).toBeUndefined();
  expect(view.row(50)?.id).toBe("a-50");
  expect(view.length).toBe(100);
  expect(tape.end - view.end).toBe(30_000);
});

test("the tape is bounded however much comes", () => {
  const tape = new TapeModel();
  for (let batch = 0; batch < 100; batch += 1) {
    add(tape, batch * 1000, 1000);
    expect(tape.view().length).toBeLessThanOrEqual(TAPE_ROWS);
  }
  expect(tape.find("a-1000")).toBeUndefined();
  expect(tape.find("a-99999")?.id).toBe("a-99999");
});

test("a reset replaces the rows, counts, and gives no number twice", () => {
  const tape = new TapeModel();
  add(tape, 0, 10);
  const before = tape.view();
  add(tape, 100, 5, true);
  const after = tape.view();
  expect(tape.resets).toBe(1);
  expect(after.length).toBe(5);
  expect(after.first).toBe(before.end);
  expect(after.row(after.first)?.id).toBe("a-100");
});

test("a gap is a row that says how much is missing, and no line of an export", () => {
  const tape = new TapeModel();
  add(tape, 0, 1);
  tape.hear({ kind: "gap", missed: 7, after: "a-0" });
  add(tape, 8, 1);
  const view = tape.view();
  expect(view.row(1)).toMatchObject({ kind: "gap", gap: { missed: 7 } });
  expect(view.lines()).toEqual(rows(0, 1).json.concat(rows(8, 1).json));
});

test("a row that was opened is found when the tape has forgotten it", () => {
  const tape = new TapeModel();
  add(tape, 0, 100);
  const row = tape.view().row(7);
  if (row === undefined) throw new Error("There is no row 7.");
  tape.keep(row);
  add(tape, 100, 30_000);
  expect(tape.find("a-7")).toBe(row);
  expect(tape.find("a-8")).toBeUndefined();
});

test("of the rows that were opened the newest few are kept", () => {
  const tape = new TapeModel();
  add(tape, 0, 100);
  const view = tape.view();
  for (let number = 0; number < 100; number += 1) {
    const row = view.row(number);
    if (row !== undefined) tape.keep(row);
  }
  add(tape, 100, 30_000);
  expect(tape.find("a-79")).toBeUndefined();
  expect(tape.find("a-80")?.id).toBe("a-80");
});
