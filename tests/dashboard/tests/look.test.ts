import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";

import { ELEVEN } from "../support/days.js";
import { expect, type Page, test } from "../support/fixtures.js";
import { open, panel, tapeRows } from "../support/page.js";

const SIZES = [
  { name: "desk", width: 1440, height: 900 },
  { name: "phone", width: 390, height: 844 },
] as const;
const THEMES = ["dark", "light"] as const;

async function expectAccessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])
    .analyze();
  const told = violations.map(({ id, help, nodes }) => ({
    ...{ id, help },
    nodes: nodes
      .slice(0, 5)
      .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ""}`),
  }));
  expect(told, what).toEqual([]);
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["TAPEDECK_SCREENSHOTS"];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

async function expectNothingWider(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  expect(wide, "the page scrolls sideways").toBeLessThanOrEqual(0);
}

async function allLoaded(page: Page): Promise<void> {
  await expect(tapeRows(page).first()).toBeVisible();
  await expect(page.getByTestId("trade-row").first()).toBeVisible();
  await expect(panel(page, "chart").locator("canvas").first()).toBeVisible();
  await expect(panel(page, "equity").locator("canvas").first()).toBeVisible();
  await expect(panel(page, "funnel").locator("[data-stage=filled]").first()).toContainText(/\d/);
}

for (const theme of THEMES) {
  for (const { name, width, height } of SIZES) {
    test(`${theme}, ${name}: everything can be read and reached, and nothing overflows`, async ({
      page,
      day,
    }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      await open(page, day, `?at=${ELEVEN}`);
      await allLoaded(page);
      await expectNothingWider(page);
      await picture(page, `${name}-${theme}`);
      await expectAccessible(page, "the page");

      for (const tab of ["feeds", "universe"]) {
        await page.locator(`[data-tab=${tab}]`).click();
        await expectAccessible(page, tab);
      }
      await page.getByTestId("trade-row").nth(5).getByRole("button").click();
      await expect(page.getByTestId("drawer-trade")).toBeVisible();
      await expectNothingWider(page);
      await picture(page, `${name}-${theme}-drawer`);
      await expectAccessible(page, "the drawer");
      await page.keyboard.press("Escape");

      await page.getByTestId("help").click();
      await expect(page.locator("[data-dialog=help]")).toBeVisible();
      await picture(page, `${name}-${theme}-help`);
      await expectAccessible(page, "the help sheet");
      await page.keyboard.press("Escape");

      await page.getByTestId("live").click();
      await expect(page.getByTestId("kill")).toHaveAttribute("aria-disabled", "false");
      await page.getByTestId("kill").click();
      await expect(page.locator("[data-dialog=kill]")).toBeVisible();
      await picture(page, `${name}-${theme}-kill`);
      await expectAccessible(page, "the kill dialog");
    });
  }
}

interface Shifted extends Window {
  shift: number;
  moved: string[];
}

test("nothing moves while the data comes", async ({ page, day }) => {
  await page.addInitScript(() => {
    const view = window as unknown as Shifted;
    view.shift = 0;
    view.moved = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput, sources } = entry as PerformanceEntry & {
          value: number;
          hadRecentInput: boolean;
          sources: { node: Node | null }[];
        };
        if (hadRecentInput) continue;
        view.shift += value;
        for (const { node } of sources) {
          const at = node instanceof Element ? node : node?.parentElement;
          view.moved.push(`${value.toFixed(4)} ${at?.className ?? "?"}`);
        }
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(`${day.url}/`);
  await allLoaded(page);
  const { shift, moved } = await page.evaluate(() => {
    const view = window as unknown as Shifted;
    return { shift: view.shift, moved: view.moved };
  });
  expect(shift, moved.join("\n")).toBeLessThan(0.02);
});

test("a day that is over says so, and what is down is veiled in both themes", async ({
  page,
  start,
  watched,
}) => {
  watched.allow(/Failed to load|net::/);
  const server = await start("serve", "--memory");
  await server.publish({
    type: "engine_health",
    timestamp: "2026-11-20T05:30:00Z",
    payload: { engine_name: "ExecutionEngine", status: "active", metrics: {} },
    source: { engine_id: "paper-execution", mode: "paper", run_id: "r" },
  });
  await open(page, server);
  await expect(page.locator("[data-cell=market]")).toContainText("DESK STOPPED", {
    timeout: 40_000,
  });
  await expect(page.getByTestId("engines").locator("[data-state=silent]")).toBeVisible();
  await server.kill();
  await expect(page.getByTestId("veil").first()).toBeVisible();
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    await picture(page, `down-${theme}`);
    await expectAccessible(page, `down, ${theme}`);
  }
});

test("the login page can be read in both themes", async ({ page, day }) => {
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(`${day.url}/login`);
    await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
    await expectAccessible(page, theme);
  }
});
