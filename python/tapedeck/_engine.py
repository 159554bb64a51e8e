"""What the four engines have in common."""

from __future__ import annotations

from typing import Any, ClassVar, Dict, FrozenSet, Optional, TypeVar

from . import _native
from ._managed import Managed
from .desk import Desk, default_desk

E = TypeVar("E", bound="Engine")


class Engine(Managed):
    """What the four engines have in common. A context manager: started, and stopped at its end."""

    _part: ClassVar[str]
    _commands: ClassVar[FrozenSet[str]] = frozenset()  # that it knows

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
        """The kill switch of this engine (StrategyEngineV2, ExecutionEngine): no entries any more,
        exits go on.

        :raises RuntimeError: when it is not running: nobody would obey.
        :raises ValueError: for an engine that does not know the command.
        """
        self._request("kill", reason)

    def resume(self, reason: str = "") -> None:
        """Takes :meth:`kill` back."""
        self._request("resume", reason)

    def flatten(self, reason: str = "") -> None:
        """Cancels all orders and closes all positions (ExecutionEngine). As :meth:`kill`."""
        self._request("flatten", reason)

    def square_off(self, reason: str = "") -> None:
        """Closes the intraday positions (ExecutionEngine). As :meth:`kill`."""
        self._request("square_off", reason)

    def _request(self, command: str, reason: str) -> None:
        if command not in self._commands:
            raise ValueError(
                f"a {type(self).__name__} does not know {command!r}: ask the desk, which asks all"
            )
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

    def _leave(self) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self.is_running else "not running"
        return f"<tapedeck.{type(self).__name__} {self.engine_id} {state}>"
