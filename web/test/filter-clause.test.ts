import { describe, expect, test } from "vitest";

import { clauseOf, mistakeOf, withClause } from "../src/model/filter-clause.js";

describe("a condition from a member of an event", () => {
  test("compares with the value, whatever its kind", () => {
    expect(clauseOf(["payload", "qty"], 65)).toBe("payload.qty == 65");
    expect(clauseOf(["payload", "side"], "BUY")).toBe('payload.side == "BUY"');
    expect(clauseOf(["payload", "open"], true)).toBe("payload.open == true");
    expect(clauseOf(["source", "host"], null)).toBe("source.host == null");
    expect(clauseOf(["type"], "order_event")).toBe('type == "order_event"');
  });

  test("names members that are no identifiers, and places in lists", () => {
    expect(clauseOf(["payload", "symbols", 0, "a b"], 1)).toBe('payload.symbols[0]["a b"] == 1');
    expect(clauseOf(["payload", "in"], 1)).toBe('payload["in"] == 1');
    expect(clauseOf(["payload", 'a"b'], 1)).toBe('payload["a\\"b"] == 1');
  });

  test("quotes what texts may hold", () => {
    expect(clauseOf(["payload", "x"], 'say "no"\\\n')).toBe('payload.x == "say \\"no\\"\\\\\\n"');
  });

  test("is none for the id, for things, and for what is too long", () => {
    expect(clauseOf(["id"], "a-1")).toBeNull();
    expect(clauseOf([], "a")).toBeNull();
    expect(clauseOf(["payload", "x"], {})).toBeNull();
    expect(clauseOf(["payload", "x"], undefined)).toBeNull();
    expect(clauseOf(["payload", "x"], "a".repeat(300))).toBeNull();
  });
});

describe("one more condition", () => {
  test("is all of an empty filter", () => {
    expect(withClause("  ", "a == 1")).toBe("a == 1");
  });

  test("is anded to what is there", () => {
    expect(withClause("a == 1", "b == 2")).toBe("a == 1 && b == 2");
    expect(withClause("a == 1 || c == 3", "b == 2")).toBe("(a == 1 || c == 3) && b == 2");
  });

  test("is not said twice", () => {
    expect(withClause("a == 1", "a == 1")).toBe("a == 1");
    expect(withClause("a == 1 && b == 2", "b == 2")).toBe("a == 1 && b == 2");
  });
});

describe("a mistake", () => {
  test("is at the column the server names", () => {
    expect(mistakeOf("filter, column 15: write == to compare.")).toEqual({
      sentence: "write == to compare.",
      before: 14,
    });
  });

  test("is only a sentence when it names none", () => {
    expect(mistakeOf("The server is away.")).toEqual({
      sentence: "The server is away.",
      before: null,
    });
  });
});
