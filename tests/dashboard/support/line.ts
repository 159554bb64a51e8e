// A line between the page and the server that is as bad as a test wants it: slow, dead, cut.
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

export class Line {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #delayMs = 0;
  #frozen = false;
  #waiting: (() => void)[] = [];

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((socket) => this.#take(socket));
  }

  /** @param url of the server behind it. */
  static async to(url: string): Promise<Line> {
    const line = new Line(Number(new URL(url).port));
    line.#server.listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    return line;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The line has no port.");
    return `http://127.0.0.1:${String(address.port)}`;
  }

  /** Each piece of an answer is held back so long, and at most 16 KiB go in that time. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Nothing comes through any more, and nobody is told: as with a cable that is pulled. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  async close(): Promise<void> {
    this.thaw();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #take(near: Socket): void {
    const far = connect(this.#target, "127.0.0.1");
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      this.#sockets.add(socket);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.on("error", () => other.destroy());
    }
    near.on("data", (bytes) => void this.#pass(near, far, bytes, 0));
    far.on("data", (bytes) => void this.#pass(far, near, bytes, this.#delayMs));
  }

  async #pass(from: Socket, to: Socket, bytes: Buffer, delayMs: number): Promise<void> {
    from.pause();
    const piece = 16_384;
    for (let at = 0; at < bytes.length; at += piece) {
      if (this.#frozen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (!to.destroyed) to.write(bytes.subarray(at, at + piece));
    }
    from.resume();
  }
}
