// What the compiler must accept and refuse. The assertions are in the types: this file fails to
// compile when one of them does not hold.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import {
  isEvent,
  isKnownEvent,
  SERVER_EVENT_TYPES,
  Tapedeck,
  type GenericEvent,
  type OrderEvent,
  type OrderEventPayload,
  type TelemetryEvent,
  type TelemetryStream,
} from "@tapedeck/client";
import { program } from "#scripts/server.mjs";
import { serve, temporaryFolder } from "./support/server.js";

declare module "@tapedeck/client" {
  interface EventPayloads {
    spread_event: { legs: string[]; width: number };
  }
}

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => undefined;

function narrowing(event: TelemetryEvent): string {
  if (event.type === "order_event") {
    holds<Same<typeof event, OrderEvent>>();
    holds<Same<typeof event.payload, OrderEventPayload>>();
    const remaining: number | null | undefined = event.payload.remaining_qty;
    return `${event.payload.order_id} ${remaining}`;
  }
  switch (event.type) {
    case "signal_event":
      return event.payload.strategy_name;
    case "spread_event": // declared by the user
      return event.payload.legs.join() + event.payload.width.toFixed();
    // @ts-expect-error no such type: a slip is caught
    case "order_evnt":
      return "";
    default:
      // @ts-expect-error order_id is not in what is left
      return event.payload.order_id?.length;
  }
}

function guards(event: TelemetryEvent): void {
  if (isEvent(event, "my_event")) {
    holds<Same<typeof event, GenericEvent>>();
    const value: unknown = event.payload["anything"];
    assert.notEqual(value, undefined);
  }
  if (isEvent(event, "order_event")) holds<Same<typeof event.payload, OrderEventPayload>>();
  if (isKnownEvent(event)) holds<Same<Extract<typeof event, GenericEvent>, never>>();
}

async function streams(tapedeck: Tapedeck): Promise<void> {
  holds<Same<ReturnType<typeof any>, TelemetryStream<TelemetryEvent>>>();
  function any() {
    return tapedeck.stream();
  }
  for await (const event of tapedeck.stream({ event_type: ["order_event", "signal_event"] })) {
    if (event.type === "order_event") event.payload.order_id.length;
    else event.payload.signal.length;
  }
  for await (const event of tapedeck.stream({ event_type: "my_event" })) {
    holds<Same<typeof event, GenericEvent<"my_event">>>();
  }
  tapedeck.stream({
    event_type: "order_event",
    onEvent: (event) => void event.payload.side.length,
  });
  const chosen: string[] = [];
  for await (const event of tapedeck.stream({ event_type: chosen })) narrowing(event);
  // @ts-expect-error no such option
  tapedeck.stream({ symbl: "NIFTY" });
  const { events } = await tapedeck.events({ event_type: "order_event" });
  holds<Same<typeof events, OrderEvent[]>>();
}

async function publishing(tapedeck: Tapedeck): Promise<void> {
  const health = {
    type: "engine_health",
    payload: { engine_name: "E", status: "active", metrics: { a: 1 } },
  } as const;
  await tapedeck.publish(health);
  await tapedeck.publish([health, { type: "my_event", payload: { a: 1 } }]);
  await tapedeck.publish([1, 2].map((n) => ({ type: "my_event", payload: { n } })));
  // @ts-expect-error the payload lacks required fields
  await tapedeck.publish({ type: "order_event", payload: { symbol: "NIFTY" } });
  const required = { order_id: "A", symbol: "N", side: "BUY", status: "new" };
  await tapedeck.publish([health, { type: "order_event", payload: { ...required, price: 1 } }]);
  // @ts-expect-error a price is a number, in a batch too
  await tapedeck.publish([health, { type: "order_event", payload: { ...required, price: "1" } }]);
  // @ts-expect-error acks are memory and durable
  await tapedeck.publish(health, { ack: "disk" });
}

test("events narrow by their type, at run time as in the types", () => {
  const event = (type: string, payload: object) =>
    ({ type, payload, timestamp: "", id: "e-1" }) as TelemetryEvent;
  assert.equal(narrowing(event("order_event", { order_id: "A", remaining_qty: 0 })), "A 0");
  assert.equal(narrowing(event("spread_event", { legs: ["a", "b"], width: 2 })), "a,b2");
  guards(event("my_event", { anything: 1 }));
  assert.ok(isKnownEvent(event("order_event", {})));
  assert.ok(!isKnownEvent(event("spread_event", {})));
  assert.ok([streams, publishing].every((f) => f.length === 1)); // compiled, not called
});

test("the generated types are those of the server's schema", async (t) => {
  const { url } = await serve(t, ["--memory"]);
  const { schema } = (await (await fetch(`${url}/api/telemetry/schema`)).json()) as {
    schema: { $defs: object };
  };
  assert.deepEqual([...SERVER_EVENT_TYPES], Object.keys(schema.$defs));

  const run = promisify(execFile);
  const script = "scripts/generate-types.mjs";
  const env = { ...process.env, TAPEDECK_PROGRAM: program() };
  await run(process.execPath, [script, "--check", "--url", url], { env });
  // A file that says something else is noticed.
  const file = join(await temporaryFolder(t), "events.ts");
  const text = await readFile("src/events.ts", "utf8");
  await writeFile(file, text.replace("order_id: string", "order_id: number"));
  const check = run(process.execPath, [script, "--check", "--url", url, "--output", file], { env });
  await assert.rejects(check, /differs from what the server's schema gives/);
});
