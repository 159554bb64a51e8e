import type { EventsQuery, Tapedeck } from "@tapedeck/client";
import { describe, expect, it, vi } from "vitest";

import type { Candle } from "../src/model/candles.js";
import type { DeskEvent } from "../src/model/event.js";
import { CandleHistory, IndicatorHistory } from "../src/panels/chart-history.js";

const T0 = Date.parse("2026-11-23T04:00:00Z");
const QUESTION = { instrument: { exchange: "NSE", symbol: "TCS" }, timeframe: "1m" };

function candle(minute: number, changes: Record<string, unknown> = {}): DeskEvent {
  const start = new Date(T0 + minute * 60_000).toISOString();
  const prices = { open: 1, high: 1, low: 1, close: minute, volume: 1 };
  return {
    type: "candle_event",
    timestamp: new Date(T0 + (minute + 1) * 60_000).toISOString(),
    payload: { symbol: "TCS", exchange: "NSE", timeframe: "1m", start, ...prices, ...changes },
    id: `a-${String(1000 + minute)}`,
  };
}

interface Page {
  events: DeskEvent[];
  next?: string;
}

/** A server that answers with the pages of each cursor ("" is the newest). */
function serverOf(pages: Record<string, Page | Error>): { client: Tapedeck; asked: EventsQuery[] } {
  const asked: EventsQuery[] = [];
  const events = async (query: EventsQuery): Promise<unknown> => {
    asked.push(query);
    const page = pages[query.cursor ?? ""] ?? { events: [] };
    await Promise.resolve();
    if (page instanceof Error) throw page;
    return { ...page, count: page.events.length };
  };
  return { client: { events } as unknown as Tapedeck, asked };
}

function historyOf(client: Tapedeck, until: string | null = null): {
  history: CandleHistory;
  minutes: () => number[];
} {
  let shown: readonly Candle[] = [];
  const show = (candles: readonly Candle[]): void => void (shown = candles);
  const history = new CandleHistory(client, QUESTION, () => until, show, () => undefined);
  return { history, minutes: () => shown.map(({ start }) => (start - T0) / 60_000) };
}

const settled = (history: CandleHistory): Promise<void> =>
  vi.waitFor(() => expect(history.state.asking).toBe(false));

