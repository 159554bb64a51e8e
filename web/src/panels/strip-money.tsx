// What the day made, and how much of what may be lost is lost.
import type { ReactNode } from "react";

import { istDay, percent, rupees, signedRupees } from "../format.js";
import { type DayPnl, dayPnl, type LossBudget } from "../model/strip.js";
import { useValue } from "../state/app.js";
import { Pnl, tone } from "../ui/pnl.js";
import { useDeskClock } from "../ui/use-desk-clock.js";
import { useDeskNow } from "../ui/use-desk-now.js";
import { useNow } from "../ui/use-now.js";
import { Cell } from "./strip-cell.js";

const MAX_MODES = 3;
const NEAR = 0.7;

export function Money(): ReactNode {
  const deskNow = useDeskNow();
  const now = useNow(1000);
  const stopped = useDeskClock() === "stopped";
  const all = dayPnl(useValue("performance"), stopped ? now : deskNow).slice(0, MAX_MODES);
  const first = all[0];
  return (
    <>
      {first === undefined ? (
        <DayCell pnl={NOTHING} named={false} />
      ) : (
        all.map((pnl) => <DayCell key={pnl.mode} pnl={pnl} named={all.length > 1} />)
      )}
      <Budget budget={first?.budget ?? null} mode={all.length > 1 ? (first?.mode ?? null) : null} />
    </>
  );
}

const NOTHING: DayPnl = {
  mode: null,
  day: null,
  net: null,
  realized: null,
  unrealized: null,
  charges: null,
  budget: null,
  accounts: [],
};

/** `day` for today, else `23 Nov`. */
function dayWord(day: string | null): string {
  return day === null ? "day" : istDay(Date.parse(`${day}T12:00:00+05:30`)).slice(5, 11);
}

/** @param named whether it has to be told apart from another mode. */
function DayCell({ pnl, named }: { pnl: DayPnl; named: boolean }): ReactNode {
  const { mode, day, net, realized, unrealized, charges, accounts } = pnl;
  const several = accounts.length > 1 ? `, ${accounts.length} accounts` : "";
  const title = accounts.map((each) => `${each.name}: ${signedRupees(each.net)}`).join("\n");
  const label = `${named ? `${mode ?? "no mode"} ` : ""}${dayWord(day)} P&L${several}`;
  return (
    <>
      <Cell name="pnl" label={label} title={`Net of charges\n${title}`}>
        <span className={`day-net ${tone(net)}`} data-testid="day-net">
          <Pnl value={net} />
        </span>
      </Cell>
      <dl className="cell pnl-parts" title={title}>
        <div>
          <dt>realised</dt>
          <dd>
            <Pnl value={realized} />
          </dd>
        </div>
        <div>
          <dt>unrealised</dt>
          <dd>
            <Pnl value={unrealized} />
          </dd>
        </div>
        <div>
          <dt>charges</dt>
          <dd>{rupees(charges)}</dd>
        </div>
      </dl>
    </>
  );
}

function Budget({ budget, mode }: { budget: LossBudget | null; mode: string | null }): ReactNode {
  const share = budget?.share ?? 0;
  const level = share >= 1 ? "broken" : share >= NEAR ? "near" : "";
  const text =
    budget === null ? "no limit told" : `${rupees(budget.used)} of ${rupees(budget.limit)}`;
  const word = level === "broken" ? " ✖ limit hit" : level === "near" ? " ▲ near" : "";
  const title = `How much of the day's loss limit is used${
    budget?.account ? ` by ${budget.account}` : ""
  }: ${text}${budget === null ? "" : ` (${percent(share, 0)})`}`;
  return (
    <Cell
      name="budget"
      label={`${mode === null ? "" : `${mode} `}loss budget${word}`}
      title={title}
    >
      <span
        className={`meter ${level}`}
        role="meter"
        aria-label="Loss budget used"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, Math.round(100 * share))}
        aria-valuetext={text}
        data-testid="loss-budget"
      >
        <span className="meter-fill" style={{ width: `${Math.min(100, 100 * share)}%` }} />
      </span>
      <span className="meter-text">{text}</span>
    </Cell>
  );
}
