// Indicators on a chart: lines over the price, and panes below it.
import {
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  type UTCTimestamp,
} from "lightweight-charts";

import type { Candle } from "../model/candles.js";
import type { IndicatorGroup } from "../model/chart-indicators.js";
import { toChartTime } from "../model/chart-time.js";
import { lineColours } from "./chart-colours.js";
import { faded, type Look } from "./chart-look.js";

/** The values of an indicator from a candle on. */
export type Along = (name: string, from: number) => (number | null)[];

interface Line {
  name: string;
  kind: "line" | "histogram";
  colour: number;
  series: ISeriesApi<"Line"> | ISeriesApi<"Histogram">;
}

/** The price's height, in those of an indicator's pane. */
const PRICE_STRETCH = 3;

export class IndicatorLines {
  readonly #chart: IChartApi;
  #lines: Line[] = [];
  /** Of how many candles there are points. */
  #length = 0;

  constructor(chart: IChartApi) {
    this.#chart = chart;
  }

  choose(groups: readonly IndicatorGroup[], look: Look): void {
    for (const { series } of this.#lines) this.#chart.removeSeries(series);
    this.#lines = [];
    const colours = lineColours(groups);
    let pane = 0;
    for (const group of groups) {
      if (!group.onPrice) pane += 1;
      for (const { name, kind } of group.lines) {
        const options = { priceLineVisible: false, lastValueVisible: !group.onPrice };
        const at = group.onPrice ? 0 : pane;
        const series =
          kind === "histogram"
            ? this.#chart.addSeries(HistogramSeries, options, at)
            : this.#chart.addSeries(LineSeries, options, at);
        this.#lines.push({ name, kind, colour: colours.get(name) ?? 1, series });
      }
    }
    this.#chart.panes().forEach((each, index) => {
      each.setStretchFactor(index === 0 ? PRICE_STRETCH : 1);
    });
    this.retheme(look);
  }

  /** @param from the first whose values may be others than before; 0, unless candles were only
   *  added at the end. */
  show(candles: readonly Candle[], along: Along, from: number): void {
    for (const { name, series } of this.#lines) {
      const values = along(name, from);
      const points = values.map((value, at) => {
        const time = toChartTime(candles[from + at]?.start ?? 0) as UTCTimestamp;
        return value === null ? { time } : { time, value };
      });
      if (from === 0) series.setData(points);
      else points.forEach((point, at) => series.update(point, from + at < this.#length - 1));
    }
    this.#length = candles.length;
  }

  retheme(look: Look): void {
    for (const { kind, name, colour, series } of this.#lines) {
      const base = look.lines[colour - 1] ?? look.accent;
      const color = kind === "histogram" ? faded(base, 0.5) : base;
      const bands = /_(upper|lower)/.test(name);
      series.applyOptions({
        color,
        ...(kind === "line"
          ? {
              lineWidth: 1,
              lineStyle: bands ? LineStyle.Dotted : LineStyle.Solid,
              crosshairMarkerVisible: false,
            }
          : {}),
      });
    }
  }
}
