// The worker: shared by all tabs where the browser can do that, one a tab where it cannot.
import { Tapedeck } from "@tapedeck/client";

import { FeedHub, type TabPort } from "./feed-hub.js";
import type { ToWorker } from "./protocol.js";

const hub = new FeedHub(
  new Tapedeck({
    url: self.location.origin,
    credentials: "same-origin",
    retries: 1,
    reconnect: { baseMs: 500, maxMs: 5000 },
  }),
);

const scope = globalThis as unknown as {
  onconnect?: ((event: MessageEvent) => void) | null;
  onmessage?: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage: TabPort["postMessage"];
};

if ("onconnect" in scope) {
  scope.onconnect = ({ ports: [port] }) => {
    if (port === undefined) return;
    port.onmessage = ({ data }: MessageEvent<ToWorker>) => hub.hear(port, data);
  };
} else {
  const tab: TabPort = { postMessage: (message) => scope.postMessage(message) };
  scope.onmessage = ({ data }) => hub.hear(tab, data);
}
