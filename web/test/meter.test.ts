import { describe, expect, test } from "vitest";

import type { Stats } from "@tapedeck/client";

import { StreamMeter } from "../src/feed/meter.js";

function stats(seq: number): Stats {
  return {
    last_id: `9f3c21-${String(seq)}`,
    dropped_total: 3,
    published_total: seq,
    subscribers: 1,
    store: { enabled: false },
  } as Stats;
}

describe("the stream's meter", () => {
  test("counts events by the second", () => {
    const meter = new StreamMeter();
    for (let i = 1; i <= 5; i += 1) meter.saw(`9f3c21-${String(i)}`, 0);
    expect(meter.endSecond(1000).perSecond.slice(-2)).toEqual([0, 5]);
    expect(meter.endSecond(2000).perSecond.slice(-2)).toEqual([5, 0]);
    expect(meter.endSecond(3000).perSecond).toHaveLength(60);
  });

  test("measures how long the server's newest event took to come", () => {
    const meter = new StreamMeter();
    meter.saw("9f3c21-10", 1000);
    meter.told(stats(12), 1000);
    expect(meter.endSecond(1100)).toMatchObject({ behind: 2, lagMs: 100 });
    meter.saw("9f3c21-11", 1150);
    meter.saw("9f3c21-12", 1180);
    expect(meter.endSecond(2000)).toMatchObject({ behind: 0, lagMs: 180 });
  });

  test("shows a lag that grows while the event does not come", () => {
    const meter = new StreamMeter();
    meter.told(stats(12), 1000);
    expect(meter.endSecond(9000).lagMs).toBe(8000);
    meter.told(stats(20), 9000); // the older question is still open
    expect(meter.endSecond(10_000).lagMs).toBe(9000);
  });

  test("knows nothing before it was told something", () => {
    expect(new StreamMeter().endSecond(1000)).toMatchObject({ lagMs: null, behind: null });
  });
});
