// How many events a second a program in Node gets from a local server: by this client, by the npm
// package eventsource, and by what one would write by hand (fetch, split, JSON.parse). Each reads
// the same events, in memory of the server, as fast as they come; each runs in a process of its
// own, which neither shares a compiler's warm-up nor garbage with the others.
//   npm run bench -- [--events 200000] [--rounds 3]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "../scripts/server.mjs";

const { values: options } = parseArgs({
  options: {
    events: { type: "string", default: "200000" },
    rounds: { type: "string", default: "3" },
    reader: { type: "string" },
    url: { type: "string" },
  },
});
const total = Number(options.events);
const path = "/api/telemetry/stream?since=1970-01-01T00:00:00Z&speed=0";

// Its time grows with the square of what a read of the socket brings: all would take minutes.
const fewer = { "npm eventsource 2": 10_000 };

/** Each resolves when it has had all events. `count` takes an event. */
const readers = {
  async "client, for await"(url, count) {
    const { Tapedeck } = await import("@tapedeck/client");
    const stream = new Tapedeck({ url }).stream({ since: new Date(0), speed: 0 });
    for await (const event of stream) if (count(event)) return;
  },
  async "client, onEvent"(url, count) {
    const { Tapedeck } = await import("@tapedeck/client");
    const stream = new Tapedeck({ url }).stream({
      since: new Date(0),
      speed: 0,
      onEvent: (event) => void count(event),
    });
    await stream.closed;
  },
  async "npm eventsource 5"(url, count) {
    await readEventSource((await import("eventsource")).EventSource, url, count);
  },
  async "npm eventsource 2"(url, count) {
    await readEventSource((await import("eventsource-v2")).default, url, count);
  },
  async "fetch + split + JSON.parse"(url, count) {
    const { body } = await fetch(url + path, { headers: { Accept: "text/event-stream" } });
    let rest = "";
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      const frames = (rest + text).split("\n\n");
      rest = frames.pop();
      for (const frame of frames) {
        const lines = frame.split("\n");
        if (lines.some((line) => line.startsWith("event:"))) continue;
        const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
        if (data.length > 0 && count(JSON.parse(data.join("\n")))) return;
      }
    }
  },
};

function readEventSource(EventSource, url, count) {
  return new Promise((resolve) => {
    const source = new EventSource(url + path);
    source.onmessage = (message) => {
      if (!count(JSON.parse(message.data))) return;
      source.close();
      resolve();
    };
  });
}

if (options.reader) await read(options.reader, options.url);
else await compare();

async function read(name, url) {
  let seen = 0;
  const start = performance.now();
  const before = process.cpuUsage();
  await readers[name](url, (event) => {
    if (event.type !== "order_event") throw new Error(`unexpected ${event.type}`);
    return ++seen === total;
  });
  const seconds = (performance.now() - start) / 1000;
  if (seen < total) throw new Error(`${seen} of ${total} events`);
  const { user, system } = process.cpuUsage(before);
  const memory = process.memoryUsage.rss();
  process.stdout.write(JSON.stringify({ seconds, cpuUs: user + system, memory }));
}

async function compare() {
  const server = await startServer(["--memory", "--log-bytes", String(1 << 29)]);
  try {
    await publish(server.url);
    const best = {};
    for (let round = 0; round < Number(options.rounds); ++round) {
      for (const name of Object.keys(readers)) {
        const result = await runReader(name, server.url);
        if (!(best[name]?.seconds <= result.seconds)) best[name] = result;
      }
    }
    const own = best["client, for await"].seconds / total;
    console.log(`${total} events, best of ${options.rounds}, Node ${process.version}`);
    for (const [name, { events, seconds, cpuUs, memory }] of Object.entries(best)) {
      const rate = Math.round(events / seconds)
        .toLocaleString("en-US")
        .padStart(10);
      const ratio = (seconds / events / own).toFixed(2).padStart(6);
      const cpu = (cpuUs / events).toFixed(2);
      const mib = Math.round(memory / 2 ** 20);
      console.log(
        `${name.padEnd(28)}${rate} events/s ${ratio} x the time  ${cpu} us CPU each  ${mib} MiB`,
      );
    }
  } finally {
    await server.kill();
  }
}

async function publish(url) {
  for (let sent = 0; sent < total; sent += 10_000) {
    const lines = [];
    for (let n = sent; n < Math.min(sent + 10_000, total); ++n) {
      lines.push(
        JSON.stringify({
          type: "order_event",
          payload: {
            order_id: `PAPER-20251118-${n}`,
            symbol: "NIFTY",
            side: "BUY",
            status: "filled",
            qty: 50,
            price: 19755 + (n % 100) / 20,
            remaining_qty: 0,
            strategy: "momentum",
            order_type: "MARKET",
          },
        }),
      );
    }
    const answer = await fetch(`${url}/api/telemetry/events`, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: lines.join("\n"),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
}

async function runReader(name, url) {
  const events = Math.min(total, fewer[name] ?? total);
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), "--reader", name, "--url", url, "--events", String(events)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  child.stdout.on("data", (bytes) => (text += bytes));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return { events, ...JSON.parse(text) };
}
