// An event as it was published; a click on a value narrows the tape to it.
import { type ReactNode, useEffect, useMemo, useState } from "react";

import { count } from "../format.js";
import type { DeskEvent } from "../model/event.js";
import { clauseOf, withClause } from "../model/filter-clause.js";
import { type JsonLine, jsonLines, quoted } from "../model/json-lines.js";
import { useApp } from "../state/app.js";

const SAID_MS = 2000;

export function DrawerJson({ event }: { event: DeskEvent }): ReactNode {
  const { lines, more } = useMemo(() => jsonLines(event), [event]);
  return (
    <section className="drawer-part" aria-label="The event as JSON">
      <header className="drawer-part-head">
        <h3>JSON</h3>
        <span className="dim">a value narrows the tape to it</span>
        <Copy value={event} />
      </header>
      <ol className="json mono" data-testid="drawer-json">
        {lines.map((line, index) => (
          <Line key={index} line={line} />
        ))}
      </ol>
      {more > 0 && <p className="dim">{count(more)} lines more; a copy has them all.</p>}
    </section>
  );
}

function Line({ line }: { line: JsonLine }): ReactNode {
  const app = useApp();
  const { depth, name, text, kind, comma, path, value } = line;
  const clause = value === undefined ? null : clauseOf(path, value);
  const narrow = (): void => {
    if (clause !== null) app.show({ filter: withClause(app.store.get("shown").filter, clause) });
  };
  return (
    <li style={{ paddingLeft: `${String(Math.min(depth, 12))}em` }}>
      {name !== null && <span className="json-name">{quoted(name)}: </span>}
      {clause === null ? (
        <span className={`json-${kind}`}>{text}</span>
      ) : (
        <button
          type="button"
          className={`plain json-${kind}`}
          title={`Narrow the tape to ${clause}`}
          data-clause={clause}
          onClick={narrow}
        >
          {text}
        </button>
      )}
      {comma && ","}
    </li>
  );
}

function Copy({ value }: { value: unknown }): ReactNode {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
      setSaid("Copied ✓");
    } catch {
      setSaid("Not allowed"); // the browser only lets pages of this machine, or over https
    }
  };
  return (
    <button type="button" className="drawer-copy" onClick={() => void copy()}>
      <span aria-live="polite">{said ?? "Copy"}</span>
    </button>
  );
}
