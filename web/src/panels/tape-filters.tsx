// What the tape is narrowed to: types, symbol, strategy, an expression.
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";

import { useApp, useValue } from "../state/app.js";
import { stageText } from "../state/location.js";
import { stageQuery } from "../state/tape-query.js";
import { useShortcut } from "../ui/shortcuts.js";
import { MISTAKE_ID } from "./tape-mistake.js";
import { TapeTypes } from "./tape-types.js";

/** More names than these nobody reads in a list. */
const MAX_OPTIONS = 300;

export function TapeFilters(): ReactNode {
  const app = useApp();
  const { focus } = useValue("shown");
  const symbols = (): string[] => {
    const { store } = app;
    const known = [...store.get("feed").feeds, ...store.get("positions"), ...store.get("orders")];
    return known.map(({ symbol }) => symbol);
  };
  const strategies = (): string[] => app.store.get("strategies").map(({ name }) => name);
  return (
    <div className="tape-filters" role="search" aria-label="Narrow the tape">
      <TapeTypes />
      <NameField
        label="Symbol"
        value={focus.symbol}
        options={symbols}
        onChange={(symbol) => app.focus({ symbol })}
      />
      <NameField
        label="Strategy"
        value={focus.strategy}
        options={strategies}
        onChange={(strategy) => app.focus({ strategy })}
      />
      {focus.stage !== null && (
        <button
          type="button"
          className="chip tape-stage"
          title={stageTitle(stageQuery(focus.stage))}
          aria-label={`Narrowed to the stage ${stageText(focus.stage)}; show all stages`}
          data-testid="tape-stage"
          onClick={() => app.focus({ stage: null })}
        >
          {stageText(focus.stage)} ✕
        </button>
      )}
      <Expression />
    </div>
  );
}

function stageTitle({ types, filter }: { types: string[]; filter: string }): string {
  const condition = filter === "" ? "" : ` that match ${filter}`;
  return `The chosen stage narrows the tape to ${types.join(", ")}${condition}`;
}

interface NameFieldProps {
  label: string;
  value: string | null;
  /** Looked at when the field is entered. */
  options: () => string[];
  onChange: (value: string | null) => void;
}

function NameField({ label, value, options, onChange }: NameFieldProps): ReactNode {
  const list = useId();
  const [typed, setTyped] = useState(value ?? "");
  const [known, setKnown] = useState<string[]>([]);
  useEffect(() => setTyped(value ?? ""), [value]);
  const apply = (text: string): void => {
    const next = text.trim() || null;
    if (next !== value) onChange(next);
  };
  return (
    <>
      <input
        type="text"
        className="tape-name"
        aria-label={label}
        placeholder={label}
        list={list}
        value={typed}
        autoComplete="off"
        spellCheck={false}
        data-active={value !== null}
        data-testid={`tape-${label.toLowerCase()}`}
        onFocus={() => setKnown([...new Set(options())].sort().slice(0, MAX_OPTIONS))}
        onChange={({ target }) => {
          setTyped(target.value);
          if (target.value === "" || known.includes(target.value)) apply(target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") apply(typed);
          if (event.key === "Escape") apply("");
        }}
        onBlur={() => setTyped(value ?? "")}
      />
      <datalist id={list}>
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

function Expression(): ReactNode {
  const app = useApp();
  const { filter } = useValue("shown");
  const error = useValue("tapeError");
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(filter);
  useEffect(() => setTyped(filter), [filter]);
  useShortcut("/", "Type a filter for the tape", () => input.current?.select());
  const apply = (text: string): void => {
    const next = text.trim();
    if (next !== filter) app.show({ filter: next });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") apply(typed);
    if (event.key !== "Escape") return;
    setTyped("");
    apply("");
  };
  return (
    <input
      ref={input}
      type="text"
      className="tape-expression mono"
      aria-label="Filter expression; Enter applies it, Escape clears it"
      aria-invalid={error !== null}
      aria-describedby={error === null ? undefined : MISTAKE_ID}
      placeholder="payload.qty * payload.price > 1e6"
      title="Enter applies it, Escape clears it (/)"
      value={typed}
      autoComplete="off"
      spellCheck={false}
      data-active={filter !== ""}
      data-waiting={typed.trim() !== filter}
      data-testid="tape-filter"
      onChange={({ target }) => setTyped(target.value)}
      onKeyDown={onKeyDown}
    />
  );
}
