import { expect, test } from "vitest";

import { boundBehind, seqOf } from "../src/model/event-id.js";

test("the bound behind an event is the next number of its epoch", () => {
  expect(boundBehind("9f3c21-41806")).toBe("9f3c21-41807");
  expect(boundBehind("a-b-9")).toBe("a-b-10");
});

test("what is no id has no bound", () => {
  for (const id of ["", "x", "-5", "a-", "a-x", "a-99999999999999999999"]) {
    expect(boundBehind(id)).toBeNull();
  }
});

test("the number of what is no id is before all others", () => {
  expect(seqOf("9f3c21-7")).toBe(7);
  expect([seqOf("x"), seqOf(null), seqOf(undefined), seqOf("")]).toEqual([-1, -1, -1, -1]);
});
