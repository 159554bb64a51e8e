import { afterEach, beforeEach, expect, test } from "vitest";

import { FeedHub } from "../src/feed/feed-hub.js";
import type { DeskEvent } from "../src/model/event.js";
import { FeedServer } from "./feed-server.js";
import { clientOf, numbers, Tab, until } from "./feed-tab.js";

let server: FeedServer;
let one: Tab;
let moments: DeskEvent[];

function position(symbol: string, size: number): DeskEvent {
  return server.publish("position_event", { symbol, position_size: size, scope: "strategy" });
}

beforeEach(async () => {
  server = new FeedServer();
  await server.start();
  one = new Tab(new FeedHub(clientOf(server)));
  moments = [position("INFY", 1), position("TCS", 2), position("INFY", 3), position("TCS", 4)];
});

afterEach(async () => {
  one.close();
  await server.stop();
});

function moment(index: number): string {
  const found = moments[index];
  if (found === undefined) throw new Error(`There is no moment ${String(index)}.`);
  return found.timestamp;
}

function sizes(): Record<string, number> {
  return Object.fromEntries((one.desk.positions ?? []).map(({ symbol, size }) => [symbol, size]));
}

test("a moment of the past is shown as it was, without what came later", async () => {
  one.open({ view: { kind: "at", at: moment(1) } });
  await until(() => one.last("refresh") !== undefined && one.rows().length > 0, "the moment");
  await until(() => one.desk.positions?.length === 2, "both positions");
  expect(sizes()).toEqual({ INFY: 1, TCS: 2 });
  expect(one.rows()).toEqual([1, 2]);
  expect(one.last("cursor")?.at).toBe(Date.parse(moment(1)));
  expect(one.last("connection")?.connection.state).toBe("open");
});

test("what happens meanwhile is not shown in the past, and is there live again", async () => {
  one.open({ view: { kind: "at", at: moment(1) } });
  await until(() => one.rows().length === 2, "the moment");
  const live = new Tab(new FeedHub(clientOf(server))).open();
  position("INFY", 9);
  await until(() => live.rows().length === 5, "another page has it");
  live.close();
  expect(sizes()).toEqual({ INFY: 1, TCS: 2 });
  expect(one.rows()).toEqual([1, 2]);

  one.say({ kind: "view", view: { kind: "live" } });
  await until(() => one.rows().length === 5, "all rows");
  expect(sizes()).toEqual({ INFY: 9, TCS: 4 });
});

test("a play-back goes on from the moment, moves the cursor, and ends without an error", async () => {
  const view = { kind: "play", from: moment(1), until: moment(3), speed: 100 } as const;
  one.open({ view });
  await until(() => one.last("connection")?.connection.state === "closed", "the end");
  await until(() => one.last("cursor")?.at === Date.parse(moment(3)), "the cursor at the end");
  expect(one.last("connection")?.connection.error).toBeNull();
  expect(sizes()).toEqual({ INFY: 3, TCS: 4 });
  // The event at the very moment is both in the rows before it and in the play-back.
  await until(() => one.rows().at(-1) === 4, "the last row");
  expect(one.rows()).toEqual(numbers(1, 4));
});

test("a tape with a filter in the past has the rows that match until then", async () => {
  one.open({ view: { kind: "at", at: moment(2) }, tape: { symbol: "INFY" } });
  await until(() => one.rows().length === 2, "the rows");
  expect(one.rows()).toEqual([1, 3]);
});

test("a history that cannot be read is told with its reason", async () => {
  server.refuse = (path) =>
    path === "latest" ? { status: 503, code: "store_unreadable" } : undefined;
  one.open({ view: { kind: "at", at: moment(2) } });
  await until(() => one.last("connection")?.connection.state === "closed", "that it failed");
  expect(one.last("connection")?.connection.error).toMatchObject({ code: "store_unreadable" });
  server.refuse = () => undefined;
  one.say({ kind: "view", view: { kind: "at", at: moment(1) } });
  await until(() => one.last("connection")?.connection.state === "open", "another moment");
});

test("jumping about leaves only the last moment, and no stream behind", async () => {
  one.open({ view: { kind: "play", from: moment(0), until: null, speed: 1 } });
  for (const index of [3, 2, 1, 0]) {
    one.say({ kind: "view", view: { kind: "at", at: moment(index) } });
  }
  await until(() => one.last("refresh") !== undefined && one.rows().length === 1, "the moment");
  await until(() => one.desk.positions?.length === 1, "the position of then");
  expect(sizes()).toEqual({ INFY: 1 });
  await until(() => server.streams === 1, "only the live stream is left");
});
