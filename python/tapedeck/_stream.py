"""The live stream, as an iterator and as an async iterator."""

from __future__ import annotations

import operator
import threading
import warnings
from collections import deque
from types import TracebackType
from typing import AsyncIterator, Callable, Iterator, Optional, Type, Union

from ._connection import TaskConnection, ThreadConnection
from ._endpoint import Endpoint
from ._managed import Managed
from ._session import Session
from .errors import GapWarning, TapedeckError
from .types import Event, Gap, StreamState

OnGap = Callable[[Gap], object]
OnState = Callable[[StreamState], object]


def _exhaust(events: Iterator[Event]) -> None:
    deque(events, maxlen=0)


class Stream(Managed, Iterator[Event], AsyncIterator[Event]):
    """Events as they come: ``for event in stream`` or ``async for event in stream``, one of the
    two.

    It reconnects by itself and resumes after the last event it had: each comes once, in order.
    What the server no longer has is told by ``on_gap`` or as a :class:`GapWarning`. Who stops
    iterating makes the server wait; memory does not grow. Cancelling a waiting task closes the
    connection; asking for the next event afterwards resumes.

    One consumer at a time; ``close`` and ``last_event_id`` are for any thread. Callbacks run in the
    consumer. Made by :meth:`Client.stream`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        session: Session,
        timeout: float,
        on_gap: Optional[OnGap],
        on_state: Optional[OnState],
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._timeout = timeout
        self._on_gap = on_gap
        self._on_state = on_state
        self._pending: Iterator[Event] = iter(())
        self._handed: Optional[Event] = None  # since _floor was noted
        self._floor = session.last_id  # everything up to it has been handed out
        self._closing = threading.Event()
        self._reading = threading.RLock()
        self._awaiting = False
        self._connection: Union[ThreadConnection, TaskConnection, None] = None
        self._told_closed = False

    # What both ways of reading share.

    @property
    def last_event_id(self) -> str:
        """The id to resume after: of the event handed out last, or a later one when all of those in
        between were filtered out. Empty while nothing has come."""
        handed = self._handed
        return self._floor if handed is None else handed.get("id", self._floor)

    def _tell(self, name: str, error: Optional[TapedeckError] = None) -> None:
        if self._on_state is not None:
            session = self._session
            delay = session.delay if name == "waiting" else 0.0
            self._on_state(StreamState(name, session.attempt, delay, error))

    def _next_run(self) -> Optional[bool]:
        """Makes what has been read already the pending run. None: more has to be read; False:
        there is nothing more. Raises the error that ended the stream."""
        if operator.length_hint(self._pending) > 0:
            return True
        while not self._closing.is_set():
            item = self._session.take()
            if item is None:
                self._floor = self._session.last_id
                self._handed = None
                if not self._session.over:
                    return None
                self.close()
            elif isinstance(item, list):
                self._pending = iter(item)
                if not self._closing.is_set():
                    return True
                _exhaust(self._pending)
            elif isinstance(item, Gap):
                self._surface(item)
            else:
                self.close()
                self._tell_closed(item)
                raise item
        self._tell_closed(None)
        return False

    def _surface(self, gap: Gap) -> None:
        if self._on_gap is not None:
            self._on_gap(gap)
            return
        missed = "an unknown number of" if gap.missed is None else str(gap.missed)
        warnings.warn(
            f"The stream could not go on after {gap.requested}: {missed} events are missing, it "
            f"goes on at {gap.oldest}. Pass on_gap= to handle this.",
            GapWarning,
            stacklevel=5,  # who asked for the next event
        )

    def _tell_closed(self, error: Optional[TapedeckError]) -> None:
        if not self._told_closed:
            self._told_closed = True
            self._tell("closed", error)

    def _take_in(self, data: bytes) -> None:
        if not data and self._closing.is_set():
            return
        self._session.receive(data)
        if self._session.opened:
            self._session.opened = False
            self._tell("open")

    def _on_error(self, error: TapedeckError) -> None:
        if not self._closing.is_set():
            self._session.fail(error)

    def _read_limit(self) -> float:
        return self._session.quiet_limit if self._session.streaming else self._timeout

    def _claim(self, kind: Type[object]) -> None:
        held = self._connection
        if held is not None and not isinstance(held, kind):
            raise RuntimeError("This stream is read with both for and async for; make one of each.")

    def _drop_connection(self) -> None:
        self._session.drop()
        if self._connection is not None:
            self._connection.close()

    def close(self) -> None:
        """Ends the stream at once, from any thread; a consumer that waits stops iterating."""
        self._closing.set()
        _exhaust(self._pending)
        connection = self._connection
        if connection is not None:
            connection.interrupt()
        if isinstance(connection, ThreadConnection) and self._reading.acquire(blocking=False):
            try:
                connection.close()
            finally:
                self._reading.release()

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self.close()

    # Threads.

    def __iter__(self) -> Iterator[Event]:
        while True:
            pending = self._pending
            for event in pending:
                self._handed = event
                yield event
            if not self._fill():
                return

    def __next__(self) -> Event:
        while True:
            for event in self._pending:
                self._handed = event
                return event
            if not self._fill():
                raise StopIteration

    def _fill(self) -> bool:
        with self._reading:
            self._claim(ThreadConnection)
            while True:
                more = self._next_run()
                if more is None:
                    self._advance()
                    continue
                if not more and self._connection is not None:
                    self._connection.close()  # by another thread's wish
                return more

    def _advance(self) -> None:
        """Reads once, after connecting and waiting where that is due."""
        session = self._session
        connection = self._connection
        try:
            if not session.connected or not isinstance(connection, ThreadConnection):
                connection = self._reconnect()
                if connection is None:
                    return
            self._take_in(connection.read(self._read_limit()))
        except TapedeckError as error:
            self._on_error(error)
        except BaseException:  # an interrupt, a callback: the next call resumes
            self._drop_connection()
            raise

    def _reconnect(self) -> Optional[ThreadConnection]:
        session = self._session
        if isinstance(self._connection, ThreadConnection):
            self._connection.close()
        if session.delay > 0:
            self._tell("waiting", session.error)
            if self._closing.wait(session.delay):
                return None
        self._tell("connecting", session.error)
        self._connection = connection = ThreadConnection(self._endpoint)
        request = session.request()
        if self._closing.is_set():
            return None
        connection.open(request, self._timeout)
        return connection

    def _leave(self) -> None:
        self.close()

    # Coroutines: the same with waiting in other words.

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while True:
            for event in self._pending:
                self._handed = event
                return event
            if not await self._fill_async():
                raise StopAsyncIteration

    async def _fill_async(self) -> bool:
        if self._awaiting:
            raise RuntimeError("Another task waits for this stream's next event.")
        self._claim(TaskConnection)
        self._awaiting = True
        try:
            while True:
                more = self._next_run()
                if more is not None:
                    return more
                await self._advance_async()
        finally:
            self._awaiting = False

    async def _advance_async(self) -> None:
        session = self._session
        connection = self._connection
        try:
            usable = isinstance(connection, TaskConnection) and connection.is_of_this_loop()
            if not session.connected or not usable:
                connection = await self._reconnect_async()
                if connection is None:
                    return
            assert isinstance(connection, TaskConnection)
            self._take_in(await connection.read(self._read_limit()))
        except TapedeckError as error:
            self._on_error(error)
        except BaseException:  # cancelled, a callback: nothing stays open, the next call resumes
            self._drop_connection()
            raise

    async def _reconnect_async(self) -> Optional[TaskConnection]:
        session = self._session
        if isinstance(self._connection, TaskConnection):
            self._connection.close()
        self._connection = connection = TaskConnection(self._endpoint)
        if session.delay > 0:
            self._tell("waiting", session.error)
            await connection.pause(session.delay)
        self._tell("connecting", session.error)
        request = session.request()
        if self._closing.is_set():
            return None
        await connection.open(request, self._timeout)
        return connection

    async def aclose(self) -> None:
        """Ends the stream and waits until its socket is closed."""
        self.close()
        connection = self._connection
        if isinstance(connection, TaskConnection):
            connection.close()
            await connection.wait_closed()
        self._tell_closed(None)

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()
