// A WebDriver client (W3C WebDriver) just large enough for the test in Chromium.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { until } from "./server.js";

/** The path of a program on PATH; undefined when there is none. */
export function onPath(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export class Browser {
  private constructor(private readonly session: string) {}

  /** Headless Chromium with an empty profile, gone after the test. */
  static async open(t: TestContext): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), "tapedeck-browser-"));
    t.after(() => rm(profile, { recursive: true, force: true, maxRetries: 10 }));
    const port = await freePort();
    const driver = spawn("chromedriver", [`--port=${port}`], { stdio: "ignore" });
    const ended = new Promise((resolve) => driver.once("close", resolve));
    const base = `http://127.0.0.1:${port}`;
    let session: string | undefined;
    t.after(async () => {
      if (session !== undefined) await call("DELETE", session).catch(() => undefined);
      driver.kill();
      await ended;
    });
    await until(
      () => call("GET", `${base}/status`).then(isReady, () => false),
      "chromedriver is ready",
    );
    const args = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
      `--user-data-dir=${profile}`,
    ];
    const chromeOptions = { args, binary: onPath("chromium") };
    const answer = await call("POST", `${base}/session`, {
      capabilities: { alwaysMatch: { "goog:chromeOptions": chromeOptions } },
    });
    session = `${base}/session/${(answer as { sessionId: string }).sessionId}`;
    return new Browser(session);
  }

  async visit(url: string): Promise<void> {
    await call("POST", `${this.session}/url`, { url });
  }

  /** What the script returns. */
  run(script: string, ...args: unknown[]): Promise<unknown> {
    return call("POST", `${this.session}/execute/sync`, { script, args });
  }

  /** Opens a tab in front of the present one; resolves with the way back. */
  async coverByTab(): Promise<() => Promise<void>> {
    const before = await call("GET", `${this.session}/window`);
    const tab = (await call("POST", `${this.session}/window/new`, { type: "tab" })) as {
      handle: string;
    };
    await call("POST", `${this.session}/window`, { handle: tab.handle });
    return async () => {
      await call("DELETE", `${this.session}/window`);
      await call("POST", `${this.session}/window`, { handle: before });
    };
  }
}

async function call(method: string, url: string, body?: unknown): Promise<unknown> {
  const init: RequestInit = { method, signal: AbortSignal.timeout(60_000) };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(url, init);
  const { value } = (await response.json()) as { value: unknown };
  if (!response.ok) throw new Error(`WebDriver: ${JSON.stringify(value).slice(0, 500)}`);
  return value;
}

const isReady = (status: unknown): boolean => (status as { ready: boolean }).ready;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
