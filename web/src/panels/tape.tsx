// Every event as it comes, or as it came: to be stopped, narrowed, opened and saved.
import "../styles/tape.css";

import { type ReactNode, useEffect, useRef } from "react";

import { count } from "../format.js";
import type { Shown } from "../state/location.js";
import { tapeQueryOf } from "../state/tape-query.js";
import { useApp, useValue } from "../state/app.js";
import { Panel } from "../ui/panel.js";
import { useShortcut } from "../ui/shortcuts.js";
import { TapeExport } from "./tape-export.js";
import { TapeFilters } from "./tape-filters.js";
import { TapeMistake } from "./tape-mistake.js";
import { TapeRows } from "./tape-rows.js";
import { type TapeWindow, useTapeWindow } from "./tape-window.js";

export function Tape(): ReactNode {
  const app = useApp();
  const shown = useValue("shown");
  const error = useValue("tapeError");
  const query = tapeQueryOf(shown);
  const question = JSON.stringify([query, shown.view]);
  const rows = useTapeWindow(app.tape, question);
  const scroller = useRef<HTMLDivElement>(null);
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [question]);
  const toTop = (): void => {
    scroller.current?.scrollTo({ top: 0 });
    rows.follow();
  };
  const pause = (): void => {
    if (rows.standing === "paused") toTop();
    else rows.stand("paused");
  };
  useShortcut("p", "Pause the tape, or let it go on", pause);
  useShortcut("t", "Tape: to the newest event", toTop);
  return (
    <Panel
      title="Tape"
      name="tape"
      note={noteOf(rows)}
      actions={
        <>
          <NewRows rows={rows} toTop={toTop} />
          <button
            type="button"
            className="quiet tape-pause"
            aria-pressed={rows.standing === "paused"}
            title="Pause (p)"
            data-testid="tape-pause"
            onClick={pause}
          >
            {rows.standing === "paused" ? "▶ Go on" : "❚❚ Pause"}
          </button>
          <TapeExport view={rows.view} query={query} />
        </>
      }
    >
      <div className="tape">
        <TapeFilters />
        <div className="tape-area">
          <TapeRows rows={rows} scroller={scroller} />
          {error !== null && <TapeMistake error={error} filter={query.filter ?? ""} />}
          {error === null && rows.view.length === 0 && (
            <Empty shown={shown} filtered={Object.keys(query).length > 0} />
          )}
        </div>
      </div>
    </Panel>
  );
}

function noteOf({ view, standing }: TapeWindow): string {
  const how = standing === null ? "" : standing === "paused" ? "paused · " : "standing still · ";
  return `${how}${count(view.length)} ${view.length === 1 ? "row" : "rows"}`;
}

/** Keeps its room when it has nothing to say, so that nothing beside it moves. */
function NewRows({ rows, toTop }: { rows: TapeWindow; toTop: () => void }): ReactNode {
  const { standing, newer } = rows;
  const hidden = standing === null || newer === 0;
  return (
    <button
      type="button"
      className="tape-newer"
      data-testid="tape-newer"
      title="Back to the newest event (t)"
      style={{ visibility: hidden ? "hidden" : "visible" }}
      onClick={toTop}
    >
      {newer === null ? "New events" : `${count(newer)} new`}
      <span className="tape-newer-more"> · back to the top</span>
    </button>
  );
}

function Empty({ shown, filtered }: { shown: Shown; filtered: boolean }): ReactNode {
  const app = useApp();
  const loaded = useValue("loaded");
  if (!loaded) return <p className="tape-empty">Loading…</p>;
  if (filtered) {
    const all = { strategy: null, symbol: null, stage: null };
    return (
      <div className="tape-empty" data-testid="tape-empty">
        <p>No event matches what the tape is narrowed to.</p>
        <button type="button" onClick={() => app.show({ types: [], filter: "", focus: all })}>
          Show every event
        </button>
      </div>
    );
  }
  return (
    <div className="tape-empty" data-testid="tape-empty">
      {shown.view.kind === "live" ? (
        <>
          <p>Nothing has been published yet. Start the engines, or publish an event:</p>
          <pre>
            tapedeck run{"\n"}
            tapedeck publish signal_event symbol=NIFTY strategy_name=demo signal=BUY
          </pre>
        </>
      ) : (
        <p>Nothing had been published by then.</p>
      )}
    </div>
  );
}
