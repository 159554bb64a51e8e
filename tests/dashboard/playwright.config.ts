import { defineConfig } from "@playwright/test";

const root = process.getuid?.() === 0;

export default defineConfig({
  testDir: "tests",
  testMatch: "*.test.ts",
  outputDir: "test-results",
  // One after another: each has servers and a browser of its own, on machines with few cores.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  reporter: "list",
  timeout: 90_000,
  expect: { timeout: 20_000 },
  use: {
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    colorScheme: "dark",
    locale: "en-GB",
    // Not that of the market: a page that shows the viewer's time instead of IST is found out.
    timezoneId: "America/New_York",
    actionTimeout: 20_000,
    trace: "off",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env["TAPEDECK_CHROMIUM"] ?? "/usr/bin/chromium",
      args: root ? ["--no-sandbox"] : [],
    },
  },
});
