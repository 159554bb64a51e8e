// Lines across the chart: where positions were entered, and the last price while a candle forms.
import { type ReactNode, useEffect } from "react";

import { signedQty } from "../format.js";
import type { Candle } from "../model/candles.js";
import type { Instrument } from "../model/chart-marks.js";
import type { Feed, Position } from "../model/desk-types.js";
import { useValue } from "../state/app.js";
import { inFocus } from "../state/tape-query.js";
import type { ChartView, PriceLine } from "./chart-view.js";

const MAX_LINES = 8;

interface PriceLinesProps {
  view: ChartView | null;
  instrument: Instrument;
  newest: Candle | undefined;
}

/** Draws nothing of its own: it is a component so that prices do not render the whole chart. */
export function PriceLines({ view, instrument, newest }: PriceLinesProps): ReactNode {
  const positions = useValue("positions");
  const { feeds } = useValue("feed");
  const { focus } = useValue("shown");
  useEffect(() => {
    const held = positions.filter(
      (position) =>
        isOf(instrument, position) && inFocus({ ...focus, symbol: null }, position),
    );
    view?.showPriceLines([...entriesOf(held), ...lastOf(instrument, held, feeds, newest)]);
  }, [view, instrument, newest, positions, feeds, focus]);
  return null;
}

function isOf(instrument: Instrument, other: Instrument): boolean {
  if (instrument.symbol !== other.symbol) return false;
  const either = instrument.exchange === null || other.exchange === null;
  return either || instrument.exchange === other.exchange;
}

function entriesOf(held: readonly Position[]): PriceLine[] {
  return held
    .flatMap(({ size, entryPrice, strategy }): PriceLine[] => {
      if (size === 0 || entryPrice === null) return [];
      const who = held.length > 1 ? (strategy ?? "") : "";
      const title = `${signedQty(size)} ${who}`.trim().slice(0, 20);
      return [{ price: entryPrice, title, kind: size > 0 ? "long" : "short" }];
    })
    .slice(0, MAX_LINES);
}

/** Newer than the newest candle's close, or nothing. */
function lastOf(
  instrument: Instrument,
  held: readonly Position[],
  feeds: readonly Feed[],
  newest: Candle | undefined,
): PriceLine[] {
  const closedAt = newest?.closedAt ?? 0;
  const marked = held
    .filter(({ at, lastPrice }) => at > closedAt && lastPrice !== null)
    .sort((a, b) => b.at - a.at)[0];
  const feed = feeds.find((each) => isOf(instrument, each));
  const price = marked?.lastPrice ?? feed?.lastPrice ?? null;
  return price === null || price === newest?.close ? [] : [{ price, title: "last", kind: "last" }];
}
