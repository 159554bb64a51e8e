"""The telemetry bus: publish from anywhere, read back what came.

Publishing copies the payload into a queue of the calling thread's own and returns; it never waits,
does no I/O and raises nothing because of what a payload holds. Everything else reads.
"""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime
from typing import Any, AsyncIterator, Callable, Dict, List, Optional, Union

from . import _native, _remote_bus, _streams
from ._filters import FilterValue, filter_lists
from ._lifecycle import Stage, on_exit, on_fork
from .remote import connection

__all__ = ["EventCallback", "TelemetryBus", "get_telemetry_bus"]

_log = logging.getLogger("tapedeck")

EventDict = Dict[str, Any]
EventCallback = Callable[[EventDict], Any]


class TelemetryBus:
    """The process's bus. There is one: ``TelemetryBus()`` always returns the same object.

    Any thread may call any method. What a thread has published, it sees at once in its own reads.
    Once the process is connected to a server (:func:`tapedeck.connect`, ``TAPEDECK_URL``), reads,
    callbacks and streams are the server's: they wait (a bounded time) until what was published
    before them has arrived there.
    """

    _instance: Optional[TelemetryBus] = None
    _making = threading.Lock()

    def __new__(cls, buffer_size: Optional[int] = None) -> TelemetryBus:
        with cls._making:
            if cls._instance is None:
                cls._instance = super().__new__(cls)
            return cls._instance

    def __init__(self, buffer_size: Optional[int] = None) -> None:
        """
        :param buffer_size: how many events default reads see, at least 1; 5000 if never given. The
            last one given counts: a smaller buffer forgets its oldest events at once, a larger one
            fills up from now on.
        :raises ValueError: for a size below 1.
        """
        if buffer_size is not None:
            if buffer_size < 1:
                raise ValueError(f"buffer_size must be at least 1, not {buffer_size}")
            _native.set_buffer_size(buffer_size)

    # Functions of the C API, so that calling them costs no Python frame.
    publish_event = staticmethod(_native.publish_event)
    publish = staticmethod(_native.publish_event)

    def get_recent_events(
        self, event_type: Optional[str] = None, limit: int = 100
    ) -> List[EventDict]:
        """The newest events in the buffer, newest last.

        :param event_type: only of this type; None: of all.
        :param limit: how many at most, at least 1.
        :return: dicts with ``type``, ``timestamp`` (RFC 3339, UTC), ``payload``, ``id`` and, where
            the publisher said who it is, ``source``.
        :raises ValueError: for a limit below 1.
        """
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        remote = connection()
        if remote is not None:
            return _remote_bus.recent_events(remote, event_type, limit)
        events: List[EventDict] = json.loads(_native.recent_events(event_type or "", limit))
        return events

    def snapshot(self, since_ts: Union[None, str, float, datetime] = None) -> List[EventDict]:
        """The events in the buffer, oldest first.

        :param since_ts: only those that happened then or later: an aware datetime, RFC 3339 text
            with an offset, or seconds since 1970.
        :raises ValueError: for a time that is none, or has no offset.
        """
        remote = connection()
        if remote is not None:
            return _remote_bus.snapshot(remote, since_ts)
        events: List[EventDict] = json.loads(_native.snapshot(since_ts))
        return events

    def to_json(self, event: Optional[EventDict] = None) -> str:
        """JSON text of one event, or without one of all in the buffer, as an array."""
        return json.dumps(self.snapshot() if event is None else event, default=str)

    def get_event_types(self) -> List[str]:
        """Types ever published, sorted."""
        types: List[str] = self.get_stats()["event_types"]
        return types

    def get_stats(self) -> Dict[str, Any]:
        """Counts. ``total_events`` and ``event_counts`` (by type) are of the buffer as it is now,
        ``event_types`` of all that ever came; the ``..._total`` fields only grow.
        """
        remote = connection()
        return _native.stats() if remote is None else _remote_bus.stats(remote)

    def clear_buffer(self) -> None:
        """Default reads begin with what is published from now on. Streams and callbacks go on."""
        remote = connection()
        if remote is not None:
            _remote_bus.clear_buffer(remote)
        else:
            _native.clear_buffer()

    def flush(self) -> None:
        """Waits until what this thread has published can be read."""
        _native.flush()

    def subscribe(
        self,
        callback: EventCallback,
        event_type: FilterValue = None,
        **filters: FilterValue,
    ) -> int:
        """Calls back with each event from now on, in order, on a thread of the subscription's own.

        The callback may be slow, publish, raise (logged, counted) or unsubscribe itself; no
        publisher notices.

        :param event_type: only this type or these types.
        :param filters: ``symbol``, ``exchange``, ``strategy``, ``engine``, ``engine_id``, ``host``,
            ``account``, ``mode``, ``run_id``, ``order_id``, ``correlation_id``: a value or a list
            of them; ``filter``: an expression such as ``"payload.qty > 50"``.
        :return: what :meth:`unsubscribe` takes.
        :raises ValueError: for an expression that is none.
        """
        if not callable(callback):
            raise TypeError(f"the callback must be callable, not {callback!r}")
        wanted = filter_lists(event_type=event_type, **filters)
        return _subscriptions.add(callback, wanted)

    def unsubscribe(self, subscription: Union[int, EventCallback]) -> bool:
        """Ends a subscription, by its number or (all of them) by its callback.

        When it returns, the callback is not running and will not run again (called from the
        callback itself: will not run again).

        :return: whether there was one.
        """
        return _subscriptions.remove(subscription)

    def stream_events(
        self, event_type: Optional[str] = None, poll_interval: float = 0.5
    ) -> AsyncIterator[str]:
        """Server-sent events, one ``data: {...}`` message each: a ``connection``, then what is
        published from now on, and a ``heartbeat`` after each quiet ``poll_interval`` seconds.

        A reader that falls so far behind that events are gone gets a ``gap`` with their number.

        :raises ValueError: for an interval that is not positive.
        """
        if not poll_interval > 0:
            raise ValueError(f"poll_interval must be more than 0 seconds, not {poll_interval}")
        remote = connection()
        if remote is not None:
            return _remote_bus.stream_events(remote, event_type, poll_interval)
        return _streams.stream(event_type, poll_interval)


