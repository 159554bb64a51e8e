// Days of trading that tests look at: made once by the program's own simulator, always the same.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { program, temporaryFolder } from "./program.js";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

export const DAY = "2026-11-20";
/** 2026-11-20 11:00:00 in India. */
export const ELEVEN = "2026-11-20T05:30:00.000Z";

/** A folder with the history of one whole session of three strategies. */
export async function simulatedDay(): Promise<string> {
  const folder = await temporaryFolder();
  const what = ["--feed", "sim?sessions=1", "--speed", "0", "--seed", "7", "--sim-date", DAY];
  const strategies = ["--strategies", "momentum,ema_crossover,mean_reversion"];
  await promisify(execFile)(
    program,
    ["run", ...what, ...strategies, "--max-positions", "2", "--exit-at-end"].concat([
      "--data-dir",
      folder,
      "--listen",
      "127.0.0.1:0",
    ]),
    { timeout: 120_000 },
  );
  return folder;
}

/** A file of ticks for the replay: two instruments, an hour from the open, one of them with a gap. */
export async function ticksFile(folder: string): Promise<string> {
  const path = join(folder, "ticks.csv");
  const lines = ["timestamp,symbol,exchange,price,volume"];
  for (let second = 0; second < 3600; second += 5) {
    const minutes = 15 + Math.floor(second / 60);
    const clock = [9 + Math.floor(minutes / 60), minutes % 60, second % 60]
      .map((part) => String(part).padStart(2, "0"))
      .join(":");
    const wave = Math.sin(second / 300);
    lines.push(`${DAY}T${clock}+05:30,INFY,NSE,${(1500 + 12 * wave).toFixed(2)},40`);
    if (second < 1200 || second > 1800) {
      lines.push(`${DAY}T${clock}+05:30,TCS,NSE,${(3100 - 20 * wave).toFixed(2)},25`);
    }
  }
  await writeFile(path, lines.join("\n") + "\n");
  return path;
}
