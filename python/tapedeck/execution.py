"""The ExecutionEngine, and what it knows of orders and positions."""

from __future__ import annotations

from typing import List, NamedTuple, Optional

from ._engine import Engine
from .desk import Desk

__all__ = ["ExecutionEngine", "Order", "Pnl", "Position"]


class Position(NamedTuple):
    """What is held, and what it made. ``size`` in units, negative: short; 0: flat."""

    exchange: str
    symbol: str
    product: str
    strategy: str
    size: int
    entry_price: float
    last_price: float
    realized_pnl: float
    unrealized_pnl: float
    day_pnl: float
    charges: float


class Pnl(NamedTuple):
    """Profit and loss. ``net`` is realized and unrealized less charges; ``day_net`` that of the
    session date."""

    realized: float
    unrealized: float
    charges: float
    net: float
    margin_used: float
    margin_available: float
    open_positions: int
    day_net: float


class Order(NamedTuple):
    """What is known of an order. ``status`` as in order_event; prices 0 where there is none."""

    order_id: str
    status: str
    qty: int
    filled_qty: int
    avg_price: float
    limit_price: float


class ExecutionEngine(Engine):
    """Turns decisions into orders at the paper broker, follows them, and keeps the positions.

    :param capital: rupees that margins are taken from.
    :param pnl_basis: ``average`` or ``fifo``.
    :param max_quantity: units of one order; 0: no limit. So with the next three.
    :param max_notional: rupees of one order.
    :param max_open_orders: at work at once.
    :param price_band_pct: how far a limit may be from the last price.
    :param square_off_mis: whether intraday positions are closed before the session's end.
    :param ack_latency_ms: of the paper broker.
    :param spread_ticks: between bid and ask where the feed has none.
    :param slippage_ticks: of an order that takes.
    :param fill_limit: units filled at one price; 0: no limit.
    :param volume_share: of the quantity traded at a price, 0..1; 0: no limit.
    :param reject_probability: orders rejected by chance, 0..1.
    :param health_seconds: between two health events, engine time.
    :raises ValueError: for options that cannot be; the sentence names them.
    """

    _part = "execution"
    _commands = frozenset({"kill", "resume", "flatten", "square_off"})

    def __init__(
        self,
        *,
        desk: Optional[Desk] = None,
        capital: Optional[float] = None,
        pnl_basis: Optional[str] = None,
        max_quantity: Optional[int] = None,
        max_notional: Optional[float] = None,
        max_open_orders: Optional[int] = None,
        price_band_pct: Optional[float] = None,
        square_off_mis: Optional[bool] = None,
        ack_latency_ms: Optional[float] = None,
        spread_ticks: Optional[float] = None,
        slippage_ticks: Optional[float] = None,
        fill_limit: Optional[int] = None,
        volume_share: Optional[float] = None,
        reject_probability: Optional[float] = None,
        health_seconds: Optional[float] = None,
    ) -> None:
        super().__init__(
            desk,
            {
                "capital": capital,
                "pnl_basis": pnl_basis,
                "max_quantity": max_quantity,
                "max_notional": max_notional,
                "max_open_orders": max_open_orders,
                "price_band_pct": price_band_pct,
                "square_off_mis": square_off_mis,
                "ack_latency_ms": ack_latency_ms,
                "spread_ticks": spread_ticks,
                "slippage_ticks": slippage_ticks,
                "fill_limit": fill_limit,
                "volume_share": volume_share,
                "reject_probability": reject_probability,
                "health_seconds": health_seconds,
            },
        )

    def positions(self) -> List[Position]:
        """All positions there have been, flat ones too."""
        return [Position(*row) for row in self._known_run().positions()]

    def pnl(self, strategy: Optional[str] = None) -> Pnl:
        """Profit and loss of one strategy; None: of all."""
        return Pnl(*self._known_run().pnl(strategy or ""))

    def order(self, order_id: str) -> Optional[Order]:
        """What is known of an order; None: nothing."""
        found = self._known_run().order(order_id)
        return None if found is None else Order(*found)

    def submit(
        self,
        symbol: str,
        side: str,
        qty: int,
        order_type: str = "MARKET",
        price: Optional[float] = None,
        trigger_price: Optional[float] = None,
        product: str = "MIS",
        strategy: str = "manual",
        exchange: str = "",
        reason: str = "",
    ) -> str:
        """Sends an order. What the gate or the broker refuses is told as an order_event with the
        status ``rejected`` and its code; :meth:`order` knows it too.

        :param side: BUY or SELL.
        :param qty: units, not lots.
        :param order_type: MARKET, LIMIT (needs ``price``), SL (both prices), SL-M (trigger_price).
        :param strategy: whose position it becomes.
        :return: the order's id.
        :raises ValueError: for another side or order_type.
        :raises RuntimeError: when the engine is not running.
        """
        order_id: str = self._running_run().submit(
            symbol,
            exchange,
            side,
            qty,
            order_type,
            price or 0.0,
            trigger_price or 0.0,
            product,
            strategy,
            reason,
        )
        return order_id

    place_order = submit

    def cancel(self, order_id: str, reason: str = "") -> None:
        """Asks the broker to cancel an order.

        :raises ValueError: when it is not known or not at work; the sentence says which.
        """
        refused = self._running_run().cancel(order_id, reason)
        if refused is not None:
            raise ValueError(f"order {order_id!r} cannot be cancelled: {refused}")

    def cancel_all(self, reason: str = "") -> int:
        """Asks the broker to cancel every order at work; how many there were."""
        asked: int = self._running_run().cancel_all(reason)
        return asked
