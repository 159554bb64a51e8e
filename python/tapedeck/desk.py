"""A desk: the engines of one run, on one feed, with one clock and one thread.

Engines made without ``desk=`` belong to the process's default desk. Another is made like this::

    with Desk(feed="sim", speed=0, seed=7, symbols=["INFY"]) as desk:
        desk.wait()
        print(desk.summary())
"""

from __future__ import annotations

import threading
import time
import weakref
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Type,
    TypeVar,
)

from . import _native
from ._arguments import PathLike, as_list, as_path
from ._lifecycle import Stage, on_exit, on_fork
from ._managed import Managed
from ._remote_commands import CommandListener
from .remote import Connection, connection, on_connection

if TYPE_CHECKING:
    from ._engine import Engine
    from .engines import ExecutionEngine, MarketDataEngine, StrategyEngineV2, UniverseBuilder

__all__ = ["Desk", "default_desk"]

E = TypeVar("E", bound="Engine")

_LOOK_EVERY_SECONDS = 0.2


class Desk(Managed):
    """The engines of one run. Each of the four is there once: :attr:`market`, :attr:`strategy`,
    :attr:`execution`, :attr:`universe`; one that has not been made is made with its defaults.

    The run begins with the first engine that is started and ends when the feed has ended or the
    last engine has stopped; after that, starting begins a new run. An engine that is not started
    gets nothing and publishes nothing; one that starts late is warmed up with what there is.
    At ``speed=0`` the run waits until every engine that has been made is started, so that none of
    them misses what passes at once: the same seed gives the same events.

    Methods may be called from any thread, and from a strategy's ``on_candle``: nothing waits there.

    :param feed: ``"sim"`` (a seeded simulator; ``"sim?sessions=N"``),
        ``"replay:PATH[?format=...&symbol=...&tz=...&columns=...]"``, or ``"push"`` (None is the
        same): ticks of your own, see :meth:`MarketDataEngine.on_tick`.
    :param speed: market seconds per second; 0: as fast as it goes. 1 with ``"push"``.
    :param seed: of the simulator and the paper broker.
    :param symbols: only these, ``"INFY"`` or ``"NSE:INFY"``; none: all.
    :param timeframes: candles to build, some of 1m, 3m, 5m, 10m, 15m, 30m, 60m, 1d.
    :param sim_date: first session of the simulator, YYYY-MM-DD; default: the last one up to today.
    :param account: alias in the events' source.
    :param host: host in the events' source; default: this machine's name.
    :param engine_id_prefix: ``PREFIX-strategy`` and so on name the engines; default: the mode,
        paper or replay. Two desks that run at once need two prefixes.
    :param state_file: where positions and the strategies' state survive a restart; default: each
        run begins anew.
    :param instruments: Kite's instrument dump, to know what the symbols of a replay or of your
        ticks are; default: guessed from their names.
    :param queue_limit: ticks and candles of yours that may wait for the engine thread.
    :raises ValueError: for options that cannot be; the sentence says what to do.
    """

    def __init__(
        self,
        feed: Optional[str] = "sim",
        *,
        speed: float = 1.0,
        seed: int = 1,
        symbols: Optional[Sequence[str]] = None,
        timeframes: Optional[Sequence[str]] = None,
        sim_date: Optional[str] = None,
        account: str = "paper",
        host: Optional[str] = None,
        engine_id_prefix: str = "",
        state_file: Optional[PathLike] = None,
        instruments: Optional[PathLike] = None,
        queue_limit: Optional[int] = None,
    ) -> None:
        self._lock = threading.RLock()  # guards _engines and _options, never held long
        self._start_lock = threading.RLock()  # one start at a time; never taken in a strategy
        self._engines: Dict[str, Engine] = {}
        self._run: Any = None
        self._launched = False
        self._options: Dict[str, Any] = {}
        self._set_options(
            feed="push" if feed is None else feed,
            speed=speed,
            seed=seed,
            symbols=as_list("symbols", symbols),
            timeframes=as_list("timeframes", timeframes),
            sim_date=sim_date,
            account=account,
            host=host,
            engine_id_prefix=engine_id_prefix,
            state_file=as_path(state_file),
            instruments=as_path(instruments),
            queue_limit=queue_limit,
        )
        _desks.add(self)

    # --- the engines ---

    @property
    def market(self) -> MarketDataEngine:
        """Its MarketDataEngine."""
        from .engines import MarketDataEngine

        return self._engine(MarketDataEngine, lambda: MarketDataEngine(desk=self))

    @property
    def strategy(self) -> StrategyEngineV2:
        """Its StrategyEngineV2."""
        from .engines import StrategyEngineV2

        return self._engine(StrategyEngineV2, lambda: StrategyEngineV2(desk=self))

    @property
    def execution(self) -> ExecutionEngine:
        """Its ExecutionEngine."""
        from .engines import ExecutionEngine

        return self._engine(ExecutionEngine, lambda: ExecutionEngine(desk=self))

    @property
    def universe(self) -> UniverseBuilder:
        """Its UniverseBuilder."""
        from .engines import UniverseBuilder

        return self._engine(UniverseBuilder, lambda: UniverseBuilder(desk=self))

    def _engine(self, kind: Type[E], make: Callable[[], E]) -> E:
        with self._lock:
            engine = self._engines.get(kind._part) or make()
        assert isinstance(engine, kind)
        return engine

    # --- the run ---

    def start(self) -> None:
        """Starts all four engines, as one: the same as ``tapedeck run``.

        :raises RuntimeError: when the desk is running.
        """
        engines: List[Engine] = [self.universe, self.market, self.strategy, self.execution]
        with self._start_lock:
            if self.is_running:
                raise RuntimeError("the desk is running already")
            run = self._new_run()
            for engine in engines:
                run.start_engine(engine._part, engine._options)
            self._launch(run)

    def stop(self) -> None:
        """Stops all engines within a second: open orders are cancelled, each tells that it stopped.
        Again is harmless. From a strategy: the run ends after this candle."""
        run = self._run
        if run is None:
            return
        if self._launched:
            run.stop()
        else:
            self._run = None
        for engine in list(self._engines.values()):
            engine._is_ready = False

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until the run has ended.

        :param timeout: seconds; None: for ever.
        :return: whether it has ended.
        :raises RuntimeError: with what broke it, and from a strategy, which cannot wait for itself.
        """
        run = self._run
        if run is None or not self._launched:
            return True
        if run.on_engine_thread():
            raise RuntimeError("a strategy cannot wait for its own run to end")
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:  # in small steps, so that Ctrl-C is heard
            left = _LOOK_EVERY_SECONDS if deadline is None else deadline - time.monotonic()
            if run.wait_for(min(max(left, 0.0), _LOOK_EVERY_SECONDS)):
                break
            if left <= 0:
                return False
        problem = run.error()
        if problem:
            raise RuntimeError(problem)
        return True

    def stop_telemetry(self) -> None:
        """Ends all periodic health within a second; the engines go on."""
        for engine in list(self._engines.values()):
            engine.stop_telemetry()

    @property
    def is_running(self) -> bool:
        """Whether the run has begun and not ended."""
        run = self._run
        return run is not None and self._launched and not run.finished()

    @property
    def error(self) -> str:
        """What broke the run; empty when nothing did."""
        return str(self._run.error()) if self._run is not None else ""

    def summary(self) -> Dict[str, Any]:
        """How far it is, and at the end what came of it: counts of ticks, candles, signals, orders,
        fills, rejects and so on, ``realized_pnl`` and ``charges`` in rupees, ``killed``. Empty
        before the first run."""
        return dict(self._run.summary()) if self._run is not None else {}

    # --- commands ---

    def request(
        self,
        command: str,
        target: str = "*",
        reason: str = "",
        by: str = "python",
        request_id: str = "",
    ) -> None:
        """Has a command obeyed (kill, resume, flatten, square_off, refresh_universe); each engine
        that knows it answers with a ``command_event``. Returns when it has been obeyed.

        :param target: an engine's name or engine_id; ``*``: whoever knows it.
        :param request_id: written into the answers.
        :raises RuntimeError: when the desk is not running: nobody would obey.
        """
        run = self._run
        if run is None or run.finished():
            raise RuntimeError(f"the desk is not running: nobody obeys {command!r}")
        run.request(command, target, reason, by, request_id)

    def kill(self, reason: str = "") -> None:
        """The kill switch: no entries any more, exits go on."""
        self.request("kill", reason=reason)

    def resume(self, reason: str = "") -> None:
        """Takes :meth:`kill` back."""
        self.request("resume", reason=reason)

    def flatten(self, reason: str = "") -> None:
        """Cancels all orders and closes all positions."""
        self.request("flatten", reason=reason)

    def square_off(self, reason: str = "") -> None:
        """Closes the intraday positions."""
        self.request("square_off", reason=reason)

    def __enter__(self) -> Desk:
        if not self.is_running:
            self.start()
        return self

    def _leave(self) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self.is_running else "not running"
        return f"<tapedeck.Desk {self._options['feed']} {state}>"

    # --- what the engines' classes need ---

    def _set_options(self, **options: Any) -> None:
        with self._lock:
            changed = {**self._options, **options}
            if changed == self._options:
                return
            if self._run is not None and not self._run.finished():
                raise ValueError(
                    "the desk is running with other options of its feed: make the MarketDataEngine "
                    "before anything is started, or give them to tapedeck.Desk(...)"
                )
            _native.check_engine(changed, "market_data", {})
            self._options = changed

    def _add(self, engine: Engine) -> None:
        with self._lock:
            known = self._engines.get(engine._part)
            if known is not None and known.is_running:
                raise ValueError(f"a {type(engine).__name__} of this desk is running already")
            options = _with_dump(self._options, engine)
            _native.check_engine(options, engine._part, engine._options)
            self._engines[engine._part] = engine

    def _new_run(self) -> Any:
        """A run to which engines can be added; not launched yet."""
        if self._run is not None and not self._launched:
            return self._run
        for other in list(_running):
            if other is not self and other.is_running and other._name() == self._name():
                raise ValueError(
                    f"another desk is running as {self._name()[1]!r}: give one of them an "
                    "engine_id_prefix of its own"
                )
        self._run = _native.EngineRun(_with_dump(self._options, self._engines.get("universe")))
        self._launched = False
        return self._run

    def _launch(self, run: Any) -> None:
        self._launched = True
        for desk in list(_running):
            if not desk.is_running:
                _running.discard(desk)
        _running.add(self)
        for engine in list(self._engines.values()):
            engine._is_ready = False
        run.launch()
        _listen(connection())

    def _name(self) -> List[str]:
        options = self._options
        prefix, feed = options["engine_id_prefix"], options["feed"]
        return [options["host"] or "", _native.engine_id(prefix, feed, "market_data")]

    def _start(self, engine: Engine) -> None:
        if self._run is not None and self._run.on_engine_thread():
            raise RuntimeError("an engine cannot be started from within a strategy")
        with self._start_lock:
            if self._engines.get(engine._part) is not engine:
                raise RuntimeError(f"another {type(engine).__name__} has taken its place")
            if engine.is_running:
                raise RuntimeError(f"the {type(engine).__name__} is running already")
            run = self._run
            if run is not None and self._launched and not run.finished():
                if run.start_engine(engine._part, engine._options):
                    return
            run = self._new_run()
            run.start_engine(engine._part, engine._options)
            engine._is_ready = True
            made = list(self._engines.values())
            if self._options["speed"] != 0 or all(one._is_ready for one in made):
                self._launch(run)

    def _stop(self, engine: Engine) -> None:
        run = self._run
        engine._is_ready = False
        if run is not None and self._engines.get(engine._part) is engine:
            run.stop_engine(engine._part)

    def _forget(self) -> None:
        """In a forked child: the run is the parent's."""
        self._lock = threading.RLock()
        self._start_lock = threading.RLock()
        if self._run is not None:
            self._run.abandon()
        self._run = None
        self._launched = False


