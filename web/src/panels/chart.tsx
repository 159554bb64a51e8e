// Candles of one instrument, with indicators, what was decided and filled, and where its feed had
// gaps. The charts' library is loaded after the first paint.
import "../styles/chart.css";

import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";

import { istMoment, price } from "../format.js";
import { MAX_CANDLES } from "../model/candles.js";
import type { IndicatorBook } from "../model/chart-indicators.js";
import { gapAt, type Instrument, type Mark } from "../model/chart-marks.js";
import { timeframeMs } from "../model/chart-time.js";
import { useApp, useValue } from "../state/app.js";
import { instrumentText } from "../state/location.js";
import { Panel } from "../ui/panel.js";
import { shareTime } from "../ui/shared-time.js";
import { useCanvas, usePicked, useShownTimes } from "./chart-canvas.js";
import { type IndicatorChoice, useIndicatorChoice } from "./chart-choice.js";
import {
  type Candles,
  useCandles,
  useChartInstrument,
  useGaps,
  useIndicators,
  useIndicatorSources,
  useInstruments,
  useMarks,
  useTimeframes,
} from "./chart-hooks.js";
import { Legend } from "./chart-legend.js";
import { PriceLines } from "./chart-price-lines.js";
import { IndicatorMenu, SymbolChooser, Timeframes } from "./chart-toolbar.js";
import type { ChartHandlers, ChartView, Pointed } from "./chart-view.js";

const NONE: readonly Instrument[] = [];

export function Chart(): ReactNode {
  const { answer, error, asking } = useInstruments();
  const instruments = answer ?? NONE;
  const instrument = useChartInstrument(instruments);
  if (instrument !== null) return <ChartOf instruments={instruments} instrument={instrument} />;
  return (
    <Panel
      title="Chart"
      name="chart"
      engine="MarketDataEngine"
      error={error?.message ?? null}
      empty={asking ? "Loading…" : "No candles yet."}
      actions={<SymbolChooser instruments={instruments} instrument={null} />}
    />
  );
}

interface ChartOfProps {
  instruments: readonly Instrument[];
  instrument: Instrument;
}

function ChartOf({ instruments, instrument }: ChartOfProps): ReactNode {
  const { timeframe } = useValue("shown");
  const { exchange, symbol } = instrument;
  const question = useMemo(
    () => ({ instrument: { exchange, symbol }, timeframe }),
    [exchange, symbol, timeframe],
  );
  const known = useTimeframes(instrument);
  const candles = useCandles(question);
  const choice = useIndicatorChoice(useIndicatorSources(question));
  return (
    <Panel
      title="Chart"
      name="chart"
      error={candles.state.error?.message ?? null}
      actions={
        <>
          <SymbolChooser instruments={instruments} instrument={instrument} />
          <Timeframes known={known} />
          <IndicatorMenu choice={choice} />
        </>
      }
    >
      <ChartBody
        instrument={question.instrument}
        timeframe={timeframe}
        candles={candles}
        choice={choice}
      />
      {candles.candles.length === 0 && candles.state.error === null && (
        <p className="chart-nothing panel-empty">
          {candles.state.loaded
            ? `No ${timeframe} candles of ${instrumentText(instrument)}.`
            : "Loading…"}
        </p>
      )}
      <p className="chart-notice">
        <a
          href="https://www.tradingview.com/"
          target="_blank"
          rel="noreferrer"
          title="TradingView Lightweight Charts™, copyright © TradingView, Inc."
        >
          Charts: TradingView Lightweight Charts
        </a>
      </p>
    </Panel>
  );
}

async function loadView(): Promise<
  (container: HTMLElement, handlers: () => ChartHandlers) => ChartView
> {
  const { ChartView: View } = await import("./chart-view.js");
  return (container, handlers) => new View(container, handlers);
}

interface BodyProps {
  instrument: Instrument;
  timeframe: string;
  candles: Candles;
  choice: IndicatorChoice;
}

