// The trades of the shown day: asked for, and as they were known at the moment that is shown.
import type { Trade } from "@tapedeck/client";
import { useMemo } from "react";

import { startOfIstDay } from "../format.js";
import { tradeAsOf } from "../model/trade-as-of.js";
import { isShown, type OutcomeGroup, TRADES_SHOWN, tradesQuery } from "../model/trade-outcomes.js";
import { useApp, useValue } from "../state/app.js";
import { useAsOf } from "../ui/use-as-of.js";
import { useAsked } from "../ui/use-asked.js";
import { useDeskNow } from "../ui/use-desk-now.js";

export interface ShownTrades {
  /** Newest first; undefined: not known yet. */
  trades: Trade[] | undefined;
  /** There are older ones of this day. */
  more: boolean;
  error: string | null;
}

export function useTrades(group: OutcomeGroup): ShownTrades {
  const app = useApp();
  const { focus, view } = useValue("shown");
  const loaded = useValue("loaded");
  const version = useValue("tradesVersion");
  const refresh = useValue("refresh");
  const asOf = useAsOf();
  const day = startOfIstDay(useDeskNow());
  const { answer, error } = useAsked(
    loaded
      ? async (signal) => {
          const until = asOf === null ? null : new Date(Math.ceil(asOf.at / 1000) * 1000);
          const query = tradesQuery(new Date(day), until, group, focus);
          if (query === null) return { trades: [], next: undefined };
          return app.client.trades(query, { signal });
        }
      : null,
    [app, loaded, day, view.kind === "live", group, focus],
    `${version} ${refresh} ${view.kind === "at" ? view.at : ""}`,
  );
  const at = asOf?.at ?? null;
  const seq = asOf?.seq ?? null;
  return useMemo(() => {
    const moment = at === null || seq === null ? null : { at, seq };
    const known = answer?.trades.flatMap((trade) => tradeAsOf(trade, moment) ?? []);
    const inView = known?.filter((trade) => isShown(trade, group, focus.stage));
    return {
      trades: inView?.slice(0, TRADES_SHOWN),
      more: answer?.next !== undefined || (inView?.length ?? 0) > TRADES_SHOWN,
      error: error?.message ?? null,
    };
  }, [answer, error, at, seq, group, focus]);
}
