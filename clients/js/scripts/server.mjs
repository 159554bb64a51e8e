// Starts a real server for the scripts, tests and benchmarks of this folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The program under test: $TAPEDECK_PROGRAM, or the project's own build. */
export function program() {
  return (
    process.env.TAPEDECK_PROGRAM ??
    fileURLToPath(new URL("../../../build/tapedeck", import.meta.url))
  );
}

// A test that is ended because it takes too long must not leave its servers behind.
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/**
 * Runs `tapedeck serve` with the arguments on a loopback port (0: any free one) until it is ended.
 * @param {string[]} args
 * @param {number} port
 */
export async function startServer(args, port = 0) {
  const child = spawn(
    program(),
    ["serve", "--listen", `127.0.0.1:${port}`, "--log-level", "warn", ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  running.add(child);
  child.once("exit", () => running.delete(child));
  const ended = once(child, "exit");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line").then(([text]) => text),
    ended.then(([code]) =>
      Promise.reject(new Error(`The server ended with ${code} at its start.`)),
    ),
  ]);
  const url = line.split(" ").at(-1).replace(/\/$/, "");
  const end = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return {
    url,
    port: Number(new URL(url).port),
    /** As a crash: SIGKILL. */
    kill: () => end("SIGKILL"),
    /** As an operator: SIGTERM. */
    stop: () => end("SIGTERM"),
  };
}
