// Streams against the real server over real sockets.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { Tapedeck, TapedeckError, type StreamGap, type StreamState } from "@tapedeck/client";
import { listen, serve, temporaryFolder, until } from "./support/server.js";

const QUICK = { minMs: 1, baseMs: 20, maxMs: 50 };
const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ type: "n_event", payload: { n: from + i } }));
const numberOf = (event: { payload: Record<string, unknown> }): number =>
  event.payload["n"] as number;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test("a stream gives the past asked for and then what is published", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  await tapedeck.publish(numbered(0, 5));
  const seen: number[] = [];
  const stream = tapedeck.stream({ event_type: "n_event", replay: 3 });
  for await (const event of stream) {
    seen.push(numberOf(event));
    assert.equal(stream.lastEventId, event.id);
    if (seen.length === 3)
      await tapedeck.publish([...numbered(5, 1), { type: "other", payload: {} }]);
    if (seen.length === 4) break;
  }
  assert.deepEqual(seen, [2, 3, 4, 5]);
  await stream.closed;
});

test("callbacks get the events, and close ends the stream", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  await tapedeck.publish(numbered(0, 100));
  const seen: number[] = [];
  const states: string[] = [];
  let working = false;
  const stream = tapedeck.stream({
    since: new Date(0),
    onEvent: async (event) => {
      assert.ok(!working, "the next event waits for the promise of the one before");
      working = true;
      await Promise.resolve();
      working = false;
      seen.push(numberOf(event as { payload: Record<string, unknown> }));
    },
    onState: ({ state }) => states.push(state),
  });
  await until(() => seen.length === 100, "all events");
  assert.throws(() => stream.messages(), { code: "stream_in_use" });
  stream.close();
  await stream.closed;
  assert.deepEqual(seen, upTo(100));
  assert.deepEqual(states, ["connecting", "open", "closed"]);
});

test("what a callback throws ends the stream and is told", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  await tapedeck.publish(numbered(0, 2));
  const thrown = new Error("mine");
  const onEvent = (): void => {
    throw thrown;
  };
  const told = await new Promise((onError) => tapedeck.stream({ replay: 1, onEvent, onError }));
  assert.equal(told, thrown);
  await assert.rejects(tapedeck.stream({ replay: 1, onEvent }).closed, thrown);
});

test("a signal ends iteration with its reason, before and while it waits", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  const controller = new AbortController();
  const stream = tapedeck.stream({
    signal: controller.signal,
    onState: ({ state }) => {
      if (state === "open") controller.abort(new Error("enough"));
    },
  });
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, /enough/);
  await assert.rejects(stream.closed, /enough/);
  const late = tapedeck.stream({ signal: AbortSignal.abort(new Error("before")) });
  await assert.rejects(async () => {
    for await (const _ of late);
  }, /before/);
  await until(async () => (await tapedeck.stats()).subscribers === 0, "the server lets go");
});

test("play-back ends by itself", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  await tapedeck.publish(numbered(0, 3000));
  const stream = tapedeck.stream({ since: new Date(0), speed: 0 });
  let count = 0;
  for await (const event of stream) assert.equal(numberOf(event as never), count++);
  assert.equal(count, 3000);
  assert.match(stream.lastEventId, /-end$/);
  // 204: there is nothing more.
  for await (const _ of tapedeck.stream({ lastEventId: stream.lastEventId, speed: 0 }))
    assert.fail();
});

test("events come once and in order over connections that break anywhere", async (t) => {
  const { url, port } = await serve(t, ["--memory"]);
  // Between client and server: lets through ever another number of bytes, then breaks.
  let breaks = 0;
  const proxy = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let left = 700 + breaks * 150;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on("error", end).on("close", end).pipe(upstream);
    upstream
      .on("error", end)
      .on("close", end)
      .on("data", (bytes) => {
        const piece = bytes.subarray(0, left);
        left -= piece.length;
        client.write(piece, () => {
          if (left <= 0) {
            breaks += 1;
            end();
          }
        });
      });
  });
  const tapedeck = new Tapedeck({ url: await listen(t, proxy), reconnect: QUICK });
  await new Tapedeck({ url }).publish(numbered(0, 2000));
  const seen: number[] = [];
  for await (const event of tapedeck.stream({ since: new Date(0), speed: 0 })) {
    seen.push(numberOf(event as never));
  }
  assert.deepEqual(seen, upTo(2000));
  assert.ok(breaks >= 10, `${breaks} breaks`);
});

