// One trade: what it was, its waterfall, what it cost.
import type { Trade } from "@tapedeck/client";
import { memo, type ReactNode } from "react";

import { durationUs, istTime, price, signedPrice, UNKNOWN } from "../format.js";
import { momentOf } from "../model/payload.js";
import { beganAt } from "../model/trade-as-of.js";
import { elapsedUs, waterfall } from "../model/trade-figures.js";
import { outcomeWords } from "../model/trade-outcomes.js";
import { Pnl } from "../ui/pnl.js";

const BAR_WIDTH = 76;
const BAR_HEIGHT = 9;

/** What the drawer finds it by; null: nothing to be found by. */
export function tradeName(trade: Trade): string | null {
  return trade.correlation_id ?? trade.order_ids[0] ?? null;
}

interface TradeRowProps {
  trade: Trade;
  longest: number;
  chosen: boolean;
  onOpen: (trade: string) => void;
}

/** Answers bring each trade anew: only one that is another is drawn again. */
export const TradeRow = memo(
  TradeRowView,
  (a, b) =>
    a.longest === b.longest &&
    a.chosen === b.chosen &&
    a.onOpen === b.onOpen &&
    fingerprint(a.trade) === fingerprint(b.trade),
);

function fingerprint(trade: Trade): string {
  const { first_id, last_id, outcome, sent_at, acked_at, first_fill_at, net_pnl } = trade;
  return [first_id, last_id, outcome, sent_at, acked_at, first_fill_at, net_pnl].join(" ");
}

function TradeRowView({ trade, longest, chosen, onOpen }: TradeRowProps): ReactNode {
  const name = tradeName(trade);
  const { word, tone, why } = outcomeWords(trade);
  const sent = elapsedUs(trade.hops) !== null; // else its place is for the reason
  const open = (): void => {
    if (name !== null) onOpen(name);
  };
  return (
    <tr
      className="link"
      data-testid="trade-row"
      data-outcome={trade.outcome}
      aria-selected={chosen}
      onClick={open}
    >
      <td>
        {istTime(momentOf(beganAt(trade)))}
        <span className={`under ${sideTone(trade.side)}`}>{trade.side ?? UNKNOWN}</span>
      </td>
      <td
        className="rest"
        colSpan={sent ? 1 : 2}
        title={[trade.symbol, trade.strategy, word, why].filter(Boolean).join(" · ")}
      >
        <button type="button" className="plain clip" disabled={name === null} onClick={open}>
          {trade.symbol ?? UNKNOWN}
        </button>
        <span className="under clip">
          <span className={tone}>{word}</span>
          {trade.strategy !== null && <span className="dim"> · {trade.strategy}</span>}
        </span>
      </td>
      {sent && (
        <td>
          <Waterfall hops={trade.hops} longest={longest} />
        </td>
      )}
      <td className="number" title={slippageTitle(trade)}>
        <span className={slippageTone(trade.slippage_bps)}>{signedPrice(trade.slippage_bps)}</span>
        <span className="under dim">{signedPrice(trade.slippage)}</span>
      </td>
      <td className="number">
        <Pnl value={trade.net_pnl} title="After charges" />
      </td>
    </tr>
  );
}

export function Waterfall(props: { hops: Trade["hops"]; longest: number }): ReactNode {
  const { hops, longest } = props;
  const segments = waterfall(hops, longest, BAR_WIDTH);
  const elapsed = elapsedUs(hops);
  const skewed = segments.some(({ negative }) => negative);
  const told = segments.map(({ title, us }) => `${title} ${durationUs(us)}`).join(", ");
  const clocks = skewed ? "; below zero: the clocks differ" : "";
  return (
    <span title={told + clocks}>
      <svg
        className="waterfall"
        width={BAR_WIDTH}
        height={BAR_HEIGHT}
        role="img"
        aria-label={told === "" ? "no hop is known" : told + clocks}
      >
        {segments.map(({ name, x, width, negative }) => (
          <rect
            key={name}
            className={negative ? "hop negative" : `hop ${name}`}
            x={x}
            width={width - 1}
            height={BAR_HEIGHT}
          />
        ))}
      </svg>
      <span className={`under ${skewed ? "warn" : ""}`}>
        {elapsed === null ? UNKNOWN : durationUs(elapsed.us) + (elapsed.over ? "" : " …")}
        {skewed && " ⚠ clocks"}
      </span>
    </span>
  );
}

function sideTone(side: string | null): string {
  return side === "BUY" ? "gain" : side === "SELL" ? "loss" : "dim";
}

/** Worse is a loss, better a gain. */
export function slippageTone(bps: number | null): string {
  if (bps === null || bps === 0) return "flat";
  return bps > 0 ? "loss" : "gain";
}

function slippageTitle({ decision_price, avg_price, slippage }: Trade): string {
  if (slippage === null) return "Not known, or of another instrument";
  return `Decided at ${price(decision_price)}, filled at ${price(avg_price)}`;
}
