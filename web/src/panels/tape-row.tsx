// One row of the tape: when, of which type, about what, what happened.
import { memo, type ReactNode, useMemo } from "react";

import { count, istDate, istMillis, istMoment } from "../format.js";
import { eventText } from "../model/event-text.js";
import type { TapeGap, TapeRow, TapeView } from "../state/tape-model.js";

export const COLUMNS = ["Time (IST)", "Type", "About", "What", "Details"] as const;

export function rowId(number: number): string {
  return `tape-row-${String(number)}`;
}

interface RowProps {
  view: TapeView;
  number: number;
  index: number;
  /** The day in India, which times of that day need not name. */
  today: string;
  chosen: boolean;
  openEvent: string | null;
  hold: () => void;
  open: (number: number, row: TapeRow) => void;
}

/** A number is one row for ever, so that another view with it is nothing new. */
function isSame(before: RowProps, after: RowProps): boolean {
  return (
    before.number === after.number &&
    before.index === after.index &&
    before.today === after.today &&
    before.chosen === after.chosen &&
    before.openEvent === after.openEvent
  );
}

export const Row = memo(function Row(props: RowProps): ReactNode {
  const { view, number, index, chosen } = props;
  const row = useMemo(() => view.row(number), [number]);
  if (row === undefined) return null;
  const place = { id: rowId(number), "aria-rowindex": index + 2, "aria-selected": chosen };
  if (row.kind === "gap") return <Gap gap={row.gap} place={place} />;
  return <EventRow {...props} row={row} place={place} />;
}, isSame);

interface Place {
  id: string;
  "aria-rowindex": number;
  "aria-selected": boolean;
}

type EventRowProps = RowProps & { row: Extract<TapeRow, { kind: "event" }>; place: Place };

function EventRow(props: EventRowProps): ReactNode {
  const { row, place, number, today, openEvent, hold, open } = props;
  const { id, event, at } = row;
  const { subject, what, tone, details } = useMemo(() => eventText(event), [event]);
  const isOpen = openEvent === id;
  return (
    <div
      role="row"
      className="tape-row link"
      data-testid="tape-row"
      data-event={id}
      data-open={isOpen}
      {...place}
      onPointerDown={(pointer) => {
        // It has to be there still when the button is let go; a finger may only want to scroll.
        if (pointer.pointerType !== "touch") hold();
      }}
      onClick={() => open(number, row)}
    >
      <span role="gridcell" className="mono dim" title={event.timestamp}>
        {istDate(at) === today ? istMillis(at) : istMoment(at, 0)}
      </span>
      <span role="gridcell" title={event.type}>
        <button type="button" className="plain" tabIndex={-1} aria-expanded={isOpen}>
          {event.type.replace(/_(event|update|trace)$/, "")}
        </button>
      </span>
      <span role="gridcell" className="tape-subject" title={subject}>
        {subject}
      </span>
      <span role="gridcell" className={tone} title={what}>
        {what}
      </span>
      <span role="gridcell" className="tape-details" title={details}>
        {details}
      </span>
    </div>
  );
}

function Gap({ gap, place }: { gap: TapeGap; place: Place }): ReactNode {
  const { missed } = gap;
  const events = missed === 1 ? "event is" : "events are";
  return (
    <div role="row" className="tape-row tape-gap" data-testid="tape-gap" {...place}>
      <span role="gridcell" aria-colspan={COLUMNS.length}>
        ⚠ {missed === null ? "Events are" : `${count(missed)} ${events}`} missing here
        {missed === null && "; how many is not known"}
      </span>
    </div>
  );
}
