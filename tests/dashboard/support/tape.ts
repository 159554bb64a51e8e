// The tape as a whole, of which the page shows some rows at a time.
import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { panel } from "./page.js";

export interface TapeEvent {
  id: string;
  type: string;
  timestamp: string;
  payload: Record<string, unknown>;
}

/** All events the tape holds, oldest first: as it saves them. */
export async function tapeEvents(page: Page): Promise<TapeEvent[]> {
  await panel(page, "tape").getByTestId("tape-export-button").click();
  const download = page.waitForEvent("download");
  await page.getByTestId("export-rows").click();
  const text = await readFile(await (await download).path(), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as TapeEvent);
}

/** The numbers that publishNumbers gave the events that are there. */
export async function tapeNumbers(page: Page): Promise<unknown[]> {
  return (await tapeEvents(page)).map(({ payload }) => payload["n"]);
}

export function numbered(from: number, to: number): { type: string; payload: { n: number } }[] {
  const count = to - from + 1;
  return Array.from({ length: count }, (_, at) => ({ type: "n_event", payload: { n: from + at } }));
}

export function numbers(from: number, to: number): number[] {
  return numbered(from, to).map(({ payload }) => payload.n);
}
