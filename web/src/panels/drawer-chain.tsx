// The chain of a trade: what was decided on which indicators, and everything that came of it.
import type { Trade } from "@tapedeck/client";
import type { ReactNode } from "react";

import { count, durationUs, istMoment, price } from "../format.js";
import { decisionIndicators, microsBetween } from "../model/chain-as-of.js";
import type { DeskEvent } from "../model/event.js";
import { eventText } from "../model/event-text.js";
import { momentOf, text } from "../model/payload.js";
import { beganAt } from "../model/trade-as-of.js";
import { outcomeWords } from "../model/trade-outcomes.js";
import { useApp, useValue } from "../state/app.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { useChain } from "./drawer-data.js";
import { Ways } from "./drawer-event.js";
import { TradeFigures } from "./drawer-figures.js";
import { Indicators } from "./drawer-indicators.js";

interface DrawerChainProps {
  /** A correlation_id or an order_id. */
  id: string;
  /** The event that is open, if one is. */
  event: DeskEvent | null;
  /** Whether the trade itself was asked for, and not only an event that may belong to one. */
  asked: boolean;
}

export function DrawerChain({ id, event, asked }: DrawerChainProps): ReactNode {
  const { chain, error, partners } = useChain(id);
  if (error?.status === 404) {
    return (
      <>
        <p className={`drawer-note ${asked ? "warn" : "dim"}`} data-testid="drawer-no-trade">
          {asked ? `There is no trade ${id}, or it is not kept any more.` : "No trade came of it."}
        </p>
        {event !== null && <Indicators indicators={decisionIndicators([event])} />}
      </>
    );
  }
  if (error !== null) return <p className="drawer-note bad">{error.message}</p>;
  if (chain === null) return <p className="drawer-note dim">Loading the trade…</p>;
  const { trade, events, hidden } = chain;
  if (trade === null) {
    return <p className="drawer-note dim">The trade begins after the moment that is shown.</p>;
  }
  return (
    <>
      <section className="drawer-part" aria-label="The trade" data-testid="drawer-trade">
        <TradeHead trade={trade} />
        {asked && event === null && (
          <Ways symbol={trade.symbol} exchange={trade.exchange} moment={beganAt(trade)} />
        )}
        <TradeFigures trade={trade} />
        <Partners partners={partners} />
      </section>
      <section className="drawer-part" aria-label="The chain">
        <h3>Chain</h3>
        <ol className="chain" data-testid="drawer-chain">
          {events.map((each) => (
            <ChainRow
              key={each.id}
              event={each}
              began={beganAt(trade)}
              isOpen={each.id === event?.id}
            />
          ))}
        </ol>
        {hidden > 0 && (
          <p className="warn" data-testid="drawer-hidden">
            {hidden === 1 ? "1 event is" : `${count(hidden)} events are`} later than the moment
            that is shown.
          </p>
        )}
        {trade.truncated && <p className="warn">The chain is longer than what is kept of it.</p>}
      </section>
      <Indicators indicators={decisionIndicators(events)} />
    </>
  );
}

function TradeHead({ trade }: { trade: Trade }): ReactNode {
  const { word: outcome, tone, why } = outcomeWords(trade);
  const { side, symbol, qty, veto, decision } = trade;
  const sideTone = side === "BUY" ? "gain" : side === "SELL" ? "loss" : "dim";
  const wanted = veto?.wanted ?? null;
  const who = [trade.strategy, trade.account, trade.mode].filter((each) => each !== null);
  return (
    <>
      <h3>
        <span className={sideTone}>{side ?? decision ?? wanted ?? ""}</span>{" "}
        {qty === null ? "" : count(qty)} <bdi>{symbol ?? "unknown symbol"}</bdi>{" "}
        <span className={tone} data-testid="drawer-outcome">
          {outcome}
        </span>
      </h3>
      <p>{why}</p>
      {veto !== null && (
        <p className="dim">
          vetoed by {veto.by ?? "an engine"}
          {veto.code !== null && ` (${veto.code})`}
          {wanted !== null && `; ${wanted} was wanted`}
        </p>
      )}
      <p className="dim">{who.join(" · ")}</p>
      {trade.signal_symbol !== null && trade.signal_symbol !== symbol && (
        <p className="dim">
          decided on {trade.signal_symbol} at {price(trade.decision_price)}
        </p>
      )}
    </>
  );
}

function Partners({ partners }: { partners: readonly DeskEvent[] }): ReactNode {
  const app = useApp();
  const now = useDeskNow();
  return partners.map((event) => {
    const { subject, what, tone } = eventText(event);
    return (
      <p key={event.id}>
        <span className="dim">same round trip: </span>
        <button
          type="button"
          className="plain accent"
          data-testid="drawer-partner"
          onClick={() => app.show({ trade: text(event.payload, "correlation_id"), event: null })}
        >
          {istMoment(momentOf(event.timestamp), now)} {subject}
        </button>{" "}
        <span className={tone}>{what}</span>
      </p>
    );
  });
}

interface ChainRowProps {
  event: DeskEvent;
  /** When it was decided. */
  began: string | null;
  isOpen: boolean;
}

function ChainRow({ event, began, isOpen }: ChainRowProps): ReactNode {
  const app = useApp();
  const { subject, what, tone, details } = eventText(event);
  const { trade } = useValue("shown");
  const after = microsBetween(began, event.timestamp);
  const sign = after !== null && after >= 0 ? "+" : "";
  return (
    <li>
      <button
        type="button"
        aria-current={isOpen}
        title={[event.type, subject, details].join(" · ")}
        data-testid="chain-row"
        data-event={event.id}
        onClick={() => app.show({ event: event.id, trade })}
      >
        <span className="mono number">{after === null ? "" : sign + durationUs(after)}</span>
        <span className="dim clip">{event.type.replace(/_(event|update|trace)$/, "")}</span>
        <span className={`clip ${tone}`}>{what}</span>
        <span className="dim clip">{details}</span>
      </button>
    </li>
  );
}
