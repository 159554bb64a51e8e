// Requests: what is sent, what comes back, what is tried again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { type Alert, Tapedeck, TapedeckError, type TelemetryEvent } from "@tapedeck/client";
import { answer, rawServer, serve, STREAM_HEAD, temporaryFolder } from "./support/server.js";

const QUICK = { minMs: 1, baseMs: 5, maxMs: 10 };
const order = (order_id: string, extra: Record<string, unknown> = {}) =>
  ({
    type: "order_event",
    payload: { order_id, symbol: "NIFTY", side: "BUY", status: "filled", ...extra },
  }) as const;

test("events are published one by one and in batches, and read page by page", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  const at = new Date("2025-11-18T07:55:41.345Z");
  const one = await tapedeck.publish({
    type: "my_event",
    payload: { text: 'ü "\\\n' },
    timestamp: at,
    source: { host: "a1" },
  });
  assert.equal(one.accepted, 1);
  const many = await tapedeck.publish(Array.from({ length: 25 }, (_, i) => order(`O${i}`)));
  assert.equal(many.accepted, 25);
  const page = await tapedeck.events({ event_type: "my_event" });
  assert.deepEqual(page.events, [
    {
      type: "my_event",
      timestamp: "2025-11-18T07:55:41.345000Z",
      payload: { text: 'ü "\\\n' },
      id: one.first_id,
      source: { host: "a1" },
    },
  ]);
  const pages: string[][] = [];
  for await (const { events } of tapedeck.eventPages({ event_type: ["order_event"], limit: 10 })) {
    pages.push(events.map((event) => event.payload.order_id));
  }
  assert.deepEqual(
    pages.map((ids) => ids.length),
    [10, 10, 5],
  );
  assert.equal(pages[0]!.at(-1), "O24");
  assert.equal(pages[2]![0], "O0");
});

test("filters are lists, expressions, times and ids", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  await tapedeck.publish([
    { ...order("A", { qty: 5, strategy: "m+1 & co" }), timestamp: "2025-11-18T10:00:00+05:30" },
    { ...order("B", { qty: 50 }), timestamp: "2025-11-18T11:00:00+05:30" },
    { type: "other", payload: { symbol: "INFY" }, timestamp: "2025-11-18T12:00:00+05:30" },
  ]);
  const ids = async (query: object): Promise<unknown[]> =>
    (await tapedeck.events(query)).events.map(({ payload }) => {
      const { order_id, symbol } = payload as Record<string, unknown>;
      return order_id ?? symbol;
    });
  assert.deepEqual(await ids({ symbol: ["NIFTY", "INFY"], filter: "payload.qty + 0 > 10" }), ["B"]);
  assert.deepEqual(await ids({ strategy: "m+1 & co" }), ["A"]);
  assert.deepEqual(await ids({ since: new Date("2025-11-18T05:30:00Z"), event_type: undefined }), [
    "B",
    "INFY",
  ]);
  assert.deepEqual(await ids({ until: "2025-11-18T10:00:00+05:30" }), ["A"]);
  const [first] = (await tapedeck.events()).events;
  assert.deepEqual(await ids({ since: first!.id }), ["B", "INFY"]);
});

test("what has no one meaning is refused before it is sent", async () => {
  const tapedeck = new Tapedeck({ url: "http://127.0.0.1:1", retries: 0 });
  const refused = async (query: object, field: string): Promise<void> => {
    await assert.rejects(tapedeck.events(query), { code: "invalid_option", field });
  };
  await refused({ symbol: [] }, "symbol");
  await refused({ symbol: ["A,B"] }, "symbol");
  await refused({ symbol: [5] }, "symbol");
  await refused({ since: new Date(NaN) }, "since");
  await refused({ limit: NaN }, "limit");
  await refused({ symbol: null }, "symbol");
  await assert.rejects(tapedeck.publish(order("A"), { idempotencyKey: "k".repeat(129) }), {
    field: "idempotencyKey",
  });
  await assert.rejects(tapedeck.publish(order("A"), { idempotencyKey: "a b" }), {
    field: "idempotencyKey",
  });
  assert.throws(() => tapedeck.stream({ lastEventId: "e-1\n" }), { field: "lastEventId" });
  assert.throws(() => tapedeck.stream({ silenceSlackMs: 0 }), { field: "silenceSlackMs" });
  assert.throws(() => tapedeck.stream({ reconnect: { maxMs: -1 } }), { field: "reconnect.maxMs" });
  for (const url of ["", "localhost:9000", "ftp://x", "http://u:secret@x"]) {
    assert.throws(
      () => new Tapedeck({ url }),
      (error: TapedeckError) => error.field === "url" && !error.message.includes("secret"),
    );
  }
});

