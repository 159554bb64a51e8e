// The real program as a child of the test: started on a free port, killed, started again, and gone
// with its data when the test is over.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const START_MS = 30_000;

export const program =
  process.env["TAPEDECK_PROGRAM"] ??
  fileURLToPath(new URL("../../../build/tapedeck", import.meta.url));

/** What the program prints when it is run with these arguments; throws when it fails. */
export async function runProgram(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 60_000 });
  return stdout;
}

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "tapedeck-dashboard-"));
}

export interface Published {
  type: string;
  payload: Record<string, unknown>;
  timestamp?: string;
  source?: Record<string, string>;
}

export class Program {
  readonly #args: readonly string[];
  readonly #folder: string;
  readonly #ownFolder: boolean;
  #child: ChildProcess | undefined;
  #port = 0;
  /** What it has written, for the message of a start that failed. */
  #output = "";
  /** Shown with each question of this object, when the server asks who calls. */
  key: string | undefined;

  private constructor(args: readonly string[], folder: string, ownFolder: boolean) {
    this.#args = args;
    this.#folder = folder;
    this.#ownFolder = ownFolder;
  }

  /** @param dataDir of events that are there already, and stay; left out: an empty one. */
  static async start(args: readonly string[], dataDir?: string): Promise<Program> {
    const folder = dataDir ?? (await temporaryFolder());
    const started = new Program(args, folder, dataDir === undefined);
    await started.restart();
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  /** On the same port and with the same data as before. */
  async restart(): Promise<void> {
    const history = this.#args.includes("--memory") ? [] : ["--data-dir", this.#folder];
    const listen = ["--listen", `127.0.0.1:${String(this.#port)}`];
    const child = spawn(program, [...this.#args, ...history, ...listen], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#port = await this.#printedPort(child);
  }

  /** As a crash would end it. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** As an operator ends it. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async remove(): Promise<void> {
    await this.kill();
    if (this.#ownFolder) await rm(this.#folder, { recursive: true, force: true });
  }

  async get<Answer>(path: string): Promise<Answer> {
    return this.#ask<Answer>(path, {});
  }

  async send<Answer>(method: string, path: string, body: unknown): Promise<Answer> {
    return this.#ask<Answer>(path, { method, body: JSON.stringify(body) });
  }

  /** @returns the id of the last one. */
  async publish(...events: Published[]): Promise<string> {
    const path = "/api/telemetry/events";
    return (await this.send<{ last_id: string }>("POST", path, events)).last_id;
  }

  async #ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
    const headers = {
      "Content-Type": "application/json",
      ...(this.key === undefined ? {} : { "X-API-Key": this.key }),
    };
    const answer = await fetch(this.url + path, { ...init, headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${String(answer.status)} ${text.slice(0, 500)}`);
    return JSON.parse(text) as Answer;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  #printedPort(child: ChildProcess): Promise<number> {
    this.#output = "";
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        child.kill("SIGKILL");
        reject(new Error(`${program} ${this.#args.join(" ")}: ${why}\n${this.#output}`));
      };
      const timer = setTimeout(() => fail("says no address"), START_MS);
      const hear = (chunk: Buffer): void => {
        this.#output = (this.#output + chunk.toString()).slice(-4000);
        const port = /https?:\/\/127\.0\.0\.1:(\d+)\//.exec(this.#output)?.[1];
        if (port === undefined) return;
        clearTimeout(timer);
        resolve(Number(port));
      };
      child.stdout?.on("data", hear);
      child.stderr?.on("data", hear);
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code) => fail(`ended with ${String(code)}`));
    });
  }
}
