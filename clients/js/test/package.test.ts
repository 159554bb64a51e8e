// The package as it is installed: what is in it, and that a strict project builds and runs with it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "./support/server.js";

const run = promisify(execFile);

test("a project that installs the package compiles without DOM types and runs", async (t) => {
  const folder = await temporaryFolder(t);
  const packed = await run("npm", [
    "pack",
    "--ignore-scripts",
    "--json",
    "--pack-destination",
    folder,
  ]);
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: { path: string }[] },
  ];
  const built = (await readdir("dist")).map((name) => `dist/${name}`);
  assert.deepEqual(
    files.map(({ path }) => path).sort(),
    ["LICENSE", "README.md", "package.json", ...built].sort(),
  );

  const installed = join(folder, "node_modules/@tapedeck/client");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", join(folder, filename), "-C", installed, "--strip-components=1"]);
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(
    join(folder, "main.ts"),
    `
    import { Tapedeck, TapedeckError, type OrderEvent } from "@tapedeck/client";
    const stream = new Tapedeck({ url: "http://127.0.0.1:1" }).stream({
      event_type: "order_event",
      reconnect: { attempts: 0 },
    });
    try {
      for await (const order of stream) console.log((order satisfies OrderEvent).payload.order_id);
    } catch (error) {
      if (error instanceof TapedeckError) console.log(error.code);
    }
  `,
  );
  const compiler = [
    resolve("node_modules/.bin/tsc"),
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--lib",
    "es2022",
    "--types",
    "node",
    "--typeRoots",
    resolve("node_modules/@types"),
    "main.ts",
  ];
  await run(process.execPath, compiler, { cwd: folder }).catch((error: { stdout: string }) =>
    assert.fail(error.stdout),
  );
  const { stdout } = await run(process.execPath, ["main.js"], { cwd: folder });
  assert.equal(stdout, "network\n");
});
