// What a page costs, as the browser and the system count it.
import { readdir, readFile } from "node:fs/promises";

const TICKS_PER_SECOND = 100; // of /proc; the same on every Linux

/** Main thread, memory, nodes: of one page. */
export class PageProbe {
  #session;

  static async of(page) {
    const probe = new PageProbe();
    probe.#session = await page.context().newCDPSession(page);
    await probe.#session.send("Performance.enable");
    return probe;
  }

  async metrics() {
    const { metrics } = await this.#session.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  }

  /** After a collection of what is not used any more. */
  async memory() {
    await this.#session.send("HeapProfiler.collectGarbage");
    const { JSHeapUsedSize, Nodes } = await this.metrics();
    return { heapMb: JSHeapUsedSize / 1e6, nodes: Nodes };
  }

  /**
   * Percent of the time of `during` in which the main thread had a task (on a machine that others
   * keep busy, too, it waits in the middle of them), and in which it had the processor.
   */
  async busy(during) {
    const before = await this.metrics();
    await during();
    const after = await this.metrics();
    const share = (name) =>
      (100 * (after[name] - before[name])) / (after.Timestamp - before.Timestamp);
    return { busy: share("TaskDuration"), processor: share("ThreadTime") };
  }
}

/** Processor time of threads by name, and memory, of a browser's renderers. */
export class ProcessProbe {
  #browser;

  static async of(browser) {
    const probe = new ProcessProbe();
    probe.#browser = await browser.newBrowserCDPSession();
    return probe;
  }

  async #renderers() {
    const { processInfo } = await this.#browser.send("SystemInfo.getProcessInfo");
    return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  }

  /** Seconds of processor time of all renderers' threads whose name contains this. */
  async threadSeconds(name) {
    let ticks = 0;
    for (const pid of await this.#renderers()) {
      for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
        const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8").catch(() => "");
        const [, comm, rest] = /\((.*)\) (.*)/.exec(stat) ?? [];
        if (comm === undefined || !comm.includes(name)) continue;
        const fields = rest.split(" ");
        ticks += Number(fields[11]) + Number(fields[12]);
      }
    }
    return ticks / TICKS_PER_SECOND;
  }

  async residentMb() {
    let pages = 0;
    for (const pid of await this.#renderers()) {
      const statm = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "0 0 0");
      const [, resident, shared] = statm.split(" ").map(Number);
      pages += resident - shared;
    }
    return (pages * 4096) / 1e6;
  }
}

/** Times between frames while something else happens in the page. */
export async function frames(page, during) {
  await page.evaluate(() => {
    const times = [];
    const note = (now) => {
      times.push(now);
      window.frameHandle = requestAnimationFrame(note);
    };
    window.frameTimes = times;
    window.frameHandle = requestAnimationFrame(note);
  });
  await during();
  const times = await page.evaluate(() => {
    cancelAnimationFrame(window.frameHandle);
    return window.frameTimes;
  });
  const gaps = times.slice(1).map((time, at) => time - times[at]);
  const sorted = [...gaps].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const long = gaps.filter((gap) => gap > 20).length;
  return {
    fps: (1000 * gaps.length) / (times.at(-1) - times[0]),
    p50: at(0.5),
    p95: at(0.95),
    longShare: (100 * long) / gaps.length,
  };
}

/** Least squares: by how much a value grows a minute. */
export function slopePerMinute(samples) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const times = samples.map(({ atMs }) => atMs / 60_000);
  const values = samples.map(({ value }) => value);
  const [t, v] = [mean(times), mean(values)];
  const over = times.reduce((sum, time, at) => sum + (time - t) * (values[at] - v), 0);
  const under = times.reduce((sum, time) => sum + (time - t) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
