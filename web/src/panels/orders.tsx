// Orders at work, and on request those that ended in the last minutes.
import "../styles/orders.css";

import { type ReactNode, useState } from "react";

import { ago, count, istMoment, price } from "../format.js";
import type { Order } from "../model/desk-types.js";
import {
  filledShare,
  needsALook,
  orderLists,
  statusTone,
  statusWords,
} from "../model/order-list.js";
import { isFinal } from "../model/order-status.js";
import { reasonWords } from "../model/reasons.js";
import { useApp, useValue } from "../state/app.js";
import { Panel } from "../ui/panel.js";
import { SaveButton } from "../ui/save-button.js";
import { useDeskNow } from "../ui/use-desk-now.js";

const MAX_ROWS = 200;

export function Orders(): ReactNode {
  const orders = useValue("orders");
  const { focus } = useValue("shown");
  const now = useDeskNow();
  const [withEnded, setWithEnded] = useState(false);
  const { working, ended } = orderLists(orders, focus, now);
  const shown = withEnded ? [...working, ...ended] : working;
  return (
    <Panel
      title="Open orders"
      name="orders"
      engine="ExecutionEngine"
      note={String(working.length)}
      actions={
        <>
          <button
            type="button"
            className="quiet"
            data-testid="orders-ended"
            title="Those that ended in the last 15 minutes"
            aria-pressed={withEnded}
            onClick={() => setWithEnded(!withEnded)}
          >
            Ended {ended.length}
          </button>
          <SaveButton
            name="orders"
            disabled={shown.length === 0}
            rows={() => ordersTable(shown)}
          />
        </>
      }
      {...(shown.length === 0 ? { empty: "No order is at work." } : {})}
    >
      <OrdersTable orders={shown} now={now} />
    </Panel>
  );
}

function OrdersTable({ orders, now }: { orders: readonly Order[]; now: number }): ReactNode {
  return (
    <>
      <table className="orders">
        <thead>
          <tr>
            <th scope="col">Order</th>
            <th scope="col" className="number orders-qty">
              Filled
            </th>
            <th scope="col" className="number orders-price">
              Price
            </th>
            <th scope="col" className="orders-status">
              Status
            </th>
            <th scope="col" className="number orders-age">
              Age
            </th>
          </tr>
        </thead>
        <tbody>
          {orders.slice(0, MAX_ROWS).map((order) => (
            <OrderRow key={order.key} order={order} now={now} />
          ))}
        </tbody>
      </table>
      {orders.length > MAX_ROWS && (
        <p className="panel-empty">{count(orders.length - MAX_ROWS)} older ones are not listed.</p>
      )}
    </>
  );
}

function OrderRow({ order, now }: { order: Order; now: number }): ReactNode {
  const app = useApp();
  const { status, symbol, orderId, strategy, triggerPrice } = order;
  const open = (): void => app.show({ trade: order.correlationId ?? orderId });
  return (
    <tr
      className={isFinal(status) ? "link ended" : "link"}
      data-testid="order-row"
      data-status={status}
      onClick={open}
    >
      <td className="rest" title={[symbol, orderId, strategy].filter(Boolean).join(" · ")}>
        <button type="button" className="plain clip" onClick={open}>
          {symbol}
        </button>
        <span className="under clip dim">
          <span className={order.side === "BUY" ? "gain" : "loss"}>{order.side}</span>{" "}
          {[order.orderType, order.product].filter((word) => word !== null).join(" ")}
        </span>
      </td>
      <td className="number">
        {count(order.filledQty)}/{count(order.qty)}
        <FilledBar share={filledShare(order)} />
      </td>
      <td className="number">
        {price(order.price ?? order.avgPrice)}
        <span className="under dim" title="Trigger price">
          {triggerPrice === null ? "" : `trig ${price(triggerPrice)}`}
        </span>
      </td>
      <StatusCell order={order} />
      <td className="number" title={`Since ${istMoment(order.at, now)} IST`}>
        {ago(now - order.at)}
      </td>
    </tr>
  );
}

function StatusCell({ order }: { order: Order }): ReactNode {
  const { status, reason } = order;
  const words = statusWords(status);
  const told = needsALook(status) ? <strong>⚠&nbsp;{words}</strong> : words;
  if (reason === null) {
    return <td className={`orders-status wrap ${statusTone(status)}`}>{told}</td>;
  }
  const why = reasonWords(reason);
  return (
    <td className="orders-status" title={`${words}: ${why}`}>
      <span className={`clip ${statusTone(status)}`}>{told}</span>
      <span className="under clip dim">{why}</span>
    </td>
  );
}

const BAR_WIDTH = 52;

function FilledBar({ share }: { share: number | null }): ReactNode {
  return (
    <svg className="filled-bar" width={BAR_WIDTH} height={4} aria-hidden="true">
      <rect className="whole" width={BAR_WIDTH} height={4} />
      <rect className="part" width={BAR_WIDTH * (share ?? 0)} height={4} />
    </svg>
  );
}

function ordersTable(orders: readonly Order[]): (string | number | null)[][] {
  const titles = [
    "order_id",
    "symbol",
    "exchange",
    "side",
    "order_type",
    "product",
    "status",
    "qty",
    "filled_qty",
    "price",
    "trigger_price",
    "avg_price",
    "strategy",
    "account",
    "mode",
    "reason",
    "correlation_id",
    "since",
  ];
  const rows = orders.map((order) => [
    order.orderId,
    order.symbol,
    order.exchange,
    order.side,
    order.orderType,
    order.product,
    order.status,
    order.qty,
    order.filledQty,
    order.price,
    order.triggerPrice,
    order.avgPrice,
    order.strategy,
    order.account,
    order.mode,
    order.reason,
    order.correlationId,
    new Date(order.at).toISOString(),
  ]);
  return [titles, ...rows];
}
