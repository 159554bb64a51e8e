// What tests ask for: servers with data in them, and a page that is watched for what no page may do.
import { test as base, type ConsoleMessage, expect, type Page } from "@playwright/test";
import { rm } from "node:fs/promises";

import { simulatedDay } from "./days.js";
import { Program } from "./program.js";

/** Console lines of the browser's own that a test expects, because it breaks something. */
export interface Watched {
  /** Lines that match are not held against the page. */
  allow: (...lines: RegExp[]) => void;
}

interface TestFixtures {
  /** A server of this test alone, gone after it. */
  start: (...args: string[]) => Promise<Program>;
  watched: Watched;
}

interface WorkerFixtures {
  /** `serve` of a simulated session that is over; nothing is published there. */
  day: Program;
  /** A session as it happens, an hour a minute. */
  simulation: Program;
}

const quietly = ["--log-level", "warn"];

export const test = base.extend<TestFixtures, WorkerFixtures>({
  day: [
    async ({}, use) => {
      const folder = await simulatedDay();
      const server = await Program.start(["serve", ...quietly], folder);
      await use(server);
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 150_000 },
  ],

  simulation: [
    async ({}, use) => {
      const strategies = "momentum,ema_crossover,mean_reversion";
      const server = await Program.start([
        ...["run", "--feed", "sim", "--seed", "7", "--speed", "60", "--sim-date", "2026-11-20"],
        ...["--strategies", strategies, ...quietly],
      ]);
      await use(server);
      await server.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  start: async ({}, use) => {
    const started: Program[] = [];
    await use(async (...args) => {
      const server = await Program.start([...args, ...quietly]);
      started.push(server);
      return server;
    });
    await Promise.all(started.map((server) => server.remove()));
  },

  watched: [
    // After `start`, so that it is over before the test's servers are taken away.
    async ({ context, start: _ }, use) => {
      const allowed: RegExp[] = [];
      const wrong: string[] = [];
      const note = (line: string): void => {
        if (!allowed.some((each) => each.test(line))) wrong.push(line);
      };
      context.on("console", (message: ConsoleMessage) => {
        if (message.type() === "error" || message.type() === "warning") note(message.text());
      });
      context.on("weberror", (error) => note(`uncaught: ${error.error().message}`));
      context.on("page", (page) => {
        page.on("request", (request) => {
          const at = new URL(request.url());
          const own = page.url() === "about:blank" ? at.origin : new URL(page.url()).origin;
          const local = at.protocol === "data:" || at.protocol === "blob:";
          if (!local && at.origin !== own) note(`leaves the page's origin: ${at.href}`);
        });
      });
      await use({ allow: (...lines) => allowed.push(...lines) });
      expect(wrong, "what the page told the console").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect, type Page };
