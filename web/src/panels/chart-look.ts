// How charts look: colours of the style sheet, which change with the theme, and what all charts
// have in common. Loaded with the charts' library, after the first paint.
import {
  type ChartOptions,
  ColorType,
  CrosshairMode,
  type DeepPartial,
  LineStyle,
  type Time,
} from "lightweight-charts";

import { istDay, istMoment } from "../format.js";
import { fromChartTime } from "../model/chart-time.js";
import { colour } from "../ui/theme.js";
import { LINE_COLOURS } from "./chart-colours.js";

const NAMES = ["panel", "raised", "line", "text", "dim", "gain", "loss", "warn", "bad"] as const;
const MORE = ["accent", "gap", "sans"] as const;

export type Look = Record<(typeof NAMES)[number] | (typeof MORE)[number], string> & {
  /** For lines that stand for different things; as many as there are `--line-N`. */
  lines: string[];
};

export function currentLook(): Look {
  const named = [...NAMES, ...MORE].map((name) => [name, colour(name)]);
  const lines = Array.from({ length: LINE_COLOURS }, (_, at) => colour(`line-${String(at + 1)}`));
  return { ...(Object.fromEntries(named) as Omit<Look, "lines">), lines };
}

/** Of a colour `#rrggbb`. @param alpha 0..1 */
export function faded(hex: string, alpha: number): string {
  const part = Math.round(alpha * 255).toString(16);
  return `${hex}${part.padStart(2, "0")}`;
}

export function chartOptions(look: Look): DeepPartial<ChartOptions> {
  const crosshairLine = {
    color: look.dim,
    style: LineStyle.Dashed,
    labelBackgroundColor: look.raised,
  };
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: look.panel },
      textColor: look.dim,
      fontSize: 10.5,
      fontFamily: look.sans,
      // Its words and its link stand under the chart.
      attributionLogo: false,
      panes: { separatorColor: look.line, separatorHoverColor: look.raised },
    },
    grid: {
      vertLines: { color: faded(look.line, 0.5) },
      horzLines: { color: faded(look.line, 0.5) },
    },
    crosshair: { mode: CrosshairMode.Normal, vertLine: crosshairLine, horzLine: crosshairLine },
    rightPriceScale: { borderColor: look.line },
    timeScale: { borderColor: look.line, timeVisible: true, secondsVisible: false },
    localization: { locale: "en-GB" },
  };
}

/** What stands at the crosshair's foot. */
export function crosshairTime(time: Time, wholeDays: boolean): string {
  const ms = fromChartTime(Number(time));
  return wholeDays ? istDay(ms) : `${istMoment(ms, 0)} IST`;
}
