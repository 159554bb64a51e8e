// Which types of events the tape shows.
import type { ReactNode } from "react";

import { count } from "../format.js";
import { useApp, useValue } from "../state/app.js";
import { Popover } from "../ui/popover.js";
import { useAsked } from "../ui/use-asked.js";

export function TapeTypes(): ReactNode {
  const { types } = useValue("shown");
  const [only] = types;
  const what =
    only === undefined ? "All types" : types.length === 1 ? only : `${count(types.length)} types`;
  return (
    <Popover
      label="Types of events"
      name="tape-types"
      className="tape-types-button"
      button={
        <>
          <span className="visually-hidden">Types of events: </span>
          <span data-active={types.length > 0}>{what}</span>
          <span aria-hidden="true">▾</span>
        </>
      }
    >
      {() => <Choice />}
    </Popover>
  );
}

function Choice(): ReactNode {
  const app = useApp();
  const { types, view } = useValue("shown");
  const { answer, error } = useAsked((signal) => app.client.stats({ signal }), []);
  // The server counts since its start: what only the history has is asked for by itself.
  const stored = useAsked((signal) => app.client.latest({ by: ["type"] }, { signal }), []);
  const all = [
    ...(answer?.event_types ?? []),
    ...(stored.answer?.events ?? []).map(({ type }) => type),
    ...types,
  ];
  const known = [...new Set(all)].sort();
  const toggle = (type: string): void => {
    const without = types.filter((each) => each !== type);
    app.show({ types: without.length < types.length ? without : [...types, type].sort() });
  };
  return (
    <>
      <button type="button" disabled={types.length === 0} onClick={() => app.show({ types: [] })}>
        All types
      </button>
      {error !== null && <p className="bad">{error.message}</p>}
      {answer !== undefined && stored.answer !== undefined && known.length === 0 && (
        <p className="dim">Nothing has been published yet.</p>
      )}
      <ul className="tape-types">
        {known.map((type) => (
          <li key={type}>
            <label>
              <input
                type="checkbox"
                checked={types.includes(type)}
                onChange={() => toggle(type)}
                data-type={type}
              />
              <span>{type}</span>
              {view.kind === "live" && (
                <span className="number dim" title="Now in the server's buffer">
                  {count(answer?.event_counts[type] ?? 0)}
                </span>
              )}
            </label>
          </li>
        ))}
      </ul>
    </>
  );
}
