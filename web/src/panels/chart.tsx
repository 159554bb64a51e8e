// Candles of one instrument, with indicators, what was decided and filled, and where its feed had
// gaps. The charts' library is loaded after the first paint.
import "../styles/chart.css";

import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";

import { istMoment, price } from "../format.js";
import type { IndicatorBook } from "../model/chart-indicators.js";
import { gapAt, type Gap, type Instrument, type Mark } from "../model/chart-marks.js";
import { timeframeMs } from "../model/chart-time.js";
import { useApp, useValue } from "../state/app.js";
import { instrumentText } from "../state/location.js";
import { Panel } from "../ui/panel.js";
import { onSharedTime, shareTime } from "../ui/shared-time.js";
import { useTheme } from "../ui/theme.js";
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
  const [picked, setPicked] = useState<number | null>(null);
  const go = (at: number): void => {
    setPicked(null);
    app.setView({ kind: "at", at: new Date(at).toISOString() });
  };
  const [container, view] = useChartView({
    onPoint: (to) => {
      setPointed(to);
      shareTime("chart", to === null ? null : (candles[to.index]?.start ?? null));
    },
    onClick: ({ index, mark }, alt) => {
      const at = candles[index]?.closedAt ?? null;
      if (alt && at !== null) go(at);
      else if (mark?.trade) app.show({ trade: mark.trade });
      else setPicked(at === picked ? null : at);
    },
    onNearOldest: history.older,
  });
  useEffect(() => setPicked(null), [instrument, timeframe]);
  const book = useDrawnIndicators(view, { instrument, timeframe }, history, choice);
  useDrawn(view, gaps, marks, picked);
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
        groups={choice.chosen}
        valueOf={(name) => book?.at(candles, index, name) ?? null}
        mark={pointed?.mark ?? null}
        gap={candle && pointed ? gapAt(gaps, candle.start, timeframeMs(timeframe)) : undefined}
        picked={picked}
        onGo={go}
      />
    </>
  );
}

/** The chart on its canvas once its library is there; its handlers are the newest given. */
function useChartView(
  handlers: ChartHandlers,
): [RefObject<HTMLDivElement | null>, ChartView | null] {
  const container = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<ChartView | null>(null);
  const newest = useRef(handlers);
  useEffect(() => {
    newest.current = handlers;
  });
  useEffect(() => {
    let made: ChartView | undefined;
    let gone = false;
    const begin = async (): Promise<void> => {
      const { ChartView: View } = await import("./chart-view.js");
      if (gone || container.current === null) return;
      made = new View(container.current, {
        onPoint: (pointed) => newest.current.onPoint(pointed),
        onClick: (pointed, alt) => newest.current.onClick(pointed, alt),
        onNearOldest: () => newest.current.onNearOldest(),
      });
      setView(made);
    };
    void begin();
    return () => {
      gone = true;
      made?.dispose();
      setView(null);
    };
  }, []);
  return [container, view];
}

/** Candles and indicators, in this order: lines go along candles. */
function useDrawnIndicators(
  view: ChartView | null,
  question: { instrument: Instrument; timeframe: string },
  { candles }: Candles,
  choice: IndicatorChoice,
): IndicatorBook | undefined {
  const strategy = choice.chosen.length === 0 ? undefined : choice.strategy;
  const indicators = useIndicators(question, strategy, candles[0]?.start ?? Infinity);
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

/** What lies over the candles. */
function useDrawn(
  view: ChartView | null,
  gaps: readonly Gap[],
  marks: readonly Mark[],
  picked: number | null,
): void {
  const cursor = useValue("cursor");
  const theme = useTheme();
  useEffect(() => view?.retheme(), [view, theme]);
  useEffect(() => view?.showGaps(gaps), [view, gaps]);
  useEffect(() => view?.showMarks(marks), [view, marks]);
  useEffect(() => {
    const show = (other: { at: number; by: string } | null): void =>
      view?.showTimes([
        ...(cursor === null ? [] : [{ at: cursor, kind: "cursor" as const }]),
        ...(picked === null ? [] : [{ at: picked, kind: "picked" as const }]),
        ...(other === null || other.by === "chart" ? [] : [{ at: other.at, kind: "other" as const }]),
      ]);
    show(null);
    return onSharedTime(show);
  }, [view, cursor, picked]);
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
