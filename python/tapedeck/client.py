"""Client: reads, streams and publishes to a Tapedeck server, from any Python, over HTTP."""

from __future__ import annotations

import random
import ssl
import threading
import uuid
import weakref
from typing import TYPE_CHECKING, Any, Iterable, Literal, Mapping, Optional, Union

from ._endpoint import API, Endpoint, Token
from ._http import Answer, Requests
from ._json import encode_events, encode_object
from ._managed import Managed
from ._params import Moment, Query, visible_ascii, whole, with_query
from ._reads import Reads, event_range
from ._session import Session
from ._sse import MAX_MESSAGE_BYTES
from ._stream import OnGap, OnState, Stream
from .errors import BadRequest, TooManyRequests, Unavailable
from .types import Accepted, Filters, Values

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Client"]

#: Seconds to connect, and between two pieces of an answer.
DEFAULT_TIMEOUT_SECONDS = 10.0
#: How often a publication is tried again.
DEFAULT_RETRIES = 4
#: The window of the backoff between them begins with this and doubles.
FIRST_BACKOFF_SECONDS = 0.2
MAX_BACKOFF_SECONDS = 5.0
#: A server that asks for more (Retry-After) is not waited for: that is the caller's decision.
MAX_PUBLISH_WAIT_SECONDS = 30.0


