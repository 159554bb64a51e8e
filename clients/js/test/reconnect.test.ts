// How a stream comes back, against raw servers that say what the real one says rarely.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Tapedeck, type StreamState, type VisibilitySource } from "@tapedeck/client";
import { backoffMs, DEFAULT_BACKOFF } from "#dist/backoff.js";
import { parseRetryAfter } from "#dist/errors.js";
import { answer, frame, rawServer, STREAM_HEAD, until, type RawRequest } from "./support/server.js";

const QUICK = { minMs: 1, baseMs: 5, maxMs: 10 };
const delays = (states: StreamState[]): number[] =>
  states.flatMap((s) => (s.state === "waiting" ? [s.delayMs] : []));

test("waits lie between the bounds, which double up to the largest", () => {
  for (const [failures, upper] of [
    [0, 1000],
    [1, 2000],
    [4, 16_000],
    [5, 30_000],
    [5000, 30_000],
  ]) {
    for (const random of [0, 0.25, 0.999999]) {
      const ms = backoffMs(failures!, { ...DEFAULT_BACKOFF, random: () => random });
      assert.ok(
        Math.abs(ms - (100 + random * (upper! - 100))) < 1e-6,
        `${failures} ${random} ${ms}`,
      );
    }
  }
});

test("a wait is never shorter than what the server asked for, and at most a quarter longer", () => {
  const policy = { ...DEFAULT_BACKOFF, baseMs: 10, minMs: 10 };
  assert.equal(backoffMs(0, { ...policy, random: () => 0 }, 60_000), 60_000);
  assert.equal(backoffMs(0, { ...policy, random: () => 1 }, 60_000), 75_000);
  assert.equal(backoffMs(0, { ...policy, random: () => 0 }, 0), 10);
  assert.equal(backoffMs(0, policy, 1e12), 86_400_000);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2025-11-18T07:55:41Z");
  assert.equal(parseRetryAfter("7", now), 7000);
  assert.equal(parseRetryAfter("Tue, 18 Nov 2025 07:55:51 GMT", now), 10_000);
  assert.equal(parseRetryAfter("Tue, 18 Nov 2025 07:00:00 GMT", now), 0);
  assert.equal(parseRetryAfter("soon", now), undefined);
  assert.equal(parseRetryAfter(null, now), undefined);
});

test("each attempt asks for what follows the last event, with the same parameters", async (t) => {
  const server = await rawServer(
    t,
    ({ socket }) => socket.end(STREAM_HEAD + frame(1) + frame(2) + frame(3).slice(0, 40)),
    ({ socket }) => socket.end(STREAM_HEAD),
    ({ socket }) => socket.end(STREAM_HEAD + frame(3) + "event: heartbeat\nid: e-9\ndata: {}\n\n"),
    ({ socket }) => socket.end(answer("204 No Content", [], "")),
  );
  const tapedeck = new Tapedeck({ url: server.url, reconnect: QUICK });
  const ids: string[] = [];
  for await (const event of tapedeck.stream({ symbol: ["A&B", "C"], since: "e-0" }))
    ids.push(event.id);
  assert.deepEqual(ids, ["e-1", "e-2", "e-3"]);
  const asked = server.requests.map(({ head }) => /last-event-id: (.*)/i.exec(head)?.[1]);
  assert.deepEqual(asked, [undefined, "e-2", "e-2", "e-9"]);
  for (const { head } of server.requests) {
    assert.match(head, /^GET \/api\/telemetry\/stream\?symbol=A%26B%2CC&since=e-0 HTTP/);
    assert.match(head, /\naccept: text\/event-stream\r/i);
  }
});

test("a 429 or 503 is waited out for as long as it says", async (t) => {
  const body = '{"ok":false,"error":"Slow down.","code":"rate_limited"}';
  const server = await rawServer(
    t,
    ({ socket }) => socket.end(answer("429 Too Many Requests", ["Retry-After: 1"], body)),
    ({ socket }) => socket.end(answer("503 Service Unavailable", [], "busy")),
    ({ socket }) => socket.end(answer("204 No Content", [], "")),
  );
  const states: StreamState[] = [];
  const tapedeck = new Tapedeck({ url: server.url, reconnect: { ...QUICK, random: () => 0.5 } });
  const started = performance.now();
  for await (const _ of tapedeck.stream({ onState: (s) => states.push(s) }));
  assert.deepEqual(delays(states), [1125, 5.5]);
  assert.ok(performance.now() - started >= 1000);
  const waiting = states.find((s) => s.state === "waiting");
  assert.equal(waiting?.state === "waiting" && waiting.error?.code, "rate_limited");
});

