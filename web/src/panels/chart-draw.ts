// What is drawn over a chart beside its series: times, gaps of the feed, marks.
import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  PrimitiveHoveredItem,
  PrimitivePaneViewZOrder,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";

import { count } from "../format.js";
import type { Mark, PlacedMark } from "../model/chart-marks.js";
import type { Look } from "./chart-look.js";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];
export type Context = CanvasRenderingContext2D;

/** Draws by a function, in CSS pixels, whenever the chart is drawn or it is told to. */
export class Layer implements ISeriesPrimitive<Time> {
  readonly #views: IPrimitivePaneView[];
  readonly #hit: ((x: number, y: number) => PrimitiveHoveredItem | null) | undefined;
  #request: (() => void) | undefined;

  constructor(
    zOrder: PrimitivePaneViewZOrder,
    draw: (context: Context, width: number, height: number) => void,
    hit?: (x: number, y: number) => PrimitiveHoveredItem | null,
  ) {
    const renderer: IPrimitivePaneRenderer = {
      draw: (target: Target) =>
        target.useMediaCoordinateSpace(({ context, mediaSize }) => {
          context.save();
          draw(context, mediaSize.width, mediaSize.height);
          context.restore();
        }),
    };
    this.#views = [{ zOrder: () => zOrder, renderer: () => renderer }];
    this.#hit = hit;
  }

  attached({ requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.#request = requestUpdate;
  }

  detached(): void {
    this.#request = undefined;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  hitTest(x: number, y: number): PrimitiveHoveredItem | null {
    return this.#hit?.(x, y) ?? null;
  }

  redraw(): void {
    this.#request?.();
  }
}

export interface TimeLine {
  at: number;
  /** The moment the page shows; where another chart points; what was clicked. */
  kind: "cursor" | "other" | "picked";
}

export function drawTimeLine(
  context: Context,
  x: number,
  height: number,
  kind: TimeLine["kind"],
  look: Look,
): void {
  context.strokeStyle = kind === "other" ? look.dim : look.accent;
  context.lineWidth = kind === "cursor" ? 2 : 1;
  context.setLineDash(kind === "cursor" ? [] : [3, 3]);
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, 0);
  context.lineTo(Math.round(x) + 0.5, height);
  context.stroke();
  context.setLineDash([]);
}

/** A gap is at least this wide, or it would not be seen among many candles. */
const MIN_BAND = 2;

export function drawBand(
  context: Context,
  from: number,
  to: number,
  height: number,
  look: Look,
): void {
  context.fillStyle = look.gap;
  context.fillRect(from, 0, Math.max(MIN_BAND, to - from), height);
  context.fillStyle = look.warn;
  context.fillRect(from, 0, Math.max(MIN_BAND, to - from), 2);
}

const RADIUS = 4.5;
const STEP = 12;

/** How far a mark's middle is from its candle. */
export function markOffset(level: number): number {
  return 9 + level * STEP;
}

export function drawMark(
  context: Context,
  { mark, where, more }: PlacedMark,
  x: number,
  y: number,
  withText: boolean,
  look: Look,
): void {
  const paint = markColour(mark, look);
  context.lineWidth = 1.5;
  context.strokeStyle = mark.kind === "fill" ? look.panel : paint;
  context.fillStyle = mark.kind === "rejected" ? look.panel : paint;
  context.beginPath();
  markPath(context, mark, x, y);
  context.fill();
  context.stroke();
  if (mark.kind === "rejected") drawCross(context, x, y);
  context.font = `600 10px ${look.sans}`;
  context.textBaseline = "middle";
  if (more > 0) {
    context.fillStyle = look.text;
    context.textAlign = "center";
    context.fillText(`+${String(more)}`, x, y + (where === "above" ? -STEP : STEP));
  } else if (mark.kind === "fill" && withText) {
    context.fillStyle = look.text;
    context.textAlign = "left";
    context.fillText(`${mark.side?.[0] ?? ""} ${count(mark.qty)}`, x + RADIUS + 3, y);
  }
}

function markPath(context: Context, { kind, side }: Mark, x: number, y: number): void {
  if (kind === "fill" || kind === "rejected") {
    context.arc(x, y, kind === "fill" ? RADIUS - 0.5 : RADIUS, 0, 2 * Math.PI);
    return;
  }
  const up = side === "SELL" ? -1 : 1;
  const corners =
    kind === "exit"
      ? [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]]
      : [[0, -1 * up], [1.1, 0.9 * up], [-1.1, 0.9 * up]];
  for (const [dx = 0, dy = 0] of corners) context.lineTo(x + dx * RADIUS, y + dy * RADIUS);
  context.closePath();
}

function drawCross(context: Context, x: number, y: number): void {
  const arm = RADIUS * 0.5;
  context.beginPath();
  context.moveTo(x - arm, y - arm);
  context.lineTo(x + arm, y + arm);
  context.moveTo(x + arm, y - arm);
  context.lineTo(x - arm, y + arm);
  context.stroke();
}

function markColour({ kind, side }: Mark, look: Look): string {
  if (kind === "rejected") return look.bad;
  if (kind === "exit") return look.accent;
  return side === "SELL" ? look.loss : look.gain;
}