test("a batch is published once over answers that were lost", async (t) => {
  const folder = await temporaryFolder(t);
  const server = await serve(t, ["--data-dir", folder]);
  let attempts = 0;
  const losing = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    attempts += 1;
    if (attempts < 3) throw new TypeError("fetch failed"); // it arrived, the answer did not
    return response;
  };
  const tapedeck = new Tapedeck({ url: server.url, fetch: losing, reconnect: QUICK });
  const { accepted, first_id, last_id } = await tapedeck.publish([order("A"), order("B")], {
    ack: "durable",
  });
  assert.deepEqual([attempts, accepted], [3, 2]);
  const { events } = await new Tapedeck({ url: server.url }).events();
  assert.deepEqual(
    events.map(({ id }) => id),
    [first_id, last_id],
  );

  const again = await tapedeck.publish(order("C"), { idempotencyKey: "mine" });
  assert.deepEqual(await tapedeck.publish(order("C"), { idempotencyKey: "mine" }), again);
  await assert.rejects(tapedeck.publish(order("D"), { idempotencyKey: "mine" }), {
    status: 422,
    code: "idempotency_key_reused",
  });
});

test("events the server does not accept are told with the place", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  const broken = { type: "order_event", payload: { symbol: "NIFTY" } } as never;
  await assert.rejects(tapedeck.publish([order("A"), broken]), (error: TapedeckError) => {
    assert.equal(error.status, 422);
    assert.equal(error.code, "invalid_event");
    assert.match(error.field ?? "", /1.*payload/);
    return true;
  });
  assert.equal((await tapedeck.stats()).total_events, 0);
  await assert.rejects(tapedeck.publish(order("A"), { ack: "durable" }), {
    status: 400,
    field: "ack",
  });
});

test("alerts tell of rules and of what fires", { timeout: 60_000 }, async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  const rule = { when: { event_type: "order_event" }, every: true, group_by: "symbol" };
  const path = `${url}/api/telemetry/alerts/orders`;
  assert.equal((await fetch(path, { method: "PUT", body: JSON.stringify(rule) })).status, 201);
  await tapedeck.publish(order("A"));
  let firing: Alert[] = [];
  while (firing.length === 0) {
    firing = (await tapedeck.alerts({ state: "firing", parts: ["alerts"] })).alerts ?? [];
  }
  assert.deepEqual(firing[0]?.group, { symbol: "NIFTY" });
  const { rules, status } = await tapedeck.alerts({ rule: ["orders", "others"] });
  assert.equal(rules?.[0]?.origin, "api");
  assert.equal(status?.firing, 1);
});

test("alerts are acknowledged and silenced, all of a rule or one group", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url });
  const rule = { when: { event_type: "order_event" }, every: true, group_by: "symbol" };
  const path = `${url}/api/telemetry/alerts/orders`;
  assert.equal((await fetch(path, { method: "PUT", body: JSON.stringify(rule) })).status, 201);
  await tapedeck.publish([order("A"), order("B", { symbol: "INFY" })]);
  const firing = async (): Promise<Alert[]> =>
    (await tapedeck.alerts({ state: "firing", parts: ["alerts"] })).alerts ?? [];
  while ((await firing()).length < 2);
  const group = { symbol: "INFY" };
  assert.equal((await tapedeck.acknowledge("orders", { group, by: "me" })).acknowledged, 1);
  const { silenced_until } = await tapedeck.silence("orders", { group, for: "1h", reason: "x" });
  assert.ok(Date.parse(silenced_until ?? "") > Date.now());
  const find = async (symbol: string): Promise<Alert | undefined> =>
    (await firing()).find((alert) => alert.group["symbol"] === symbol);
  assert.equal((await find("INFY"))?.acknowledged_by, "me");
  const told = Date.parse((await find("INFY"))?.silenced_until ?? "");
  assert.ok(Math.abs(told - Date.parse(silenced_until ?? "")) < 60_000);
  assert.equal((await find("NIFTY"))?.acknowledged_at, null);
  assert.equal((await tapedeck.silence("orders", { group, for: "0s" })).silenced_until, null);
  assert.equal((await find("INFY"))?.silenced_until, null);
  assert.equal((await tapedeck.acknowledge("orders")).acknowledged, 2); // all of them, anew
  await assert.rejects(tapedeck.acknowledge("nothing/such"), { status: 404 });
  await assert.rejects(tapedeck.silence("orders", { for: "soon" }), { status: 400, field: "/for" });
  await assert.rejects(async () => tapedeck.acknowledge(""), { field: "rule" });
});

