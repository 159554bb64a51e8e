"""The four engines, started one by one or as a :class:`tapedeck.Desk`.

::

    market = MarketDataEngine(feed="sim", symbols=["NIFTY", "INFY"], timeframes=["1m", "5m"])
    strategy = StrategyEngineV2(strategies=["momentum"])
    execution = ExecutionEngine(capital=500_000)
    universe = UniverseBuilder()
    for engine in (universe, market, strategy, execution):
        engine.start()

Everything they do is published on this process's bus. Figures are rupees, quantities units.
"""

from __future__ import annotations

import os
from datetime import datetime
from types import TracebackType
from typing import (
    Any,
    ClassVar,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Type,
    TypeVar,
    Union,
)

from tapedeck import _native
from tapedeck.desk import Desk, PathLike, default_desk
from tapedeck.strategy import Candle, Strategy, candle_of, description_of

__all__ = [
    "Engine",
    "ExecutionEngine",
    "MarketDataEngine",
    "Order",
    "Pnl",
    "Position",
    "StrategyEngineV2",
    "UniverseBuilder",
]

E = TypeVar("E", bound="Engine")
Moment = Union[None, str, float, datetime]
_UNSET: Any = object()


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


class Engine:
    """What the four engines have in common. A context manager: started, and stopped at its end."""

    _part: ClassVar[str]

    def __init__(self, desk: Optional[Desk], options: Dict[str, Any]) -> None:
        self._desk = default_desk() if desk is None else desk
        self._options = options
        self._is_ready = False  # started, and its run waits for the others
        self._desk._add(self)

    @property
    def desk(self) -> Desk:
        """The desk it belongs to."""
        return self._desk

    @property
    def engine_id(self) -> str:
        """``source.engine_id`` of what it publishes."""
        options = self._desk._options
        found: str = _native.engine_id(options["engine_id_prefix"], options["feed"], self._part)
        return found

    @property
    def is_running(self) -> bool:
        """Whether it was started and has neither stopped nor failed."""
        run = self._desk._run
        if run is None or self._desk._engines.get(self._part) is not self:
            return False
        return self._is_ready or bool(run.is_up(self._part))

    def start(self) -> None:
        """Starts it; with the first one of a desk, the run begins.

        :raises RuntimeError: when it is running, when positions would be forgotten (an
            ExecutionEngine that replaces one which held some, without ``state_file``), and from
            within a strategy.
        """
        self._desk._start(self)

    def stop(self) -> None:
        """Stops it within a second; the desk's other engines go on. Again is harmless. From a
        strategy it stops after this candle."""
        self._desk._stop(self)

    def stop_telemetry(self) -> None:
        """Ends its periodic health within a second; the engine goes on. Again is harmless."""
        run = self._desk._run
        if run is not None and self.is_running:
            run.stop_telemetry(self._part)

    def kill(self, reason: str = "") -> None:
        """The kill switch of this engine: no entries any more, exits go on.

        :raises RuntimeError: when it is not running: nobody would obey.
        """
        self._request("kill", reason)

    def resume(self, reason: str = "") -> None:
        """Takes :meth:`kill` back."""
        self._request("resume", reason)

    def flatten(self, reason: str = "") -> None:
        """Cancels all orders and closes all positions, where the engine knows how."""
        self._request("flatten", reason)

    def square_off(self, reason: str = "") -> None:
        """Closes the intraday positions, where the engine knows how."""
        self._request("square_off", reason)

    def _request(self, command: str, reason: str) -> None:
        self._running_run().request(command, self.engine_id, reason, "python", "")

    def _running_run(self) -> Any:
        if not self.is_running:
            raise RuntimeError(f"the {type(self).__name__} is not running: call its start() first")
        return self._desk._run

    def _known_run(self) -> Any:
        """For reads: of an engine that has stopped too."""
        run = self._desk._run
        if run is None:
            raise RuntimeError(f"the {type(self).__name__} is not running: call its start() first")
        return run

    def __enter__(self: E) -> E:
        if not self.is_running:
            self.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self.is_running else "not running"
        return f"<tapedeck.{type(self).__name__} {self.engine_id} {state}>"


