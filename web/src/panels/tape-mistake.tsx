// Why the filter does not work: the server's sentence, under the very place it is about.
import type { ReactNode } from "react";

import type { Failure } from "../feed/protocol.js";
import { mistakeOf } from "../model/filter-clause.js";

export const MISTAKE_ID = "tape-mistake";

/** What is shown of a long expression before the mistake. */
const CONTEXT = 60;

export function TapeMistake({ error, filter }: { error: Failure; filter: string }): ReactNode {
  const { sentence, before } = mistakeOf(error.message);
  return (
    <div className="tape-mistake" id={MISTAKE_ID} role="alert" data-testid="tape-error">
      {before !== null && <Place filter={filter} before={before} />}
      <p>
        {before !== null && <span className="dim">Column {before + 1}: </span>}
        {sentence}
      </p>
    </div>
  );
}

/** The server counts characters, a string of JavaScript does not. */
function Place({ filter, before }: { filter: string; before: number }): ReactNode {
  const characters = [...filter];
  const from = Math.max(0, before - CONTEXT);
  const lead = from > 0 ? "…" : "";
  const indent = " ".repeat(lead.length + before - from);
  return (
    <pre aria-hidden="true">
      {lead + characters.slice(from, from + 2 * CONTEXT).join("")}
      {"\n"}
      {indent}
      <strong>^</strong>
    </pre>
  );
}