test("requests are tried again as often as asked, commands never", async (t) => {
  const busy = answer(
    "503 Service Unavailable",
    ["Retry-After: 0"],
    '{"ok":false,"error":"Busy.","code":"busy","first_id":"e-1"}',
  );
  const server = await rawServer(t, ({ socket }) => socket.end(busy));
  const tapedeck = new Tapedeck({ url: server.url, retries: 2, reconnect: QUICK });
  await assert.rejects(tapedeck.stats(), (error: TapedeckError) => {
    assert.equal(error.code, "busy");
    assert.equal(error.retryAfterMs, 0);
    assert.equal(error.body["first_id"], "e-1");
    return true;
  });
  assert.equal(server.requests.length, 3);
  await assert.rejects(tapedeck.publish(order("A")), { code: "busy" });
  const keys = server.requests
    .slice(3)
    .map(({ head }) => /idempotency-key: (\w{32})/i.exec(head)?.[1]);
  assert.equal(keys.length, 3);
  assert.equal(new Set(keys).size, 1);
  await assert.rejects(tapedeck.command({ command: "flatten" }), { code: "busy" });
  await assert.rejects(tapedeck.clear(), { code: "busy" });
  assert.equal(server.requests.length, 8);
});

test("credentials are sent with each request and each stream", async (t) => {
  const server = await rawServer(t, ({ socket }) => socket.end(answer("204 No Content", [], "")));
  const drain = async (tapedeck: Tapedeck): Promise<string> => {
    for await (const _ of tapedeck.stream());
    return server.requests.at(-1)!.head;
  };
  assert.match(
    await drain(new Tapedeck({ url: server.url, apiKey: "k-1" })),
    /\r\nx-api-key: k-1\r\n/i,
  );
  let renewed = 0;
  const token = async (): Promise<string> => `t-${++renewed}`;
  const tapedeck = new Tapedeck({ url: server.url, token, headers: { "X-Team": "desk 4" } });
  assert.match(await drain(tapedeck), /\r\nauthorization: Bearer t-1\r\n/i);
  const head = await drain(tapedeck);
  assert.match(head, /\r\nauthorization: Bearer t-2\r\n/i);
  assert.match(head, /\r\nx-team: desk 4\r\n/i);
  await assert.rejects(tapedeck.stats(), { code: "invalid_answer" });
  assert.match(
    server.requests.at(-1)!.head,
    /^GET \/api\/telemetry\/stats [^]*\r\nauthorization: Bearer t-3\r\n/i,
  );
});

test("credentials are in no error and in nothing that is printed", async () => {
  const secret = "sEcReT";
  const made = [
    new Tapedeck({ url: "http://127.0.0.1:1", apiKey: secret, retries: 0 }),
    new Tapedeck({ url: "http://127.0.0.1:1", token: secret, retries: 0 }),
  ];
  for (const tapedeck of made) {
    const error = await tapedeck.stats().catch((reason: unknown) => reason);
    assert.equal((error as TapedeckError).code, "network");
    const stream = tapedeck.stream();
    for (const thing of [tapedeck, stream, error]) {
      assert.ok(!inspect(thing, { depth: 9, showHidden: true }).includes(secret));
      assert.ok(!JSON.stringify(thing).includes(secret));
    }
  }
  const bad = [
    { apiKey: `${secret}\n` },
    { token: `${secret} ü` },
    { headers: { A: `${secret}\r\n` } },
  ];
  for (const options of bad) {
    const url = "http://127.0.0.1:1";
    const error = await (async () => new Tapedeck({ url, ...options }).stats())().catch(
      (e: unknown) => e,
    );
    assert.equal((error as TapedeckError).code, "invalid_option");
    assert.ok(!inspect(error).includes(secret));
  }
  assert.throws(() => new Tapedeck({ url: "http://x", apiKey: "a", token: "b" }), {
    field: "token",
  });
});

