// An event's head: what it says, when it was, who published it, and where to go from it.
import type { ReactNode } from "react";

import { istDay, istMillis } from "../format.js";
import type { DeskEvent } from "../model/event.js";
import { eventText } from "../model/event-text.js";
import { momentOf, text } from "../model/payload.js";
import { type App, useApp } from "../state/app.js";

export function EventHead({ event }: { event: DeskEvent }): ReactNode {
  const { subject, what, tone, details } = eventText(event);
  const at = momentOf(event.timestamp);
  const source = Object.entries(event.source ?? {});
  return (
    <section className="drawer-part" aria-label="The event" data-testid="drawer-event">
      <h3>
        <span className="dim">{event.type}</span> {subject} <span className={tone}>{what}</span>
      </h3>
      <p>{details}</p>
      <p className="dim" title={event.timestamp}>
        {at === null ? event.timestamp : `${istDay(at)}, ${istMillis(at)} IST`}
      </p>
      {source.length > 0 && (
        <p className="dim drawer-source">
          {source.map(([name, value]) => (
            <span key={name}>
              {name.replace("_id", "")} <span className="drawer-value">{String(value)}</span>
            </span>
          ))}
        </p>
      )}
      <Ways
        symbol={text(event.payload, "symbol")}
        exchange={text(event.payload, "exchange")}
        moment={event.timestamp}
      />
    </section>
  );
}

interface WaysProps {
  symbol: string | null;
  exchange: string | null;
  /** RFC 3339 */
  moment: string | null;
}

/** Where one may want to look from here. */
export function Ways({ symbol, exchange, moment }: WaysProps): ReactNode {
  const app = useApp();
  const at = momentOf(moment);
  return (
    <p className="drawer-ways">
      {symbol !== null && (
        <button
          type="button"
          title={`Show ${symbol} on the chart`}
          data-testid="to-chart"
          onClick={() => app.show({ symbol: { exchange, symbol } })}
        >
          Show on the chart
        </button>
      )}
      {at !== null && (
        <button type="button" data-testid="to-moment" onClick={() => goTo(app, at)}>
          Go to this moment
        </button>
      )}
    </p>
  );
}

/** The millisecond behind it, since events have microseconds: it has just happened there. */
function goTo(app: App, at: number): void {
  app.setView({ kind: "at", at: new Date(at + 1).toISOString() });
}