test("retry: is the longest first wait, and a shutdown's is kept to", async (t) => {
  const server = await rawServer(
    t,
    ({ socket }) => socket.end(STREAM_HEAD + "retry: 41\nevent: connection\ndata: {}\n\n"),
    ({ socket }) => socket.end(STREAM_HEAD + frame(1) + "retry: 80\nevent: shutdown\ndata: {}\n\n"),
    ({ socket }) => socket.end(answer("204 No Content", [], "")),
  );
  const states: StreamState[] = [];
  const tapedeck = new Tapedeck({
    url: server.url,
    reconnect: { minMs: 1, baseMs: 5000, random: () => 0.5 },
  });
  for await (const _ of tapedeck.stream({ onState: (s) => states.push(s) }));
  assert.deepEqual(delays(states), [21, 90]); // 1 + 0.5 * 40; 80 * 1.125
});

test("a connection on which nothing comes is given up and resumed", async (t) => {
  const connection = 'event: connection\ndata: {"heartbeat_seconds":0.05}\n\n';
  const server = await rawServer(
    t,
    ({ socket }) => void socket.write(STREAM_HEAD + connection + frame(1)),
    ({ socket }) => socket.end(STREAM_HEAD + "event: end\nid: e-1-end\ndata: {}\n\n"),
  );
  const states: StreamState[] = [];
  const stream = new Tapedeck({ url: server.url, reconnect: QUICK }).stream({
    silenceSlackMs: 50,
    onState: (s) => states.push(s),
  });
  const ids: string[] = [];
  for await (const event of stream) ids.push(event.id);
  assert.deepEqual(ids, ["e-1"]);
  const waiting = states.find((s) => s.state === "waiting");
  assert.equal(waiting?.state === "waiting" && waiting.error?.code, "silent");
  assert.match(server.requests[1]!.head, /last-event-id: e-1/i);
});

test("a consumer that takes its time is no silence of the server", async (t) => {
  const connection = 'event: connection\ndata: {"heartbeat_seconds":0.05}\n\n';
  const server = await rawServer(
    t,
    ({ socket }) => void socket.write(STREAM_HEAD + connection + frame(1)),
  );
  const states: string[] = [];
  const stream = new Tapedeck({ url: server.url, reconnect: QUICK }).stream({
    silenceSlackMs: 100,
    onState: ({ state }) => states.push(state),
  });
  let ids = "";
  for await (const event of stream) {
    ids += event.id;
    if (event.id === "e-2") break;
    const longer = performance.now() + 500; // than the 200 that count as silence
    await until(() => performance.now() > longer, "time passes");
    server.requests[0]!.socket.write(frame(2));
  }
  assert.equal(ids, "e-1e-2");
  assert.deepEqual(states, ["connecting", "open", "closed"]);
});

test("a server that accepts and never answers is given up in time", async (t) => {
  const server = await rawServer(t, () => undefined);
  const tapedeck = new Tapedeck({
    url: server.url,
    timeoutMs: 50,
    retries: 1,
    reconnect: { ...QUICK, attempts: 1 },
  });
  await assert.rejects(
    async () => {
      for await (const _ of tapedeck.stream());
    },
    { code: "timeout" },
  );
  await assert.rejects(tapedeck.stats(), { code: "timeout", status: undefined });
  assert.equal(server.requests.length, 4);
});

test("an answer that is no stream, and a message that is no event, end the stream", async (t) => {
  const bad = async (...answers: string[]): Promise<void> => {
    const server = await rawServer(
      t,
      ...answers.map(
        (text) =>
          ({ socket }: RawRequest) =>
            socket.end(text),
      ),
    );
    const stream = new Tapedeck({ url: server.url, reconnect: QUICK }).stream();
    const seen: string[] = [];
    await assert.rejects(
      async () => {
        for await (const e of stream) seen.push(e.id);
      },
      { code: "invalid_answer" },
    );
    assert.equal(server.requests.length, 1);
    if (answers[0]!.startsWith(STREAM_HEAD)) assert.deepEqual(seen, ["e-1", "e-2"]);
  };
  await bad(answer("200 OK", ["Content-Type: text/html"], "<p>Please log in"));
  await bad(STREAM_HEAD + frame(1) + frame(2) + "data: {broken\n\n" + frame(3));
  await bad(STREAM_HEAD + frame(1) + frame(2) + "data: 5\n\n" + frame(3));
});

