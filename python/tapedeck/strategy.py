"""Strategies in Python: what one looks like, and what it is shown.

::

    class Breakout:
        indicators = ["ema_20", "atr"]
        parameters = {"width": 1.5}

        def on_candle(self, candle, indicators, context):
            if context.position.size:
                return "EXIT" if candle.close < indicators["ema_20"] else None
            width = context.parameters["width"] * indicators["atr"]
            if candle.close > indicators["ema_20"] + width:
                return context.buy(0.8, "above the band")
            return None

    StrategyEngineV2(strategies=[Breakout])

Each symbol gets an instance of its own, so its attributes are that symbol's memory. It is asked on
the engine's thread, once per closed candle, in order, as soon as the indicators it names have
values. It may publish, read the bus and the engines; what it does takes the engine's time.
"""

from __future__ import annotations

import inspect
import logging
import os
import re
import traceback
from datetime import datetime, timedelta, timezone
from typing import (
    Any,
    Callable,
    ClassVar,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
)

__all__ = ["Answer", "Candle", "Context", "Decision", "Holding", "Indicators", "Strategy"]

_log = logging.getLogger("tapedeck")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ACTIONS = {"HOLD": 0, "BUY": 1, "SELL": 2, "EXIT": 3}
_LONGEST_ERROR = 500

Indicators = Dict[str, Union[float, str, None]]
"""Values by their telemetry names (``rsi``, ``ema_20``, ``bb_upper``); None: there is none yet."""


class Candle(NamedTuple):
    """Open, high, low and close of the time from ``start`` to before ``end`` (aware, UTC)."""

    symbol: str
    exchange: str
    timeframe: str
    start: datetime
    end: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    closed: bool = True


class Decision(NamedTuple):
    """What a strategy wants: BUY, SELL, EXIT or HOLD, how sure it is (0..1), and why."""

    action: str
    confidence: float = 1.0
    reason: str = ""


Answer = Union[None, str, Decision, Tuple[str, float], Tuple[str, float, str]]
"""What ``on_candle`` may return. None is a HOLD; an action without a confidence is sure."""


class Holding(NamedTuple):
    """What the strategy holds of this symbol: units (negative: short; 0: nothing), the price when
    the entry was decided, and the candles closed since."""

    size: int
    entry_price: float
    candles: int


class Context:
    """What a strategy may want to know beside the candle, and short ways to say what it wants."""

    __slots__ = ("_names", "_previous", "parameters", "past", "position", "symbol")

    def __init__(
        self,
        symbol: str,
        position: Holding,
        parameters: Mapping[str, float],
        past: bool,
        names: Sequence[str],
        previous: Sequence[Optional[float]],
    ) -> None:
        #: The candle's symbol.
        self.symbol = symbol
        #: What the strategy holds of it.
        self.position = position
        #: Its figures: the class's, with what ``StrategyEngineV2(parameters=...)`` changed.
        self.parameters = parameters
        #: Whether this candle is from before the start, to learn from: nothing comes of it.
        self.past = past
        self._names = names
        self._previous = previous

    @property
    def previous(self) -> Indicators:
        """The indicators at the candle before."""
        return dict(zip(self._names, self._previous))

    def buy(self, confidence: float = 1.0, reason: str = "") -> Decision:
        """Enter long. While something is held it is vetoed: leave first."""
        return Decision("BUY", confidence, reason)

    def sell(self, confidence: float = 1.0, reason: str = "") -> Decision:
        """Enter short."""
        return Decision("SELL", confidence, reason)

    def exit(self, confidence: float = 1.0, reason: str = "") -> Decision:
        """Leave what is held."""
        return Decision("EXIT", confidence, reason)

    def hold(self, reason: str = "") -> Decision:
        """Do nothing. Equal reasons in a row are thinned in telemetry: leave figures out of it."""
        return Decision("HOLD", 0.0, reason)


class Strategy:
    """Base class of strategies, for type checkers; any class with ``on_candle`` will do."""

    #: How it is called in telemetry; default: the class's name in snake_case.
    name: ClassVar[Optional[str]] = None
    #: Changes with its rules; in every signal.
    version: ClassVar[str] = "1"
    #: What it needs, such as ``["rsi", "ema_20", "bb", "supertrend"]``.
    indicators: ClassVar[Sequence[str]] = ()
    #: Figures that can be set, with their defaults. Given to the constructor as keyword arguments
    #: where it takes them, and in ``context.parameters``.
    parameters: ClassVar[Mapping[str, float]] = {}
    #: Whether it leaves by itself what goes against it: what it opens then counts as protected
    #: without a stop order (``protected_qty`` of ``position_event``).
    watches_stop: ClassVar[bool] = False

    def on_candle(self, candle: Candle, indicators: Indicators, context: Context) -> Answer:
        """Decides on a closed candle. What it raises switches the strategy off."""
        raise NotImplementedError


