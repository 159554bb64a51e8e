import { panel } from "../support/page.js";
import type { Program } from "../support/program.js";
import { expect, type Page, test } from "../support/fixtures.js";
import { Line } from "../support/line.js";
import { open } from "../support/page.js";
import { numbered, numbers, tapeEvents, tapeNumbers } from "../support/tape.js";

/** What the browser itself says about a server that is away. */
const AWAY = /Failed to load resource|ERR_|net::/;

async function publishForKeeps(server: Program, from: number, to: number): Promise<void> {
  await server.send("POST", "/api/telemetry/events?ack=durable", numbered(from, to));
}

async function expectRows(page: Page, count: number): Promise<void> {
  await expect(panel(page, "tape").locator(".panel-note")).toContainText(
    `${count.toLocaleString("en-IN")} rows`,
  );
}

async function expectNotLive(page: Page): Promise<void> {
  const veil = panel(page, "positions").getByTestId("veil");
  await expect(veil).toBeVisible({ timeout: 10_000 });
  await expect(veil).toContainText("Not live since");
  await expect(page.locator("[data-panel=strip]").getByTestId("veil")).toBeVisible();
  await expect(page.getByTestId("connection")).not.toContainText(/^\W*live/);
}

async function expectLive(page: Page): Promise<void> {
  await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "open");
  await expect(page.getByTestId("connection")).toContainText("live");
  await expect(page.getByTestId("veil")).toHaveCount(0);
}

for (const [how, end] of [
  ["killed", (server: Program) => server.kill()],
  ["stopped", (server: Program) => server.stop()],
] as const) {
  test(`no row is lost or doubled when the server is ${how} and started again`, async ({
    page,
    start,
    watched,
  }) => {
    watched.allow(AWAY);
    const server = await start("serve");
    await publishForKeeps(server, 1, 40);
    await open(page, server);
    await expectLive(page);
    await publishForKeeps(server, 41, 60);
    await expectRows(page, 60);

    await end(server);
    await expectNotLive(page);
    await server.restart();
    await publishForKeeps(server, 61, 100);
    await expectLive(page);
    await expectRows(page, 100);
    expect(await tapeNumbers(page)).toEqual(numbers(1, 100));
    await expect(page.getByTestId("tape-gap")).toHaveCount(0);

    await end(server);
    await server.restart();
    await publishForKeeps(server, 101, 120);
    await expectRows(page, 120);
    expect(await tapeNumbers(page)).toEqual(numbers(1, 120));
  });
}

test("what a crash took from the server stays on the tape, with a gap after it", async ({
  page,
  start,
  watched,
}) => {
  watched.allow(AWAY);
  const server = await start("serve", "--commit-ms", "60000");
  await publishForKeeps(server, 1, 10);
  await open(page, server);
  await expectLive(page);
  await server.publish(...numbered(11, 15)); // streamed, and not on disk yet
  await expectRows(page, 15);
  await server.kill();
  await server.restart();
  await publishForKeeps(server, 16, 20);
  await expect(page.getByTestId("tape-gap")).toBeVisible();
  await expectRows(page, 21);
  expect(await tapeNumbers(page)).toEqual(numbers(1, 20));
  const kept = await server.get<{ events: { id: string }[] }>("/api/telemetry/events?limit=1000");
  const shown = (await tapeEvents(page)).map(({ id }) => id);
  for (const { id } of kept.events) expect(shown.filter((each) => each === id)).toHaveLength(1);
});

test("a server without a memory is another desk: its rows follow after a gap", async ({
  page,
  start,
  watched,
}) => {
  watched.allow(AWAY);
  const server = await start("serve", "--memory");
  await server.publish(...numbered(1, 5), {
    type: "position_event",
    payload: { symbol: "GHOST", position_size: 5, scope: "strategy", strategy: "s" },
  });
  await open(page, server);
  await expect(panel(page, "positions").getByText("GHOST")).toBeVisible();
  await server.kill();
  await server.restart();
  await server.publish(...numbered(7, 9));
  await expect(page.getByTestId("tape-gap")).toBeVisible();
  await expectRows(page, 10);
  await expect(panel(page, "positions").getByText("GHOST")).toHaveCount(0);
});

test("a long absence of the line is told, and every row of it is there after", async ({
  page,
  start,
  watched,
}) => {
  watched.allow(AWAY);
  const server = await start("serve");
  const line = await Line.to(server.url);
  await server.publish(...numbered(1, 5));
  await page.goto(line.url);
  await expectRows(page, 5);
  line.freeze();
  await expectNotLive(page);
  for (let from = 6; from < 7000; from += 1000) {
    await server.publish(...numbered(from, from + 999));
  }
  line.thaw();
  await expectLive(page);
  await expectRows(page, 7005);
  expect(await tapeNumbers(page)).toEqual(numbers(1, 7005));
  await line.close();
});

test("a slow line shows late, not wrongly", async ({ page, start, watched }) => {
  watched.allow(AWAY);
  const server = await start("serve");
  const line = await Line.to(server.url);
  line.slow(150);
  await server.publish(...numbered(1, 200));
  await page.goto(line.url);
  await expectRows(page, 200);
  await server.publish(...numbered(201, 400));
  await expectRows(page, 400);
  expect(await tapeNumbers(page)).toEqual(numbers(1, 400));
  await line.close();
});

test("two tabs share one stream, and the server counts one subscriber", async ({
  context,
  start,
}) => {
  const server = await start("serve");
  await publishForKeeps(server, 1, 3);
  const [first, second] = [await context.newPage(), await context.newPage()];
  await open(first, server);
  await open(second, server);
  await publishForKeeps(server, 4, 6);
  await expectRows(first, 6);
  await expectRows(second, 6);
  const subscribers = async (): Promise<number> =>
    (await server.get<{ subscribers: number }>("/api/telemetry/stats")).subscribers;
  expect(await subscribers()).toBe(1);
  await first.close();
  await publishForKeeps(server, 7, 7);
  await expectRows(second, 7);
  expect(await subscribers()).toBe(1);
  await second.close();
  await expect.poll(subscribers).toBe(0);
});
