// What the drawer shows is asked for: an event by its id, a trade's chain, the other side of it.
import type { Tapedeck } from "@tapedeck/client";
import { useMemo } from "react";

import type { Failure } from "../feed/protocol.js";
import {
  type ChainView,
  chainAsOf,
  isLater,
  partnersOf,
  partnersQuery,
} from "../model/chain-as-of.js";
import { type DeskEvent, deskEvents } from "../model/event.js";
import { boundBehind } from "../model/event-id.js";
import { useApp, useValue } from "../state/app.js";
import { useAsked } from "../ui/use-asked.js";
import { useAsOf } from "../ui/use-as-of.js";

/** A chain that is open grows; with a busy desk trades change many times a second. */
const AGAIN_MS = 2000;

export interface OpenEvent {
  event: DeskEvent | null;
  /** Why there is none. */
  problem: string | null;
  asking: boolean;
}

/** @param id null: none is open. */
export function useOpenEvent(id: string | null): OpenEvent {
  const app = useApp();
  const at = useAsOf()?.at ?? null;
  const here = useMemo(() => (id === null ? undefined : app.tape.find(id)), [app, id]);
  const known = here?.kind === "event" ? here.event : null;
  const ask =
    id === null || known !== null
      ? null
      : (signal: AbortSignal) => eventById(app.client, id, signal);
  const { answer, error, asking } = useAsked(ask, [id, known === null]);
  if (id === null) return { event: null, problem: null, asking: false };
  const event = known ?? answer ?? null;
  if (event !== null && isLater(event, at)) {
    const problem = "This event is later than the moment that is shown.";
    return { event: null, problem, asking: false };
  }
  const gone = answer === null ? "This event is not kept any more." : null;
  return { event, problem: error?.message ?? gone, asking };
}

/** Null: it is gone, or never was. */
async function eventById(
  client: Tapedeck,
  id: string,
  signal: AbortSignal,
): Promise<DeskEvent | null> {
  const until = boundBehind(id);
  if (until === null) return null;
  const { events } = await client.events({ until, limit: 1 }, { signal });
  return deskEvents(events).find((event) => event.id === id) ?? null;
}

export interface OpenChain {
  chain: ChainView | null;
  error: Failure | null;
  partners: DeskEvent[];
}

export function useChain(id: string): OpenChain {
  const app = useApp();
  const at = useAsOf()?.at ?? null;
  const again = useValue("refresh") + useValue("tradesVersion");
  const { answer, error } = useAsked(
    (signal) => app.client.trade(id, { signal }),
    [id],
    again,
    AGAIN_MS,
  );
  const chain = useMemo(
    () => (answer === undefined ? null : chainAsOf(answer, at)),
    [answer, at],
  );
  const round = answer?.trade.round_trip_id ?? null;
  const query = answer === undefined ? null : partnersQuery(answer.trade, at);
  const others = useAsked(
    query === null
      ? null
      : async (signal) => deskEvents((await app.client.events(query, { signal })).events),
    [id, round, at === null],
    `${String(again)} ${String(at === null ? 0 : Math.floor(at / 1000))}`,
    AGAIN_MS,
  );
  const partners = useMemo(
    () => (answer === undefined ? [] : partnersOf(answer.trade, others.answer ?? [])),
    [answer, others.answer],
  );
  // A moment may have gone back since they were asked for.
  return { chain, error, partners: partners.filter((event) => !isLater(event, at)) };
}
