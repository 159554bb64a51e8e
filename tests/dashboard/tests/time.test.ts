import { DAY, ELEVEN } from "../support/days.js";
import { expect, type Page, test } from "../support/fixtures.js";
import { open, panel, shown, tapeRows } from "../support/page.js";
import { tapeEvents } from "../support/tape.js";

interface LatestEvents {
  events: { payload: Record<string, unknown>; timestamp: string }[];
}

async function cursor(page: Page): Promise<string> {
  return (await page.getByTestId("cursor").locator("strong").textContent()) ?? "";
}

test("a moment of the past is shown as it was, and nothing later", async ({ page, day }) => {
  await open(page, day, `?at=${ELEVEN}`);
  await expect(page.getByTestId("past")).toContainText("PAST");
  await expect(page.getByTestId("past")).toContainText("11:00:00");
  await expect(tapeRows(page).first()).toBeVisible();

  for (const event of await tapeEvents(page)) {
    expect(Date.parse(event.timestamp)).toBeLessThanOrEqual(Date.parse(ELEVEN));
  }
  const query = `event_type=position_event&by=symbol,strategy&at=${ELEVEN}`;
  const latest = await day.get<LatestEvents>(`/api/telemetry/latest?${query}`);
  const held = latest.events.filter(({ payload }) => payload["position_size"] !== 0);
  expect(held.length).toBeGreaterThan(0);
  await expect(panel(page, "positions").locator("tr[data-symbol]")).toHaveCount(held.length);
  for (const { payload } of held) {
    const row = panel(page, "positions").locator(`tr[data-symbol="${String(payload["symbol"])}"]`);
    await expect(row.first()).toBeVisible();
  }
  await expect(page.getByTestId("trade-row").first()).toBeVisible();
  const times = await page.getByTestId("trade-row").locator("td:first-child").allTextContents();
  for (const time of times) expect(time.slice(0, 8) <= "11:00:00").toBe(true);
});

test("a trade whose fill is still to come is not shown as filled", async ({ page, day }) => {
  interface Trades {
    trades: { correlation_id: string; decided_at: string; first_fill_at: string | null }[];
  }
  const { trades } = await day.get<Trades>("/api/telemetry/trades?outcome=filled&limit=200");
  const slow = trades.find(
    ({ decided_at, first_fill_at }) =>
      first_fill_at !== null && Date.parse(first_fill_at) - Date.parse(decided_at) > 100,
  );
  if (slow?.first_fill_at == null) throw new Error("no trade took its time");
  const before = new Date(Date.parse(slow.first_fill_at) - 50).toISOString();
  await open(page, day, `?at=${before}`);
  const row = page.getByTestId("trade-row").first();
  await expect(row).toBeVisible();
  await expect(row).not.toHaveAttribute("data-outcome", "filled");
  await open(page, day, `?at=${new Date(Date.parse(slow.first_fill_at) + 1000).toISOString()}`);
  await expect(page.getByTestId("trade-row").first()).toHaveAttribute("data-outcome", "filled");
});

test("the scrubber moves all panels, by keys and by hand", async ({ page, day }) => {
  await open(page, day, `?at=${ELEVEN}`);
  const scrubber = page.getByTestId("scrubber");
  await scrubber.focus();
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => shown(page, "at")).toBe(`${DAY}T05:29:00.000Z`);
  await expect(page.getByTestId("past")).toContainText("10:59:00");
  await page.keyboard.press("PageDown");
  await expect.poll(() => shown(page, "at")).toBe(`${DAY}T05:14:00.000Z`);
  await page.getByTestId("forward").click();
  await expect.poll(() => shown(page, "at")).toBe(`${DAY}T05:15:00.000Z`);
  const box = await scrubber.boundingBox();
  if (box === null) throw new Error("the scrubber is not there");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.7 * box.width, box.y + box.height / 2);
  await page.mouse.up();
  await expect.poll(() => shown(page, "at")).not.toBe(`${DAY}T05:15:00.000Z`);
  const at = Date.parse(shown(page, "at") ?? "");
  expect(at).toBeGreaterThan(Date.parse(ELEVEN));
  await expect
    .poll(async () => Math.max(...(await tapeEvents(page)).map((e) => Date.parse(e.timestamp))))
    .toBeGreaterThan(at - 60_000);
});

