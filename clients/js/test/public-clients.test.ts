// The clients people already use, as they are, against the real server: they get the events through
// onmessage and nothing else, and go on with Last-Event-ID after the server was killed.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { fetchEventSource } from "@microsoft/fetch-event-source";
import { EventSource as NewestEventSource } from "eventsource";
import EventSourceV2 from "eventsource-v2";
import { EventSource as LaunchDarklyEventSource } from "launchdarkly-eventsource";
import { Tapedeck } from "@tapedeck/client";
import { serve, temporaryFolder, until } from "./support/server.js";

interface Recording {
  /** What onmessage got. */
  messages: { data: string; id: string }[];
  heartbeats: number;
  opened: number;
  close: () => void;
}
type Recorder = (url: string) => Recording;

/** The part of the EventSource interface that a user touches. */
interface EventSourceLike {
  onopen: unknown;
  onmessage: unknown;
  addEventListener(type: string, listener: (event: never) => void): void;
  close(): void;
}

function record(source: EventSourceLike): Recording {
  const recording: Recording = {
    messages: [],
    heartbeats: 0,
    opened: 0,
    close: () => source.close(),
  };
  source.onmessage = (event: { data: string; lastEventId: string }) => {
    recording.messages.push({ data: event.data, id: event.lastEventId });
  };
  source.onopen = () => {
    recording.opened += 1;
  };
  source.addEventListener("error", () => undefined); // it reconnects by itself
  source.addEventListener("heartbeat", () => {
    recording.heartbeats += 1;
  });
  return recording;
}

/** Browser code: it wants a window and a page, and hands named events to onmessage as well. */
function recordFetchEventSource(url: string): Recording {
  const page = {
    hidden: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  };
  Object.assign(globalThis, { window: globalThis, document: page });
  const controller = new AbortController();
  const recording: Recording = {
    messages: [],
    heartbeats: 0,
    opened: 0,
    close: () => controller.abort(),
  };
  const running = fetchEventSource(url, {
    signal: controller.signal,
    onopen: async (response) => {
      assert.equal(response.headers.get("content-type"), "text/event-stream");
      recording.opened += 1;
    },
    onmessage: ({ event, data, id }) => {
      if (event === "heartbeat") recording.heartbeats += 1;
      if (event === "") recording.messages.push({ data, id });
    },
    // An end of the stream is no error to it, and ends it, unless one is made of it.
    onclose: () => {
      throw new Error("the stream ended");
    },
  });
  void running.catch(() => undefined);
  return recording;
}

async function survivesAKill(t: TestContext, recorder: Recorder): Promise<void> {
  const folder = await temporaryFolder(t);
  let server = await serve(t, ["--data-dir", folder]);
  const tapedeck = new Tapedeck({
    url: server.url,
    reconnect: { minMs: 1, maxMs: 50 },
    retries: 100,
  });
  const ids: string[] = [];
  const publish = async (count: number): Promise<void> => {
    const events = Array.from({ length: count }, (_, n) => ({
      type: "n_event",
      payload: { n, text: "€ \n" },
    }));
    await tapedeck.publish(events, { ack: "durable" });
    ids.splice(
      0,
      ids.length,
      ...(await tapedeck.events({ in: "store" })).events.map(({ id }) => id),
    );
  };
  await publish(3);
  const recording = recorder(`${server.url}/api/telemetry/stream?replay=2&heartbeat=1`);
  t.after(() => recording.close());
  await until(() => recording.messages.length === 2, "the replay");
  await publish(20);
  await until(
    () => recording.messages.length === 22 && recording.heartbeats > 0,
    "events and a heartbeat",
  );
  await server.kill();
  server = await serve(t, ["--data-dir", folder], server.port);
  await publish(10); // nobody listens yet
  await until(() => recording.messages.length >= 32, "events after the kill");
  await publish(1);
  await until(() => recording.messages.length >= 33, "a live event after the kill");
  recording.close();

  assert.deepEqual(
    recording.messages.map(({ id }) => id),
    ids.slice(1),
  );
  for (const { data, id } of recording.messages) {
    const event = JSON.parse(data) as { type: string; id: string; payload: { text: string } };
    assert.equal(event.type, "n_event");
    assert.equal(event.id, id);
    assert.equal(event.payload.text, "€ \n");
  }
  assert.ok(recording.opened >= 2, `opened ${recording.opened} times`);
}

const recorders: [string, Recorder][] = [
  ["npm eventsource 2", (url) => record(new EventSourceV2(url) as EventSourceLike)],
  ["npm eventsource, the newest", (url) => record(new NewestEventSource(url) as EventSourceLike)],
  [
    "launchdarkly-eventsource",
    (url) => record(new LaunchDarklyEventSource(url) as EventSourceLike),
  ],
  ["@microsoft/fetch-event-source", recordFetchEventSource],
];

test(
  "public clients get every event once over a kill of the server",
  { concurrency: 4 },
  async (t) => {
    await Promise.all(
      recorders.map(([name, recorder]) => t.test(name, (u) => survivesAKill(u, recorder))),
    );
  },
);
