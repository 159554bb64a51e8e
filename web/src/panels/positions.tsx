// What is held, what it makes, and what of it nothing protects.
import "../styles/positions.css";

import { type ReactNode, useState } from "react";

import { istMinute, price, signedQty } from "../format.js";
import type { Position } from "../model/desk-types.js";
import { groupPositions, type PositionGroup, sumOf } from "../model/position-groups.js";
import { unprotectedQty } from "../model/positions.js";
import { useApp, useValue } from "../state/app.js";
import { inFocus } from "../state/tape-query.js";
import { Panel } from "../ui/panel.js";
import { Pnl } from "../ui/pnl.js";
import { SaveButton } from "../ui/save-button.js";

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
      engine="ExecutionEngine"
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
          <SaveButton
            name="positions"
            disabled={shown.length === 0}
            rows={() => positionsTable(shown)}
          />
        </>
      }
      {...(shown.length === 0 ? { empty: "Nothing is held." } : {})}
    >
      <table className="positions">
        <Heads />
        {groupPositions(shown).map((group) => (
          <GroupRows key={group.key} group={group} />
        ))}
      </table>
    </Panel>
  );
}

function Heads(): ReactNode {
  return (
    <thead>
      <tr>
        <th scope="col">Symbol</th>
        <th scope="col" className="number positions-qty">
          Qty
        </th>
        <th scope="col" className="number positions-price">
          Last / avg
        </th>
        <th
          scope="col"
          className="number positions-pnl"
          title="P&L of what is open, and of the day"
        >
          Open / day
        </th>
        <th
          scope="col"
          className="positions-stop"
          title="What protects it; when it is squared off"
        >
          Stop / off
        </th>
      </tr>
    </thead>
  );
}

function GroupRows({ group }: { group: PositionGroup }): ReactNode {
  return (
    <tbody>
      <tr className="group">
        <th className="rest" scope="rowgroup" colSpan={3} title={group.strategy ?? undefined}>
          <span className="clip">{group.strategy ?? "no strategy"}</span>
          <span className="under clip dim">
            {group.account ?? "no account"}
            {group.mode !== null && <span className={`mode-word ${group.mode}`}>{group.mode}</span>}
          </span>
        </th>
        <PnlCell
          open={sumOf(group.positions, "unrealizedPnl")}
          day={sumOf(group.positions, "dayPnl")}
        />
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
      <td className="rest" title={position.symbol}>
        <button type="button" className="plain clip" onClick={chart}>
          {position.symbol}
        </button>
        <span className="under clip dim">
          {[position.exchange, position.product].filter((word) => word !== null).join(" ")}
        </span>
      </td>
      <td className={`number ${position.size < 0 ? "loss" : position.size > 0 ? "gain" : "flat"}`}>
        {signedQty(position.size)}
      </td>
      <td className="number">
        {price(position.lastPrice)}
        <span className="under dim">
          {price(position.size === 0 ? null : position.entryPrice)}
        </span>
      </td>
      <PnlCell open={position.unrealizedPnl} day={position.dayPnl} />
      <td>
        <Protection position={position} />
        <span className="under dim" title="Automatic square-off">
          {position.size === 0 ? "" : istMinute(position.squareOffAt)}
        </span>
      </td>
    </tr>
  );
}

function PnlCell({ open, day }: { open: number | null; day: number | null }): ReactNode {
  return (
    <td className="number">
      <Pnl value={open} title="Of what is open" />
      <span className="under">
        <Pnl value={day} title="Of the day" />
      </span>
    </td>
  );
}

function Protection({ position }: { position: Position }): ReactNode {
  const open = unprotectedQty(position);
  if (position.size === 0) return <span className="dim">flat</span>;
  if (open === null) return <span className="dim">?</span>;
  if (open > 0) {
    const all = open === Math.abs(position.size);
    const told = `${open} without a stop`;
    return (
      <strong className="bad clip" title={told}>
        ⚠ {all ? "none" : open}
        <span className="visually-hidden"> without a stop</span>
      </strong>
    );
  }
  return <span title={`Protected by ${position.protectedBy ?? "a stop"}`}>✓ stop</span>;
}

function positionsTable(positions: readonly Position[]): (string | number | null)[][] {
  return [
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
  ];
}
