import { afterEach, beforeEach, expect, test } from "vitest";

import { FeedHub } from "../src/feed/feed-hub.js";
import { TAPE_HISTORY, TAPE_ROWS } from "../src/feed/protocol.js";
import { FeedServer } from "./feed-server.js";
import { clientOf, numbers, Tab, until } from "./feed-tab.js";

let server: FeedServer;
let hub: FeedHub;
let tabs: Tab[];

beforeEach(async () => {
  server = new FeedServer();
  await server.start();
  hub = new FeedHub(clientOf(server));
  tabs = [];
});

afterEach(async () => {
  for (const tab of tabs) tab.close();
  await server.stop();
});

function tab(): Tab {
  const made = new Tab(hub);
  tabs.push(made);
  return made;
}

function loaded(each: Tab): boolean {
  return each.last("connection")?.connection.state === "open" && each.last("refresh") !== undefined;
}

async function openTab(asked: Parameters<Tab["open"]>[0] = {}): Promise<Tab> {
  const made = tab().open(asked);
  await until(() => loaded(made) && made.last("rows") !== undefined, "the tab has its data");
  return made;
}

test("two tabs share one stream, and both get every event", async () => {
  server.publishMany(3);
  const first = await openTab();
  const second = await openTab();
  server.publishMany(3);
  await until(() => first.rows().length === 6 && second.rows().length === 6, "six rows in both");
  expect(first.rows()).toEqual(numbers(1, 6));
  expect(second.rows()).toEqual(numbers(1, 6));
  expect(server.streams).toBe(1);
  expect(server.asked.filter((path) => path.startsWith("stream"))).toHaveLength(1);
});

test("the stream ends when the last tab is closed, and not before", async () => {
  const first = await openTab();
  const second = await openTab();
  first.close();
  server.publishMany(1);
  await until(() => second.rows().length === 1, "the other goes on");
  expect(first.rows()).toEqual([]);
  second.close();
  await until(() => server.streams === 0, "the stream ends");
});

test("a tab that comes later is shown what was before it", async () => {
  const first = await openTab();
  server.publish("position_event", { symbol: "INFY", position_size: 5, scope: "strategy" });
  server.publishMany(4);
  await until(() => first.rows().length === 5, "five rows");
  const second = await openTab();
  expect(second.rows()).toEqual(numbers(1, 5));
  expect(second.desk.positions?.map(({ symbol, size }) => [symbol, size])).toEqual([["INFY", 5]]);
});

test("a tab that nobody sees is sent nothing, and has everything when it is seen", async () => {
  const other = await openTab();
  const hidden = await openTab();
  hidden.say({ kind: "visible", visible: false });
  hidden.messages.length = 0;
  server.publish("position_event", { symbol: "TCS", position_size: -7, scope: "strategy" });
  server.publishMany(9);
  await until(() => other.rows().length === 10, "the other tab has ten rows");
  expect(hidden.messages).toEqual([]);

  hidden.say({ kind: "visible", visible: true });
  await until(() => hidden.rows().length === 10, "the tab that is seen again has them, too");
  expect(hidden.rows()).toEqual(numbers(1, 10));
  expect(hidden.desk.positions?.map(({ symbol, size }) => [symbol, size])).toEqual([["TCS", -7]]);
  expect(hidden.last("refresh")).toBeDefined();
});

test("no row is lost or doubled when the connection breaks again and again", async () => {
  const one = await openTab();
  for (let round = 1; round <= 5; round += 1) {
    server.publishMany(7);
    server.breakStreams();
    server.publishMany(3);
    await until(() => server.streams === 1 && one.rows().length === 10 * round, "all rows");
  }
  expect(one.rows()).toEqual(numbers(1, 50));
});

test("a server that is away is told, and when it is back the rows go on", async () => {
  const one = await openTab();
  server.publishMany(2);
  await until(() => one.rows().length === 2, "two rows");
  await server.stop();
  await until(() => one.last("connection")?.connection.state === "waiting", "that it is away");
  expect(one.last("connection")?.connection.retryAt).not.toBeNull();
  server.publishMany(3);
  await server.start();
  await until(() => one.rows().length === 5, "the rows of meanwhile");
  expect(one.rows()).toEqual(numbers(1, 5));
  expect(one.last("connection")?.connection.state).toBe("open");
});

test("a long absence loses no row that the tape has room for", async () => {
  const one = await openTab();
  server.publishMany(1);
  await until(() => one.rows().length === 1, "the first row");
  server.breakStreams();
  server.publishMany(6 * TAPE_HISTORY);
  await until(() => one.rows().at(-1) === 6 * TAPE_HISTORY + 1, "the newest row");
  expect(one.rows()).toEqual(numbers(1, 6 * TAPE_HISTORY + 1));
});

