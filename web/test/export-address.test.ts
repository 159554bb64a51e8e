import { expect, test } from "vitest";

import { exportAddress } from "../src/model/export-address.js";

const SINCE = Date.parse("2026-11-23T00:00:00+05:30");

test("an export has what the tape is narrowed to", () => {
  const query = { event_type: ["order_event", "signal_event"], filter: 'payload.side == "BUY"' };
  const address = exportAddress("csv", query, { since: SINCE, until: null });
  const { pathname, searchParams } = new URL(address, "http://localhost");
  expect(pathname).toBe("/api/telemetry/export");
  expect(Object.fromEntries(searchParams)).toEqual({
    format: "csv",
    since: "2026-11-22T18:30:00.000Z",
    event_type: "order_event,signal_event",
    filter: 'payload.side == "BUY"',
  });
});

test("an export of the past ends at the moment that is shown", () => {
  const address = exportAddress("ndjson", { symbol: "M&M" }, { since: SINCE, until: SINCE + 1000 });
  const { searchParams } = new URL(address, "http://localhost");
  expect(searchParams.get("until")).toBe("2026-11-22T18:30:01.000Z");
  expect(searchParams.get("symbol")).toBe("M&M");
});
