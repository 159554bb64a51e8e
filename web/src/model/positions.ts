import type { Position } from "./desk-types.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { moment, momentOf, number, text } from "./payload.js";

/** Undefined: nothing that has a place in the table. */
export function positionOf(event: DeskEvent): Position | undefined {
  const payload = event.payload;
  const symbol = text(payload, "symbol");
  const size = number(payload, "position_size");
  // A position of the whole account repeats what its strategies hold.
  if (symbol === null || size === null || text(payload, "scope") === "account") return undefined;
  const source = event.source ?? {};
  const account = source.account ?? null;
  const mode = source.mode ?? null;
  const exchange = text(payload, "exchange");
  const product = text(payload, "product");
  const strategy = text(payload, "strategy") ?? text(payload, "strategy_name");
  return {
    key: JSON.stringify([account, mode, exchange, symbol, product, strategy]),
    account,
    mode,
    engineId: source.engine_id ?? null,
    symbol,
    exchange,
    product,
    strategy,
    size,
    entryPrice: number(payload, "entry_price"),
    lastPrice: number(payload, "last_price"),
    realizedPnl: number(payload, "realized_pnl"),
    unrealizedPnl: number(payload, "unrealized_pnl"),
    dayPnl: number(payload, "day_pnl"),
    charges: number(payload, "charges"),
    protectedQty: number(payload, "protected_qty"),
    protectedBy: text(payload, "protected_by"),
    squareOffAt: moment(payload, "square_off_at"),
    roundTripId: text(payload, "round_trip_id"),
    at: momentOf(event.timestamp) ?? 0,
    seq: seqOf(event.id),
  };
}

/** Units that no stop would close; null when the engine does not say. */
export function unprotectedQty(position: Position): number | null {
  if (position.protectedQty === null) return null;
  return Math.max(0, Math.abs(position.size) - position.protectedQty);
}