def candle_of(row: Tuple[Any, ...], closed: bool = True) -> Candle:
    """The native module's form of a candle as a :class:`Candle`."""
    symbol, exchange, timeframe, start, end, open_, high, low, close, volume = row
    return Candle(
        symbol,
        exchange,
        timeframe,
        moment_of(start),
        moment_of(end),
        open_,
        high,
        low,
        close,
        volume,
        closed,
    )


def moment_of(ns: int) -> datetime:
    """Nanoseconds since 1970 as an aware datetime, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def name_of(strategy: Type[Any]) -> str:
    """What a class of strategies is called."""
    name = getattr(strategy, "name", None)
    if name is None:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", strategy.__name__)
        name = name.lower()
    if not isinstance(name, str):
        raise TypeError(f"the name of {strategy!r} must be text, not {name!r}")
    return name


def description_of(strategy: Type[Any]) -> Dict[str, Any]:
    """A class of strategies as the native module takes it.

    :raises TypeError: for what is no strategy; the sentence says what is wrong.
    """
    if not isinstance(strategy, type):
        raise TypeError(
            f"{strategy!r} is neither a strategy's name nor a class: give the class itself, since "
            "each symbol gets an instance of its own"
        )
    if not callable(getattr(strategy, "on_candle", None)):
        raise TypeError(f"{strategy.__qualname__} has no on_candle(candle, indicators, context)")
    name = name_of(strategy)
    parameters = dict(getattr(strategy, "parameters", {}))
    for key, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"parameter {key!r} of {name} must be a figure, not {value!r}")
    indicators = getattr(strategy, "indicators", ())
    if isinstance(indicators, str):
        raise TypeError(f"indicators of {name} must be a list of names, not {indicators!r}")
    return {
        "name": name,
        "version": str(getattr(strategy, "version", "1")),
        "indicators": list(indicators),
        "parameters": {key: float(value) for key, value in parameters.items()},
        "watches_stop": bool(getattr(strategy, "watches_stop", False)),
        "make": lambda given, names: _make(strategy, name, given, names),
    }


_Ask = Callable[
    [
        Tuple[Any, ...],
        List[Optional[float]],
        List[Optional[float]],
        Tuple[int, float, int],
        bool,
    ],
    Union[Tuple[int, float, str], str],
]


def _make(
    strategy: Type[Any], name: str, parameters: Dict[str, float], names: List[str]
) -> Union[_Ask, str]:
    """One instance, as the native module asks it; text: why there is none."""
    try:
        instance = strategy(**_accepted(strategy, parameters))
    except BaseException as error:
        return _report(name, error)

    def ask(
        candle: Tuple[Any, ...],
        values: List[Optional[float]],
        before: List[Optional[float]],
        holding: Tuple[int, float, int],
        past: bool,
    ) -> Union[Tuple[int, float, str], str]:
        try:
            context = Context(candle[0], Holding(*holding), parameters, past, names, before)
            answer = instance.on_candle(candle_of(candle), dict(zip(names, values)), context)
            return _read(answer)
        except BaseException as error:
            return _report(name, error)

    return ask


def _accepted(strategy: Type[Any], parameters: Mapping[str, float]) -> Dict[str, float]:
    """Those parameters that the constructor takes."""
    taken = inspect.signature(strategy).parameters.values()
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken):
        return dict(parameters)
    names = {one.name for one in taken if one.kind is not inspect.Parameter.POSITIONAL_ONLY}
    return {key: value for key, value in parameters.items() if key in names}


def _read(answer: Answer) -> Tuple[int, float, str]:
    if answer is None:
        return _ACTIONS["HOLD"], 0.0, ""
    if isinstance(answer, str):
        answer = (answer, 0.0 if answer == "HOLD" else 1.0)
    if not isinstance(answer, tuple) or not 2 <= len(answer) <= 3:
        raise TypeError(
            f"on_candle returned {answer!r}; it may return None, an action, (action, confidence[, "
            "reason]) or a Decision"
        )
    action, confidence = answer[0], answer[1]
    reason = answer[2] if len(answer) == 3 else ""
    if action not in _ACTIONS:
        raise ValueError(
            f"on_candle returned the action {action!r}; it is none of BUY, SELL, EXIT, HOLD"
        )
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)):
        raise TypeError(f"on_candle returned the confidence {confidence!r}; it must be a number")
    if not 0 <= confidence <= 1:
        raise ValueError(f"on_candle returned the confidence {confidence!r}; it must be in 0..1")
    if not isinstance(reason, str):
        raise TypeError(f"on_candle returned the reason {reason!r}; it must be text")
    return _ACTIONS[action], float(confidence), reason


def _report(name: str, error: BaseException) -> str:
    """Logs what was raised; the line that telemetry tells."""
    _log.error("the strategy %s raised and is switched off", name, exc_info=error)
    text = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return text[:_LONGEST_ERROR] + place
