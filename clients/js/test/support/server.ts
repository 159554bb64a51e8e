// Servers for tests: the real one, and raw ones that say what the real one would not.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startServer, type RunningServer } from "#scripts/server.mjs";

/** A real server that ends with the test. */
export async function serve(t: TestContext, args: string[], port = 0): Promise<RunningServer> {
  const server = await startServer(args, port);
  t.after(() => server.kill());
  return server;
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tapedeck-js-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Waits until the condition holds; the test fails when it does not within the time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  seconds = 30,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface RawRequest {
  /** The first line and the headers, as they came. */
  head: string;
  socket: Socket;
}

export interface RawServer {
  url: string;
  requests: RawRequest[];
}

/** A server that answers the n-th request by the n-th handler, the last one for all after it. */
export async function rawServer(
  t: TestContext,
  ...handlers: ((request: RawRequest) => void)[]
): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const server = createServer((socket) => {
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const request = { head: text.slice(0, end), socket };
      text = "";
      requests.push(request);
      handlers[Math.min(requests.length, handlers.length) - 1]?.(request);
    });
  });
  return { url: await listen(t, server), requests };
}

export async function listen(t: TestContext, server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

export const STREAM_HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

export function answer(status: string, headers: string[], body: string): string {
  const lines = [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`];
  return `${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n${body}`;
}

/** A frame as the server writes them. */
export function frame(n: number, padding = ""): string {
  const event = {
    type: "n_event",
    timestamp: "2025-11-18T07:55:41.123456Z",
    payload: { n, padding },
    id: `e-${n}`,
  };
  return `id: e-${n}\ndata: ${JSON.stringify(event)}\n\n`;
}
