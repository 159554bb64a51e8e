import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { FeedHub } from "../src/feed/feed-hub.js";
import { FeedServer } from "./feed-server.js";
import { clientOf, numbers, Tab, until } from "./feed-tab.js";

let server: FeedServer;
let hub: FeedHub;
let one: Tab;

beforeEach(async () => {
  server = new FeedServer();
  await server.start();
  hub = new FeedHub(clientOf(server));
  one = new Tab(hub);
});

afterEach(async () => {
  vi.useRealTimers();
  one.close();
  await server.stop();
});

test("a tape with a filter has a stream of its own, from some rows of the past on", async () => {
  server.publishMany(3, "a_event");
  server.publishMany(3, "b_event");
  one.open({ tape: { event_type: ["b_event"] } });
  await until(() => one.rows().length === 3, "the rows of before");
  server.publish("a_event");
  server.publish("b_event");
  await until(() => one.rows().length === 4, "the row of now");
  expect(one.rows()).toEqual([4, 5, 6, 8]);
  expect(server.streams).toBe(2);

  one.say({ kind: "tape", tape: {} });
  await until(() => one.rows().length === 8, "all rows");
  expect(one.rows()).toEqual(numbers(1, 8));
  await until(() => server.streams === 1, "the stream of the filter ends");
});

test("a filtered tape loses and doubles no row when its connection breaks", async () => {
  one.open({ tape: { event_type: ["b_event"] } });
  await until(() => server.streams === 2, "both streams");
  for (let round = 1; round <= 3; round += 1) {
    server.publishMany(4, "b_event");
    server.breakStreams();
    server.publishMany(4, "b_event");
    await until(() => one.rows().length === 8 * round, "all rows");
  }
  expect(one.rows()).toEqual(numbers(1, 24));
});

test("a filtered tape tells of a gap once", async () => {
  one.open({ tape: { event_type: ["b_event"] } });
  await until(() => server.streams === 2, "both streams");
  server.publishMany(2, "b_event");
  await until(() => one.rows().length === 2, "two rows");
  server.tellGap(5);
  server.publishMany(1, "b_event");
  await until(() => one.rows().at(-1) === 3, "the row after the gap");
  expect(one.rows()).toEqual([1, 2, "gap", 3]);
});

test("a filter that is wrong is told with the server's words, and forgotten with the next", async () => {
  server.refuse = (path, query) =>
    path === "stream" && query.get("filter") === "payload.x =="
      ? { status: 400, code: "invalid_filter" }
      : undefined;
  server.publishMany(2);
  one.open();
  await until(() => one.rows().length === 2, "the rows");
  one.say({ kind: "tape", tape: { filter: "payload.x ==" } });
  await until(() => one.last("tape-error")?.error != null, "the mistake");
  expect(one.last("tape-error")?.error).toMatchObject({
    code: "invalid_filter",
    status: 400,
    message: "stream is refused.",
  });
  expect(one.last("connection")?.connection.state).toBe("open");
  one.say({ kind: "tape", tape: {} });
  await until(() => one.rows().length === 2 && one.last("tape-error")?.error === null, "rows");
});

test("closing a tab ends the stream of its filter, too", async () => {
  one.open({ tape: { event_type: ["b_event"] } });
  await until(() => server.streams === 2, "both streams");
  one.close();
  await until(() => server.streams === 0, "none");
});

test("a tab nobody sees lets go of the stream of its filter", async () => {
  one.open({ tape: { event_type: ["b_event"] } });
  await until(() => server.streams === 2, "both streams");
  one.say({ kind: "visible", visible: false });
  await until(() => server.streams === 1, "the shared one stays");
});

test("a tab that was given up opens again, and then has everything", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
  one.open();
  vi.advanceTimersByTime(100_000);
  one.say({ kind: "here" });
  vi.advanceTimersByTime(100_000);
  expect(one.last("reopen")).toBeUndefined();
  vi.advanceTimersByTime(200_000); // and not a word
  vi.useRealTimers();
  await until(() => server.streams === 0, "the stream ended");
  one.messages.length = 0;
  one.say({ kind: "here" });
  expect(one.messages).toEqual([{ kind: "reopen" }]);
  server.publishMany(2);
  one.open();
  await until(() => one.rows().length === 2, "the rows");
});
