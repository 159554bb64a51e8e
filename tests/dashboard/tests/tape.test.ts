import { ELEVEN } from "../support/days.js";
import { expect, test } from "../support/fixtures.js";
import { open, panel, shown, tapeRows } from "../support/page.js";
import { numbered, numbers, tapeEvents, tapeNumbers } from "../support/tape.js";

const AT_ELEVEN = `?at=${ELEVEN}`;

test("every event is a row, the newest at the top, with what it says in words", async ({
  page,
  start,
}) => {
  const server = await start("serve", "--memory");
  await server.publish({
    type: "order_event",
    timestamp: "2026-11-20T05:30:00.123Z",
    payload: { order_id: "o-1", symbol: "INFY", side: "BUY", status: "rejected", reason: "margin" },
  });
  await open(page, server);
  await expect(tapeRows(page)).toHaveCount(1);
  await expect(tapeRows(page).first()).toContainText("20 Nov 2026 11:00:00");
  await expect(tapeRows(page).first()).toContainText("INFY");
  await expect(tapeRows(page).first()).toContainText(/rejected/i);
  await server.publish({
    type: "signal_event",
    payload: { symbol: "TCS", strategy_name: "momentum", signal: "SELL" },
  });
  await expect(tapeRows(page)).toHaveCount(2);
  await expect(tapeRows(page).first()).toContainText("TCS");
});

test("types, symbol and strategy narrow the tape, and the address has them", async ({
  page,
  day,
}) => {
  await open(page, day, AT_ELEVEN);
  await page.getByTestId("tape-types-button").click();
  await page.locator('[data-type="order_event"]').check();
  await page.keyboard.press("Escape");
  await expect.poll(() => shown(page, "types")).toBe("order_event");
  await expect(tapeRows(page).first()).toBeVisible();
  const symbol = page.getByTestId("tape-symbol");
  await symbol.fill("INFY");
  await symbol.press("Enter");
  await expect.poll(() => shown(page, "only")).toBe("INFY");
  const strategy = page.getByTestId("tape-strategy");
  await strategy.fill("momentum");
  await strategy.press("Enter");
  await expect.poll(() => shown(page, "strategy")).toBe("momentum");
  const query = `event_type=order_event&symbol=INFY&strategy=momentum&until=${ELEVEN}&limit=1000`;
  const wanted = await day.get<{ events: { id: string }[] }>(`/api/telemetry/events?${query}`);
  expect(wanted.events.length).toBeGreaterThan(0);
  await expect(panel(page, "tape").locator(".panel-note")).toContainText(
    `${String(wanted.events.length)} rows`,
  );
  const ids = (await tapeEvents(page)).map(({ id }) => id);
  expect(ids).toEqual(wanted.events.map(({ id }) => id));
});

test("an expression narrows the tape, and Escape takes it away", async ({ page, start }) => {
  const server = await start("serve", "--memory");
  await server.publish(...numbered(1, 30));
  await open(page, server);
  const filter = page.getByTestId("tape-filter");
  await filter.fill("payload.n > 20");
  await filter.press("Enter");
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("10 rows");
  expect(await tapeNumbers(page)).toEqual(numbers(21, 30));
  expect(shown(page, "filter")).toBe("payload.n > 20");
  await server.publish(...numbered(5, 5), ...numbered(31, 31));
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("11 rows");
  await filter.press("Escape");
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("32 rows");
  expect(shown(page, "filter")).toBeNull();
});

test("a mistake in an expression is told with its column, and the page goes on", async ({
  page,
  start,
  watched,
}) => {
  watched.allow(/status of 400/);
  const server = await start("serve", "--memory");
  await server.publish(...numbered(1, 3));
  await open(page, server);
  const filter = page.getByTestId("tape-filter");
  await filter.fill("payload.n => 20");
  await filter.press("Enter");
  const error = page.getByTestId("tape-error");
  await expect(error).toBeVisible();
  await expect(error).toContainText("Column 11");
  await expect(error.locator("pre")).toHaveText("payload.n => 20\n          ^");
  await expect(filter).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "open");
  await filter.fill("payload.n >= 2");
  await filter.press("Enter");
  await expect(error).toHaveCount(0);
  await expect(tapeRows(page)).toHaveCount(2);
});

test("paused, the tape stands still while events come, and then goes on", async ({
  page,
  start,
}) => {
  const server = await start("serve", "--memory");
  await server.publish(...numbered(1, 500));
  await open(page, server);
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("500 rows");
  await page.getByTestId("tape-pause").click();
  const top = await tapeRows(page).first().getAttribute("data-event");
  await server.publish(...numbered(501, 740));
  await expect(page.getByTestId("tape-newer")).toContainText("240 new");
  await expect(tapeRows(page).first()).toHaveAttribute("data-event", top ?? "none");
  await page.getByTestId("tape-pause").click();
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("740 rows");
  await expect(tapeRows(page).first()).not.toHaveAttribute("data-event", top ?? "none");
});

test("scrolled down, the rows that are seen stay where they are", async ({ page, start }) => {
  const server = await start("serve", "--memory");
  await server.publish(...numbered(1, 800));
  await open(page, server);
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("800 rows");
  const scroller = page.getByTestId("tape-rows");
  await scroller.hover();
  await page.mouse.wheel(0, 4000);
  const seen = async (): Promise<string[]> =>
    tapeRows(page).evaluateAll((rows) => {
      const box = rows[0]?.closest("[role=grid]")?.getBoundingClientRect();
      return rows
        .filter((row) => row.getBoundingClientRect().top > (box?.top ?? 0) + 22)
        .map(
          (row) =>
            `${row.getAttribute("data-event") ?? ""} ${String(row.getBoundingClientRect().top)}`,
        );
    });
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("standing still");
  await expect.poll(async () => (await seen()).length).toBeGreaterThan(5);
  const before = await seen();
  await server.publish(...numbered(801, 1400));
  await expect(page.getByTestId("tape-newer")).toContainText("600 new");
  expect(await seen()).toEqual(before);
  await page.getByTestId("tape-newer").click();
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("1,400 rows");
});

test("ten thousand rows are there to scroll through, few of them in the document", async ({
  page,
  start,
}) => {
  const server = await start("serve");
  await open(page, server);
  for (let from = 1; from < 12_000; from += 1000) {
    await server.publish(...numbered(from, from + 999));
  }
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("10,000 rows");
  const scroller = page.getByTestId("tape-rows");
  await expect(scroller).toHaveAttribute("aria-rowcount", "10001");
  await scroller.focus();
  await page.keyboard.press("End");
  await expect(tapeRows(page).last()).toHaveAttribute("data-event", /-2001$/);
  expect(await tapeRows(page).count()).toBeLessThan(80);
  await page.keyboard.press("Home");
  await expect(tapeRows(page).first()).toHaveAttribute("data-event", /-12000$/);
  expect(await tapeNumbers(page)).toEqual(numbers(2001, 12_000));
});

test("the day can be saved as it is narrowed", async ({ page, day }) => {
  await open(page, day, `${AT_ELEVEN}&types=order_event`);
  await page.getByTestId("tape-export-button").click();
  const link = page.getByTestId("export-ndjson");
  const download = page.waitForEvent("download");
  await link.click();
  const path = await (await download).path();
  const { readFile } = await import("node:fs/promises");
  const events = (await readFile(path, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; timestamp: string });
  expect(events.length).toBeGreaterThan(0);
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["order_event"]));
  for (const { timestamp } of events) {
    expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.parse(ELEVEN));
  }
});