test("401 and 403 end the stream with the server's words", async (t) => {
  for (const [status, code] of [
    ["401 Unauthorized", "no_credentials"],
    ["403 Forbidden", "not_allowed"],
  ]) {
    const body = `{"ok":false,"error":"No.","code":"${code}","field":"Authorization"}`;
    const server = await rawServer(t, ({ socket }) => socket.end(answer(status!, [], body)));
    const stream = new Tapedeck({ url: server.url, reconnect: QUICK }).stream();
    await assert.rejects(
      async () => {
        for await (const _ of stream);
      },
      {
        name: "TapedeckError",
        status: Number(status!.slice(0, 3)),
        code,
        field: "Authorization",
        message: "No.",
      },
    );
    assert.equal(server.requests.length, 1);
  }
});

class FakePage implements VisibilitySource {
  hidden = false;
  readonly listeners = new Set<() => void>();
  addEventListener(_: "visibilitychange", listener: () => void): void {
    this.listeners.add(listener);
  }
  removeEventListener(_: "visibilitychange", listener: () => void): void {
    this.listeners.delete(listener);
  }
  show(visible: boolean): void {
    this.hidden = !visible;
    for (const listener of this.listeners) listener();
  }
}

test("a page that is hidden for long lets go and goes on when it is seen", async (t) => {
  const server = await rawServer(
    t,
    ({ socket }) => void socket.write(STREAM_HEAD + frame(1)),
    ({ socket }) => void socket.write(STREAM_HEAD + frame(2)),
  );
  let let_go = false;
  const page = new FakePage();
  const seen: string[] = [];
  const states: string[] = [];
  const stream = new Tapedeck({ url: server.url, reconnect: QUICK }).stream({
    releaseWhenHiddenMs: 20,
    visibility: page,
    onEvent: (event) => {
      seen.push(event.id);
    },
    onState: ({ state }) => states.push(state),
  });
  await until(() => seen.length === 1, "the first event");
  server.requests[0]!.socket.on("close", () => {
    let_go = true;
  });
  page.show(false);
  page.show(true); // only a glance elsewhere
  page.show(false);
  await until(() => let_go && states.includes("hidden"), "the connection is let go");
  assert.equal(server.requests.length, 1);
  page.show(true);
  await until(() => seen.length === 2, "the second event");
  assert.match(server.requests[1]!.head, /last-event-id: e-1/i);
  stream.close();
  await stream.closed;
  assert.deepEqual(states, ["connecting", "open", "hidden", "connecting", "open", "closed"]);
  assert.equal(page.listeners.size, 0);
});

test("a stream that is closed while the page is hidden ends", async (t) => {
  const server = await rawServer(t, ({ socket }) => void socket.write(STREAM_HEAD + frame(1)));
  const page = new FakePage();
  page.hidden = true;
  const states: string[] = [];
  const stream = new Tapedeck({ url: server.url }).stream({
    releaseWhenHiddenMs: 1,
    visibility: page,
    onEvent: () => undefined,
    onState: ({ state }) => states.push(state),
  });
  await until(() => states.includes("hidden"), "hidden");
  stream.close();
  await stream.closed;
  assert.equal(page.listeners.size, 0);
});

test("calls of next that do not wait for one another get the events in order", async (t) => {
  const server = await rawServer(t, ({ socket }) => {
    socket.write(STREAM_HEAD + frame(1));
    setImmediate(() => socket.write(frame(2) + frame(3) + frame(4)));
  });
  const stream = new Tapedeck({ url: server.url }).stream();
  const iterator = stream[Symbol.asyncIterator]();
  const [first, second, third] = [iterator.next(), iterator.next(), iterator.next()];
  const last = second.then(() => iterator.next()); // while the third is still to come
  const steps = await Promise.all([first, second, third, last]);
  assert.deepEqual(
    steps.map((step) => step.value?.id),
    ["e-1", "e-2", "e-3", "e-4"],
  );
  const waiting = iterator.next();
  await iterator.return!();
  assert.deepEqual(await waiting, { done: true, value: undefined });
});

test("a stream that is closed at whatever moment lets go of its connection", async () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  for (let moments = 0; moments < 40; ++moments) {
    let made = 0;
    let cancelled = 0;
    let asked!: () => void;
    const began = new Promise<void>((resolve) => (asked = resolve));
    // A body that does not know of the request's signal.
    const fetch = async (): Promise<Response> => {
      asked();
      made += 1;
      const body = new ReadableStream({ cancel: () => void (cancelled += 1) });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    };
    const stream = new Tapedeck({ url: "http://127.0.0.1:1", fetch }).stream();
    const step = stream[Symbol.asyncIterator]().next();
    await began;
    for (let i = 0; i < moments; ++i) await Promise.resolve();
    stream.close();
    assert.deepEqual(await step, { done: true, value: undefined });
    await until(() => cancelled === made, `closed after ${moments} moments, it lets go`, 5);
  }
  await until(() => timers() <= before, "no timer is left", 5);
});
