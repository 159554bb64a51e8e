// What is open: an event as it was published, and the whole chain of the trade it belongs to. It
// lies over the page and leaves the rest of it usable.
import "../styles/drawer.css";

import { type ReactNode, type RefObject, useEffect, useRef } from "react";

import { decisionIndicators, isHold } from "../model/chain-as-of.js";
import type { DeskEvent } from "../model/event.js";
import { text } from "../model/payload.js";
import { useApp, useValue } from "../state/app.js";
import { useShortcut } from "../ui/shortcuts.js";
import { DrawerChain } from "./drawer-chain.js";
import { type OpenEvent, useOpenEvent } from "./drawer-data.js";
import { EventHead } from "./drawer-event.js";
import { Indicators } from "./drawer-indicators.js";
import { DrawerJson } from "./drawer-json.js";

export function Drawer(): ReactNode {
  const { event, trade } = useValue("shown");
  if (event === null && trade === null) return null;
  return <Sheet eventId={event} tradeId={trade} />;
}

interface SheetProps {
  eventId: string | null;
  tradeId: string | null;
}

function Sheet({ eventId, tradeId }: SheetProps): ReactNode {
  const app = useApp();
  const sheet = useRef<HTMLElement>(null);
  const open = useOpenEvent(eventId);
  const close = (): void => app.show({ event: null, trade: null });
  useShortcut("Escape", "Close what is open", close);
  useShortcut("o", "Go to what is open", () => sheet.current?.focus());
  useReturningFocus(sheet);
  const chain = tradeId ?? chainOf(open.event);
  return (
    <aside ref={sheet} className="drawer" data-panel="drawer" aria-label="Details" tabIndex={-1}>
      <header className="drawer-head">
        <h2>{tradeId === null ? "Event" : "Trade"}</h2>
        <span className="dim clip" title={eventId ?? tradeId ?? ""}>
          {eventId ?? tradeId}
        </span>
        <button type="button" className="quiet" aria-label="Close (Escape)" onClick={close}>
          ✕
        </button>
      </header>
      <p className="visually-hidden" role="status">
        Details are open. o goes to them, Escape closes them.
      </p>
      <div className="drawer-body" tabIndex={0} role="group" aria-label="What is open">
        <EventPart open={open} />
        {chain !== null && (
          <DrawerChain key={chain} id={chain} event={open.event} asked={tradeId !== null} />
        )}
        {open.event !== null && <DrawerJson event={open.event} />}
      </div>
    </aside>
  );
}

/** What one finds the chain of an event by; a HOLD begins none. */
function chainOf(event: DeskEvent | null): string | null {
  if (event === null || isHold(event)) return null;
  return text(event.payload, "correlation_id");
}

function EventPart({ open }: { open: OpenEvent }): ReactNode {
  const { event } = open;
  if (event !== null) {
    return (
      <>
        <EventHead event={event} />
        {isHold(event) && <Indicators indicators={decisionIndicators([event])} />}
      </>
    );
  }
  if (open.problem !== null) {
    return (
      <p className="drawer-note warn" data-testid="drawer-problem">
        {open.problem}
      </p>
    );
  }
  return open.asking && <p className="drawer-note dim">Loading…</p>;
}

/** Who closes it from within is where he was before. */
function useReturningFocus(sheet: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const before = document.activeElement;
    const element = sheet.current;
    return () => {
      const within = element?.contains(document.activeElement) ?? false;
      const nowhere = document.activeElement === document.body;
      if ((within || nowhere) && before instanceof HTMLElement && before.isConnected) {
        before.focus({ preventScroll: true });
      }
    };
  }, [sheet]);
}
