// What was made, as a curve with its drawdown: of an account, or of the strategy that everything is
// narrowed to.
import "../styles/equity.css";

import { type ReactNode, useEffect, useMemo, useState } from "react";

import { istMoment, rupees, signedRupees } from "../format.js";
import {
  type Curve,
  curveOf,
  type EquityOwner,
  type EquityPoint,
  indexAt,
  isNearLimit,
  ownerKey,
  ownersOf,
  thinned,
} from "../model/equity.js";
import { useValue } from "../state/app.js";
import { Panel } from "../ui/panel.js";
import { Pnl } from "../ui/pnl.js";
import { shareTime, useSharedTime } from "../ui/shared-time.js";
import { Tabs } from "../ui/tabs.js";
import { useCanvas, usePicked, useShownTimes } from "./chart-canvas.js";
import { GoButton } from "./chart-legend.js";
import { type EquityRange, useEquity } from "./equity-data.js";
import type { EquityHandlers, EquityView } from "./equity-view.js";

const MAX_DRAWN = 2000;
const RANGES = [
  { name: "today", title: "Today" },
  { name: "days", title: "5 days" },
  { name: "all", title: "All" },
] as const satisfies readonly { name: EquityRange; title: string }[];
const NOBODY = { account: null, mode: null };

export function Equity(): ReactNode {
  const performance = useValue("performance");
  const { focus } = useValue("shown");
  const [range, setRange] = useState<EquityRange>("today");
  const [wanted, setWanted] = useState("");
  const owners = ownersOf(performance);
  const found = owners.find((owner) => ownerKey(owner) === wanted) ?? owners[0] ?? NOBODY;
  const owner = { account: found.account, mode: found.mode, strategy: focus.strategy };
  const equity = useEquity(owner, owners.length < 2, range);
  const curve = useMemo(() => curveOf(equity.points), [equity.points]);
  return (
    <Panel
      title="Equity"
      name="equity"
      engine="StrategyEngineV2"
      note={focus.strategy ?? undefined}
      error={equity.error?.message ?? null}
      actions={
        <>
          {owners.length > 1 && (
            <select
              aria-label="Account of the equity curve"
              value={ownerKey(found)}
              onChange={({ currentTarget }) => setWanted(currentTarget.value)}
            >
              {owners.map((each) => (
                <option key={ownerKey(each)} value={ownerKey(each)}>
                  {ownerName(each)}
                </option>
              ))}
            </select>
          )}
          <Tabs label="Equity's range" tabs={RANGES} chosen={range} onChoose={setRange} />
        </>
      }
    >
      <Body
        curve={curve}
        newest={equity.points.at(-1)}
        range={range}
        name={focus.strategy ?? ownerName(owner)}
        cut={equity.cut}
      />
      {curve.points.length === 0 && equity.error === null && (
        <p className="equity-nothing panel-empty">
          {equity.loaded ? "No profit or loss told yet." : "Loading…"}
        </p>
      )}
    </Panel>
  );
}

function ownerName({ account, mode }: Pick<EquityOwner, "account" | "mode">): string {
  return [account ?? "no account", mode].filter((word) => word !== null).join(" · ");
}

async function loadView(): Promise<
  (container: HTMLElement, handlers: () => EquityHandlers) => EquityView
> {
  const { EquityView: View } = await import("./equity-view.js");
  return (container, handlers) => new View(container, handlers);
}

interface BodyProps {
  curve: Curve;
  newest: EquityPoint | undefined;
  range: EquityRange;
  name: string;
  cut: boolean;
}

function Body({ curve, newest, range, name, cut }: BodyProps): ReactNode {
  const picked = usePicked(`${range} ${name}`);
  const handlers: EquityHandlers = {
    onPoint: (at) => shareTime("equity", at),
    onClick: (at, alt) => (alt ? picked.go(at) : picked.pick(at)),
  };
  const { container, view, error } = useCanvas(loadView, handlers);
  const told = newest?.lossLimit ?? null;
  const limit = range === "today" && isNearLimit(newest?.net ?? 0, told) ? told : null;
  const drawn = useMemo(() => thinned(curve.points, MAX_DRAWN), [curve]);
  useEffect(() => view?.show(drawn, limit), [view, drawn, limit]);
  useShownTimes(view, "equity", picked.at);
  const words =
    `Equity of ${name}, ${RANGES.find((each) => each.name === range)?.title ?? ""}: ` +
    `net ${signedRupees(curve.points.at(-1)?.net ?? null)}, drawdown ${rupees(-curve.drawdown)}, ` +
    `worst ${rupees(-curve.worst)}, ${curve.points.length} points`;
  return (
    <>
      <div className="equity-canvas" role="img" aria-label={words} ref={container} />
      <div className="equity-legend" data-testid="equity-legend">
        <Figures curve={curve} newest={newest} cut={cut} />
        <GoButton name="equity" picked={picked} />
        {error !== null && <p className="bad">{error}</p>}
      </div>
    </>
  );
}

/** At the moment under the pointer of any chart, or now. */
function Figures({ curve, newest, cut }: Pick<BodyProps, "curve" | "newest" | "cut">): ReactNode {
  const pointed = useSharedTime();
  const { points } = curve;
  if (points.length === 0) return null;
  const index = pointed === null ? null : indexAt(points, pointed.at);
  const at = index === null ? points.at(-1) : points[Math.floor(index)];
  const engine = newest?.maxDrawdown ?? null;
  const differs = engine !== null && Math.abs(engine + curve.worst) >= 1;
  return (
    <p>
      <span>
        {index !== null && at !== undefined && (
          <span className="dim">{istMoment(at.at, 0)} </span>
        )}
        <Pnl value={at?.net ?? null} title="After charges" />
      </span>
      <span>
        <span className="dim">drawdown</span> {rupees(at === undefined ? null : -at.drawdown)}
      </span>
      <span>
        <span className="dim">worst</span> {rupees(-curve.worst)}
      </span>
      {differs && (
        <span title="As the engine reckons it, over all that its books know">
          <span className="dim">engine: now</span> {rupees(newest?.drawdown ?? null)}{" "}
          <span className="dim">worst</span> {rupees(engine)}
        </span>
      )}
      {cut && <span className="warn">from {istMoment(points[0]?.at ?? null, 0)} only</span>}
    </p>
  );
}
