// From what was looked at to what was filled; a stage narrows the whole page.
import "../styles/funnel.css";

import { type ReactNode, useMemo } from "react";

import { count, percent } from "../format.js";
import { MINUTE_MS } from "../model/day-range.js";
import { barShare, type FunnelCounts, type StageRow, stageRows } from "../model/funnel.js";
import {
  istMomentOf,
  istText,
  type RangeChoice,
  rangeChoiceOf,
  rangeOf,
  rangeText,
} from "../model/funnel-range.js";
import { reasonWords } from "../model/reasons.js";
import { useApp, useValue } from "../state/app.js";
import type { Stage, StageName } from "../state/location.js";
import { useChoice } from "../state/use-choice.js";
import { Panel } from "../ui/panel.js";
import { SaveButton } from "../ui/save-button.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { useFunnel } from "./funnel-data.js";

/** Of vetoes; publishers may make up any number of them. */
const MAX_CODES = 20;
const CHOICES: readonly { title: string; choice: RangeChoice }[] = [
  { title: "Today", choice: { kind: "today" } },
  { title: "5 days", choice: { kind: "days", days: 5 } },
];

export function Funnel(): ReactNode {
  const [chosen, choose] = useChoice("range");
  const choice = useMemo(() => rangeChoiceOf(chosen), [chosen]);
  const setChoice = (other: RangeChoice): void => choose(rangeText(other));
  const now = useDeskNow();
  const universe = useValue("universe");
  const { counts, evaluated, error } = useFunnel(choice);
  const sizes = universe.flatMap(({ size }) => size ?? []);
  const scanned = sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0);
  const rows = stageRows(scanned, evaluated, counts);
  return (
    <Panel
      title="Decision funnel"
      name="funnel"
      data="asked"
      error={error}
      actions={
        <>
          {CHOICES.map(({ title, choice: offered }) => (
            <button
              key={title}
              type="button"
              className="quiet"
              aria-pressed={rangeText(choice) === rangeText(offered)}
              onClick={() => setChoice(offered)}
            >
              {title}
            </button>
          ))}
          <button
            type="button"
            className="quiet"
            aria-pressed={choice.kind === "custom"}
            onClick={() => setChoice(customOf(rangeOf(choice, now), now))}
          >
            Range
          </button>
          <SaveButton
            name="funnel"
            disabled={counts === null}
            rows={() => funnelTable(rows, counts)}
          />
        </>
      }
    >
      {choice.kind === "custom" && <RangeFields choice={choice} onChoose={setChoice} />}
      <Stages rows={rows} counts={counts} />
    </Panel>
  );
}

/** What was shown before, to be changed. */
function customOf(range: { since: number; until: number }, now: number): RangeChoice {
  const until = Math.min(range.until, now);
  return { kind: "custom", from: range.since, until: Math.ceil(until / MINUTE_MS) * MINUTE_MS };
}

type Custom = Extract<RangeChoice, { kind: "custom" }>;

function RangeFields(props: { choice: Custom; onChoose: (choice: Custom) => void }): ReactNode {
  const { choice, onChoose } = props;
  const field = (name: "from" | "until", label: string): ReactNode => (
    <input
      type="datetime-local"
      data-testid={`funnel-${name}`}
      aria-label={label}
      title={label}
      defaultValue={istText(choice[name])}
      onChange={(event) => {
        const at = istMomentOf(event.target.value);
        if (at !== null) onChoose({ ...choice, [name]: at });
      }}
    />
  );
  return (
    <div className="funnel-range">
      {field("from", "Counted from, IST")}–{field("until", "Counted until, IST")}
      {choice.from > choice.until && <span className="bad">ends before it begins</span>}
    </div>
  );
}

function Stages({ rows, counts }: { rows: StageRow[]; counts: FunnelCounts | null }): ReactNode {
  const app = useApp();
  const { stage } = useValue("shown").focus;
  // Instruments are not decisions: tens of thousands of them would leave no bar for the others.
  const decisions = rows.filter(({ name }) => name !== "scanned");
  const most = decisions.reduce((top, row) => Math.max(top, row.count ?? 0), 0);
  const isChosen = (name: StageName, vetoCode: string | null): boolean =>
    stage !== null && stage.name === name && stage.vetoCode === vetoCode;
  const choose = (name: StageName, vetoCode: string | null): void => {
    const chosen: Stage | null = isChosen(name, vetoCode) ? null : { name, vetoCode };
    app.focus({ stage: chosen });
  };
  return (
    <ol className="funnel" title="Bars are on a square root scale; that of scanned is cut">
      {rows.map((row) => (
        <li key={row.name}>
          <StageButton
            row={row}
            label={row.name}
            bar={barShare(row.count, most)}
            chosen={isChosen(row.name, null)}
            onChoose={() => choose(row.name, null)}
          />
          {row.name === "vetoed" && counts !== null && counts.vetoes.length > 0 && (
            <ol className="funnel-vetoes">
              {counts.vetoes.slice(0, MAX_CODES).map(({ code, count: vetoes }) => (
                <li key={code ?? ""}>
                  <StageButton
                    row={vetoRow(code, vetoes, counts)}
                    label={reasonWords(code)}
                    bar={barShare(vetoes, most)}
                    chosen={code !== null && isChosen("vetoed", code)}
                    onChoose={() => choose("vetoed", code)}
                  />
                </li>
              ))}
              {counts.vetoes.length > MAX_CODES && (
                <li className="dim">{count(counts.vetoes.length - MAX_CODES)} rarer ones</li>
              )}
            </ol>
          )}
        </li>
      ))}
    </ol>
  );
}

function vetoRow(code: string | null, vetoes: number, counts: FunnelCounts): StageRow {
  return {
    name: "vetoed",
    count: vetoes,
    atLeast: counts.more,
    share: counts.vetoed === 0 ? null : vetoes / counts.vetoed,
    note: `share of vetoed; code ${code ?? "none"}`,
  };
}

interface StageButtonProps {
  row: StageRow;
  label: string;
  bar: number;
  chosen: boolean;
  onChoose: () => void;
}

function StageButton({ row, label, bar, chosen, onChoose }: StageButtonProps): ReactNode {
  const figure = `${row.atLeast && row.count !== null ? "≥" : ""}${count(row.count)}`;
  const share = row.share === null ? "" : percent(row.share);
  return (
    <button
      type="button"
      className={`stage ${row.name}`}
      data-testid="stage"
      data-stage={row.name}
      title={[`${label}: ${figure}`, share, row.note].filter(Boolean).join(", ")}
      aria-pressed={chosen}
      onClick={onChoose}
    >
      <span className="clip">{label}</span>
      <svg height={10} aria-hidden="true">
        <rect width={`${(100 * bar).toFixed(1)}%`} height={10} rx={2} />
      </svg>
      <span className="number">{figure}</span>
      <span className="number dim">{share}</span>
    </button>
  );
}

function funnelTable(rows: StageRow[], counts: FunnelCounts | null): (string | number | null)[][] {
  return [
    ["stage", "veto_code", "count", "at_least", "share"],
    ...rows.map((row) => [row.name, null, row.count, row.atLeast ? "yes" : "no", row.share]),
    ...(counts?.vetoes ?? []).map(({ code, count: vetoes }) => [
      "vetoed",
      code,
      vetoes,
      counts?.more ? "yes" : "no",
      null,
    ]),
  ];
}
