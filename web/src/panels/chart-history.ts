// The candles and the indicators of one chart: from history, then as they happen.
import type { EventsQuery, Tapedeck } from "@tapedeck/client";

import { type Candle, CandleBook, candleOf } from "../model/candles.js";
import { IndicatorBook } from "../model/chart-indicators.js";
import type { Instrument } from "../model/chart-marks.js";
import type { DeskEvent } from "../model/event.js";
import { seqOf } from "../model/event-id.js";
import { momentOf, text } from "../model/payload.js";
import { EventPages, PAGE, type PagesState } from "./chart-pages.js";

export interface ChartQuestion {
  instrument: Instrument;
  timeframe: string;
}

/** What history is asked for: nothing after a moment of the past that is shown. */
export function seriesQuery(
  { instrument, timeframe }: ChartQuestion,
  until: string | null,
): EventsQuery {
  return {
    symbol: instrument.symbol,
    ...(instrument.exchange === null ? {} : { exchange: instrument.exchange }),
    filter: `payload.timeframe == ${JSON.stringify(timeframe)}`,
    ...(until === null ? {} : { until }),
  };
}

function isOf(event: DeskEvent, { instrument, timeframe }: ChartQuestion): boolean {
  const { payload } = event;
  const exchange = text(payload, "exchange");
  return (
    text(payload, "symbol") === instrument.symbol &&
    text(payload, "timeframe") === timeframe &&
    (instrument.exchange === null || exchange === null || exchange === instrument.exchange)
  );
}

export class CandleHistory {
  readonly question: ChartQuestion;
  readonly #pages: EventPages;
  readonly #onChange: (candles: readonly Candle[]) => void;
  #book = new CandleBook();

  /** @param until as RFC 3339, asked at each question; null: live. */
  constructor(
    client: Tapedeck,
    question: ChartQuestion,
    until: () => string | null,
    onChange: (candles: readonly Candle[]) => void,
    onState: () => void,
  ) {
    this.question = question;
    this.#onChange = onChange;
    const query = (): EventsQuery => ({
      event_type: "candle_event",
      ...seriesQuery(question, until()),
    });
    const take = (events: DeskEvent[], newest: boolean): boolean => this.#takePage(events, newest);
    this.#pages = new EventPages(client, query, take, onState);
  }

  get state(): PagesState {
    return this.#pages.state;
  }

  newest(): void {
    void this.#pages.newest();
  }

  older(): void {
    void this.#pages.older(Math.min(PAGE, this.#book.room));
  }

  add(events: readonly DeskEvent[]): void {
    this.#put(events.filter((event) => isOf(event, this.question)));
  }

  close(): void {
    this.#pages.close();
  }

  /** Whether what was known before is forgotten. */
  #takePage(events: DeskEvent[], newest: boolean): boolean {
    // Between what was known and a newest page that is full there may be a hole: begin anew.
    const known = this.#book.candles.at(-1)?.seq ?? -1;
    const hole = newest && events.length >= PAGE && seqOf(events[0]?.id) > known;
    if (hole) this.#book = new CandleBook();
    this.#put(events, hole);
    return hole;
  }

  #put(events: readonly DeskEvent[], anew = false): void {
    const candles = events.map(candleOf).filter((candle) => candle !== undefined);
    if (this.#book.add(candles) || anew) this.#onChange([...this.#book.candles]);
  }
}

export class IndicatorHistory {
  readonly book = new IndicatorBook();
  readonly #question: ChartQuestion;
  readonly #strategy: string | null;
  readonly #pages: EventPages;
  readonly #onChange: (live: boolean) => void;
  #oldest = Infinity;

  constructor(
    client: Tapedeck,
    question: ChartQuestion,
    strategy: string | null,
    until: () => string | null,
    onChange: (live: boolean) => void,
  ) {
    this.#question = question;
    this.#strategy = strategy;
    this.#onChange = onChange;
    const query = (): EventsQuery => ({
      event_type: "indicator_event",
      ...seriesQuery(question, until()),
      ...(strategy === null ? {} : { strategy }),
    });
    const take = (events: DeskEvent[]): boolean => {
      this.#oldest = Math.min(this.#oldest, momentOf(events[0]?.timestamp) ?? Infinity);
      if (this.book.add(events)) this.#onChange(false);
      return false;
    };
    this.#pages = new EventPages(client, query, take, () => undefined);
  }

  newest(): void {
    void this.#pages.newest();
  }

  /** Older ones, if candles go back further. */
  async reach(moment: number): Promise<void> {
    if (this.#oldest > moment) await this.#pages.older();
  }

  add(events: readonly DeskEvent[]): void {
    const mine = events.filter(
      (event) =>
        event.type === "indicator_event" &&
        isOf(event, this.#question) &&
        (this.#strategy === null || text(event.payload, "strategy") === this.#strategy),
    );
    if (mine.length > 0 && this.book.add(mine)) this.#onChange(true);
  }

  close(): void {
    this.#pages.close();
  }
}