test("the rest of the API answers", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const tapedeck = new Tapedeck({ url: new URL(`${url}/`) });
  await tapedeck.publish([
    {
      type: "decision_trace",
      payload: {
        strategy_name: "m",
        symbol: "NIFTY",
        decision: "BUY",
        trace_data: {},
        correlation_id: "c-1",
      },
    },
    order("A", { correlation_id: "c-1", price: 10, qty: 5 }),
    order("B", { price: 20 }),
  ]);
  const latest = await tapedeck.latest({ event_type: "order_event", by: ["order_id"] });
  assert.deepEqual(latest.events.map((event) => event.payload.order_id).sort(), ["A", "B"]);
  assert.equal(latest.truncated, false);

  const { buckets } = await tapedeck.aggregates({
    metric: "avg",
    field: "price",
    group_by: ["symbol"],
    interval: "1d",
  });
  const groups = buckets.flatMap((bucket) => bucket.groups);
  assert.equal(
    groups.reduce((sum, group) => sum + group.count, 0),
    2,
  );
  assert.deepEqual(groups[0]!.key, { symbol: "NIFTY" });

  const { trades, count } = await tapedeck.trades({ outcome: "filled" });
  assert.ok(count >= 1);
  assert.ok(trades.some((trade) => trade.correlation_id === "c-1" && trade.decision === "BUY"));
  const pages = [];
  for await (const page of tapedeck.tradePages({ limit: 1 })) pages.push(page.count);
  assert.ok(pages.length >= 1 && pages.every((n) => n <= 1));
  const chain = await tapedeck.trade("c-1");
  assert.equal(chain.trade.complete, true);
  assert.deepEqual(
    chain.events.map(({ type }) => type),
    ["decision_trace", "order_event"],
  );
  await assert.rejects(tapedeck.trade("nobody's"), { status: 404, code: "not_found" });

  const { id } = await tapedeck.command({
    command: "kill",
    target: "paper-execution",
    reason: "test",
  });
  const exported: TelemetryEvent[] = [];
  for await (const event of tapedeck.exportStream()) exported.push(event);
  assert.deepEqual(
    exported.map(({ type }) => type),
    ["decision_trace", "order_event", "order_event", "command_event"],
  );
  assert.equal(exported[3]!.id, id);
  await assert.rejects(tapedeck.exportStream({ symbol: [] }).next(), { code: "invalid_option" });
  await assert.rejects(tapedeck.exportStream({ filter: "(" }).next(), { code: "invalid_filter" });

  await tapedeck.clear();
  const stats = await tapedeck.stats();
  assert.equal(stats.total_events, 0);
  assert.equal(stats.store.enabled, false);
});

test("an export that breaks off is an error, not a short answer", async (t) => {
  const event = '{"type":"a","timestamp":"2025-11-18T07:55:41.123456Z","payload":{},"id":"e-1"}\n';
  const server = await rawServer(t, ({ socket }) =>
    socket.end(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
        `${event.length.toString(16)}\r\n${event}\r\n`,
    ),
  );
  let seen = 0;
  await assert.rejects(
    async () => {
      for await (const _ of new Tapedeck({ url: server.url }).exportStream()) seen += 1;
    },
    { code: "network" },
  );
  assert.equal(seen, 1);
});

test("an export that does not begin is given up in time", async (t) => {
  const server = await rawServer(t, () => undefined);
  const tapedeck = new Tapedeck({ url: server.url, timeoutMs: 50 });
  await assert.rejects(tapedeck.exportStream().next(), { code: "timeout" });
});

test("a signal ends a request, an export and the wait between attempts", async (t) => {
  const server = await rawServer(t, () => undefined);
  const tapedeck = new Tapedeck({ url: server.url, reconnect: { minMs: 60_000, maxMs: 60_000 } });
  const aborted = async (call: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    const controller = new AbortController();
    const result = call(controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(result, /enough/);
  };
  await aborted((signal) => tapedeck.stats({ signal }));
  await aborted((signal) => tapedeck.exportStream({}, { signal }).next());
  const gone = new Tapedeck({
    url: "http://127.0.0.1:1",
    reconnect: { minMs: 60_000, maxMs: 60_000 },
  });
  const controller = new AbortController();
  const stream = gone.stream({
    signal: controller.signal,
    onState: ({ state }) => {
      if (state === "waiting") controller.abort(new Error("enough"));
    },
  });
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, /enough/);
});

test("credentials do not follow a redirect", async (t) => {
  const elsewhere = await rawServer(t, ({ socket }) => socket.end(answer("200 OK", [], "{}")));
  const server = await rawServer(t, ({ socket }) =>
    socket.end(answer("307 Temporary Redirect", [`Location: ${elsewhere.url}/`], "")),
  );
  const tapedeck = new Tapedeck({ url: server.url, apiKey: "k-1", reconnect: QUICK });
  await assert.rejects(tapedeck.stats(), { code: "redirected", status: 307 });
  await assert.rejects(
    async () => {
      for await (const _ of tapedeck.stream());
    },
    { code: "redirected" },
  );
  assert.equal(server.requests.length, 2);
  assert.equal(elsewhere.requests.length, 0);
});

test("a path before the API is kept", async (t) => {
  const server = await rawServer(t, ({ socket }) =>
    socket.end(STREAM_HEAD + "event: end\ndata: {}\n\n"),
  );
  for await (const _ of new Tapedeck({ url: `${server.url}/desk/` }).stream());
  assert.match(server.requests[0]!.head, /^GET \/desk\/api\/telemetry\/stream HTTP/);
});
