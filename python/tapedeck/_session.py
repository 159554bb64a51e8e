"""What a stream does over all of its connections: where to resume, what to repeat, when to give up.

No I/O: `Stream` moves the bytes, for threads and for asyncio. Belongs to who reads the stream.
"""

from __future__ import annotations

import logging
import random
import re
from collections import deque
from typing import Deque, List, Optional, Tuple, Union

from ._endpoint import Endpoint
from ._http import error_of
from ._sse import Item, Message, SseReader, object_of
from ._wire import AnswerReader
from .errors import ProtocolError, ServerError, TapedeckError, TooManyRequests, Unavailable
from .types import Event, Gap

#: Before the server says how long (``retry:``), a connection is tried again within so long.
DEFAULT_RETRY_SECONDS = 1.0
#: ``retry: 0`` is no wish to be asked without a pause.
MIN_RETRY_SECONDS = 0.01
#: The window of the backoff grows to this.
MAX_BACKOFF_SECONDS = 30.0
#: A dead connection is given up after two heartbeats and so long.
WATCHDOG_SLACK_SECONDS = 5.0
_MAX_ERROR_BODY_BYTES = 64 << 10
_HOPELESS = (501, 505)  # of the server's failures: it will never know how

_ID = re.compile(r"([^-]+)-([0-9]{1,20})")

_log = logging.getLogger("tapedeck")


def _place(event_id: object) -> Optional[Tuple[str, int]]:
    """Epoch and number of an id; None for what is no id."""
    match = _ID.fullmatch(event_id) if isinstance(event_id, str) else None
    return None if match is None else (match.group(1), int(match.group(2)))


