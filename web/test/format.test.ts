import { expect, test } from "vitest";

import * as format from "../src/format.js";

const NOON = Date.parse("2026-11-23T06:30:05.123Z"); // 12:00:05 in India

test("times are those of India", () => {
  expect(format.istTime(NOON)).toBe("12:00:05");
  expect(format.istMillis(NOON)).toBe("12:00:05.123");
  expect(format.istDate(Date.parse("2026-11-23T19:00:00Z"))).toBe("2026-11-24");
  expect(format.startOfIstDay(NOON)).toBe(Date.parse("2026-11-22T18:30:00Z"));
});

test("a moment of another day says which", () => {
  expect(format.istMoment(NOON, NOON + 1000)).toBe("12:00:05");
  expect(format.istMoment(NOON, NOON + 86_400_000)).toBe("23 Nov 12:00:05");
  expect(format.istMoment(NOON, NOON + 400 * 86_400_000)).toBe("23 Nov 2026 12:00:05");
});

test("money has Indian grouping and, where it is gain or loss, always its sign", () => {
  expect(format.rupees(1234567.4)).toBe("₹12,34,567");
  expect(format.rupees(-0.3)).toBe("₹0");
  expect(format.signedRupees(1234.6)).toBe("+₹1,235");
  expect(format.signedRupees(-99999.9)).toBe("−₹1,00,000");
  expect(format.signedRupees(0.2)).toBe("₹0");
  expect(format.price(1542.1999999999998)).toBe("1,542.20");
  expect(format.signedQty(-50)).toBe("−50");
});

test("what is not known is a dash, never a zero", () => {
  for (const write of [
    format.istTime,
    format.price,
    format.rupees,
    format.signedRupees,
    format.count,
    format.percent,
    format.duration,
    format.durationUs,
    format.figure,
  ]) {
    expect(write(null)).toBe("–");
  }
});

test("durations have the unit that fits, and clocks that differ show", () => {
  expect(format.durationUs(85)).toBe("85 µs");
  expect(format.durationUs(25_000)).toBe("25.0 ms");
  expect(format.durationUs(518_000)).toBe("518 ms");
  expect(format.durationUs(-1500)).toBe("−1.5 ms");
  expect(format.duration(125_000)).toBe("2 m 05 s");
  expect(format.duration(3 * 3_600_000)).toBe("3 h 00 m");
  expect(format.duration(400 * 86_400_000)).toBe("400 d");
});

test("a sign goes with a shape", () => {
  expect([12, -3, 0, null].map(format.arrow)).toEqual(["▲", "▼", "", ""]);
});
