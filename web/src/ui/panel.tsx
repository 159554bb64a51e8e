// A part of the page: its title, what can be done there, and what it says when it has nothing to
// show, or nothing that may be believed.
import { type ReactNode, useId } from "react";

import { useValue } from "../state/app.js";
import { useVeil } from "./veil.js";

interface PanelProps {
  title: string;
  /** Names the panel for tests and for links within the page. */
  name: string;
  /** Beside the title: a count, a note. */
  note?: ReactNode;
  actions?: ReactNode;
  /** What is told instead of the content. */
  empty?: ReactNode;
  error?: string | null;
  /** `asked`: what it shows when it is empty does not wait for the desk's first state. */
  data?: "live" | "asked";
  /** The engine whose figures it shows; silent, it veils them. */
  engine?: string;
  children?: ReactNode;
}

export function Panel(props: PanelProps): ReactNode {
  const { title, name, note, actions, empty, error, data = "live", engine, children } = props;
  const heading = useId();
  const loaded = useValue("loaded");
  const veil = useVeil(engine);
  return (
    <section className={`panel panel-${name}`} data-panel={name} aria-labelledby={heading}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        {note !== undefined && <span className="panel-note">{note}</span>}
        {actions !== undefined && <span className="panel-actions">{actions}</span>}
      </header>
      <div className="panel-frame">
        <div className="panel-body">
          {error && (
            <p className="panel-error" role="alert">
              {error}
            </p>
          )}
          {empty !== undefined && !error ? (
            <div className="panel-empty">{loaded || data === "asked" ? empty : "Loading…"}</div>
          ) : (
            children
          )}
        </div>
        {veil !== null && (
          <p className="veil" data-testid="veil">
            <span>{veil}</span>
          </p>
        )}
      </div>
    </section>
  );
}
