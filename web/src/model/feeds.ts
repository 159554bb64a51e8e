// The feeds as the market data engine tells them: figures of its health, gaps as they end.
import type { Feed, FeedSummary } from "./desk-types.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { moment, number, object, type Payload, text } from "./payload.js";

const MAX_GAPS = 500; // symbols of which the last gap is remembered

export class FeedBook {
  #metrics: Payload = {};
  #healthSeq = -1;
  #stale: FeedSummary["stale"] = [];
  #staleSeq = -1;
  readonly #gaps = new Map<string, { count: number; last: NonNullable<Feed["lastGap"]> }>();
  #gapSeq = -1;

  /** Whether something changed. */
  applyHealth(metrics: Payload, seq: number): boolean {
    if (seq <= this.#healthSeq) return false;
    this.#healthSeq = seq;
    this.#metrics = metrics;
    return true;
  }

  applyStale(event: DeskEvent): boolean {
    const seq = seqOf(event.id);
    if (seq <= this.#staleSeq) return false;
    this.#staleSeq = seq;
    const symbols = event.payload["symbols"];
    this.#stale = (Array.isArray(symbols) ? (symbols as Payload[]) : []).flatMap((entry) => {
      const symbol = typeof entry === "object" && entry !== null ? text(entry, "symbol") : null;
      return symbol === null ? [] : [{ symbol, ageMinutes: number(entry, "age_minutes") }];
    });
    return true;
  }

  applyGap(event: DeskEvent): boolean {
    const seq = seqOf(event.id);
    const payload = event.payload;
    const symbol = text(payload, "symbol");
    if (symbol === null || seq <= this.#gapSeq) return false;
    this.#gapSeq = seq;
    const key = keyOf(text(payload, "exchange"), symbol);
    const count = (this.#gaps.get(key)?.count ?? 0) + 1;
    this.#gaps.delete(key);
    this.#gaps.set(key, {
      count,
      last: {
        from: moment(payload, "from"),
        to: moment(payload, "to"),
        missed: number(payload, "missed"),
      },
    });
    const oldest = this.#gaps.keys().next();
    if (this.#gaps.size > MAX_GAPS && !oldest.done) this.#gaps.delete(oldest.value);
    return true;
  }

  summary(): FeedSummary {
    const metrics = this.#metrics;
    const told = object(metrics, "symbols");
    const keys = new Set([...Object.keys(told), ...this.#gaps.keys()]);
    return {
      lastTickAgeMs: number(metrics, "last_tick_age_ms"),
      ticksPerSecond: number(metrics, "ticks_per_second"),
      ticksTotal: number(metrics, "ticks_total"),
      gaps: number(metrics, "gaps"),
      lateTicks: number(metrics, "late_ticks"),
      badTicks: number(metrics, "bad_ticks"),
      symbols: number(metrics, "cached_symbols"),
      symbolsOmitted: number(metrics, "symbols_omitted") ?? 0,
      stale: this.#stale,
      staleCount: number(metrics, "stale_symbols_count"),
      feeds: [...keys].sort().map((key) => this.#feed(key, object(told, key))),
    };
  }

  #feed(key: string, figures: Payload): Feed {
    const colon = key.indexOf(":");
    const gap = this.#gaps.get(key);
    return {
      key,
      exchange: colon > 0 ? key.slice(0, colon) : null,
      symbol: key.slice(colon + 1),
      lastPrice: number(figures, "last_price"),
      ageMs: number(figures, "age_ms"),
      ticksPerSecond: number(figures, "ticks_per_second"),
      gaps: number(figures, "gaps") ?? gap?.count ?? null,
      lastGap: gap?.last ?? null,
    };
  }
}

function keyOf(exchange: string | null, symbol: string): string {
  return exchange === null ? symbol : `${exchange}:${symbol}`;
}
