// The candle chart on its canvas. React says what to show; this draws it, and tells what is pointed
// at. Loaded after the first paint, with the charts' library.
import {
  CandlestickSeries,
  createChart,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type LogicalRange,
  type MouseEventParams,
  type PrimitiveHoveredItem,
  LineStyle,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";

import { type Candle, firstChange, positionOf } from "../model/candles.js";
import type { IndicatorGroup } from "../model/chart-indicators.js";
import { type Gap, type Mark, type PlacedMark, placeMarks } from "../model/chart-marks.js";
import { timeframeMs, toChartTime } from "../model/chart-time.js";
import {
  type Context,
  drawBand,
  drawMark,
  drawTimeLine,
  Layer,
  markOffset,
  type TimeLine,
} from "./chart-draw.js";
import { type Along, IndicatorLines } from "./chart-lines.js";
import { chartOptions, crosshairTime, currentLook, faded, type Look } from "./chart-look.js";

export interface Pointed {
  /** The candle; at its number may be none yet. */
  index: number;
  mark: Mark | null;
}

export interface ChartHandlers {
  onPoint: (pointed: Pointed | null) => void;
  onClick: (pointed: Pointed, alt: boolean) => void;
  /** What is seen begins near the oldest candle. */
  onNearOldest: () => void;
}

export interface PriceLine {
  price: number;
  title: string;
  kind: "last" | "long" | "short";
}

/** So many candles before the oldest, older ones are asked for. */
const NEAR_OLDEST = 30;
const FIRST_CANDLES = 120;
const FEWEST_CANDLES = 40;
const ROOM_RIGHT = 8;
/** Candles whose indicators may still come. */
const NEWEST = 3;
/** How near to a mark is on it, and how near within its candle opens it all the same. */
const HIT_PX = 9;
const SAME_CANDLE_PX = 60;
/** With candles narrower than this, fills go without their text. */
const TEXT_SPACING = 9;

export class ChartView {
  readonly #chart: IChartApi;
  readonly #price: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  readonly #lines: IndicatorLines;
  readonly #layers: Layer[];
  readonly #handlers: () => ChartHandlers;
  #look: Look;
  #candles: readonly Candle[] = [];
  #timeframe = "1m";
  /** The first candle whose indicators have to be drawn. */
  #linesFrom = 0;
  #marks: readonly Mark[] = [];
  #placed: PlacedMark[] = [];
  /** Where marks were drawn last. */
  #drawn: { mark: Mark; index: number; x: number; y: number }[] = [];
  #gaps: readonly Gap[] = [];
  #times: readonly TimeLine[] = [];
  #priceLines: IPriceLine[] = [];
  #priceLinesShown: readonly PriceLine[] = [];

  constructor(container: HTMLElement, handlers: () => ChartHandlers) {
    this.#handlers = handlers;
    this.#look = currentLook();
    this.#chart = createChart(container, {
      ...chartOptions(this.#look),
      localization: {
        locale: "en-GB",
        timeFormatter: (time: Time) =>
          crosshairTime(time, timeframeMs(this.#timeframe) >= 86_400_000),
      },
    });
    this.#price = this.#chart.addSeries(CandlestickSeries, { lastValueVisible: true });
    this.#volume = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#price.priceScale().applyOptions({ scaleMargins: { top: 0.16, bottom: 0.2 } });
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.85, bottom: 0 } });
    this.#lines = new IndicatorLines(this.#chart);
    this.#layers = [
      new Layer("bottom", (context, _, height) => this.#drawGaps(context, height)),
      new Layer("top", (context) => this.#drawMarks(context), (x, y) => this.#hit(x, y)),
      new Layer("top", (context, _, height) => this.#drawTimes(context, height)),
    ];
    for (const layer of this.#layers) this.#price.attachPrimitive(layer);
    this.#chart.subscribeCrosshairMove((event) => handlers().onPoint(this.#pointed(event)));
    this.#chart.subscribeClick((event) => this.#click(event));
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.#scrolled(range));
    this.#applyLook();
  }

  dispose(): void {
    this.#chart.remove();
  }

  showCandles(candles: readonly Candle[], timeframe: string): void {
    const before = this.#candles;
    const another = timeframe !== this.#timeframe;
    const from = another ? 0 : firstChange(before, candles);
    this.#candles = candles;
    this.#timeframe = timeframe;
    const appends = from > 0 && this.#canAppend(before, candles, from);
    this.#linesFrom = appends ? Math.min(this.#linesFrom, from) : 0;
    if (appends) this.#append(from, before.length);
    else this.#setAll();
    if (candles.length > 0 && (before.length === 0 || another)) this.fit();
    this.showMarks(this.#marks);
    // The page that came may not be all that is seen.
    if (from === 0) this.#scrolled(this.#chart.timeScale().getVisibleLogicalRange());
  }

  chooseIndicators(groups: readonly IndicatorGroup[]): void {
    this.#lines.choose(groups, this.#look);
    this.#linesFrom = 0;
  }

  /** @param all whether more than those of the newest candles may be others than before. */
  showIndicators(along: Along, all: boolean): void {
    const from = all ? 0 : Math.min(this.#linesFrom, this.#candles.length - NEWEST);
    this.#lines.show(this.#candles, along, Math.max(0, from));
    this.#linesFrom = this.#candles.length;
  }

  showMarks(marks: readonly Mark[]): void {
    this.#marks = marks;
    this.#placed = placeMarks(marks, this.#candles, timeframeMs(this.#timeframe));
    this.#redraw();
  }

  showGaps(gaps: readonly Gap[]): void {
    this.#gaps = gaps;
    this.#redraw();
  }

  showTimes(times: readonly TimeLine[]): void {
    this.#times = times;
    this.#redraw();
  }

  showPriceLines(lines: readonly PriceLine[]): void {
    if (JSON.stringify(lines) === JSON.stringify(this.#priceLinesShown)) return;
    this.#priceLinesShown = lines;
    // The last price takes the place of the last close.
    const newer = lines.some(({ kind }) => kind === "last");
    this.#price.applyOptions({ lastValueVisible: !newer, priceLineVisible: !newer });
    this.#setPriceLines();
  }

  /** The newest candles, as wide as they are read well. */
  fit(): void {
    const last = this.#candles.length;
    const seen = Math.max(FEWEST_CANDLES, Math.min(FIRST_CANDLES, last + 2));
    const range = { from: last - seen, to: last + ROOM_RIGHT };
    this.#chart.timeScale().setVisibleLogicalRange(range);
  }

  /** @param all whether there are no older candles to come: then nobody scrolls beyond them. */
  fixOldest(all: boolean): void {
    this.#chart.timeScale().applyOptions({ fixLeftEdge: all });
  }

  /** Prices stay below what lies over the chart's upper edge, as far as there is room. */
  keepTop(pixels: number): void {
    const { height } = this.#chart.paneSize(0);
    const top = height > 0 ? Math.min(0.4, pixels / height) : 0;
    this.#price.priceScale().applyOptions({ scaleMargins: { top: top + 0.06, bottom: 0.2 } });
  }

  /** The colours of the theme that is on now. */
  retheme(): void {
    this.#look = currentLook();
    this.#applyLook();
    this.#lines.retheme(this.#look);
    this.#setPriceLines();
    this.#setAll();
    this.#redraw();
  }

  #setPriceLines(): void {
    for (const line of this.#priceLines) this.#price.removePriceLine(line);
    const { accent, gain, loss } = this.#look;
    const colours = { last: accent, long: gain, short: loss };
    this.#priceLines = this.#priceLinesShown.map(({ price, title, kind }) =>
      this.#price.createPriceLine({
        price,
        title,
        color: colours[kind],
        lineWidth: 1,
        lineStyle: kind === "last" ? LineStyle.Dotted : LineStyle.Dashed,
        axisLabelVisible: true,
        axisLabelTextColor: this.#look.panel,
      }),
    );
  }

  #applyLook(): void {
    const { gain, loss, accent } = this.#look;
    this.#chart.applyOptions(chartOptions(this.#look));
    // Hollow where the price rose: told apart without colour too.
    this.#price.applyOptions({
      upColor: this.#look.panel,
      borderUpColor: gain,
      wickUpColor: gain,
      downColor: loss,
      borderDownColor: loss,
      wickDownColor: loss,
      priceLineColor: accent,
    });
  }

  #canAppend(before: readonly Candle[], now: readonly Candle[], from: number): boolean {
    // The place for the candle that forms has to be the next one's, or it would stay empty.
    const next = now[before.length];
    return (
      before.length > 0 &&
      now.length >= before.length &&
      from >= before.length - 1 &&
      (next === undefined || next.start === this.#slotAfter(before))
    );
  }

  #slotAfter(candles: readonly Candle[]): number {
    return (candles.at(-1)?.start ?? 0) + timeframeMs(this.#timeframe);
  }

  #setAll(): void {
    const candles = this.#candles;
    this.#price.applyOptions({ priceFormat: priceFormatOf(candles) });
    const slot = candles.length === 0 ? [] : [{ time: timeOf(this.#slotAfter(candles)) }];
    this.#price.setData([...candles.map(barOf), ...slot]);
    this.#volume.setData(candles.map((candle) => this.#volumeOf(candle)));
  }

  /** @param known how many candles there were: the last may be another now, others follow it. */
  #append(from: number, known: number): void {
    this.#candles.slice(from).forEach((candle, at) => {
      // After the last candle the price's series has a place for the next, so there it is an old one.
      this.#price.update(barOf(candle), from + at < known);
      this.#volume.update(this.#volumeOf(candle));
    });
    this.#price.update({ time: timeOf(this.#slotAfter(this.#candles)) });
  }

  #volumeOf(candle: Candle): { time: UTCTimestamp; value: number; color: string } {
    const { gain, loss } = this.#look;
    const color = faded(candle.close >= candle.open ? gain : loss, 0.35);
    return { time: timeOf(candle.start), value: candle.volume ?? 0, color };
  }

  #xOf(ms: number): number | null {
    const at = positionOf(this.#candles, timeframeMs(this.#timeframe), ms);
    return at === null ? null : this.#xOfIndex(at);
  }

  /** Also between two candles, which the library rounds. */
  #xOfIndex(at: number): number | null {
    const scale = this.#chart.timeScale();
    const whole = Math.floor(at);
    const x = scale.logicalToCoordinate(whole as never);
    const next = scale.logicalToCoordinate((whole + 1) as never);
    return x === null || next === null ? null : x + (at - whole) * (next - x);
  }

  #drawGaps(context: Context, height: number): void {
    for (const { from, to } of this.#gaps) {
      const right = this.#xOf(to);
      const left = this.#xOf(from) ?? 0;
      if (right !== null) drawBand(context, left, right, height, this.#look);
    }
  }

  #drawTimes(context: Context, height: number): void {
    for (const { at, kind } of this.#times) {
      const x = this.#xOf(at);
      if (x !== null) drawTimeLine(context, x, height, kind, this.#look);
    }
  }

  #drawMarks(context: Context): void {
    this.#drawn = [];
    const range = this.#chart.timeScale().getVisibleLogicalRange();
    if (range === null) return;
    const spacing = this.#chart.timeScale().options().barSpacing;
    for (const placed of this.#placed) {
      const { mark, candle: index } = placed;
      if (index < range.from - 1 || index > range.to + 1) continue;
      const x = this.#xOfIndex(index);
      const y = this.#yOf(placed);
      if (x === null || y === null) continue;
      drawMark(context, placed, x, y, spacing >= TEXT_SPACING, this.#look);
      this.#drawn.push({ mark, index, x, y });
    }
  }

  #yOf({ mark, candle, where, level }: PlacedMark): number | null {
    const bar = this.#candles[candle];
    if (where === "price") return this.#price.priceToCoordinate(mark.price ?? 0);
    const nearest = mark.price ?? this.#candles.at(-1)?.close ?? 0;
    const edge = where === "above" ? (bar?.high ?? nearest) : (bar?.low ?? nearest);
    const y = this.#price.priceToCoordinate(edge);
    return y === null ? null : y + (where === "above" ? -1 : 1) * markOffset(level);
  }

  #hit(x: number, y: number): PrimitiveHoveredItem | null {
    const found = this.#nearest(x, y, (at) => Math.abs(at.x - x) <= HIT_PX, HIT_PX);
    if (found === null) return null;
    return { externalId: found.id, cursorStyle: "pointer", zOrder: "top", itemType: "marker" };
  }

  #nearest(
    x: number,
    y: number,
    eligible: (drawn: { x: number; index: number }) => boolean,
    within: number,
  ): Mark | null {
    const near = this.#drawn
      .filter((drawn) => eligible(drawn) && Math.abs(drawn.y - y) <= within)
      .sort((a, b) => Math.hypot(a.x - x, a.y - y) - Math.hypot(b.x - x, b.y - y));
    return near[0]?.mark ?? null;
  }

  #pointed({ logical, point, paneIndex, hoveredInfo }: MouseEventParams): Pointed | null {
    if (logical === undefined || point === undefined || this.#candles.length === 0) return null;
    const index = Math.round(logical);
    if (index < 0) return null;
    const id = hoveredInfo?.objectId;
    const hovered = this.#drawn.find(({ mark }) => mark.id === id)?.mark ?? null;
    const within = paneIndex === 0 ? SAME_CANDLE_PX : -1;
    const near = this.#nearest(point.x, point.y, (at) => at.index === index, within);
    return { index, mark: hovered ?? near };
  }

  #click(event: MouseEventParams): void {
    const pointed = this.#pointed(event);
    if (pointed !== null) this.#handlers().onClick(pointed, event.sourceEvent?.altKey === true);
  }

  #scrolled(range: LogicalRange | null): void {
    if (range !== null && this.#candles.length > 0 && range.from < NEAR_OLDEST) {
      this.#handlers().onNearOldest();
    }
  }

  #redraw(): void {
    for (const layer of this.#layers) layer.redraw();
  }
}

function timeOf(ms: number): UTCTimestamp {
  return toChartTime(ms) as UTCTimestamp;
}

function barOf({ start, open, high, low, close }: Candle): {
  time: UTCTimestamp;
  open: number;
  high: number;
  low: number;
  close: number;
} {
  return { time: timeOf(start), open, high, low, close };
}

/** Two digits, or four where prices move in less than a paisa (currencies). */
function priceFormatOf(candles: readonly Candle[]): {
  type: "price";
  precision: number;
  minMove: number;
} {
  const isFine = (value: number): boolean => Math.abs(value - Math.round(value)) > 1e-6;
  const fine = candles.slice(-50).some(({ close }) => isFine(close * 100));
  return { type: "price", precision: fine ? 4 : 2, minMove: fine ? 0.0001 : 0.01 };
}