class MarketDataEngine(Engine):
    """Ticks become candles; whatever is wrong with the data is counted and told.

    ``feed``, ``symbols``, ``timeframes``, ``speed``, ``seed``, ``sim_date`` and ``queue_limit`` are
    the desk's: see :class:`tapedeck.Desk`. On the default desk those that are left out have their
    defaults, on another one they stay.

    :param cache_file: where candles survive the engine; default: nowhere.
    :param cached_candles: kept in memory of each symbol and timeframe.
    :param gap_seconds: silence that is told as a gap.
    :param stale_minutes: trading time after which a silent symbol is stale.
    :param max_jump_pct: a price further from the last one waits for confirmation; 0: no such rule.
    :param health_seconds: between two health events, engine time.
    :raises ValueError: for options that cannot be; the sentence says what to do.
    """

    _part = "market_data"

    def __init__(
        self,
        feed: Optional[str] = _UNSET,
        *,
        symbols: Optional[Sequence[str]] = _UNSET,
        timeframes: Optional[Sequence[str]] = _UNSET,
        speed: float = _UNSET,
        seed: int = _UNSET,
        sim_date: Optional[str] = _UNSET,
        queue_limit: Optional[int] = _UNSET,
        desk: Optional[Desk] = None,
        cache_file: Optional[PathLike] = None,
        cached_candles: Optional[int] = None,
        gap_seconds: Optional[float] = None,
        stale_minutes: Optional[float] = None,
        max_jump_pct: Optional[float] = None,
        health_seconds: Optional[float] = None,
    ) -> None:
        given = {
            "feed": "push" if feed is None else feed,
            "symbols": _as_list("symbols", symbols),
            "timeframes": _as_list("timeframes", timeframes),
            "speed": speed,
            "seed": seed,
            "sim_date": sim_date,
            "queue_limit": queue_limit,
        }
        chosen = {name: value for name, value in given.items() if value is not _UNSET}
        if desk is None:
            desk = default_desk()
            usual = Desk()._options
            chosen = {**{name: usual[name] for name in given}, **chosen}
        desk._set_options(**chosen)
        super().__init__(
            desk,
            {
                "cache_file": None if cache_file is None else os.fspath(cache_file),
                "cached_candles": cached_candles,
                "gap_seconds": gap_seconds,
                "stale_minutes": stale_minutes,
                "max_jump_pct": max_jump_pct,
                "health_seconds": health_seconds,
            },
        )

    def on_tick(
        self,
        symbol: str,
        price: float,
        quantity: int = 0,
        timestamp: Moment = None,
        exchange: str = "",
        bid: Optional[float] = None,
        ask: Optional[float] = None,
        day_volume: Optional[int] = None,
    ) -> bool:
        """A trade of yours, for ``feed="push"``. From any thread; never waits for the engine.

        :param price: of the trade; one that cannot be (zero, NaN, a jump) is counted and not used.
        :param quantity: units traded since the symbol's tick before.
        :param timestamp: when: an aware datetime, RFC 3339 text, seconds since 1970; None: now.
        :param exchange: empty: the first of NSE, NFO, BSE, BFO that has the symbol.
        :param bid: best bid, and ``ask`` the best ask, where known.
        :param day_volume: units traded on this date so far, instead of ``quantity``.
        :return: False when the queue was full: the tick is dropped, counted and told.
        :raises ValueError: for a symbol that is none, or a time in the future.
        :raises RuntimeError: when the engine is not running, or the desk has a feed of its own.
        """
        taken: bool = self._running_run().push_tick(
            symbol, price, quantity, timestamp, exchange, bid or 0.0, ask or 0.0, day_volume
        )
        return taken

    def on_candle(
        self,
        symbol: str,
        timeframe: str,
        start: Union[str, float, datetime],
        open: float,
        high: float,
        low: float,
        close: float,
        volume: int = 0,
        exchange: str = "",
    ) -> bool:
        """A closed candle of yours, for ``feed="push"``; as :meth:`on_tick`. A symbol gets either
        ticks or candles."""
        taken: bool = self._running_run().push_candle(
            symbol, timeframe, start, open, high, low, close, volume, exchange
        )
        return taken

    def get_window(
        self, symbol: str, timeframe: str, n: int, exchange: str = ""
    ) -> List[Candle]:
        """The last ``n`` closed candles, oldest first; fewer when there are fewer.

        :raises ValueError: for a timeframe that is none, or ``n`` below 1.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n}")
        rows = self._known_run().window(symbol, timeframe, n, exchange)
        return [candle_of(row) for row in rows]

    def get_latest_candle(
        self, symbol: str, timeframe: str, exchange: str = ""
    ) -> Optional[Candle]:
        """The newest candle, which may be open (``closed`` is False); None: there is none."""
        found = self._known_run().latest_candle(symbol, timeframe, exchange)
        return None if found is None else candle_of(*found)


class StrategyEngineV2(Engine):
    """Asks strategies about every closed candle, checks what they want against the limits, and
    sends what is left to the ExecutionEngine. Everything is told: indicators, decisions with their
    reasons, vetoes, signals.

    :param strategies: names of those built in (``momentum``, ``mean_reversion``,
        ``ema_crossover``), and classes of your own; see :mod:`tapedeck.strategy`.
    :param parameters: figures by strategy, such as ``{"momentum": {"fast": 10}}``.
    :param indicators: computed and published whether a strategy asks for them or not.
    :param timeframe: what strategies decide on; default: the shortest each symbol has.
    :param max_positions: open at once, of each strategy.
    :param cooldown_candles: between an exit and the next entry.
    :param min_confidence: of an entry, 0..1.
    :param order_value: rupees an entry in shares is worth; derivatives: one lot.
    :param max_daily_loss: rupees lost today from which on nothing is entered; 0: no limit.
    :param hold_every: a repeated HOLD or VETO is traced every so many candles; 0: never.
    :param stale_after_candles: a candle decided on so much later is stale.
    :param entry_cutoff_minutes: no entry so shortly before the session's end.
    :param square_off_minutes: strategies leave so long before the session's end.
    :param health_seconds: between two health events, engine time.
    :raises ValueError: for options that cannot be, and for a strategy whose constructor raises.
    :raises TypeError: for what is no strategy.
    """

    _part = "strategy"

    def __init__(
        self,
        strategies: Optional[Sequence[Union[str, Type[Strategy], Type[Any]]]] = None,
        *,
        desk: Optional[Desk] = None,
        parameters: Optional[Mapping[str, Mapping[str, float]]] = None,
        indicators: Optional[Sequence[str]] = None,
        timeframe: Optional[str] = None,
        max_positions: Optional[int] = None,
        cooldown_candles: Optional[int] = None,
        min_confidence: Optional[float] = None,
        order_value: Optional[float] = None,
        max_daily_loss: Optional[float] = None,
        hold_every: Optional[int] = None,
        stale_after_candles: Optional[int] = None,
        entry_cutoff_minutes: Optional[float] = None,
        square_off_minutes: Optional[float] = None,
        health_seconds: Optional[float] = None,
    ) -> None:
        chosen = _as_list("strategies", strategies)
        own = [description_of(one) for one in chosen or [] if not isinstance(one, str)]
        names = None
        if chosen is not None:
            described = iter(own)
            names = [one if isinstance(one, str) else next(described)["name"] for one in chosen]
        super().__init__(
            desk,
            {
                "strategies": names,
                "own": own,
                "parameters": {key: dict(value) for key, value in (parameters or {}).items()},
                "indicators": _as_list("indicators", indicators),
                "timeframe": timeframe,
                "max_positions": max_positions,
                "cooldown_candles": cooldown_candles,
                "min_confidence": min_confidence,
                "order_value": order_value,
                "max_daily_loss": max_daily_loss,
                "hold_every": hold_every,
                "stale_after_candles": stale_after_candles,
                "entry_cutoff_minutes": entry_cutoff_minutes,
                "square_off_minutes": square_off_minutes,
                "health_seconds": health_seconds,
            },
        )


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


class UniverseBuilder(Engine):
    """Says what can be watched and traded: at the start, on each session date, when the dump is
    replaced, and when it is told to.

    :param dump: Kite's instrument dump (CSV, plain or gzip); None: looks at what the feed lists.
    :param state_file: where the last good universe is kept; default: nowhere.
    :param exchanges: of the dump only these; so with ``segments``, ``underlyings``, ``symbols``.
    :param health_seconds: between two health events, engine time.
    :raises ValueError: for options that cannot be, and a dump that cannot be used.
    """

    _part = "universe"

    def __init__(
        self,
        dump: Optional[PathLike] = None,
        *,
        desk: Optional[Desk] = None,
        state_file: Optional[PathLike] = None,
        exchanges: Optional[Sequence[str]] = None,
        segments: Optional[Sequence[str]] = None,
        underlyings: Optional[Sequence[str]] = None,
        symbols: Optional[Sequence[str]] = None,
        health_seconds: Optional[float] = None,
    ) -> None:
        super().__init__(
            desk,
            {
                "dump": None if dump is None else os.fspath(dump),
                "state_file": None if state_file is None else os.fspath(state_file),
                "exchanges": _as_list("exchanges", exchanges),
                "segments": _as_list("segments", segments),
                "underlyings": _as_list("underlyings", underlyings),
                "symbols": _as_list("symbols", symbols),
                "health_seconds": health_seconds,
            },
        )

    def refresh(self) -> None:
        """Reads the dump (or looks at the feed's instruments) again and publishes what it finds."""
        self._running_run().refresh_universe()

    @property
    def summary(self) -> Dict[str, Any]:
        """``universe_size``, counts by ``exchanges`` and ``instrument_types``, ``refreshes``,
        ``failures`` and the ``last_error`` (empty: none)."""
        found: Dict[str, Any] = self._known_run().universe_summary()
        return found


def _as_list(what: str, values: Any) -> Any:
    if values is None or values is _UNSET:
        return values
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{what} must be a list, not {values!r}")
    return list(values)