function ChartBody({ instrument, timeframe, candles: history, choice }: BodyProps): ReactNode {
  const app = useApp();
  const { candles } = history;
  const marks = useMarks(instrument);
  const gaps = useGaps(instrument);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const picked = usePicked(`${instrumentText(instrument)} ${timeframe}`);
  const { container, view, error } = useCanvas(loadView, {
    onPoint: (to: Pointed | null) => {
      setPointed(to);
      shareTime("chart", to === null ? null : (candles[to.index]?.start ?? null));
    },
    onClick: ({ index, mark }: Pointed, alt: boolean) => {
      const at = candles[index]?.closedAt ?? null;
      if (alt && at !== null) picked.go(at);
      else if (mark?.trade) app.show({ trade: mark.trade });
      else picked.pick(at);
    },
    onNearOldest: history.older,
  });
  const legend = useRef<HTMLDivElement>(null);
  const shownKey = `${candles.length > 0} ${choice.chosen.map(({ key }) => key).join()}`;
  useEffect(() => view?.keepTop(heightOfFigures(legend.current)), [view, shownKey]);
  const book = useDrawnIndicators(view, { instrument, timeframe }, history, choice);
  useShownTimes(view, "chart", picked.at);
  const all = history.state.complete || candles.length >= MAX_CANDLES;
  useEffect(() => view?.fixOldest(all), [view, all]);
  useEffect(() => view?.showGaps(gaps), [view, gaps]);
  useEffect(() => view?.showMarks(marks), [view, marks]);
  const index = Math.min(pointed?.index ?? Infinity, candles.length - 1);
  const candle = candles[index];
  const label = describe({ instrument, timeframe }, history, marks);
  return (
    <>
      <div className="chart-canvas" role="img" aria-label={label} ref={container} />
      <PriceLines view={view} instrument={instrument} newest={candles.at(-1)} />
      <Legend
        candle={candle}
        before={candles[index - 1]}
        newest={candles.at(-1)?.closedAt ?? 0}
        groups={choice.chosen}
        valueOf={(name) => book?.at(candles, index, name) ?? null}
        mark={pointed?.mark ?? null}
        gap={candle && pointed ? gapAt(gaps, candle.start, timeframeMs(timeframe)) : undefined}
        picked={picked}
        error={error}
        element={legend}
      />
    </>
  );
}

/** What the figures that are always there take of the chart, in pixels. */
function heightOfFigures(legend: HTMLDivElement | null): number {
  const last = legend?.children[1];
  return last instanceof HTMLElement ? last.offsetTop + last.offsetHeight : 0;
}

/** Candles and indicators, in this order: lines go along candles. */
function useDrawnIndicators(
  view: ChartView | null,
  question: { instrument: Instrument; timeframe: string },
  { candles }: Candles,
  choice: IndicatorChoice,
): IndicatorBook | undefined {
  const strategy = choice.chosen.length === 0 ? undefined : choice.strategy;
  const indicators = useIndicators(question, strategy, candles[0]?.closedAt ?? Infinity);
  const { timeframe } = question;
  useEffect(() => view?.showCandles(candles, timeframe), [view, candles, timeframe]);
  const groups = choice.chosen;
  const chosenKey = groups.flatMap(({ lines }) => lines.map(({ name }) => name)).join();
  const drawnKey = useRef("");
  const book = indicators.history?.book;
  useEffect(() => {
    if (view === null) {
      drawnKey.current = "";
      return;
    }
    const another = drawnKey.current !== chosenKey;
    if (another) view.chooseIndicators(groups);
    drawnKey.current = chosenKey;
    const along = (name: string, from: number): (number | null)[] =>
      book?.along(candles, name, from) ?? [];
    view.showIndicators(along, another || !indicators.live);
  }, [view, candles, chosenKey, indicators]);
  return book;
}

/** The chart in words, for those who do not see it. */
function describe(
  { instrument, timeframe }: { instrument: Instrument; timeframe: string },
  { candles }: Candles,
  marks: readonly Mark[],
): string {
  const last = candles.at(-1);
  const name = `${instrumentText(instrument)} ${timeframe} candles`;
  if (last === undefined) return `${name}: none`;
  const rejected = marks.filter(({ kind }) => kind === "rejected").length;
  const fills = marks.filter(({ kind }) => kind === "fill").length;
  const signals = marks.length - rejected - fills;
  return (
    `${name}: ${candles.length} candles, last close ${price(last.close)} at ` +
    `${istMoment(last.closedAt, 0)} IST; marked are ${signals} signals, ${rejected} rejected ` +
    `signals and ${fills} fills`
  );
}
