// What the dashboard costs in a browser while 5 000 events a second reach it, beside a plain page:
// an EventSource that prepends to a table of 500 rows.
//
//   node bench.mjs [--minutes 2] [--rate 5000] [--json FILE]
//
// Uses the browser library of tests/dashboard and the program TAPEDECK_PROGRAM.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { frames, PageProbe, ProcessProbe, slopePerMinute } from "./probe.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { chromium } = createRequire(here("../../tests/dashboard/package.json"))("playwright-core");
const program = process.env.TAPEDECK_PROGRAM ?? here("../../build/tapedeck");
const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    rate: { type: "string", default: "5000" },
    json: { type: "string" },
  },
});
const minutes = Number(options.minutes);
const rate = Number(options.rate);
const PHASE_MS = 15_000;
const PAINTS = 5;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function startServer(folder, origin) {
  const args = ["serve", "--listen", "127.0.0.1:0", "--data-dir", folder, "--log-level", "warn"];
  const child = spawn(program, [...args, "--allowed-origin", origin]);
  let said = "";
  child.stderr.on("data", (bytes) => (said += bytes));
  for await (const bytes of child.stdout) {
    said += bytes;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (url !== undefined) return { url, child };
  }
  throw new Error(`${program} did not start: ${said}`);
}

async function servePlainPage() {
  const html = await readFile(here("plain.html"));
  const server = http.createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end(html);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, server };
}

function startPublisher(url) {
  const child = spawn(process.execPath, [here("publisher.mjs"), url, String(rate)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdout.resume();
  return child;
}

/** Bytes as they go over the line, compressed; what they name is asked for, too. */
async function scriptBytes(url) {
  const ask = (path) =>
    new Promise((resolve, reject) => {
      http.get(url + path, { headers: { "Accept-Encoding": "gzip" } }, (answer) => {
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.on("end", () => resolve(Buffer.concat(chunks)));
        answer.on("error", reject);
      });
    });
  const { gunzipSync } = await import("node:zlib");
  const text = (bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString();
  const names = (source) => source.match(/[\w-]+-[\w-]{8}\.js/g) ?? [];
  const bytes = new Map();
  const waiting = names(text(await ask("/")));
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (bytes.has(name)) continue;
    const script = await ask(`/assets/${name}`);
    bytes.set(name, script.length);
    waiting.push(...names(text(script)));
  }
  return bytes;
}

async function paints(browser, url) {
  const measured = { cold: [], warm: [] };
  const paint = async (page) => {
    const read = () =>
      page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    for (;;) {
      const time = await read();
      if (time !== undefined) return time;
      await wait(20);
    }
  };
  for (let round = 0; round < PAINTS; round += 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    measured.cold.push(await paint(page));
    await page.reload();
    measured.warm.push(await paint(page));
    await context.close();
  }
  return measured;
}

/** Wheels down and up again, as a hand does. */
async function wheel(page, selector, ms) {
  await page.locator(selector).hover();
  const until = Date.now() + ms;
  for (let step = 0; Date.now() < until; step += 1) {
    await page.mouse.wheel(0, step % 200 < 150 ? 120 : -360);
    await wait(16);
  }
}

/** One page while events come: following, scrolling, and its memory over a time. */
async function measure(browser, { url, scroll, memoryMs, seen }) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  await page.locator(scroll).waitFor();
  const probe = await PageProbe.of(page);
  const processes = await ProcessProbe.of(browser);
  await wait(5000);

  const workerBefore = await processes.threadSeconds("SharedWorker");
  const countBefore = await seen(page);
  const following = await probe.busy(() => wait(PHASE_MS));
  const worker = (await processes.threadSeconds("SharedWorker")) - workerBefore;
  const reached = ((await seen(page)) - countBefore) / (PHASE_MS / 1000);
  // Counting frames makes each of them a frame with work: apart from what is busy by itself.
  const followed = await frames(page, () => wait(PHASE_MS / 3));
  const scrolling = await probe.busy(() => wheel(page, scroll, PHASE_MS));
  const scrolled = await frames(page, () => wheel(page, scroll, PHASE_MS));
  await page.locator(scroll).evaluate((element) => element.scrollTo(0, 0));
  await wait(5000);

  const heap = [];
  const resident = [];
  const began = Date.now();
  let last = await probe.memory();
  const first = last;
  while (Date.now() - began < memoryMs) {
    await wait(Math.min(10_000, memoryMs / 6));
    last = await probe.memory();
    heap.push({ atMs: Date.now() - began, value: last.heapMb });
    resident.push({ atMs: Date.now() - began, value: await processes.residentMb() });
  }
  await page.close();
  return {
    reached,
    following: { ...following, ...followed },
    scrolling: { ...scrolling, ...scrolled },
    workerBusy: (100 * worker * 1000) / PHASE_MS,
    heapFirst: first.heapMb,
    heapLast: last.heapMb,
    heapSlope: slopePerMinute(heap),
    residentLast: resident.at(-1)?.value ?? 0,
    residentSlope: slopePerMinute(resident),
    nodesFirst: first.nodes,
    nodesLast: last.nodes,
    minutes: memoryMs / 60_000,
  };
}

/** Events that the page's stream brought: the newest number the tape shows. */
const newestOnTape = (page) =>
  page.evaluate(() => {
    const ids = [...document.querySelectorAll("[data-testid=tape-row]")].map((row) =>
      Number(row.getAttribute("data-event")?.split("-")[1] ?? 0),
    );
    return Math.max(0, ...ids);
  });

async function idleBusy(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  const probe = await PageProbe.of(page);
  await wait(4000);
  const busy = await probe.busy(() => wait(8000));
  await page.close();
  return busy;
}

function table(rows) {
  const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => row[at].length)));
  for (const row of rows) {
    const cells = row.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[at]),
    );
    console.log(cells.join("  "));
  }
}

