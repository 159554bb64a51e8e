import type { Route } from "@playwright/test";

import { ELEVEN } from "../support/days.js";
import { expect, type Page, test } from "../support/fixtures.js";
import { eventsOf, eventsWith } from "../support/odd-events.js";
import { open, panel, tapeRows } from "../support/page.js";

const NONSENSE = /NaN|Infinity|undefined|\[object|Invalid Date/;

/** Questions of panels; what the worker asks for goes on. */
async function answerQuestions(page: Page, how: (route: Route) => Promise<void>): Promise<void> {
  for (const path of ["trades", "aggregates", "alerts", "events", "latest"]) {
    await page.route(`**/api/telemetry/${path}?*`, how);
  }
}

for (const [what, status, body] of [
  [
    "503",
    503,
    '{"ok":false,"error":"Too many reads of the history wait; try again.","code":"busy"}',
  ],
  ["500", 500, "Internal Server Error"],
  ["garbage", 200, "<html>a proxy that has lost its way</html>"],
] as const) {
  test(`a history that answers ${what}: panels say so, and the rest works`, async ({
    page,
    day,
    watched,
  }) => {
    watched.allow(/status of 50[03]/);
    await answerQuestions(page, (route) =>
      route.fulfill({ status, contentType: "application/json", body }),
    );
    await page.goto(`${day.url}/?at=${ELEVEN}`);
    await expect(panel(page, "positions").locator("tr[data-symbol]").first()).toBeVisible();
    await expect(tapeRows(page).first()).toBeVisible();
    await expect(panel(page, "trades").getByRole("alert")).toHaveText(/\w+ .*\w+/);
    await expect(page.locator("body")).not.toContainText(NONSENSE);
    await page.unroute("**/api/telemetry/trades?*");
    await page.getByTestId("forward").click();
    await expect(page.getByTestId("trade-row").first()).toBeVisible();
    await expect(panel(page, "trades").getByRole("alert")).toHaveCount(0);
  });
}

test("a panel that an answer breaks does not take the page with it, and can be tried again", async ({
  page,
  day,
  watched,
}) => {
  watched.allow(/is not iterable|is not a function|cannot read/i, /^%[os]/);
  const body = '{"ok":true,"trades":7,"buckets":7,"count":0}';
  await page.route("**/api/telemetry/trades?*", (route) =>
    route.fulfill({ contentType: "application/json", body }),
  );
  await page.goto(`${day.url}/?at=${ELEVEN}`);
  await expect(panel(page, "trades").getByRole("alert")).toContainText("has failed");
  await expect(panel(page, "positions").locator("tr[data-symbol]").first()).toBeVisible();
  await expect(tapeRows(page).first()).toBeVisible();
  await page.unroute("**/api/telemetry/trades?*");
  await panel(page, "trades").getByRole("button", { name: "Try again" }).click();
  await expect(page.getByTestId("trade-row").first()).toBeVisible();
});

test("payloads that mean harm are shown as text, and break nothing", async ({ page, start }) => {
  const server = await start("serve", "--memory");
  const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
  const long = "x".repeat(8000);
  const rtl = "\u202Eyad txen\u202C \u0627\u0644\u0633\u0648\u0642 \u{1F4A3}\u0301\u0301\u0301";
  let deep: unknown = "the bottom";
  for (let level = 0; level < 60; level += 1) deep = { deep };
  const wrong = [
    null,
    true,
    7,
    -1e300,
    1e-300,
    "text",
    [],
    {},
    [1, [2]],
    { a: 1 },
    evil,
    long,
    rtl,
  ];
  await open(page, server);
  for (const value of wrong) {
    await server.publish(...eventsWith(value, deep));
  }
  await expect(panel(page, "tape").locator(".panel-note")).toContainText("117 rows");
  await expect(panel(page, "positions").locator("tr[data-symbol]").first()).toBeVisible();
  await page.locator("[data-tab=universe]").click();
  await expect(page.getByTestId("scan").first()).toBeVisible();
  await page.locator("[data-tab=feeds]").click();
  await page.getByTestId("tape-rows").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  for (let row = 0; row < 30; row += 1) await page.keyboard.press("ArrowDown");
  await expect(page.locator(".drawer").first()).toBeVisible();
  await expect(page.locator("[data-panel]").first()).toBeVisible();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await expect(page.locator("img[src=x], script:not([src])")).toHaveCount(0);
  await expect(page.locator("body")).not.toContainText(/NaN|\[object Object\]|Invalid Date/);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide).toBeLessThanOrEqual(0);
});

const DAY_MS = 86_400_000;

for (const [what, days] of [
  ["ahead", 400],
  ["behind", -400],
] as const) {
  test(`a clock 400 days ${what}, events of today and of 400 days ago: no time is nonsense`, async ({
    page,
    start,
  }) => {
    const server = await start("serve", "--memory");
    for (const [name, at] of [
      ["OLD", Date.now() - 400 * DAY_MS],
      ["NEW", Date.now()],
    ] as const) {
      await server.publish(...eventsOf(name, new Date(at).toISOString()));
    }
    await page.clock.setSystemTime(Date.now() + days * DAY_MS);
    await open(page, server);
    await expect(tapeRows(page)).toHaveCount(16);
    await expect(panel(page, "positions").locator("tr[data-symbol]")).toHaveCount(2);
    await expect(panel(page, "orders").getByTestId("order-row")).toHaveCount(2);
    for (const tab of ["strategies", "feeds", "universe"]) {
      await page.locator(`[data-tab=${tab}]`).click();
      await expect(page.locator("body")).not.toContainText(NONSENSE);
    }
    const old = new Date(Date.now() - 400 * DAY_MS).getUTCFullYear();
    const row = tapeRows(page).filter({ hasText: "OLD" }).first();
    await expect(row).toContainText(String(old));
    await page.getByTestId("back").click();
    await expect(page.getByTestId("past")).toBeVisible();
    await expect(page.locator("body")).not.toContainText(NONSENSE);
    for (const label of await page
      .locator("[aria-label], [title]")
      .evaluateAll((all) =>
        all.map(
          (each) => `${each.getAttribute("aria-label") ?? ""} ${each.getAttribute("title") ?? ""}`,
        ),
      )) {
      expect(label).not.toMatch(NONSENSE);
    }
  });
}
