// What the chart says in figures at the pointer, or at the newest candle.
import type { ReactNode, RefObject } from "react";

import {
  count,
  duration,
  figure,
  istMoment,
  istTime,
  percent,
  price,
  shortCount,
} from "../format.js";
import type { Candle } from "../model/candles.js";
import type { IndicatorGroup } from "../model/chart-indicators.js";
import type { Gap, Mark } from "../model/chart-marks.js";
import type { Picked } from "./chart-canvas.js";
import { lineColours } from "./chart-colours.js";

interface LegendProps {
  candle: Candle | undefined;
  before: Candle | undefined;
  /** Beside a moment of its day the day goes without saying; ms since 1970. */
  newest: number;
  groups: readonly IndicatorGroup[];
  valueOf: (name: string) => number | null;
  mark: Mark | null;
  gap: Gap | undefined;
  picked: Picked;
  /** Why there is no chart. */
  error: string | null;
  element: RefObject<HTMLDivElement | null>;
}

export function Legend(props: LegendProps): ReactNode {
  const { candle, before, newest, groups, valueOf, mark, gap, picked, error, element } = props;
  const colours = lineColours(groups);
  return (
    <div className="chart-legend" data-testid="chart-legend" ref={element}>
      <p>{candle === undefined ? "–" : <Prices {...{ candle, before, newest }} />}</p>
      <p>
        {groups
          .flatMap(({ lines }) => lines)
          .map(({ name }) => (
            <span key={name}>
              <span className={`line-${String(colours.get(name))}`}>
                {name.replaceAll("_", " ")}
              </span>{" "}
              {short(valueOf(name))}
            </span>
          ))}
      </p>
      {gap !== undefined && <p className="warn">{gapText(gap, newest)}</p>}
      {mark !== null && (
        <p className={mark.kind === "rejected" ? "bad" : ""} data-testid="chart-mark">
          {markText(mark, newest)}
        </p>
      )}
      {error !== null && <p className="bad">{error}</p>}
      <GoButton name="chart" picked={picked} />
    </div>
  );
}

/** From the moment that was clicked to the whole page as it was then. */
export function GoButton({ name, picked }: { name: string; picked: Picked }): ReactNode {
  const { at, go } = picked;
  if (at === null) return null;
  return (
    <button type="button" data-testid={`${name}-go`} onClick={() => go(at)}>
      Go to {istMoment(at, 0)}
    </button>
  );
}

function Prices({ candle, before, newest }: PricesProps): ReactNode {
  const change = before === undefined ? null : candle.close - before.close;
  const share = before === undefined || change === null ? null : change / before.close;
  const tone = (change ?? 0) === 0 ? "flat" : (change ?? 0) > 0 ? "gain" : "loss";
  return (
    <>
      <span className="dim">{istMoment(candle.start, newest).slice(0, -3)}</span>
      <Figure name="O" value={price(candle.open)} />
      <Figure name="H" value={price(candle.high)} />
      <Figure name="L" value={price(candle.low)} />
      <Figure name="C" value={price(candle.close)} />
      {share !== null && (
        <span className={tone}>
          {share > 0 ? "+" : ""}
          {percent(share, 2)}
        </span>
      )}
      <Figure name="V" value={shortCount(candle.volume)} />
    </>
  );
}

interface PricesProps extends Pick<LegendProps, "before" | "newest"> {
  candle: Candle;
}

/** Two decimals, or four digits where they would say little. */
function short(value: number | null): string {
  return value !== null && Math.abs(value) < 1 ? figure(value) : price(value);
}

function Figure({ name, value }: { name: string; value: string }): ReactNode {
  return (
    <span>
      <span className="dim">{name}</span> {value}
    </span>
  );
}

function gapText({ from, to, missed }: Gap, newest: number): string {
  const times = `${istMoment(from, newest)} to ${istTime(to)}`;
  const lost = missed === null ? "" : `, ${count(missed)} missed`;
  return `Feed gap ${times} (${duration(to - from)})${lost}`;
}

const WORDS = { signal: "signal", exit: "exit", rejected: "rejected", fill: "fill" } as const;

function markText(mark: Mark, newest: number): string {
  const { kind, side, qty, at, strategy, reason } = mark;
  const of = kind === "fill" ? ` ${count(qty)} @ ${price(mark.price)}` : "";
  const head = `${side ?? ""} ${WORDS[kind]}${of}`.trim();
  const who = [strategy, istMoment(at, newest)].filter((word) => word !== null).join(" · ");
  return `${head} · ${who}${reason === null ? "" : `: ${reason}`}`;
}
