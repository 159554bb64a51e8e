// The page as tests speak of it.
import { expect, type Locator, type Page } from "@playwright/test";

import type { Program } from "./program.js";

export const PANELS = [
  "positions",
  "orders",
  "trades",
  "chart",
  "equity",
  "tape",
  "alerts",
  "funnel",
  "desk",
] as const;
export type PanelName = (typeof PANELS)[number];

export function panel(page: Page, name: PanelName): Locator {
  return page.locator(`[data-panel="${name}"]`);
}

export function tapeRows(page: Page): Locator {
  return page.getByTestId("tape-row");
}

/** Opens the page and waits until it shows the server's data. */
export async function open(page: Page, server: Program, search = ""): Promise<void> {
  await page.goto(`${server.url}/${search}`);
  await expect(page.locator("header").first()).toBeVisible();
  await expect(page.getByText("Loading…", { exact: true })).toHaveCount(0);
}

/** What the address says is shown. */
export function shown(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}