test("a play-back at 100 times moves the cursor and the panels, and can be stopped", async ({
  page,
  day,
}) => {
  await open(page, day, `?at=${ELEVEN}`);
  await page.getByTestId("speed").selectOption("100");
  await page.getByTestId("play").click();
  await expect.poll(() => shown(page, "speed")).toBe("100");
  await expect.poll(() => cursor(page)).toMatch(/11:0[2-9]:/);
  await page.getByTestId("play").click();
  await expect.poll(() => shown(page, "at")).not.toBeNull();
  const at = Date.parse(shown(page, "at") ?? "");
  expect(at).toBeGreaterThan(Date.parse(ELEVEN) + 60_000);
  await expect(page.getByTestId("cursor")).toHaveAttribute("data-loading", "false");
  for (const event of await tapeEvents(page)) {
    expect(Date.parse(event.timestamp)).toBeLessThanOrEqual(at + 1);
  }
});

test("a play-back ends at its end, without an error", async ({ page, day }) => {
  const until = new Date(Date.parse(ELEVEN) + 90_000).toISOString();
  await page.goto(`${day.url}/?play=${ELEVEN}&until=${until}&speed=100`);
  await expect.poll(() => shown(page, "at")).not.toBeNull();
  await expect(page.getByTestId("cursor")).toContainText("11:01:");
  await expect(page.getByTestId("connection")).toContainText("past");
  const ids = (await tapeEvents(page)).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("live again, the page goes on with what is now", async ({ page, simulation }) => {
  await open(page, simulation);
  await expect(tapeRows(page).first()).toBeVisible();
  await page.getByTestId("back").click();
  await expect(page.getByTestId("past")).toBeVisible();
  await expect(page.getByTestId("cursor")).toHaveAttribute("data-loading", "false");
  await page.getByTestId("live").click();
  await expect(page.getByTestId("past")).toHaveCount(0);
  await expect(page.getByTestId("connection")).toContainText("live");
  const newest = await tapeRows(page).first().getAttribute("data-event");
  await expect(tapeRows(page).first()).not.toHaveAttribute("data-event", newest ?? "");
});

test("a link to a view shows the same to somebody else", async ({ page, day, browser }) => {
  await open(page, day, `?at=${ELEVEN}`);
  await page.getByTestId("strategy").getByRole("button", { name: "momentum" }).click();
  await expect.poll(() => shown(page, "strategy")).toBe("momentum");
  const filter = page.getByTestId("tape-filter");
  await filter.fill('payload.symbol != "TCS"');
  await filter.press("Enter");
  const what = async (at: Page): Promise<unknown> => ({
    tape: (await tapeEvents(at)).map(({ id }) => id),
    positions: await panel(at, "positions").locator("tr[data-symbol]").allTextContents(),
    trades: await at.getByTestId("trade-row").allTextContents(),
    net: await at.getByTestId("day-net").textContent(),
    cursor: await cursor(at),
  });
  await expect(page.getByTestId("trade-row").first()).toBeVisible();
  await expect(tapeRows(page).first()).toBeVisible();
  const context = await browser.newContext({ timezoneId: "Europe/Berlin" });
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByTestId("trade-row").first()).toBeVisible();
  await expect(tapeRows(other).first()).toBeVisible();
  await expect.poll(() => what(other)).toEqual(await what(page));
  await context.close();
});

test("another day is chosen by its date", async ({ page, day }) => {
  await open(page, day, `?at=2026-11-24T05:00:00.000Z`);
  await page.getByTestId("day").fill(DAY);
  await expect.poll(() => shown(page, "at")).toContain(DAY);
  await expect(tapeRows(page).first()).toBeVisible();
});

test("Back leads from the past to what was live", async ({ page, day }) => {
  await open(page, day);
  await page.getByTestId("back").click();
  await expect.poll(() => shown(page, "at")).not.toBeNull();
  await page.goBack();
  await expect.poll(() => shown(page, "at")).toBeNull();
  await expect(page.getByTestId("past")).toHaveCount(0);
});
