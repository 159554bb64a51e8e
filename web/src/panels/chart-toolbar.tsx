// What the chart shows: the instrument, the timeframe, the indicators.
import { type FocusEvent, type ReactNode, useState } from "react";

import type { IndicatorGroup } from "../model/chart-indicators.js";
import type { Instrument } from "../model/chart-marks.js";
import { useApp, useValue } from "../state/app.js";
import { instrumentText, TIMEFRAMES } from "../state/location.js";
import { useShortcut } from "../ui/shortcuts.js";
import type { IndicatorChoice } from "./chart-choice.js";

/** A list of more is of no use, and slow. */
const MAX_OPTIONS = 300;

interface ChooserProps {
  instruments: readonly Instrument[];
  instrument: Instrument | null;
}

export function SymbolChooser({ instruments, instrument }: ChooserProps): ReactNode {
  const app = useApp();
  const [draft, setDraft] = useState<string | null>(null);
  const current = instrument === null ? "" : instrumentText(instrument);
  const typed = (draft ?? "").trim().toUpperCase();
  const matching = instruments.filter((each) => instrumentText(each).includes(typed));
  const choose = (chosen: Instrument | undefined, push = true): void => {
    if (chosen === undefined) return;
    const { exchange, symbol } = chosen;
    app.show({ symbol: { exchange, symbol } }, push);
    setDraft(null);
  };
  const step = (by: number): void => {
    const at = instruments.findIndex((each) => instrumentText(each) === current);
    const { length } = instruments;
    if (length > 0) choose(instruments[(at + by + length) % length], false);
  };
  useShortcut("[", "Chart: previous symbol", () => step(-1));
  useShortcut("]", "Chart: next symbol", () => step(1));
  return (
    <>
      <input
        className="chart-symbol"
        data-testid="chart-symbol"
        aria-label="Symbol of the chart"
        title="Type to find a symbol; [ and ] go to the previous and next"
        list="chart-symbols"
        autoComplete="off"
        spellCheck={false}
        placeholder={current}
        value={draft ?? current}
        onFocus={() => setDraft("")}
        onBlur={() => setDraft(null)}
        onChange={({ currentTarget }) => {
          const { value } = currentTarget;
          const exact = instruments.find((each) => instrumentText(each) === value);
          if (exact === undefined) setDraft(value);
          else {
            choose(exact);
            currentTarget.blur();
          }
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && typed !== "") choose(matching[0]);
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <datalist id="chart-symbols">
        {draft !== null &&
          matching
            .slice(0, MAX_OPTIONS)
            .map((each) => <option key={instrumentText(each)} value={instrumentText(each)} />)}
      </datalist>
    </>
  );
}

/** @param known those of which there are candles; undefined: not known yet. */
export function Timeframes({ known }: { known: readonly string[] | undefined }): ReactNode {
  const app = useApp();
  const { timeframe } = useValue("shown");
  const shown = TIMEFRAMES.filter((each) => each === timeframe || (known ?? []).includes(each));
  const step = (by: number): void => {
    const next = shown[shown.findIndex((each) => each === timeframe) + by];
    if (next !== undefined) app.show({ timeframe: next }, false);
  };
  useShortcut("{", "Chart: shorter timeframe", () => step(-1));
  useShortcut("}", "Chart: longer timeframe", () => step(1));
  return (
    <span className="chart-timeframes" role="group" aria-label="Timeframe">
      {shown.map((each) => (
        <button
          key={each}
          type="button"
          className="quiet"
          data-testid={`timeframe-${each}`}
          aria-pressed={each === timeframe}
          onClick={() => app.show({ timeframe: each })}
        >
          {each}
        </button>
      ))}
    </span>
  );
}

export function IndicatorMenu({ choice }: { choice: IndicatorChoice }): ReactNode {
  const [open, setOpen] = useState(false);
  const leave = (event: FocusEvent<HTMLElement>): void => {
    if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
  };
  return (
    <span
      className="chart-menu"
      onBlur={leave}
      onKeyDown={(event) => {
        if (event.key === "Escape") setOpen(false);
      }}
    >
      <button
        type="button"
        className="quiet"
        data-testid="indicators"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        Indicators
      </button>
      {open && (
        // Focusable, so that a click between its controls does not close it.
        <div className="chart-menu-body" role="group" aria-label="Indicators" tabIndex={-1}>
          {choice.groups.length === 0 && (
            <p className="dim">No strategy tells indicators of this symbol and timeframe.</p>
          )}
          <IndicatorSource choice={choice} />
          <GroupChoice title="On the price" choice={choice} groups={onPrice(choice, true)} />
          <GroupChoice title="Below" choice={choice} groups={onPrice(choice, false)} />
          <MarksKey />
        </div>
      )}
    </span>
  );
}

function onPrice(choice: IndicatorChoice, wanted: boolean): IndicatorGroup[] {
  return choice.groups.filter((group) => group.onPrice === wanted);
}

function IndicatorSource({ choice }: { choice: IndicatorChoice }): ReactNode {
  if (choice.strategies.length < 2) return null;
  return (
    <label>
      As seen by{" "}
      <select
        value={choice.strategy ?? ""}
        onChange={({ currentTarget }) => choice.setStrategy(currentTarget.value || null)}
      >
        {choice.strategies.map((strategy) => (
          <option key={strategy ?? ""} value={strategy ?? ""}>
            {strategy ?? "no strategy"}
          </option>
        ))}
      </select>
    </label>
  );
}

interface GroupChoiceProps {
  title: string;
  choice: IndicatorChoice;
  groups: readonly IndicatorGroup[];
}

function GroupChoice({ title, choice, groups }: GroupChoiceProps): ReactNode {
  if (groups.length === 0) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      {groups.map(({ key, title: name }) => (
        <label key={key}>
          <input
            type="checkbox"
            checked={choice.isChosen(key)}
            disabled={!choice.isChosen(key) && !choice.hasRoom(key)}
            onChange={() => choice.toggle(key)}
          />{" "}
          {name}
        </label>
      ))}
    </fieldset>
  );
}

function MarksKey(): ReactNode {
  return (
    <p className="chart-key">
      <span>
        <b className="gain">▲</b> buy signal
      </span>
      <span>
        <b className="loss">▼</b> sell signal
      </span>
      <span>
        <b className="accent">◆</b> exit
      </span>
      <span>
        <b className="bad">⊗</b> rejected
      </span>
      <span>
        <b>●</b> fill
      </span>
      <span>
        <i className="chart-key-gap" /> feed gap
      </span>
    </p>
  );
}
