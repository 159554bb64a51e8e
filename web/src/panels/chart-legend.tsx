// What the chart says in figures at the pointer, or at the newest candle.
import type { ReactNode } from "react";

import { count, duration, figure, istMoment, percent, price, shortCount } from "../format.js";
import type { Candle } from "../model/candles.js";
import type { IndicatorGroup } from "../model/chart-indicators.js";
import type { Gap, Mark } from "../model/chart-marks.js";
import { LINE_COLOURS } from "./chart-colours.js";

interface LegendProps {
  candle: Candle | undefined;
  before: Candle | undefined;
  groups: readonly IndicatorGroup[];
  valueOf: (name: string) => number | null;
  mark: Mark | null;
  gap: Gap | undefined;
  /** The moment that was clicked, ms since 1970. */
  picked: number | null;
  onGo: (at: number) => void;
}

export function Legend(props: LegendProps): ReactNode {
  const { candle, before, groups, valueOf, mark, gap, picked, onGo } = props;
  return (
    <div className="chart-legend" data-testid="chart-legend">
      <p>{candle === undefined ? "–" : <Prices candle={candle} before={before} />}</p>
      <p>
        {groups
          .flatMap(({ lines }) => lines)
          .map(({ name }, at) => (
            <span key={name}>
              <span className={`line-${String((at % LINE_COLOURS) + 1)}`}>
                {name.replaceAll("_", " ")}
              </span>{" "}
              {figure(valueOf(name))}
            </span>
          ))}
      </p>
      {gap !== undefined && <p className="warn">{gapText(gap)}</p>}
      {mark !== null && (
        <p className={mark.kind === "rejected" ? "bad" : ""} data-testid="chart-mark">
          {markText(mark)}
        </p>
      )}
      {picked !== null && (
        <button type="button" data-testid="chart-go" onClick={() => onGo(picked)}>
          Go to {istMoment(picked, 0)}
        </button>
      )}
    </div>
  );
}

function Prices({ candle, before }: { candle: Candle; before: Candle | undefined }): ReactNode {
  const change = before === undefined ? null : candle.close - before.close;
  const share = before === undefined || change === null ? null : change / before.close;
  const tone = (change ?? 0) === 0 ? "flat" : (change ?? 0) > 0 ? "gain" : "loss";
  return (
    <>
      <span className="dim">{istMoment(candle.start, 0).slice(0, -3)}</span>
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

function Figure({ name, value }: { name: string; value: string }): ReactNode {
  return (
    <span>
      <span className="dim">{name}</span> {value}
    </span>
  );
}

function gapText({ from, to, missed }: Gap): string {
  const times = `${istMoment(from, to)} to ${istMoment(to, 0).slice(-8)}`;
  const lost = missed === null ? "" : `, ${count(missed)} missed`;
  return `Feed gap ${times} (${duration(to - from)})${lost}`;
}

const WORDS = { signal: "signal", exit: "exit", rejected: "rejected", fill: "fill" } as const;

function markText(mark: Mark): string {
  const { kind, side, qty, at, strategy, reason } = mark;
  const of = kind === "fill" ? ` ${count(qty)} @ ${price(mark.price)}` : "";
  const head = `${side ?? ""} ${WORDS[kind]}${of}`.trim();
  const who = [strategy, istMoment(at, 0)].filter((word) => word !== null).join(" · ");
  return `${head} · ${who}${reason === null ? "" : `: ${reason}`}`;
}