function print({ bytes, paint, idle, dashboard, plain }) {
  const f = (value, digits = 1) => value.toFixed(digits);
  const kb = [...bytes.values()].reduce((sum, size) => sum + size, 0) / 1000;
  const row = (name, goal, read, unit = "", digits = 1) => [
    name,
    goal,
    `${f(read(dashboard), digits)}${unit}`,
    `${f(read(plain), digits)}${unit}`,
  ];
  table([
    [`${rate} events/s`, "goal", "dashboard", "plain page"],
    ["first paint, cold", "< 1000 ms", `${f(median(paint.cold), 0)} ms`, ""],
    ["first paint, warm", "< 1000 ms", `${f(median(paint.warm), 0)} ms`, ""],
    ["script, gzipped", "< 400 KB", `${f(kb, 0)} KB`, ""],
    ["main thread, nothing comes", "", `${f(idle.busy)} %`, ""],
    row("events/s that reach the page", "", (m) => m.reached, "", 0),
    row("main thread, following", "< 30 %", (m) => m.following.busy, " %"),
    row("main thread's processor time, following", "", (m) => m.following.processor, " %"),
    row("worker's processor time, following", "", (m) => m.workerBusy, " %"),
    row("main thread, scrolling", "", (m) => m.scrolling.busy, " %"),
    row("main thread's processor time, scrolling", "", (m) => m.scrolling.processor, " %"),
    row("frames/s, following", "", (m) => m.following.fps),
    row("frames/s, scrolling", "60", (m) => m.scrolling.fps),
    row("frame p50, scrolling", "16.7 ms", (m) => m.scrolling.p50, " ms"),
    row("frame p95, scrolling", "", (m) => m.scrolling.p95, " ms"),
    row("frames over 20 ms, scrolling", "", (m) => m.scrolling.longShare, " %"),
    row("memory watched", "", (m) => m.minutes, " min"),
    row("heap at first", "", (m) => m.heapFirst, " MB"),
    row("heap at last", "", (m) => m.heapLast, " MB"),
    row("heap grows, a minute", "flat", (m) => m.heapSlope, " MB", 2),
    row("renderers' own memory at last", "", (m) => m.residentLast, " MB", 0),
    row("renderers grow, a minute", "flat", (m) => m.residentSlope, " MB", 2),
    row("nodes at first", "", (m) => m.nodesFirst, "", 0),
    row("nodes at last", "flat", (m) => m.nodesLast, "", 0),
  ]);
  console.log(
    `load average ${loadavg()
      .map((load) => f(load))
      .join(" ")}`,
  );
}

const folder = await mkdtemp(join(tmpdir(), "tapedeck-bench-"));
const plainPage = await servePlainPage();
const { url, child } = await startServer(folder, plainPage.url);
const browser = await chromium.launch({
  executablePath: process.env.TAPEDECK_CHROMIUM ?? "/usr/bin/chromium",
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});
let publisher;
try {
  const bytes = await scriptBytes(url);
  const paint = await paints(browser, url);
  const idle = await idleBusy(browser, url);
  publisher = startPublisher(url);
  const dashboard = await measure(browser, {
    ...{ url, scroll: "[data-testid=tape-rows]", memoryMs: minutes * 60_000, seen: newestOnTape },
  });
  const plain = await measure(browser, {
    url: `${plainPage.url}/?server=${encodeURIComponent(url)}`,
    ...{ scroll: "#scroll", memoryMs: Math.min(minutes, 1) * 60_000 },
    seen: (page) => page.evaluate(() => window.seen),
  });
  const result = { rate, bytes: Object.fromEntries(bytes), paint, idle, dashboard, plain };
  print({ ...result, bytes });
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify({ ...result, load: loadavg() }, null, 1)}\n`);
  }
} finally {
  publisher?.stdin.end();
  await browser.close();
  child.kill();
  plainPage.server.close();
  await once(child, "exit");
  await rm(folder, { recursive: true, force: true });
}
