import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// `npm run dev` shows the sources as they change, with the data of a server that runs.
const server = process.env.TAPEDECK_URL ?? "http://127.0.0.1:9000";

export default defineConfig({
  plugins: [react()],
  resolve: {
    // The client is built from its sources, so that there is no build to be kept in step.
    alias: { "@tapedeck/client": here("../clients/js/src/index.ts") },
  },
  build: {
    target: "es2023",
    // Nothing is inlined: the page's security policy allows files of its own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: { index: here("index.html"), login: here("login.html") } },
  },
  worker: { format: "es" },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/login", "/logout", "/session", "/version"].map((path) => [
        path,
        { target: server, changeOrigin: true },
      ]),
    ),
  },
});
