// Until when something may be known: null when the page shows what is now.
import { momentOf } from "../model/payload.js";
import type { AsOf } from "../model/trade-as-of.js";
import { type App, useApp, useValue } from "../state/app.js";

export function useAsOf(): AsOf | null {
  const app = useApp();
  const { view } = useValue("shown");
  const cursor = useValue("cursor");
  useValue("refresh"); // what is known of that moment has come
  if (view.kind === "live") return null;
  const at = cursor ?? momentOf(view.kind === "at" ? view.at : view.from) ?? 0;
  return { at, seq: newestSeq(app) };
}

/** Of what the desk of that moment is made of. Events without a mode may be of another clock. */
function newestSeq({ store }: App): number {
  const rows = [
    ...store.get("engines").filter(({ mode }) => mode !== null),
    ...store.get("orders"),
    ...store.get("positions"),
  ];
  return rows.reduce((newest, { seq }) => Math.max(newest, seq), -1);
}
