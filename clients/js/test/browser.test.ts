// The built package in Chromium, in a page of another origin than the server's.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test, type TestContext } from "node:test";
import { Tapedeck } from "@tapedeck/client";
import { Browser, onPath } from "./support/browser.js";
import { listen, serve, temporaryFolder, until } from "./support/server.js";

const PAGE = `<!doctype html><title>test</title><script type="module">
  import { Tapedeck } from "/dist/index.js";
  window.seen = [];
  window.states = [];
  window.begin = (url) => {
    // An EventSource could not send this header; here it makes the browser ask first (CORS).
    const reconnect = { minMs: 10, baseMs: 50, maxMs: 200 };
    window.tapedeck = new Tapedeck({ url, apiKey: "any", reconnect });
    window.stream = tapedeck.stream({
      event_type: "n_event", replay: 2, releaseWhenHiddenMs: 50,
      onEvent: (event) => { seen.push(event.payload.n); },
      onState: ({ state }) => { states.push(state); },
      onError: (error) => { window.failed = error.message; },
    });
  };
</script>`;

/** Serves the page and the package's files. */
async function site(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (path === "/") return void response.setHeader("Content-Type", "text/html").end(PAGE);
    if (!/^\/dist\/[\w-]+\.js$/.test(path)) return void response.writeHead(404).end();
    readFile(`.${path}`).then(
      (text) => response.setHeader("Content-Type", "text/javascript").end(text),
      () => response.writeHead(404).end(),
    );
  });
  return listen(t, server);
}

const skip =
  onPath("chromium") && onPath("chromedriver") ? false : "chromium and chromedriver are not here";

test(
  "a page of another origin streams, resumes over a kill, and lets go while hidden",
  { skip },
  async (t) => {
    const folder = await temporaryFolder(t);
    let server = await serve(t, ["--data-dir", folder]);
    const tapedeck = new Tapedeck({
      url: server.url,
      reconnect: { minMs: 1, maxMs: 50 },
      retries: 100,
    });
    const publish = (from: number, count: number) =>
      tapedeck.publish(
        Array.from({ length: count }, (_, i) => ({ type: "n_event", payload: { n: from + i } })),
        { ack: "durable" },
      );
    await publish(0, 3);

    const browser = await Browser.open(t);
    await browser.visit(await site(t));
    await until(
      async () => (await browser.run("return typeof begin")) === "function",
      "the package is loaded",
    );
    await browser.run("begin(arguments[0])", server.url);
    const seen = async (): Promise<number[]> => {
      assert.equal(await browser.run("return window.failed"), null);
      return (await browser.run("return seen")) as number[];
    };
    const upTo = (end: number): number[] => Array.from({ length: end - 1 }, (_, i) => i + 1);
    await until(async () => (await seen()).length === 2, "the replay");

    await publish(3, 3);
    await until(async () => (await seen()).length === 5, "live events");
    await server.kill();
    server = await serve(t, ["--data-dir", folder], server.port);
    await publish(6, 4);
    await until(async () => (await seen()).length >= 9, "events after the kill");
    assert.deepEqual(await seen(), upTo(10));

    // Published by the page itself.
    await browser.run("return tapedeck.publish({ type: 'n_event', payload: { n: 10 } })");
    await until(async () => (await seen()).length >= 10, "the page's own event");

    const back = await browser.coverByTab();
    await until(async () => (await tapedeck.stats()).subscribers === 0, "the hidden page lets go");
    await publish(11, 2);
    await back();
    await until(async () => (await seen()).length >= 12, "what came while it was hidden");
    assert.deepEqual(await seen(), upTo(13));
    assert.ok(((await browser.run("return states")) as string[]).includes("hidden"));

    await browser.run("stream.close()");
    await until(async () => (await tapedeck.stats()).subscribers === 0, "the stream is closed");
  },
);
