// The equity curve on its canvas: net profit, and below it how far it is under its peak. Loaded
// after the first paint, with the charts' library.
import {
  BaselineSeries,
  createChart,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  LineStyle,
  type MouseEventParams,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";

import { rupees, shortCount } from "../format.js";
import { fromChartTime, toChartTime } from "../model/chart-time.js";
import { type CurvePoint, indexAt } from "../model/equity.js";
import { drawTimeLine, Layer, type TimeLine } from "./chart-draw.js";
import { chartOptions, crosshairTime, currentLook, faded, type Look } from "./chart-look.js";

export interface EquityHandlers {
  /** ms since 1970; null: the pointer has left. */
  onPoint: (at: number | null) => void;
  onClick: (at: number, alt: boolean) => void;
}

/** In pixels: all points of a day have room on a phone. */
const MIN_SPACING = 0.02;

export class EquityView {
  readonly #chart: IChartApi;
  readonly #net: ISeriesApi<"Baseline">;
  readonly #drawdown: ISeriesApi<"Baseline">;
  readonly #layer: Layer;
  #look: Look;
  #points: readonly CurvePoint[] = [];
  #times: readonly TimeLine[] = [];
  #limit: number | null = null;
  #limitLine: IPriceLine | undefined;

  constructor(container: HTMLElement, handlers: () => EquityHandlers) {
    this.#look = currentLook();
    this.#chart = createChart(container, {
      ...chartOptions(this.#look),
      // It always shows all there is, and a finger that moves over it scrolls the page.
      handleScroll: false,
      handleScale: false,
      timeScale: { minBarSpacing: MIN_SPACING },
      localization: {
        locale: "en-GB",
        timeFormatter: (time: Time) => crosshairTime(time, false),
      },
    });
    const format = {
      type: "custom" as const,
      minMove: 1,
      formatter: (value: number) => rupees(value),
      tickmarksFormatter: (values: readonly number[]) => values.map(shortCount),
    };
    this.#net = this.#chart.addSeries(BaselineSeries, {
      priceFormat: format,
      priceLineVisible: false,
      lineWidth: 2,
      autoscaleInfoProvider: (base: () => Scale | null) => this.#withLimit(base()),
    });
    this.#drawdown = this.#chart.addSeries(BaselineSeries, {
      priceScaleId: "drawdown",
      priceFormat: format,
      priceLineVisible: false,
      lastValueVisible: false,
      crosshairMarkerVisible: false,
      lineWidth: 1,
    });
    this.#net.priceScale().applyOptions({ scaleMargins: { top: 0.2, bottom: 0.36 } });
    this.#drawdown.priceScale().applyOptions({ scaleMargins: { top: 0.7, bottom: 0 } });
    this.#layer = new Layer("top", (context, _, height) => this.#drawTimes(context, height));
    this.#net.attachPrimitive(this.#layer);
    this.#chart.subscribeCrosshairMove((event) => handlers().onPoint(momentOf(event)));
    this.#chart.subscribeClick((event) => {
      const at = momentOf(event);
      if (at !== null) handlers().onClick(at, event.sourceEvent?.altKey === true);
    });
    this.retheme();
  }

  dispose(): void {
    this.#chart.remove();
  }

  /** @param points in order of time, one a second at most. */
  show(points: readonly CurvePoint[], limit: number | null): void {
    this.#points = points;
    this.#showLimit(limit);
    this.#net.setData(points.map(({ at, net }) => ({ time: timeOf(at), value: net })));
    this.#drawdown.setData(
      points.map(({ at, drawdown }) => ({ time: timeOf(at), value: drawdown })),
    );
    this.#chart.timeScale().fitContent();
  }

  showTimes(times: readonly TimeLine[]): void {
    this.#times = times;
    this.#layer.redraw();
  }

  retheme(): void {
    this.#look = currentLook();
    const { gain, loss, bad } = this.#look;
    this.#chart.applyOptions(chartOptions(this.#look));
    this.#net.applyOptions({
      baseValue: { type: "price", price: 0 },
      topLineColor: gain,
      topFillColor1: faded(gain, 0.25),
      topFillColor2: faded(gain, 0.03),
      bottomLineColor: loss,
      bottomFillColor1: faded(loss, 0.03),
      bottomFillColor2: faded(loss, 0.25),
    });
    this.#drawdown.applyOptions({
      baseValue: { type: "price", price: 0 },
      topLineColor: faded(bad, 0.5),
      topFillColor1: faded(bad, 0),
      topFillColor2: faded(bad, 0),
      bottomLineColor: faded(bad, 0.6),
      bottomFillColor1: faded(bad, 0.3),
      bottomFillColor2: faded(bad, 0.3),
    });
    const limit = this.#limit;
    this.#showLimit(null);
    this.#showLimit(limit);
  }

  #showLimit(limit: number | null): void {
    if (limit === this.#limit) return;
    this.#limit = limit;
    if (this.#limitLine !== undefined) this.#net.removePriceLine(this.#limitLine);
    this.#limitLine =
      limit === null
        ? undefined
        : this.#net.createPriceLine({
            price: -limit,
            title: "loss limit",
            color: this.#look.bad,
            lineWidth: 1,
            lineStyle: LineStyle.Dashed,
            axisLabelVisible: true,
            axisLabelTextColor: this.#look.panel,
          });
  }

  #withLimit(scale: Scale | null): Scale | null {
    const range = scale?.priceRange;
    if (scale === null || range == null || this.#limit === null) return scale;
    const priceRange = { ...range, minValue: Math.min(range.minValue, -this.#limit) };
    return { ...scale, priceRange };
  }

  #drawTimes(context: CanvasRenderingContext2D, height: number): void {
    const scale = this.#chart.timeScale();
    for (const { at, kind } of this.#times) {
      const index = indexAt(this.#points, at);
      if (index === null) continue;
      const left = scale.logicalToCoordinate(Math.floor(index) as never);
      const right = scale.logicalToCoordinate(Math.ceil(index) as never);
      if (left === null || right === null) continue;
      drawTimeLine(context, left + (index % 1) * (right - left), height, kind, this.#look);
    }
  }
}

interface Scale {
  priceRange: { minValue: number; maxValue: number } | null;
}

function momentOf({ time, point }: MouseEventParams): number | null {
  return time === undefined || point === undefined ? null : fromChartTime(Number(time));
}

function timeOf(ms: number): UTCTimestamp {
  return toChartTime(ms) as UTCTimestamp;
}
