// What is held, what it makes, and what of it nothing protects.
import "../styles/positions.css";

import { type ReactNode, useState } from "react";

import { istMinute, price, signedQty } from "../format.js";
import type { Position } from "../model/desk-types.js";
import { groupPositions, type PositionGroup, sumOf } from "../model/position-groups.js";
import { unprotectedQty } from "../model/positions.js";
import { useApp, useValue } from "../state/app.js";
import { inFocus } from "../state/tape-query.js";
import { csv, saveText } from "../ui/download.js";
import { Panel } from "../ui/panel.js";
import { Pnl } from "../ui/pnl.js";

export function Positions(): ReactNode {
  const all = useValue("positions");
  const { focus } = useValue("shown");
  const [withFlat, setWithFlat] = useState(false);
  const inView = all.filter((position) => inFocus(focus, position));
  const open = inView.filter(({ size }) => size !== 0);
  const shown = withFlat ? inView : open;
  const flatCount = inView.length - open.length;
  return (
    <Panel
      title="Positions"
      name="positions"
      note={`${open.length} open`}
      actions={
        <>
          <button
            type="button"
            className="quiet"
            aria-pressed={withFlat}
            onClick={() => setWithFlat(!withFlat)}
          >
            Closed {flatCount}
          </button>
          <button
            type="button"
            className="quiet"
            title="Save as CSV"
            aria-label="Save positions as CSV"
            disabled={shown.length === 0}
            onClick={() => saveText("positions.csv", "text/csv", positionsCsv(shown))}
          >
            ⤓
          </button>
        </>
      }
      {...(shown.length === 0 ? { empty: "Nothing is held." } : {})}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">Symbol</th>
            <th scope="col" className="number">
              Qty
            </th>
            <th scope="col" className="number">
              Avg
            </th>
            <th scope="col" className="number">
              Last
            </th>
            <th scope="col" className="number">
              Open P&amp;L
            </th>
            <th scope="col" className="number">
              Day P&amp;L
            </th>
            <th scope="col">Stop · off at</th>
          </tr>
        </thead>
        {groupPositions(shown).map((group) => (
          <GroupRows key={group.key} group={group} />
        ))}
      </table>
    </Panel>
  );
}

function GroupRows({ group }: { group: PositionGroup }): ReactNode {
  return (
    <tbody>
      <tr className="group">
        <th scope="rowgroup" colSpan={4}>
          {group.strategy ?? "no strategy"}
          <span className="dim"> · {group.account ?? "no account"}</span>
          {group.mode !== null && <span className={`mode-word ${group.mode}`}>{group.mode}</span>}
        </th>
        <td className="number">
          <Pnl value={sumOf(group.positions, "unrealizedPnl")} />
        </td>
        <td className="number">
          <Pnl value={sumOf(group.positions, "dayPnl")} />
        </td>
        <td />
      </tr>
      {group.positions.map((position) => (
        <PositionRow key={position.key} position={position} />
      ))}
    </tbody>
  );
}

function PositionRow({ position }: { position: Position }): ReactNode {
  const app = useApp();
  const chart = (): void =>
    app.show({ symbol: { exchange: position.exchange, symbol: position.symbol } });
  return (
    <tr className="link" data-symbol={position.symbol} onClick={chart}>
      <td>
        <button type="button" className="plain" onClick={chart}>
          {position.symbol}
        </button>
        <span className="dim">
          {" "}
          {[position.exchange, position.product].filter((word) => word !== null).join(" ")}
        </span>
      </td>
      <td className={`number ${position.size < 0 ? "loss" : position.size > 0 ? "gain" : "flat"}`}>
        {signedQty(position.size)}
      </td>
      <td className="number">{price(position.size === 0 ? null : position.entryPrice)}</td>
      <td className="number">{price(position.lastPrice)}</td>
      <td className="number">
        <Pnl value={position.unrealizedPnl} />
      </td>
      <td className="number">
        <Pnl value={position.dayPnl} />
      </td>
      <td>
        <Protection position={position} />
        {position.squareOffAt !== null && position.size !== 0 && (
          <span className="dim" title="Automatic square-off">
            {" "}
            · {istMinute(position.squareOffAt)}
          </span>
        )}
      </td>
    </tr>
  );
}

function Protection({ position }: { position: Position }): ReactNode {
  const open = unprotectedQty(position);
  if (position.size === 0) return <span className="dim">flat</span>;
  if (open === null) return <span className="dim">?</span>;
  if (open > 0) {
    const all = open === Math.abs(position.size);
    return <strong className="bad">⚠ {all ? "no stop" : `${open} without a stop`}</strong>;
  }
  return <span title={`Protected by ${position.protectedBy ?? "a stop"}`}>✓ stop</span>;
}

function positionsCsv(positions: readonly Position[]): string {
  return csv([
    [
      "symbol",
      "exchange",
      "product",
      "strategy",
      "account",
      "mode",
      "position_size",
      "entry_price",
      "last_price",
      "unrealized_pnl",
      "realized_pnl",
      "day_pnl",
      "charges",
      "protected_qty",
    ],
    ...positions.map((position) => [
      position.symbol,
      position.exchange,
      position.product,
      position.strategy,
      position.account,
      position.mode,
      position.size,
      position.entryPrice,
      position.lastPrice,
      position.unrealizedPnl,
      position.realizedPnl,
      position.dayPnl,
      position.charges,
      position.protectedQty,
    ]),
  ]);
}
