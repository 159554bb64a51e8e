// How the data comes in: all of it in a line, then each symbol.
import { type ReactNode, useMemo, useState } from "react";

import { count, duration, figure, istMinute, istTime, price, UNKNOWN } from "../format.js";
import type { Feed, FeedSummary } from "../model/desk-types.js";
import { type FeedOrder, type FeedRow, feedRows, worstAgeMs } from "../model/feed-rows.js";
import { useApp, useValue } from "../state/app.js";
import { SaveButton } from "../ui/save-button.js";

export function Feeds(): ReactNode {
  const summary = useValue("feed");
  const [order, setOrder] = useState<FeedOrder>("age");
  const shown = useShownFeeds(order);
  return (
    <div className="desk-tab" role="tabpanel" aria-label="Feeds">
      <Summary summary={summary} />
      <div className="desk-rows">
        <table className="feeds">
          <thead>
            <tr>
              <Heading name="symbol" title="Symbol" order={order} onOrder={setOrder} />
              <th scope="col" className="number">
                Last
              </th>
              <Heading name="age" title="Age" order={order} onOrder={setOrder} />
              <th scope="col" className="number" title="Ticks a second">
                T/s
              </th>
              <th scope="col" className="number" title="Gaps today">
                Gaps
              </th>
              <th scope="col" className="number" title="When the last gap began, and how long">
                Gap at
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <FeedLine key={row.key} row={row} />
            ))}
          </tbody>
        </table>
        {shown.length === 0 && (
          <p className="panel-empty">The market data engine tells of no single symbol.</p>
        )}
        {summary.symbolsOmitted > 0 && (
          <p className="panel-empty">{count(summary.symbolsOmitted)} fresher ones are not told.</p>
        )}
      </div>
    </div>
  );
}

export function FeedsSave(): ReactNode {
  const shown = useShownFeeds("symbol");
  return <SaveButton name="feeds" disabled={shown.length === 0} rows={() => feedsTable(shown)} />;
}

function useShownFeeds(order: FeedOrder): FeedRow[] {
  const summary = useValue("feed");
  const { symbol } = useValue("shown").focus;
  return useMemo(
    () => feedRows(summary, order).filter((row) => symbol === null || row.symbol === symbol),
    [summary, order, symbol],
  );
}

function Summary({ summary }: { summary: FeedSummary }): ReactNode {
  const silent = summary.staleCount ?? (summary.stale.length || null);
  const figures: { title: string; text: string; warn?: boolean }[] = [
    { title: "ticks/s", text: count(summary.ticksPerSecond) },
    { title: "worst age", text: duration(worstAgeMs(summary)) },
    { title: "gaps", text: count(summary.gaps), warn: (summary.gaps ?? 0) > 0 },
    { title: "late", text: count(summary.lateTicks), warn: (summary.lateTicks ?? 0) > 0 },
    { title: "bad", text: count(summary.badTicks), warn: (summary.badTicks ?? 0) > 0 },
    { title: "stale", text: count(silent), warn: (silent ?? 0) > 0 },
    { title: "symbols", text: count(summary.symbols) },
  ];
  return (
    <dl className="feed-summary">
      {figures.map(({ title, text, warn = false }) => (
        <div key={title}>
          <dt className="dim">{title}</dt>
          <dd className={warn ? "warn" : undefined}>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

interface HeadingProps {
  name: FeedOrder;
  title: string;
  order: FeedOrder;
  onOrder: (order: FeedOrder) => void;
}

function Heading({ name, title, order, onOrder }: HeadingProps): ReactNode {
  const chosen = name === order;
  const direction = name === "age" ? "descending" : "ascending";
  return (
    <th
      scope="col"
      className={name === "age" ? "number" : undefined}
      aria-sort={chosen ? direction : "none"}
    >
      <button type="button" className="plain sort" onClick={() => onOrder(name)}>
        {title}
        <span aria-hidden="true">{!chosen ? " " : name === "age" ? "▾" : "▴"}</span>
      </button>
    </th>
  );
}

function FeedLine({ row }: { row: FeedRow }): ReactNode {
  const app = useApp();
  const { symbol, exchange, stale } = row;
  const chart = (): void => app.show({ symbol: { exchange, symbol } });
  return (
    <tr
      className={stale ? "link stale" : "link"}
      data-testid="feed"
      data-symbol={symbol}
      onClick={chart}
    >
      <td className="rest" title={row.key}>
        <button type="button" className="plain clip" onClick={chart}>
          {stale && <span className="warn">⚠ </span>}
          {symbol}
        </button>
      </td>
      <td className="number">{price(row.lastPrice)}</td>
      <td className={`number ${stale ? "warn" : ""}`}>{duration(row.ageMs)}</td>
      <td className="number">{figure(rounded(row.ticksPerSecond))}</td>
      <td className={`number ${(row.gaps ?? 0) > 0 ? "warn" : ""}`}>{count(row.gaps)}</td>
      <td className="number dim" title={gapTitle(row)}>
        {istMinute(row.lastGap?.from ?? null)}
      </td>
    </tr>
  );
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}

function gapTitle({ lastGap }: Feed): string | undefined {
  if (lastGap === null) return undefined;
  const { from, to, missed } = lastGap;
  const length = from === null || to === null ? UNKNOWN : duration(to - from);
  return `${istTime(from)} to ${istTime(to)} IST, ${length}, ${count(missed)} missed`;
}

function feedsTable(rows: readonly FeedRow[]): (string | number | null)[][] {
  const iso = (at: number | null | undefined): string | null =>
    at === null || at === undefined ? null : new Date(at).toISOString();
  return [
    [
      "symbol",
      "exchange",
      "last_price",
      "age_ms",
      "ticks_per_second",
      "gaps",
      "last_gap_from",
      "last_gap_to",
      "stale",
    ],
    ...rows.map((row) => [
      row.symbol,
      row.exchange,
      row.lastPrice,
      row.ageMs,
      row.ticksPerSecond,
      row.gaps,
      iso(row.lastGap?.from),
      iso(row.lastGap?.to),
      row.stale ? "yes" : "no",
    ]),
  ];
}
