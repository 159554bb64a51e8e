import { describe, expect, test } from "vitest";

import { DEFAULT_SHOWN, readLocation, type Shown, writeLocation } from "../src/state/location.js";
import { inFocus, stageQuery, tapeQueryOf } from "../src/state/tape-query.js";

const FULL: Shown = {
  view: {
    kind: "play",
    from: "2026-11-23T04:00:00.000Z",
    until: "2026-11-23T05:00:00.000Z",
    speed: 10,
  },
  symbol: { exchange: "NSE", symbol: "M&M" },
  timeframe: "5m",
  focus: {
    strategy: "momentum",
    symbol: "INFY",
    stage: { name: "vetoed", vetoCode: "market:phase" },
  },
  types: ["order_event", "my.type"],
  filter: 'payload.qty > 10 && payload.symbol == "A"',
  trade: "261123pcewD000012",
  event: "9f3c21-12",
  choices: { outcome: "filled", range: "5d", desk: "feeds" },
};

describe("the address", () => {
  test("brings every view back", () => {
    expect(readLocation(writeLocation(FULL))).toEqual(FULL);
    const standing: Shown = { ...FULL, view: { kind: "at", at: "2026-11-23T04:00:00.000Z" } };
    expect(readLocation(writeLocation(standing))).toEqual(standing);
  });

  test("of the page as it opens is empty", () => {
    expect(writeLocation(DEFAULT_SHOWN)).toBe("");
    expect(readLocation("")).toEqual(DEFAULT_SHOWN);
  });

  test("that cannot be meant is read as if the part were not there", () => {
    const shown = readLocation("?at=yesterday&play=&speed=-3&tf=7m&stage=drunk&symbol=%20");
    expect(shown).toEqual(DEFAULT_SHOWN);
    expect(readLocation("?play=2026-11-23T04:00:00Z&speed=1e9").view).toMatchObject({ speed: 1 });
  });

  test("takes times with any offset", () => {
    expect(readLocation("?at=2026-11-23T09:30:00%2B05:30").view).toEqual({
      kind: "at",
      at: "2026-11-23T04:00:00.000Z",
    });
  });
});

describe("the tape's question", () => {
  test("is everything when nothing is asked for", () => {
    expect(tapeQueryOf(DEFAULT_SHOWN)).toEqual({});
  });

  test("has what was typed as it was typed, so that a mistake's column is right", () => {
    expect(tapeQueryOf({ ...DEFAULT_SHOWN, filter: "payload.x >" })).toEqual({
      filter: "payload.x >",
    });
  });

  test("narrows by the focus too", () => {
    expect(tapeQueryOf(FULL)).toEqual({
      event_type: ["order_event", "my.type"],
      symbol: "INFY",
      strategy: "momentum",
      filter:
        '(payload.decision == "VETO" && payload.trace_data.veto_code == "market:phase")' +
        ' && (payload.qty > 10 && payload.symbol == "A")',
    });
  });

  test("of a stage names its events", () => {
    expect(stageQuery({ name: "filled", vetoCode: null })).toEqual({
      types: ["order_event"],
      filter: "has(payload.fill_id)",
    });
  });
});

test("what has no strategy is outside of a focus on one", () => {
  const focus = { strategy: "momentum", symbol: null, stage: null };
  expect(inFocus(focus, { strategy: "momentum", symbol: "A" })).toBe(true);
  expect(inFocus(focus, { strategy: null, symbol: "A" })).toBe(false);
});