class Client(Managed, Reads):
    """A Tapedeck server, for reading and publishing. Thread-safe, and cheap to keep.

    ``url``: default TAPEDECK_URL, else ``http://localhost:9000``; https, IPv6 and a path in front
    are welcome. ``api_key`` (default TAPEDECK_API_KEY) or ``token`` (a text, or a function that
    gives a fresh one) goes into the Authorization header and nowhere else, and over plain http to
    another machine only with ``insecure=True``. ``ca_file`` or ``ssl_context`` say whom https
    trusts. ``timeout``: seconds to connect, and of silence within an answer. ``retries``: of
    `publish`.

    Where methods take filters, these are ``symbol, exchange, strategy, engine, engine_id, host,
    account, mode, run_id, order_id, correlation_id``, each a text or a list of which any matches,
    and ``filter``, an expression. ``since`` and ``until`` are a datetime with a time zone, an RFC
    3339 text (inclusive) or an event id (exclusive).

    Errors are `TapedeckError`: `Unavailable` when the server cannot be reached, `BadRequest` and
    others with the server's own sentence. Redirects are not followed, proxies not used.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        api_key: Optional[str] = None,
        token: Optional[Token] = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        retries: int = DEFAULT_RETRIES,
        ca_file: Optional[str] = None,
        ssl_context: Optional[ssl.SSLContext] = None,
        insecure: bool = False,
    ) -> None:
        if not timeout > 0:
            raise BadRequest(f"timeout={timeout} must be above zero seconds.", field="timeout")
        self._endpoint = Endpoint(url, api_key, token, ca_file, ssl_context, insecure)
        super().__init__(Requests(self._endpoint, timeout))
        self._timeout = timeout
        self._retries = whole("retries", retries, 0, 1000)
        self._closing = threading.Event()
        self._streams_guard = threading.Lock()
        self._streams: "weakref.WeakSet[Stream]" = weakref.WeakSet()

    @property
    def url(self) -> str:
        """The server's address, without credentials."""
        return self._endpoint.url

    def __repr__(self) -> str:
        return f"Client({self._endpoint.url!r})"

    def _leave(self) -> None:
        self.close()

    def close(self) -> None:
        """Ends this client's streams and closes its connections."""
        self._closing.set()
        with self._streams_guard:
            streams = list(self._streams)
        for stream in streams:
            stream.close()
        self._requests.close()

    def publish(
        self,
        events: Union[Mapping[str, Any], Iterable[Mapping[str, Any]]],
        *,
        ack: Optional[Literal["memory", "durable"]] = None,
        idempotency_key: Optional[str] = None,
    ) -> Accepted:
        """Publishes one event or a batch, all or none, and says under which ids.

        An event is a dict with ``type`` and ``payload``, perhaps ``timestamp`` (RFC 3339 or an
        aware datetime) and ``source``. ``ack="durable"`` returns when they are on disk. What fails
        for reasons that pass (no connection, 429, 502-504) is tried again; that is safe because
        the batch carries an idempotency key: yours, or a random one. NaN becomes null, and a value
        JSON has no form for its ``str()``.
        """
        body = encode_events([events] if isinstance(events, Mapping) else events)
        key = uuid.uuid4().hex
        if idempotency_key is not None:
            key = visible_ascii("idempotency_key", idempotency_key)
        query: Query = [] if ack is None else [("ack", ack)]
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}
        for attempt in range(self._retries + 1):
            try:
                sent = self._requests.request("POST", f"{API}/events", query, body, headers)
                return _accepted(sent)
            except (Unavailable, TooManyRequests) as error:
                asked = error.retry_after or 0.0
                hopeless = attempt == self._retries or asked > MAX_PUBLISH_WAIT_SECONDS
                if hopeless or self._closing.is_set():
                    raise
                window = min(FIRST_BACKOFF_SECONDS * 2.0**attempt, MAX_BACKOFF_SECONDS)
                self._closing.wait(random.uniform(0, window) + asked)
        raise AssertionError("the last attempt returns or raises")

    def command(self, command: str, target: str = "*", reason: Optional[str] = None) -> str:
        """Orders engines to do something: kill, resume, flatten, square_off, refresh_universe.

        ``target``: an engine_id, an engine's name, or ``*``. Returns the id of the command_event;
        engines answer with one of their own, whose ``request_id`` is that. Sent once, never again:
        on Unavailable nobody knows whether it arrived.
        """
        body = {"command": command, "target": target, "by": "python"}
        if reason is not None:
            body["reason"] = reason
        answer = self._requests.request(
            "POST",
            f"{API}/commands",
            body=encode_object(body),
            headers={"Content-Type": "application/json"},
            repeatable=False,
        )
        return str(answer.json()["id"])

    def clear_buffer(self) -> None:
        """Default reads of the server begin after this moment; what is stored can still be reached
        (``in_="store"``, ranges, exports), and streams go on."""
        self._requests.request("DELETE", f"{API}/events", repeatable=False)

    def stream(
        self,
        event_type: Optional[Values] = None,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        replay: Optional[int] = None,
        speed: Optional[float] = None,
        gaps: Optional[Literal["shorten", "keep"]] = None,
        last_event_id: Optional[str] = None,
        heartbeat: int = 15,
        coalesce_ms: Optional[int] = None,
        on_gap: Optional[OnGap] = None,
        on_state: Optional[OnState] = None,
        reconnect: bool = True,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        **filters: Unpack[Filters],
    ) -> Stream:
        """Events from now on, for ``for`` and ``async for`` (`Stream`). Connects when iterated.

        First the past, when ``since`` says from when, ``replay`` how many, or ``last_event_id``
        after which event. ``speed`` plays the past back (1 as it happened, 0 as fast as it can be
        read) and ends; ``gaps="keep"`` keeps its nights. ``heartbeat``: seconds, 1 to 60; a
        connection that is silent for two of them and 5 s is replaced. ``coalesce_ms``: the server
        holds events back so long to send them together. With ``reconnect=False`` a lost connection
        is an error. Messages beyond ``max_message_bytes`` are an error.
        """
        query = event_range(event_type, since, until, filters)
        query.append(("heartbeat", str(whole("heartbeat", heartbeat, 1, 60))))
        for name, value in (("replay", replay), ("coalesce_ms", coalesce_ms)):
            if value is not None:
                query.append((name, str(whole(name, value, 0, 1_000_000))))
        if speed is not None:
            query.append(("speed", f"{float(speed):.17g}"))
        if gaps is not None:
            query.append(("gaps", gaps))
        resume = "" if last_event_id is None else visible_ascii("last_event_id", last_event_id)
        session = Session(
            self._endpoint,
            with_query(f"{API}/stream", query),
            resume,
            heartbeat,
            reconnect,
            whole("max_message_bytes", max_message_bytes, 1, 1 << 40),
        )
        stream = Stream(self._endpoint, session, self._timeout, on_gap, on_state)
        with self._streams_guard:
            if self._closing.is_set():
                raise Unavailable("This client has been closed.")
            self._streams.add(stream)
        return stream


def _accepted(sent: Answer) -> Accepted:
    answer = sent.json()
    return {
        "accepted": answer["accepted"],
        "first_id": answer["first_id"],
        "last_id": answer["last_id"],
        "replayed": sent.headers.get("idempotency-replayed") == "true",
    }
