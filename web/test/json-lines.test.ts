import { expect, test } from "vitest";

import { jsonLines, type JsonLine } from "../src/model/json-lines.js";

const written = (lines: readonly JsonLine[]): string =>
  lines
    .map(({ depth, name, text, comma }) => {
      const label = name === null ? "" : `${JSON.stringify(name)}: `;
      return "  ".repeat(depth) + label + text + (comma ? "," : "");
    })
    .join("\n");

test("lines are what JSON.stringify writes", () => {
  const value = {
    id: "a-1",
    payload: { qty: 65, deep: { list: [1, "two", null, { x: true }], none: [], nothing: {} } },
    text: 'say "no"\n',
  };
  expect(written(jsonLines(value).lines)).toBe(JSON.stringify(value, null, 2));
});

test("a line knows its member and its value", () => {
  const { lines } = jsonLines({ payload: { symbols: [{ symbol: "A" }] } });
  expect(lines.find(({ name }) => name === "symbol")).toMatchObject({
    path: ["payload", "symbols", 0, "symbol"],
    value: "A",
    kind: "string",
  });
});

test("what is too long is cut, and how much is told", () => {
  const { lines, more } = jsonLines(Array.from({ length: 5000 }, (_, index) => index));
  expect(lines).toHaveLength(1500);
  expect(more).toBe(5002 - 1500);
});

test("any value has lines", () => {
  expect(written(jsonLines(null).lines)).toBe("null");
  expect(written(jsonLines("x").lines)).toBe('"x"');
  expect(written(jsonLines([]).lines)).toBe("[]");
});

test("marks that turn the direction of writing are spelt out", () => {
  const [, line] = jsonLines({ name: "a\u202eb" }).lines;
  expect(line?.text).toBe('"a\\u202eb"');
  expect(JSON.parse(line?.text ?? "")).toBe("a\u202eb");
});
