// The parser of event streams: the standard's rules, and bytes cut anywhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SseParser, type SseMessage } from "#dist/sse.js";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function parse(text: string | Uint8Array, parser = new SseParser(1 << 20)): SseMessage[] {
  const out: SseMessage[] = [];
  parser.push(typeof text === "string" ? bytesOf(text) : text, out);
  return out;
}
const message = (data: string, event = "", id = ""): SseMessage => ({ event, data, id });

test("fields make a message when an empty line follows", () => {
  assert.deepEqual(parse("event: gap\nid: e-1\ndata: {}\n\n"), [message("{}", "gap", "e-1")]);
  assert.deepEqual(parse("data: 1\nid: e-1\n"), []);
});

test("one space after the colon is dropped, no more", () => {
  assert.deepEqual(parse("data:a\n\ndata:  b\n\ndata\n\n"), [
    message("a"),
    message(" b"),
    message(""),
  ]);
});

test("several data lines are joined by line feeds", () => {
  assert.deepEqual(parse("data: a\ndata:\ndata: c\n\n"), [message("a\n\nc")]);
});

test("lines end with LF, CR or both", () => {
  for (const end of ["\n", "\r", "\r\n"]) {
    const lines = ["id: 1", "data: a", "data: b", "", "data: c", "", ""];
    assert.deepEqual(parse(lines.join(end)), [message("a\nb", "", "1"), message("c", "", "1")]);
  }
  assert.deepEqual(parse("data: a\r\rdata: b\n\r\n"), [message("a"), message("b")]);
});

test("an event that CR ends is there before the next byte", () => {
  const parser = new SseParser(100);
  assert.deepEqual(parse("data: a\r\r", parser), [message("a")]);
  assert.deepEqual(parse("\ndata: b\r\n\r", parser), [message("b")]);
  assert.deepEqual(parse("\ndata: c\r", parser), []);
  assert.deepEqual(parse("\ndata: d\r\n\r\n", parser), [message("c\nd")]);
});

test("a byte order mark is dropped at the start only", () => {
  assert.deepEqual(parse("\ufeffdata: a\n\n\ufeffdata: b\n\n"), [message("a")]);
  assert.deepEqual(parse("data: \ufeffa\n\n"), [message("\ufeffa")]);
});

test("comments and unknown fields are passed over", () => {
  assert.deepEqual(parse(": data: x\n:\nfoo: bar\nDATA: x\ndata: a\n\n"), [message("a")]);
});

test("an id is in force when its block ends, even without data, and stays", () => {
  const parser = new SseParser(100, "e-0");
  assert.deepEqual(parse("id: e-1\n", parser), []);
  assert.equal(parser.lastEventId, "e-0");
  assert.deepEqual(parse("\n", parser), []);
  assert.equal(parser.lastEventId, "e-1");
  assert.deepEqual(parse("data: a\n\nid: b\0d\ndata: b\n\nid\ndata: c\n\n", parser), [
    message("a", "", "e-1"),
    message("b", "", "e-1"),
    message("c", "", ""),
  ]);
});

test("retry is taken when it is digits", () => {
  const parser = new SseParser(100);
  parse("retry: 2x\nretry: -1\n\n", parser);
  assert.equal(parser.retryMs, undefined);
  parse("retry: 1500\n\n", parser);
  assert.equal(parser.retryMs, 1500);
});

test("an event name holds for one message", () => {
  assert.deepEqual(parse("event: x\n\ndata: a\n\n"), [message("a")]);
});

test("invalid UTF-8 becomes replacement characters and breaks nothing", () => {
  const bytes = new Uint8Array([
    ...bytesOf("data: "),
    0xff,
    0xe2,
    0x82,
    ...bytesOf("\n\ndata: b\n\n"),
  ]);
  assert.deepEqual(parse(bytes), [message("\ufffd\ufffd"), message("b")]);
});

test("an event beyond the limit is an error, in one line, in many, and without an end", () => {
  const tooLarge = { code: "event_too_large" };
  assert.deepEqual(parse(`data: ${"x".repeat(100)}\n\n`, new SseParser(100))[0]?.data.length, 100);
  assert.throws(() => parse(`data: ${"x".repeat(101)}\n\n`, new SseParser(100)), tooLarge);
  assert.throws(() => parse("data: 123456789\n".repeat(11), new SseParser(100)), tooLarge);
  const parser = new SseParser(100);
  parse("x".repeat(100), parser);
  assert.throws(() => parse("x", parser), tooLarge);
});

test("bytes cut anywhere give the same messages", () => {
  let state = 20251118; // the same cuts in each run
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pieces = [
    'data: {"a":1}\n\n',
    "id: e-7\ndata: €\u{1F4C8}ü\r\n\r\n",
    ": heartbeat\r",
    "event: gap\rdata: x\r\r",
    "data\ndata:  y\n\n",
    "retry: 10\n\n",
    "\n",
    "\r\n",
    "\r",
    "id\n",
    "\ufeff",
    "data:z\r\n\n",
    "data: p\r\ndata: q\r\nid: e-9\r\n\r\n",
    "id: \0\n",
    "nonsense\n",
  ];
  for (let round = 0; round < 500; ++round) {
    const text = Array.from({ length: 1 + random(30) }, () => pieces[random(pieces.length)]).join(
      "",
    );
    const bytes = bytesOf(text);
    if (random(3) === 0 && bytes.length > 0) bytes[random(bytes.length)] = random(256);
    const whole = new SseParser(1000);
    const expected = parse(bytes, whole);
    const cut = new SseParser(1000);
    const got: SseMessage[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + random(random(2) === 0 ? 3 : 40));
      const shared = bytes.slice(at, end);
      cut.push(shared, got);
      shared.fill(120); // what the parser keeps must be its own
      at = end;
    }
    assert.deepEqual(got, expected, JSON.stringify(text));
    assert.equal(cut.lastEventId, whole.lastEventId);
    assert.equal(cut.retryMs, whole.retryMs);
  }
});
