// The examples of the README run as they stand, but for the address of the server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Tapedeck } from "@tapedeck/client";
import { serve, until } from "./support/server.js";

/** By the title of its section: what it prints, and whether it ends by itself. */
const expected: Record<string, { prints: RegExp; ends: boolean }> = {
  "Follow orders": { prints: /^\S+Z O1 BUY 50 @ 19755 filled$/m, ends: false },
  "Callbacks, and going on where you were": {
    prints: /^open\nsignal_event { symbol: 'NIFTY', strategy_name: 'm'/m,
    ends: false,
  },
  Publish: { prints: /^published \w+-\d+ and 2 more$/m, ends: true },
  Ask: {
    prints: /^NIFTY 50\n\[[^]*count: \d+[^]*^\d+ events\n404 not_found No trade /m,
    ends: true,
  },
  "Play the past back": { prints: /^\S+Z order_event$[^]*^that was the last hour$/m, ends: true },
};

const readme = await readFile("README.md", "utf8");
const examples = [...readme.matchAll(/^## (.+)\n(?:(?!^## )[^])*?^```js\n([^]*?)^```$/gm)];

test("every section with an example is known here", () => {
  assert.deepEqual(
    examples.map(([, title]) => title),
    Object.keys(expected),
  );
});

for (const [, title, source] of examples) {
  test(`README: ${title}`, async (t) => {
    const { url } = await serve(t, ["--memory"]);
    const tapedeck = new Tapedeck({ url });
    const publish = () =>
      tapedeck.publish([
        {
          type: "signal_event",
          payload: { symbol: "NIFTY", strategy_name: "m", signal: "BUY", confidence: 0.9 },
        },
        {
          type: "order_event",
          payload: {
            order_id: "O1",
            symbol: "NIFTY",
            side: "BUY",
            status: "filled",
            qty: 50,
            price: 19755,
          },
        },
        { type: "position_event", payload: { symbol: "NIFTY", position_size: 50 } },
      ]);
    await publish();
    const text = source!.replaceAll("http://localhost:9000", url);
    assert.notEqual(text, source);
    const child = spawn(process.execPath, ["--input-type=module", "--eval", text]);
    const ended = once(child, "close");
    t.after(() => child.kill());
    let printed = "";
    let complained = "";
    child.stdout.on("data", (bytes: Buffer) => (printed += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (complained += bytes.toString()));

    const { prints, ends } = expected[title!]!;
    const done = (): boolean =>
      prints.test(printed) || complained !== "" || child.exitCode !== null;
    await until(async () => {
      if (!ends && !done()) await publish(); // it waits for something to happen
      return done();
    }, `${title} prints what it should`).catch((error: Error) =>
      assert.fail(`${error.message}: ${printed}`),
    );
    if (ends) assert.deepEqual(await ended, [0, null]);
    assert.equal(complained, "");
    assert.match(printed, prints);
  });
}