test("events come once and in order over a restart of the server", async (t) => {
  const folder = await temporaryFolder(t);
  let server = await serve(t, ["--data-dir", folder]);
  const tapedeck = new Tapedeck({
    url: server.url,
    reconnect: { ...QUICK, maxMs: 200 },
    retries: 100,
  });
  const seen: number[] = [];
  const gaps: StreamGap[] = [];
  const states: string[] = [];
  const stream = tapedeck.stream({
    onEvent: (event) => {
      seen.push(numberOf(event as never));
    },
    onGap: (gap) => gaps.push(gap),
    onState: ({ state }) => states.push(state),
  });
  await until(() => states.includes("open"), "the stream is open");
  const publishing = (async () => {
    for (let n = 0; n < 2000; n += 20) await tapedeck.publish(numbered(n, 20));
  })();
  await until(() => seen.length > 300, "events before the restart");
  await server.stop();
  server = await serve(t, ["--data-dir", folder], server.port);
  await publishing;
  await until(() => seen.length >= 2000, "every event");
  stream.close();
  assert.deepEqual(seen, upTo(2000));
  assert.deepEqual(gaps, []);
  assert.ok(states.includes("waiting"));
});

/** Another process publishes 0..count-1, each batch once it is on disk; resolves when all are. */
function publisherProcess(url: string, count: number): Promise<void> {
  const source = `
    import { Tapedeck } from "@tapedeck/client";
    const tapedeck = new Tapedeck({ url: ${JSON.stringify(url)}, retries: 200, timeoutMs: 5000,
      reconnect: { minMs: 1, baseMs: 20, maxMs: 50 } });
    for (let n = 0; n < ${count}; n += 10) {
      const event = (_, i) => ({ type: "n_event", payload: { n: n + i } });
      const batch = Array.from({ length: 10 }, event);
      await tapedeck.publish(batch, { ack: "durable" });
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return once(child, "exit").then(([code]) => assert.equal(code, 0));
}

test("nothing is lost or out of order when the server is killed while events come", async (t) => {
  const folder = await temporaryFolder(t);
  let server = await serve(t, ["--data-dir", folder]);
  const { url, port } = server;
  const tapedeck = new Tapedeck({ url, reconnect: { ...QUICK, maxMs: 200 } });
  const ids: string[] = [];
  const seen: number[] = [];
  const gaps: StreamGap[] = [];
  const states: string[] = [];
  const stream = tapedeck.stream({
    event_type: "n_event",
    onEvent: (event) => {
      ids.push(event.id);
      seen.push(numberOf(event));
    },
    onGap: (gap) => gaps.push(gap),
    onState: ({ state }) => states.push(state),
  });
  await until(() => states.includes("open"), "the stream is open");
  const published = publisherProcess(url, 2000);
  for (let kills = 1; kills <= 3; ++kills) {
    await until(() => seen.length > kills * 400, `events before kill ${kills}`);
    await server.kill();
    server = await serve(t, ["--data-dir", folder], port);
  }
  await published;
  await until(() => seen.at(-1) === 1999, "the last event");
  stream.close();

  assert.equal(new Set(ids).size, ids.length, "no id came twice");
  // What was streamed but not yet on disk when the server was killed is sent by the publisher again
  // and gets another id: at most the batch that was on its way, and then a gap was told.
  const repeated = seen.length - new Set(seen).size;
  assert.ok(repeated <= 10 * gaps.length, `${repeated} numbers twice, ${gaps.length} gaps`);
  const firsts = seen.filter((n, i) => seen.indexOf(n) === i);
  assert.deepEqual(firsts, upTo(2000));
});

test("events that are on disk come once over a kill, without a gap", async (t) => {
  const folder = await temporaryFolder(t);
  let server = await serve(t, ["--data-dir", folder]);
  const tapedeck = new Tapedeck({
    url: server.url,
    reconnect: { ...QUICK, maxMs: 200 },
    retries: 100,
  });
  const seen: number[] = [];
  let open = false;
  const stream = tapedeck.stream({
    onEvent: (event) => {
      seen.push(numberOf(event as never));
    },
    onState: ({ state }) => {
      open ||= state === "open";
    },
  });
  await until(() => open, "the stream is open");
  for (let round = 0; round < 3; ++round) {
    await tapedeck.publish(numbered(round * 500, 500), { ack: "durable" });
    if (round === 1) await until(() => seen.length === 1000, "events before the kill");
    await server.kill();
    server = await serve(t, ["--data-dir", folder], server.port);
  }
  await until(() => seen.length >= 1500, "every event");
  stream.close();
  assert.deepEqual(seen, upTo(1500));
  assert.equal(stream.gapCount, 0);
});

test("a server that lost its memory is told as a gap, in its place", async (t) => {
  let server = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url: server.url, reconnect: QUICK, retries: 100 });
  await tapedeck.publish(numbered(0, 2));
  const told: StreamGap[] = [];
  const stream = tapedeck.stream({ replay: 2, onGap: (gap) => told.push(gap) });
  const kinds: string[] = [];
  let before = "";
  for await (const message of stream.messages()) {
    kinds.push(message.kind === "event" ? `${numberOf(message.event as never)}` : "gap");
    if (kinds.length === 2) {
      before = message.id;
      await server.kill();
      server = await serve(t, ["--memory"], server.port);
      await tapedeck.publish(numbered(7, 1));
    }
    if (kinds.length === 4) break;
  }
  assert.deepEqual(kinds, ["0", "1", "gap", "7"]);
  assert.equal(stream.gapCount, 1);
  assert.equal(stream.lastGap?.requested, before);
  assert.equal(stream.lastGap?.missed, null);
  assert.deepEqual(told, [stream.lastGap]);
});

test("heartbeats carry a rare filter's position past events it did not want", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  let open = false;
  const stream = tapedeck.stream({
    event_type: "rare_event",
    heartbeat: 1,
    onEvent: () => assert.fail("there is no such event"),
    onState: ({ state }) => {
      open ||= state === "open";
    },
  });
  await until(() => open, "the stream is open");
  const { last_id } = await tapedeck.publish(numbered(0, 10));
  await until(() => stream.lastEventId === last_id, "a heartbeat with the id");
  stream.close();
});

test("a slow consumer lets the server wait and misses nothing", async (t) => {
  const { url } = await serve(t, ["--memory", "--no-compression"]);
  const tapedeck = new Tapedeck({ url });
  const padding = "x".repeat(1000);
  const total = 30_000;
  for (let n = 0; n < total; n += 5000) {
    const batch = numbered(n, 5000).map((e) => ({ ...e, payload: { ...e.payload, padding } }));
    await tapedeck.publish(batch);
  }
  const delivered = async (): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^tapedeck_(?:stream_)?deliver\w*total(?:\{\})? (\d+)/m.exec(text)?.[1] ?? NaN);
  };
  let next = 0;
  for await (const event of tapedeck.stream({ since: new Date(0), until: new Date(), speed: 0 })) {
    assert.equal(numberOf(event as never), next++);
    if (next !== 10) continue;
    // Let whatever reads ahead do so, until the server is stuck.
    let before = -1;
    await until(async () => {
      const now = await delivered();
      const stuck = now === before;
      before = now;
      if (!stuck) await new Promise((resolve) => setTimeout(resolve, 200));
      return stuck;
    }, "the server is stuck");
    assert.ok(before < total / 2, `the server could send ${before} of ${total} events`);
  }
  assert.equal(next, total);
});

test("requests that cannot heal end the stream with the server's words", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  const failure = async (options: object): Promise<TapedeckError> => {
    try {
      for await (const _ of tapedeck.stream(options));
    } catch (error) {
      assert.ok(error instanceof TapedeckError);
      return error;
    }
    return assert.fail("it did not fail");
  };
  const filter = await failure({ filter: "payload.qty >" });
  assert.equal(filter.status, 400);
  assert.equal(filter.code, "invalid_filter");
  assert.equal(filter.field, "filter");
  const typo = await failure({ symbl: "NIFTY" });
  assert.equal(typo.code, "unknown_parameter");
  assert.equal(typo.field, "symbl");
  assert.match(typo.message, /no parameter/);
  const elsewhere = new Tapedeck({ url: `${url}/nowhere` });
  await assert.rejects(
    async () => {
      for await (const _ of elsewhere.stream());
    },
    { status: 404 },
  );
});

test("a server that is not there is tried as often as asked, and the state says so", async () => {
  const states: StreamState[] = [];
  const tapedeck = new Tapedeck({
    url: "http://127.0.0.1:1",
    reconnect: { ...QUICK, attempts: 3 },
  });
  const stream = tapedeck.stream({ onState: (change) => states.push(change) });
  await assert.rejects(
    async () => {
      for await (const _ of stream);
    },
    { code: "network" },
  );
  const connecting = states.filter(({ state }) => state === "connecting");
  assert.deepEqual(
    connecting.map((s) => "attempt" in s && s.attempt),
    [1, 2, 3, 4],
  );
  assert.equal(states.at(-1)?.state, "closed");
});
