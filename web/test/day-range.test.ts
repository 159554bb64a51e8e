import { describe, expect, it } from "vitest";

import {
  clampTo,
  dayChosen,
  dayRange,
  type Mark,
  marksOf,
  playFrom,
  standAt,
} from "../src/model/day-range.js";

const ist = (text: string): number => Date.parse(`${text}+05:30`);
const DAY = ist("2026-11-23T12:00:00");
const mark = (time: string, events = 1): Mark => ({
  at: ist(`2026-11-23T${time}:00`),
  events,
  orders: 0,
  alerts: 0,
});

describe("the range of a day", () => {
  it("is the trading day when nothing is known", () => {
    const range = dayRange(DAY, [], null);
    expect(range).toEqual({
      from: ist("2026-11-23T09:00:00"),
      until: ist("2026-11-23T15:40:00"),
      dataEnd: null,
    });
  });

  it("is widened by what happened before and after, up to the end of its five minutes", () => {
    const range = dayRange(DAY, [mark("08:50"), mark("10:00"), mark("16:20")], null);
    expect(range.from).toBe(ist("2026-11-23T08:50:00"));
    expect(range.until).toBe(ist("2026-11-23T16:25:00"));
    expect(range.dataEnd).toBe(range.until);
  });

  it("is that of the events alone when they were all at another time", () => {
    const range = dayRange(DAY, [mark("02:00"), mark("03:10")], null);
    expect([range.from, range.until]).toEqual([
      ist("2026-11-23T02:00:00"),
      ist("2026-11-23T03:15:00"),
    ]);
  });

  it("reaches to now on this day and takes no notice of now on another", () => {
    const evening = ist("2026-11-23T18:00:00");
    expect(dayRange(DAY, [mark("10:00")], evening).until).toBe(evening);
    const later = ist("2026-11-24T18:00:00");
    expect(dayRange(DAY, [mark("10:00")], later).until).toBe(ist("2026-11-23T15:40:00"));
  });

  it("is not stretched by what goes on all the time", () => {
    expect(dayRange(DAY, [mark("03:00", 0), mark("10:00")], null).from).toBe(
      ist("2026-11-23T09:00:00"),
    );
  });
});

it("marks count events, orders and alerts of each five minutes; health is no event", () => {
  const groups = Object.entries({
    order_event: 2,
    alert_event: 1,
    engine_health: 90,
    candle_event: 5,
  }).map(([type, count]) => ({ key: { type }, value: count, count }));
  const marks = marksOf([
    { start: "2026-11-23T03:45:00.000000Z", groups },
    { start: "never", groups },
  ]);
  expect(marks).toEqual([
    { at: ist("2026-11-23T09:15:00"), events: 7, orders: 2, alerts: 1 },
  ]);
});

it("a moment stays within the range and out of the future", () => {
  const range = dayRange(DAY, [mark("09:15"), mark("11:00")], null);
  expect(clampTo(range, 0, null)).toBe(range.from);
  expect(clampTo(range, DAY + 1e9, null)).toBe(ist("2026-11-23T11:05:00"));
  const now = ist("2026-11-23T11:07:30");
  expect(clampTo(range, DAY, now)).toBe(now);
  expect(clampTo(dayRange(DAY, [], null), DAY, null)).toBe(DAY);
  const before = ist("2026-11-23T10:00:00");
  expect(clampTo(range, before, now)).toBe(before);
});

it("a chosen day shows its close, today what there is, nonsense nothing", () => {
  expect(dayChosen("2026-11-20", DAY)).toBe(ist("2026-11-20T15:30:00"));
  expect(dayChosen("2026-11-23", DAY)).toBe(DAY);
  expect(dayChosen("2026-11-20", null)).toBe(ist("2026-11-20T15:30:00"));
  expect(dayChosen("", DAY)).toBeNull();
  expect(dayChosen("0002-11-20", DAY)).toBeNull();
});

it("a play-back ends with the day, or with what there is when it begins at its end", () => {
  const range = dayRange(DAY, [], null);
  expect(playFrom(DAY, range, 10)).toEqual({
    kind: "play",
    from: "2026-11-23T06:30:00.000Z",
    until: "2026-11-23T10:10:00.000Z",
    speed: 10,
  });
  expect(playFrom(range.until, range, 1)).toMatchObject({ until: null });
  expect(standAt(DAY)).toEqual({ kind: "at", at: "2026-11-23T06:30:00.000Z" });
});
