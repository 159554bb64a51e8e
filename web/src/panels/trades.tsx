// What became of each decision of the day, and how long each step took.
import "../styles/trades.css";

import type { Trade } from "@tapedeck/client";
import { type ReactNode, useCallback, useMemo } from "react";

import { longestOf } from "../model/trade-figures.js";
import { OUTCOME_GROUPS, type OutcomeGroup, outcomeWords } from "../model/trade-outcomes.js";
import { useApp, useValue } from "../state/app.js";
import { useChoice } from "../state/use-choice.js";
import { Panel } from "../ui/panel.js";
import { SaveButton } from "../ui/save-button.js";
import { TradeRow, tradeName } from "./trade-row.js";
import { useTrades } from "./trades-data.js";
import { TradesFigures } from "./trades-figures.js";

export function Trades(): ReactNode {
  const [chosen, choose] = useChoice("outcome");
  const group: OutcomeGroup = OUTCOME_GROUPS.find((name) => name === chosen) ?? "all";
  const { trades, more, error } = useTrades(group);
  const shown = trades ?? [];
  return (
    <Panel
      title="Order lifecycle"
      name="trades"
      data="asked"
      error={error}
      note={trades === undefined ? "" : `${more ? "newest " : ""}${shown.length}`}
      actions={
        <SaveButton name="trades" disabled={shown.length === 0} rows={() => tradesTable(shown)} />
      }
    >
      <div className="trades-bar" role="group" aria-label="Outcome">
        {OUTCOME_GROUPS.map((name) => (
          <button
            key={name}
            type="button"
            className="outcome"
            data-testid={`outcome-${name}`}
            aria-pressed={name === group}
            onClick={() => choose(name === "all" ? null : name)}
          >
            {name}
          </button>
        ))}
      </div>
      <TradesFigures trades={shown} />
      <TradesTable trades={trades} />
    </Panel>
  );
}

function TradesTable({ trades }: { trades: readonly Trade[] | undefined }): ReactNode {
  const app = useApp();
  const { trade: chosen } = useValue("shown");
  const longest = useMemo(() => longestOf(trades ?? []), [trades]);
  const open = useCallback((trade: string) => app.show({ trade }), [app]);
  return (
    <div className="trades-rows">
      <table>
        <thead>
          <tr>
            <th scope="col" className="trades-time">
              Time
            </th>
            <th scope="col">Trade</th>
            <th scope="col" className="trades-hops">
              To fill
            </th>
            <th
              scope="col"
              className="number trades-slip"
              title="Slippage in bps and a unit; above 0: worse"
            >
              Slip
            </th>
            <th scope="col" className="number trades-net">
              Net P&amp;L
            </th>
          </tr>
        </thead>
        <tbody>
          {trades?.map((trade) => (
            <TradeRow
              key={trade.first_id ?? tradeName(trade)}
              trade={trade}
              longest={longest}
              chosen={chosen !== null && chosen === tradeName(trade)}
              onOpen={open}
            />
          ))}
        </tbody>
      </table>
      {trades === undefined && <p className="panel-empty">Loading…</p>}
      {trades?.length === 0 && <p className="panel-empty">No such trade on this day.</p>}
    </div>
  );
}

function tradesTable(trades: readonly Trade[]): (string | number | null)[][] {
  const titles = [
    "decided_at",
    "correlation_id",
    "strategy",
    "symbol",
    "side",
    "outcome",
    "why",
    "qty",
    "filled_qty",
    "decision_price",
    "avg_price",
    "slippage",
    "slippage_bps",
    "net_pnl",
    "decision_to_sent_us",
    "sent_to_ack_us",
    "ack_to_first_fill_us",
    "first_to_last_fill_us",
    "decision_to_fill_us",
  ];
  const rows = trades.map((trade) => [
    trade.decided_at,
    trade.correlation_id,
    trade.strategy,
    trade.symbol,
    trade.side,
    trade.outcome,
    outcomeWords(trade).why,
    trade.qty,
    trade.filled_qty,
    trade.decision_price,
    trade.avg_price,
    trade.slippage,
    trade.slippage_bps,
    trade.net_pnl,
    trade.hops.decision_to_sent_us,
    trade.hops.sent_to_ack_us,
    trade.hops.ack_to_first_fill_us,
    trade.hops.first_to_last_fill_us,
    trade.hops.decision_to_fill_us,
  ]);
  return [titles, ...rows];
}