class _Subscriptions:
    """Who is called back, so that callbacks can be found, and all be ended at exit."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """In a forked child: they are the parent's."""
        self._lock = threading.Lock()
        self._callbacks: Dict[int, EventCallback] = {}
        self._ends: Dict[int, Callable[[], bool]] = {}
        self._next_number = 1

    def add(self, callback: EventCallback, wanted: Dict[str, List[str]]) -> int:
        remote = connection()
        if remote is not None:
            end = _remote_bus.Subscription(remote, callback, wanted).end
        else:
            end = _subscribe_here(callback, wanted)
        with self._lock:
            number = self._next_number
            self._next_number += 1
            self._callbacks[number] = callback
            self._ends[number] = end
        return number

    def remove(self, subscription: Union[int, EventCallback]) -> bool:
        with self._lock:
            if isinstance(subscription, int):
                numbers = [subscription] if subscription in self._ends else []
            else:
                numbers = [n for n, c in self._callbacks.items() if c == subscription]
            ends = [self._ends.pop(number) for number in numbers]
            for number in numbers:
                del self._callbacks[number]
        return any([end() for end in ends])

    def end_all(self) -> None:
        for number in list(self._ends):
            self.remove(number)


def _subscribe_here(callback: EventCallback, wanted: Dict[str, List[str]]) -> Callable[[], bool]:
    def call(text: bytes) -> None:
        try:
            callback(json.loads(text))
        except Exception:
            _log.exception("a telemetry callback raised: %r", callback)
            raise

    number = _native.subscribe(wanted, call)
    return lambda: _native.unsubscribe(number)


_subscriptions = _Subscriptions()


def get_telemetry_bus() -> TelemetryBus:
    """The process's bus."""
    return TelemetryBus()


on_exit(Stage.READERS, _subscriptions.end_all)
on_exit(Stage.READERS, _streams.end)
on_fork(_subscriptions.forget)
on_fork(_streams.forget_after_fork)