test("of more rows than the tape has room for, the newest are there without a hole", async () => {
  const one = await openTab();
  server.publishMany(1);
  await until(() => one.rows().length === 1, "the first row");
  server.breakStreams();
  server.publishMany(TAPE_ROWS + 3000);
  await until(() => one.rows().at(-1) === TAPE_ROWS + 3001, "the newest row", 20);
  expect(one.rows()).toEqual(numbers(3002, TAPE_ROWS + 3001));
});

test("events that are gone leave a gap in their place, and the state is asked for anew", async () => {
  const one = await openTab();
  server.publishMany(3);
  await until(() => one.rows().length === 3, "three rows");
  const before = server.asked.filter((path) => path.startsWith("latest")).length;
  one.messages.length = 0;
  server.tellGap(12);
  server.publishMany(1);
  await until(() => one.rows().length === 5, "a gap, and what comes after it");
  expect(one.rows()).toEqual([1, 2, 3, "gap", 4]);
  expect(one.last("gap")?.missed).toBe(12);
  await until(() => one.last("refresh") !== undefined, "panels ask again");
  expect(server.asked.filter((path) => path.startsWith("latest")).length).toBeGreaterThan(before);
});

test("a gap comes after the rows that came before it", async () => {
  const one = await openTab();
  server.publishMany(3);
  server.tellGap(2);
  server.publishMany(2);
  await until(() => one.rows().length === 6, "five rows and the gap");
  expect(one.rows()).toEqual([1, 2, 3, "gap", 4, 5]);
});

test("another history is another desk: what the old one held is gone", async () => {
  server.publish("position_event", { symbol: "INFY", position_size: 5, scope: "strategy" });
  const one = await openTab();
  await until(() => one.desk.positions?.length === 1, "the position");
  await server.stop();
  server.beginEpoch("b");
  server.publish("position_event", { symbol: "TCS", position_size: 1, scope: "strategy" });
  await server.start();
  await until(() => one.desk.positions?.[0]?.symbol === "TCS", "the new position");
  expect(one.desk.positions).toHaveLength(1);
  expect(one.rows()).toEqual([1, "gap", 1]);
});

test("the state is asked for until it is told", async () => {
  let refused = 0;
  server.refuse = (path) => {
    if (path !== "latest" || refused >= 7) return undefined;
    refused += 1;
    return { status: 503, code: "busy" };
  };
  server.publish("position_event", { symbol: "INFY", position_size: 5, scope: "strategy" });
  const one = await openTab();
  expect(refused).toBe(7);
  expect(one.desk.positions).toHaveLength(1);
});

test("a server that wants to know who asks is not asked for ever", async () => {
  server.refuse = () => ({ status: 401, code: "unauthorized" });
  const one = tab().open();
  await until(() => one.last("connection")?.connection.state === "closed", "the stream is over");
  expect(one.last("connection")?.connection.error?.status).toBe(401);
});

test("panels get their events: of candles those of the symbol and timeframe watched", async () => {
  const watch = { symbol: "INFY", exchange: "NSE", timeframe: "5m" };
  const one = await openTab({ watch });
  const other = await openTab();
  const candle = { symbol: "INFY", exchange: "NSE", timeframe: "5m" };
  const wanted = [
    server.publish("candle_event", candle),
    server.publish("signal_event", { symbol: "TCS" }),
    server.publish("indicator_event", { ...candle, indicators: {} }),
  ];
  server.publish("candle_event", { ...candle, timeframe: "1m" });
  server.publish("candle_event", { ...candle, symbol: "TCS" });
  server.publish("candle_event", { ...candle, exchange: "BSE" });
  server.publish("n_event", {});
  await until(() => one.rows().length === 7 && other.rows().length === 7, "all rows");
  expect(one.events.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id));
  expect(other.events.map(({ type }) => type)).toEqual(["signal_event"]);

  one.say({ kind: "watch", watch: { ...watch, timeframe: "1m" } });
  one.events.length = 0;
  server.publish("candle_event", { ...candle, timeframe: "1m" });
  await until(() => one.rows().length === 8, "the row");
  expect(one.events).toHaveLength(1);
});

test("more events at a time than panels go on with: they ask again", async () => {
  const one = await openTab();
  one.messages.length = 0;
  server.publishMany(2000, "signal_event");
  await until(() => one.last("refresh") !== undefined, "that panels ask again");
  await until(() => one.rows().length === 2000, "every row");
});

test("the meter tells events by the second and that nothing is behind", async () => {
  const one = await openTab();
  server.publishMany(25);
  const total = (): number => one.last("meter")?.meter.perSecond.reduce((a, b) => a + b, 0) ?? 0;
  await until(() => total() === 25 && one.last("meter")?.meter.behind === 0, "the meter");
  expect(one.last("meter")?.meter.subscribers).toBe(1);
});