def _with_dump(options: Dict[str, Any], engine: Optional[Engine]) -> Dict[str, Any]:
    """What a UniverseBuilder's dump lists is what the desk's symbols are."""
    dump = None if engine is None else engine._options.get("dump")
    if dump is None or options["instruments"] is not None:
        return options
    return {**options, "instruments": dump}


_running: Set[Desk] = set()  # keeps them alive
_desks: weakref.WeakSet[Desk] = weakref.WeakSet()
_default: Optional[Desk] = None
_default_lock = threading.Lock()


def default_desk() -> Desk:
    """The desk of engines that were made without one. Once its run has ended, the next engine that
    is made begins another."""
    global _default
    with _default_lock:
        desk = _default
        if desk is None or (desk._run is not None and desk._run.finished()):
            desk = _default = Desk()
        return desk


_listener: Optional[CommandListener] = None
_listener_lock = threading.Lock()


def _listen(connected: Optional[Connection]) -> None:
    """From the first run of a process that is connected on, commands asked at the server are
    obeyed."""
    global _listener
    with _listener_lock:
        if connected is None or _listener is not None:
            return
        if any(desk.is_running for desk in list(_running)):
            _listener = CommandListener(connected, _obey)


def _stop_listening() -> None:
    global _listener
    with _listener_lock:
        ending, _listener = _listener, None
    if ending is not None:
        ending.end()


def _obey(command: Mapping[str, Any], request_id: str) -> None:
    def word(name: str) -> str:
        return str(command.get(name) or "")

    for desk in list(_running):
        if desk.is_running:
            try:
                desk.request(
                    word("command"), word("target"), word("reason"), word("by"), request_id
                )
            except RuntimeError:  # it has ended meanwhile
                continue


def _stop_all() -> None:
    for desk in list(_running):
        desk.stop()


def _forget_all() -> None:
    global _default, _default_lock, _listener, _listener_lock
    for desk in list(_desks):
        desk._forget()
    _running.clear()
    _default = None
    _default_lock = threading.Lock()
    _listener = None
    _listener_lock = threading.Lock()


on_connection(_listen, _stop_listening)
on_exit(Stage.ENGINES, _stop_all)
on_fork(_forget_all)
