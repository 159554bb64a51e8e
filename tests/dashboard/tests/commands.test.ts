import { join } from "node:path";
import { rm } from "node:fs/promises";

import { expect, type Page, test } from "../support/fixtures.js";
import { open, panel, tapeRows } from "../support/page.js";
import { type Program, runProgram, temporaryFolder } from "../support/program.js";

async function sendTyped(page: Page, word: string): Promise<void> {
  const send = page.getByTestId("kill-send");
  await expect(send).toBeDisabled();
  await page.getByTestId("kill-word").fill(word.slice(0, -1));
  await expect(send).toBeDisabled();
  await page.getByTestId("kill-word").fill(word);
  await send.click();
}

interface Commands {
  events: { payload: { command: string; state: string; target: string; reason?: string } }[];
}

async function commands(server: Program): Promise<Commands["events"][number]["payload"][]> {
  const path = "/api/telemetry/events?event_type=command_event&limit=100";
  return (await server.get<Commands>(path)).events.map(({ payload }) => payload);
}

test("the kill switch needs a typed word, engines obey, and the page says KILLED until resumed", async ({
  page,
  start,
}) => {
  const server = await start("run", "--feed", "sim", "--speed", "20", "--sim-date", "2026-11-20");
  await open(page, server);
  await expect(page.getByTestId("mode")).toHaveText("PAPER");
  await page.keyboard.press("Shift+K");
  await expect(page.locator("[data-dialog=kill]")).toContainText("paper-execution");
  await page.getByPlaceholder("for the record").fill("a test");
  await sendTyped(page, "KILL");
  const answers = page.getByTestId("kill-answers");
  await expect(answers.locator("[data-state=done]").first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("killed")).toHaveText("KILLED");
  const sent = (await commands(server)).filter(({ state }) => state === "requested");
  const told = sent.map(({ command, target, reason }) => [command, target, reason]);
  expect(told).toEqual([["kill", "*", "a test"]]);

  await page.getByTestId("kill").click();
  await sendTyped(page, "RESUME");
  await expect(page.getByTestId("kill-answers").locator("[data-state=done]").first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("killed")).toHaveCount(0);
});

test("nobody answers: the page says so, and what to do", async ({ page, start }) => {
  const server = await start("serve", "--memory");
  await open(page, server);
  await page.getByTestId("kill").click();
  await expect(page.locator("[data-dialog=kill]")).toContainText("No engine that trades");
  await sendTyped(page, "KILL");
  await expect(page.getByTestId("kill-answers")).toContainText("No engine has answered");
  expect((await commands(server)).map(({ command }) => command)).toEqual(["kill"]);
});

test("no command can be given from the past", async ({ page, day }) => {
  await open(page, day, "?at=2026-11-20T05:30:00.000Z");
  await expect(page.getByTestId("kill")).toHaveAttribute("aria-disabled", "true");
  await page.keyboard.press("Shift+K");
  await expect(page.locator("[data-dialog=kill]")).toHaveCount(0);
});

test.describe("with keys", () => {
  let folder: string;
  let keysFile: string;

  test.beforeEach(async () => {
    folder = await temporaryFolder();
    keysFile = join(folder, "keys.json");
  });

  test.afterEach(() => rm(folder, { recursive: true, force: true }));

  async function key(scope: string): Promise<string> {
    const made = ["keys", "create", "--name", scope, "--scope", scope, "--keys-file", keysFile];
    return (await runProgram(...made)).trim();
  }

  async function logIn(page: Page, word: string): Promise<void> {
    await page.locator("#key").fill(word);
    await page.getByRole("button", { name: "Log in" }).click();
  }

  test("who has not logged in is asked for a key, and then is where he wanted to be", async ({
    page,
    start,
    watched,
  }) => {
    watched.allow(/status of 401/);
    const reader = await key("read");
    const admin = await key("read,publish,admin");
    const server = await start("serve", "--auth", "keys", "--keys-file", keysFile);
    server.key = admin;
    await server.publish({ type: "n_event", payload: { n: 1 } });
    await page.goto(`${server.url}/`);
    await expect(page).toHaveURL(/\/login/);
    await logIn(page, "wrong");
    await expect(page.locator("#error")).not.toBeEmpty();
    await logIn(page, reader);
    await expect(page).toHaveURL(`${server.url}/`);
    await expect(tapeRows(page)).toHaveCount(1);
    await server.publish({ type: "n_event", payload: { n: 2 } });
    await expect(tapeRows(page)).toHaveCount(2);

    const kill = page.getByTestId("kill");
    await expect(kill).toHaveAttribute("aria-disabled", "true");
    await expect(kill).toHaveAttribute("title", /admin/);
    await kill.click({ force: true });
    await expect(page.locator("[data-dialog=kill]")).toHaveCount(0);
  });

  test("a login that ends leads to the login page", async ({ page, start, watched }) => {
    watched.allow(/status of 401|Failed to load|net::/);
    const admin = await key("read,publish,admin");
    const server = await start("serve", "--auth", "keys", "--keys-file", keysFile);
    server.key = admin;
    await server.publish({ type: "n_event", payload: { n: 1 } });
    await page.goto(`${server.url}/`);
    await expect(page).toHaveURL(/\/login/);
    await logIn(page, admin);
    await expect(tapeRows(page)).toHaveCount(1);
    await expect(page.getByTestId("kill")).toHaveAttribute("aria-disabled", "false");
    await server.stop(); // sessions are in memory: they end with it
    await server.restart();
    await expect(page).toHaveURL(/\/login/);
    await logIn(page, admin);
    await expect(tapeRows(page)).toHaveCount(1);
  });
});

test("what fires is in the inbox: acknowledged, silenced, and over", async ({ page, start }) => {
  const server = await start("serve", "--memory");
  await open(page, server);
  await expect(panel(page, "alerts")).toContainText("Nothing fires.");
  const rule = {
    when: { event_type: "order_event", filter: 'payload.status == "rejected"' },
    every: true,
    group_by: ["symbol"],
    severity: "critical",
    message: "{{payload.symbol}}: {{payload.reason}}",
  };
  await server.send("PUT", "/api/telemetry/alerts/order-rejected", rule);
  const reason = "<img src=x onerror=window.hacked=1>";
  await server.publish({
    type: "order_event",
    payload: { order_id: "o-1", symbol: "NIFTY", side: "BUY", status: "rejected", reason },
  });
  const alert = page.locator('[data-testid=alert][data-rule="order-rejected"]');
  await expect(alert).toHaveAttribute("data-state", "firing");
  await expect(alert).toContainText(`NIFTY: ${reason}`);
  await expect(alert).toContainText("critical");
  await expect(page).toHaveTitle(/^\(1\) /);
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await alert.getByTestId("acknowledge").click();
  await expect(alert).toContainText(/acknowledged/i);
  await expect(alert.getByTestId("acknowledge")).toHaveCount(0);
  await alert.getByTestId("silence").selectOption("1h");
  await expect(alert).toContainText(/silent until/i);
  await alert.locator("button.alert-summary").click();
  await expect(page.getByTestId("drawer-event")).toContainText("NIFTY");
});
