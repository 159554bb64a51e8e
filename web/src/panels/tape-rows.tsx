// The rows of the tape: of ten thousand only those that are seen are there.
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, type RefObject, useCallback, useState } from "react";

import { istDate } from "../format.js";
import { useApp, useValue } from "../state/app.js";
import type { TapeRow } from "../state/tape-model.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { COLUMNS, Row, rowId } from "./tape-row.js";
import type { TapeWindow } from "./tape-window.js";

const ROW_HEIGHT = 22;
const HEAD_HEIGHT = 22;
const OVERSCAN = 8;
/** Less is a trembling finger. */
const SCROLLED = 2;

interface TapeRowsProps {
  rows: TapeWindow;
  scroller: RefObject<HTMLDivElement | null>;
}

export function TapeRows({ rows, scroller }: TapeRowsProps): ReactNode {
  const { view, standing } = rows;
  const today = istDate(useDeskNow());
  const openEvent = useValue("shown").event;
  const virtual = useVirtualizer<HTMLDivElement, HTMLElement>({
    count: view.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollMargin: HEAD_HEIGHT,
    scrollPaddingStart: HEAD_HEIGHT,
    useFlushSync: false,
  });
  const { chosen, hold, open, onKeyDown } = useChosen(rows, virtual, scroller);
  const items = virtual.getVirtualItems();
  const numberAt = (index: number): number => view.end - 1 - index;
  const offset = (items[0]?.start ?? HEAD_HEIGHT) - HEAD_HEIGHT;
  const chosenIsSeen = items.some(({ index }) => numberAt(index) === chosen);
  return (
    <div
      ref={scroller}
      className="tape-scroll"
      role="grid"
      tabIndex={0}
      aria-label="Events, newest first"
      aria-rowcount={view.length + 1}
      aria-activedescendant={chosen !== null && chosenIsSeen ? rowId(chosen) : undefined}
      data-testid="tape-rows"
      onScroll={({ currentTarget }) => {
        if (currentTarget.scrollTop > SCROLLED) rows.stand("scrolled");
        else if (standing === "scrolled") rows.follow();
      }}
      onKeyDown={onKeyDown}
    >
      <Head />
      <div role="rowgroup" className="tape-body" style={{ height: view.length * ROW_HEIGHT }}>
        <div role="none" style={{ transform: `translateY(${String(offset)}px)` }}>
          {items.map(({ index }) => (
            <Row
              key={index} // its elements are used again for what comes there: none are made anew
              view={view}
              number={numberAt(index)}
              index={index}
              today={today}
              chosen={numberAt(index) === chosen}
              openEvent={openEvent}
              hold={hold}
              open={open}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function Head(): ReactNode {
  return (
    <div role="rowgroup" className="tape-head">
      <div role="row" aria-rowindex={1} className="tape-row">
        {COLUMNS.map((column) => (
          <span key={column} role="columnheader">
            {column}
          </span>
        ))}
      </div>
    </div>
  );
}

interface Chosen {
  /** The number of the chosen row; null: none, or it is not here. */
  chosen: number | null;
  hold: () => void;
  open: (number: number, row: TapeRow) => void;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

function useChosen(
  rows: TapeWindow,
  virtual: Virtualizer<HTMLDivElement, HTMLElement>,
  scroller: RefObject<HTMLDivElement | null>,
): Chosen {
  const app = useApp();
  const { view, standing, stand } = rows;
  const [number, setNumber] = useState<number | null>(null);
  const isHere = number !== null && number >= view.first && number < view.end;
  // While the tape follows, rows move on: none can stay chosen.
  const chosen = standing !== null && isHere ? number : null;
  const hold = useCallback(() => stand("chosen"), [stand]);
  const open = useCallback(
    (at: number, row: TapeRow) => {
      app.tape.keep(row);
      stand("chosen");
      setNumber(at);
      // Not the row, which goes when it is scrolled away: keys would then have nowhere to go.
      scroller.current?.focus({ preventScroll: true });
      app.show({ event: row.id, trade: null });
    },
    [app, stand, scroller],
  );
  const choose = (to: number): void => {
    const within = Math.max(view.first, Math.min(view.end - 1, to));
    stand("chosen");
    setNumber(within);
    virtual.scrollToIndex(view.end - 1 - within);
    const row = view.row(within);
    // What is open goes along, without a step back for each row.
    if (app.store.get("shown").event !== null && row?.kind === "event") {
      app.tape.keep(row);
      app.show({ event: row.id, trade: null }, false);
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || view.length === 0) return;
    const { scrollTop, clientHeight } = event.currentTarget;
    const top = view.end - 1 - Math.floor(scrollTop / ROW_HEIGHT);
    const page = Math.max(1, Math.floor((clientHeight - HEAD_HEIGHT) / ROW_HEIGHT) - 1);
    const row = chosen === null ? undefined : view.row(chosen);
    if (event.key === "Enter" && chosen !== null && row?.kind === "event") open(chosen, row);
    else {
      const to = targetOf(event.key, chosen, { top, page, first: view.first, end: view.end });
      if (to === null) return;
      choose(to);
    }
    event.preventDefault();
  };
  return { chosen, hold, open, onKeyDown };
}

/** The row a key goes to; without a chosen one the topmost is where it begins. */
function targetOf(
  key: string,
  chosen: number | null,
  { top, page, first, end }: { top: number; page: number; first: number; end: number },
): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: -1,
    ArrowUp: 1,
    PageDown: -page,
    PageUp: page,
  };
  if (key === "Home") return end - 1;
  if (key === "End") return first;
  const step = steps[key];
  if (step === undefined) return null;
  return chosen === null ? top : chosen + step;
}
