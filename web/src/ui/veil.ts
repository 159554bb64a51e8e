// When what the page shows may not be believed, and the sentence that says so over it.
import { useValue } from "../state/app.js";
import { istTime } from "../format.js";
import { useNow } from "./use-now.js";

/** A reconnect within this is not worth a word. */
const GRACE_MS = 2000;

/** Null: it is as fresh as it can be. */
export function useVeil(): string | null {
  const connection = useValue("connection");
  const live = useValue("shown").view.kind === "live";
  const loaded = useValue("loaded");
  const now = useNow(1000);
  if (connection.state === "open" || (connection.state === "closed" && !connection.error)) {
    return null;
  }
  if (!loaded && connection.state === "connecting") return null; // panels say that they load
  if (!live) return connection.error?.message ?? null;
  const downMs = now - connection.since;
  if (connection.state !== "closed" && downMs < GRACE_MS && connection.error === null) return null;
  return `Not live since ${istTime(connection.since)} IST`;
}
