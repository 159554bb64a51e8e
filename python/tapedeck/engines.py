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

from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Sequence, Type, Union

from ._arguments import UNSET, PathLike, as_list, as_path
from ._engine import Engine
from .desk import Desk, default_desk
from .execution import ExecutionEngine, Order, Pnl, Position
from .strategy import Candle, Strategy, candle_of, description_of

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

Moment = Union[None, str, float, datetime]


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
    :param health_symbols: instruments that health has figures of, the longest silent ones if there
        are more; at most 200.
    :raises ValueError: for options that cannot be; the sentence says what to do.
    """

    _part = "market_data"

    def __init__(
        self,
        feed: Optional[str] = UNSET,
        *,
        symbols: Optional[Sequence[str]] = UNSET,
        timeframes: Optional[Sequence[str]] = UNSET,
        speed: float = UNSET,
        seed: int = UNSET,
        sim_date: Optional[str] = UNSET,
        queue_limit: Optional[int] = UNSET,
        desk: Optional[Desk] = None,
        cache_file: Optional[PathLike] = None,
        cached_candles: Optional[int] = None,
        gap_seconds: Optional[float] = None,
        stale_minutes: Optional[float] = None,
        max_jump_pct: Optional[float] = None,
        health_seconds: Optional[float] = None,
        health_symbols: Optional[int] = None,
    ) -> None:
        given = {
            "feed": "push" if feed is None else feed,
            "symbols": as_list("symbols", symbols),
            "timeframes": as_list("timeframes", timeframes),
            "speed": speed,
            "seed": seed,
            "sim_date": sim_date,
            "queue_limit": queue_limit,
        }
        chosen = {name: value for name, value in given.items() if value is not UNSET}
        if desk is None:
            desk = default_desk()
            usual = Desk()._options
            chosen = {**{name: usual[name] for name in given}, **chosen}
        desk._set_options(**chosen)
        super().__init__(
            desk,
            {
                "cache_file": as_path(cache_file),
                "cached_candles": cached_candles,
                "gap_seconds": gap_seconds,
                "stale_minutes": stale_minutes,
                "max_jump_pct": max_jump_pct,
                "health_seconds": health_seconds,
                "health_symbols": health_symbols,
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

    def get_window(self, symbol: str, timeframe: str, n: int, exchange: str = "") -> List[Candle]:
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
    _commands = frozenset({"kill", "resume"})

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
        chosen = as_list("strategies", strategies)
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
                "indicators": as_list("indicators", indicators),
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
                "dump": as_path(dump),
                "state_file": as_path(state_file),
                "exchanges": as_list("exchanges", exchanges),
                "segments": as_list("segments", segments),
                "underlyings": as_list("underlyings", underlyings),
                "symbols": as_list("symbols", symbols),
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
