import type { Order } from "./desk-types.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { orderStatus } from "./order-status.js";
import { momentOf, number, text } from "./payload.js";

export function orderOf(event: DeskEvent): Order | undefined {
  const payload = event.payload;
  const orderId = text(payload, "order_id");
  const symbol = text(payload, "symbol");
  const status = text(payload, "status");
  if (orderId === null || symbol === null || status === null) return undefined;
  const source = event.source ?? {};
  const account = source.account ?? null;
  const engineId = source.engine_id ?? null;
  return {
    key: JSON.stringify([account, engineId, source.run_id ?? null, orderId]),
    account,
    mode: source.mode ?? null,
    engineId,
    orderId,
    symbol,
    exchange: text(payload, "exchange"),
    side: text(payload, "side") ?? "",
    status: orderStatus(status),
    qty: number(payload, "qty"),
    filledQty: number(payload, "filled_qty"),
    price: number(payload, "price"),
    avgPrice: number(payload, "avg_price"),
    triggerPrice: number(payload, "trigger_price"),
    orderType: text(payload, "order_type"),
    product: text(payload, "product"),
    strategy: text(payload, "strategy") ?? text(payload, "strategy_name"),
    reason: text(payload, "reason") ?? text(payload, "reject_code"),
    correlationId: text(payload, "correlation_id"),
    at: momentOf(event.timestamp) ?? 0,
    seq: seqOf(event.id),
  };
}