describe("the candles of a chart", () => {
  it("are asked for by instrument, timeframe and moment, newest first", async () => {
    const { client, asked } = serverOf({ "": { events: [candle(1), candle(2)] } });
    const { history, minutes } = historyOf(client, "2026-11-23T05:00:00Z");
    history.newest();
    await settled(history);
    expect(asked[0]).toMatchObject({
      symbol: "TCS",
      exchange: "NSE",
      filter: 'payload.timeframe == "1m"',
      until: "2026-11-23T05:00:00Z",
    });
    expect(minutes()).toEqual([1, 2]);
    expect(history.state).toMatchObject({ loaded: true, complete: true });
  });

  it("go on towards older ones, over pages that hold none", async () => {
    const { client } = serverOf({
      "": { events: [candle(8)], next: "b" },
      b: { events: [], next: "c" },
      c: { events: [candle(5), candle(6)] },
    });
    const { history, minutes } = historyOf(client);
    history.newest();
    await settled(history);
    history.older();
    await settled(history);
    expect(minutes()).toEqual([5, 6, 8]);
    expect(history.state.complete).toBe(true);
  });

  it("asked for again keep the older ones, and where to go on", async () => {
    const pages: Record<string, Page> = {
      "": { events: [candle(8)], next: "b" },
      b: { events: [candle(7)], next: "c" },
      c: { events: [candle(6)] },
    };
    const { client, asked } = serverOf(pages);
    const { history, minutes } = historyOf(client);
    history.newest();
    await settled(history);
    history.older();
    await settled(history);
    pages[""] = { events: [candle(8), candle(9)], next: "b" };
    history.newest();
    await settled(history);
    history.older();
    await settled(history);
    expect(minutes()).toEqual([6, 7, 8, 9]);
    expect(asked.at(-1)?.cursor).toBe("c");
  });

  it("begin anew when more were missed than one page holds", async () => {
    const pages: Record<string, Page> = { "": { events: [candle(1)] } };
    const { client } = serverOf(pages);
    const { history, minutes } = historyOf(client);
    history.newest();
    await settled(history);
    const page = Array.from({ length: 1000 }, (_, at) => candle(2000 + at));
    pages[""] = { events: page, next: "older" };
    history.newest();
    await settled(history);
    expect(minutes()).toHaveLength(1000);
    expect(minutes()[0]).toBe(2000);
    expect(history.state.complete).toBe(false);
  });

  it("wanted again while older ones are on their way are asked for after them", async () => {
    const pages = { "": { events: [candle(8)], next: "b" }, b: { events: [candle(7)] } };
    const { client, asked } = serverOf(pages);
    const { history } = historyOf(client);
    history.newest();
    await settled(history);
    history.older();
    history.newest();
    await vi.waitFor(() => expect(asked).toHaveLength(3));
    expect(asked.map(({ cursor }) => cursor)).toEqual([undefined, "b", undefined]);
  });

  it("that come as they close are added, those of other charts are not", async () => {
    const { client } = serverOf({ "": { events: [candle(1)] } });
    const { history, minutes } = historyOf(client);
    history.newest();
    await settled(history);
    const others = [{ symbol: "INFY" }, { timeframe: "5m" }, { exchange: "BSE" }];
    history.add([candle(2), ...others.map((changes, at) => candle(3 + at, changes))]);
    expect(minutes()).toEqual([1, 2]);
  });

  it("say what went wrong, and can be asked for again", async () => {
    const pages: Record<string, Page | Error> = { "": new Error("The history is damaged.") };
    const { client } = serverOf(pages);
    const { history, minutes } = historyOf(client);
    history.newest();
    await settled(history);
    expect(history.state.error?.message).toContain("damaged");
    pages[""] = { events: [candle(1)] };
    history.newest();
    await settled(history);
    expect(history.state.error).toBeNull();
    expect(minutes()).toEqual([1]);
  });

  it("of a chart that was left are not shown any more", async () => {
    const { client } = serverOf({ "": { events: [candle(1)] } });
    const { history, minutes } = historyOf(client);
    const stays = historyOf(client);
    history.newest();
    history.close();
    stays.history.newest(); // asked later, so answered later
    await vi.waitFor(() => expect(stays.minutes()).toEqual([1]));
    expect(minutes()).toEqual([]);
  });
});

describe("the indicators of a chart", () => {
  const of = (minute: number, strategy: string): DeskEvent => ({
    ...candle(minute, { strategy, indicators: { rsi: minute } }),
    type: "indicator_event",
  });

  it("go as far back as its candles, and no further", async () => {
    const { client, asked } = serverOf({
      "": { events: [of(8, "a")], next: "b" },
      b: { events: [of(5, "a")], next: "c" },
    });
    const changes: boolean[] = [];
    const history = new IndicatorHistory(client, QUESTION, "a", () => null, (live) =>
      changes.push(live),
    );
    history.newest();
    await vi.waitFor(() => expect(changes).toHaveLength(1));
    await vi.waitFor(async () => {
      await history.reach(T0 + 6 * 60_000);
      expect(changes).toHaveLength(2);
    });
    await history.reach(T0 + 6 * 60_000);
    expect(asked.map(({ cursor }) => cursor)).toEqual([undefined, "b"]);
    expect(asked[0]?.strategy).toBe("a");
  });

  it("that come are those of the strategy", () => {
    const live: boolean[] = [];
    const { client } = serverOf({});
    const history = new IndicatorHistory(client, QUESTION, "a", () => null, (each) =>
      live.push(each),
    );
    history.add([of(1, "b"), of(2, "a")]);
    expect(live).toEqual([true]);
    history.add([of(3, "b")]);
    expect(live).toEqual([true]);
  });
});