class Session:
    """One stream's memory. ``last_id`` is the id to resume after: of the last event that was
    parsed, handed out or not."""

    def __init__(
        self,
        endpoint: Endpoint,
        target: str,
        last_id: str,
        heartbeat: int,
        reconnect: bool,
        max_message_bytes: int,
    ) -> None:
        self.last_id = last_id
        self.over = False  #: the server said that there is nothing more to come
        self.connected = False  #: the connection is worth reading on
        self.opened = False  #: the server has greeted; for the reader to take back
        self.attempt = 0
        self.delay = 0.0  #: seconds to wait before the next connection
        self.error: Optional[TapedeckError] = None  #: why that is
        self.quiet_limit = 2.0 * heartbeat + WATCHDOG_SLACK_SECONDS
        self._endpoint = endpoint
        self._target = target
        self._reconnect = reconnect
        self._max_message_bytes = max_message_bytes
        self._retry = DEFAULT_RETRY_SECONDS
        self._items: Deque[Union[List[Event], Gap, TapedeckError]] = deque()
        self._random = random.Random()
        self._start_connection()

    def _start_connection(self) -> None:
        self._answer = AnswerReader()
        self._reader = SseReader(self.last_id, self._max_message_bytes)
        self._error_body = bytearray()
        self._type_checked = False
        self._had = _place(self.last_id)

    def request(self) -> bytes:
        """A new connection begins with this."""
        self._start_connection()
        headers = {
            "Host": self._endpoint.host_header,
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "Cache-Control": "no-cache",
            **self._endpoint.headers(),
        }
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.connected = True
        return f"GET {self._endpoint.prefix}{self._target} HTTP/1.1\r\n{head}\r\n".encode()

    @property
    def streaming(self) -> bool:
        """Whether the connection has got as far as events and heartbeats."""
        return self.connected and self._answer.status == 200

    def take(self) -> Union[List[Event], Gap, TapedeckError, None]:
        """The next run of events, or what is between or behind them: a gap, the error that ends the
        stream. None when more has to be read."""
        return self._items.popleft() if self._items else None

    def receive(self, data: bytes) -> None:
        """Bytes of the connection; none: it ended."""
        if not data:
            return self._on_end()
        try:
            body = self._answer.feed(data)
            status = self._answer.status
            if status == 200:
                self._check_type()
        except ProtocolError as error:
            return self.fail(error)
        if status == 200:
            self._read(body)
        elif status == 204:
            self.over, self.connected = True, False
        elif status is not None:
            self._error_body += body[: _MAX_ERROR_BODY_BYTES - len(self._error_body)]
        if self.connected and self._answer.complete:
            self._on_end()

    def fail(self, error: TapedeckError) -> None:
        """The connection is lost or could not be made. What cannot heal ends the stream, behind
        what has been read already."""
        self.connected = False
        healable = isinstance(error, (Unavailable, TooManyRequests, ServerError))
        if not self._reconnect or not healable or error.status in _HOPELESS:
            self._end_with(error)
            return
        if self.attempt == 0:
            _log.warning("stream: %s Trying again until it works.", error)
        self._plan_retry(error)

    def _end_with(self, error: TapedeckError) -> None:
        self._items.append(error)
        self.error = error
        self.over, self.connected = True, False

    def drop(self) -> None:
        """The connection is given up on purpose; the next one resumes at once."""
        self.connected = False
        self.delay = 0.0

    def _plan_retry(self, error: Optional[TapedeckError]) -> None:
        # Full jitter: a thousand clients of a server that restarts come back evenly spread.
        window = min(self._retry * 2.0 ** min(self.attempt, 16), MAX_BACKOFF_SECONDS)
        self.delay = self._random.uniform(0, window)
        if error is not None and error.retry_after is not None:
            self.delay += error.retry_after
        self.attempt += 1
        self.error = error

    def _check_type(self) -> None:
        if self._type_checked:
            return
        content_type = self._answer.headers.get_content_type()
        if content_type != "text/event-stream":
            raise ProtocolError(
                f"The answer is {content_type}, not text/event-stream: is this a Tapedeck server?",
                status=200,
            )
        self._type_checked = True

    def _on_end(self) -> None:
        status = self._answer.status
        if status is not None and status != 200:
            after = self._answer.headers.get("Retry-After")
            return self.fail(error_of(status, after, bytes(self._error_body)))
        self.fail(Unavailable(f"{self._endpoint.url} ended the connection."))

    def _read(self, body: bytes) -> None:
        items = self._reader.feed(body)
        self.last_id = self._reader.last_id
        if self._reader.retry_ms is not None:
            wanted = self._reader.retry_ms / 1000.0
            self._retry = min(max(wanted, MIN_RETRY_SECONDS), MAX_BACKOFF_SECONDS)
        try:
            for item in items:
                if not self._on_item(item):
                    return
        except ProtocolError as error:
            self._on_item(error)

    def _on_item(self, item: Item) -> bool:
        """False: nothing more of this connection counts."""
        if isinstance(item, Message):
            return self._on_message(item)
        if isinstance(item, ProtocolError):
            self._end_with(item)
            return False
        run = item if self._had is None else self._news(item)
        if run:
            self._items.append(run)
        return True

    def _news(self, events: List[Event]) -> List[Event]:
        """Without the events this stream has had. A server resumes behind them; one that was put
        back from a backup, or sits behind a cache, may not."""
        for index, event in enumerate(events):
            place = _place(event.get("id", ""))
            had = self._had
            if place is None or had is None or place[0] != had[0] or place[1] > had[1]:
                self._had = None
                return events[index:]
        return []

    def _on_message(self, message: Message) -> bool:
        """What the server says besides events."""
        if message.event == "connection":
            if self.attempt > 0:
                _log.info("stream: connected to %s again", self._endpoint.url)
            self.attempt, self.error, self.opened = 0, None, True
        elif message.event == "gap":
            self._items.append(_gap_of(object_of(message.data)))
        elif message.event == "shutdown":
            if not self._reconnect:
                self.fail(Unavailable(f"{self._endpoint.url} is shutting down."))
                return False
            self.connected = False
            self._plan_retry(None)
            return False
        elif message.event == "end":
            self.over, self.connected = True, False
            return False
        return True


def _gap_of(data: "dict[str, object]") -> Gap:
    missed = data.get("missed")
    return Gap(
        str(data.get("requested", "")),
        str(data.get("oldest", "")),
        missed if isinstance(missed, int) else None,
    )
