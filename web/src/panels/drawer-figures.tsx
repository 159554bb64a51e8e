// What a trade cost and made, and how long each step took.
import type { Trade } from "@tapedeck/client";
import type { ReactNode } from "react";

import { count, durationUs, price, rupees, signedPrice, UNKNOWN } from "../format.js";
import { HOPS } from "../model/trade-figures.js";
import { Pnl } from "../ui/pnl.js";
import { slippageTone } from "./trade-row.js";

export function TradeFigures({ trade }: { trade: Trade }): ReactNode {
  const { slippage, slippage_bps, filled_qty, qty, hops } = trade;
  const filled = filled_qty === null ? UNKNOWN : `${count(filled_qty)} of ${count(qty)}`;
  return (
    <>
      <dl className="figures">
        <Figure name="Net P&L" value={<Pnl value={trade.net_pnl} />} />
        <Figure name="Realised" value={<Pnl value={trade.realized_pnl} />} />
        <Figure name="Charges" value={rupees(trade.charges)} />
        <Figure name="Filled" value={filled} />
        <Figure name="Average" value={price(trade.avg_price)} />
        <Figure
          name="Slippage (bps)"
          value={
            <span className={slippageTone(slippage_bps)}>
              {signedPrice(slippage)}
              {slippage_bps !== null && ` (${signedPrice(slippage_bps)})`}
            </span>
          }
        />
      </dl>
      <dl className="figures hops" data-testid="drawer-hops">
        {HOPS.map(({ name, title }) => (
          <Figure key={name} name={title} value={durationUs(hops[name])} />
        ))}
        <Figure name="decision → filled" value={durationUs(hops.decision_to_fill_us)} />
      </dl>
    </>
  );
}

function Figure({ name, value }: { name: string; value: ReactNode }): ReactNode {
  return (
    <div>
      <dt className="dim">{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
