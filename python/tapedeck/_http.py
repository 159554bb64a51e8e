"""Requests with whole answers, over http.client.

http.client because it is there, speaks TLS and chunked encoding, and one blocking call is what a
caller of ``stats()`` wants. Connections are kept and reused, one a request at a time. Thread-safe.
Streams do not come through here (see _wire.py).
"""

from __future__ import annotations

import http.client
import os
import threading
from typing import Any, Dict, List, Optional, Tuple, Union

from ._endpoint import Endpoint
from ._json import loads
from ._params import Query, with_query
from .errors import ProtocolError, TapedeckError, Unavailable, error_type

#: An answer may have so many bytes: a full page of the largest events there can be, and some.
MAX_ANSWER_BYTES = 128 << 20
#: Answers of unknown length are read in pieces of so many bytes.
READ_BYTES = 64 << 10
#: Connections kept for the next request.
MAX_IDLE_CONNECTIONS = 8
#: The longest an answer's Retry-After is believed.
MAX_RETRY_AFTER_SECONDS = 3600.0

Connection = Union[http.client.HTTPConnection, http.client.HTTPSConnection]
# What a connection says that the server closed while it was idle.
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


def retry_after_seconds(value: Optional[str]) -> Optional[float]:
    """The seconds of a Retry-After header; None when there is none or it is a date."""
    if value is None or not value.strip().isdigit():
        return None
    return min(float(value.strip()[:9]), MAX_RETRY_AFTER_SECONDS)


def error_of(status: int, retry_after: Optional[str], body: bytes) -> TapedeckError:
    """What an answer that is no success means: the server's own sentence, where it has one."""
    message, code, field = "", None, None
    try:
        answer = loads(body.decode("utf-8"))
        if isinstance(answer, dict) and isinstance(answer.get("error"), str):
            message = answer["error"]
            code = answer.get("code") or None
            field = answer.get("field") or None
    except ValueError:
        pass
    if not message and 300 <= status < 400:
        message = f"The server answered {status}, a redirect; redirects are not followed."
    return error_type(status)(
        message or f"The server answered {status} without saying why.",
        status=status,
        code=code,
        field=field,
        retry_after=retry_after_seconds(retry_after),
    )


def unavailable(endpoint: Endpoint, error: BaseException) -> Unavailable:
    """A failure of the network as a sentence."""
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return Unavailable(f"{endpoint.url} did not answer in time.")
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Unavailable(f"{endpoint.url} cannot be reached: {why}.")


class Answer:
    """A whole answer. ``headers`` has lower-case names."""

    def __init__(self, status: int, headers: Dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Dict[str, Any]:
        """The object the server answered. Raises its error when it is one."""
        if not 200 <= self.status < 300:
            raise error_of(self.status, self.headers.get("retry-after"), self.body)
        try:
            answer = loads(self.body.decode("utf-8"))
        except ValueError as error:
            raise ProtocolError(
                f"The answer is not JSON ({error}): is this a Tapedeck server?", status=self.status
            ) from None
        if not isinstance(answer, dict):
            raise ProtocolError("The answer is not a JSON object.", status=self.status)
        return answer


class Requests:
    """Sends requests to one endpoint."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self.endpoint = endpoint
        self._timeout = timeout
        self._idle_guard = threading.Lock()
        self._idle: List[Connection] = []
        self._pid = os.getpid()
        self._closed = False

    def open_connection(self) -> Connection:
        """A connection of the caller's own. It connects with its first request."""
        to = self.endpoint
        if to.ssl_context is not None:
            return http.client.HTTPSConnection(
                to.host, to.port, timeout=self._timeout, context=to.ssl_context
            )
        return http.client.HTTPConnection(to.host, to.port, timeout=self._timeout)

    def _take(self, reuse: bool) -> Tuple[Connection, bool]:
        with self._idle_guard:
            if self._closed:
                raise Unavailable("This client has been closed.")
            if self._pid != os.getpid():  # the sockets are the parent's, who goes on using them
                self._idle.clear()
                self._pid = os.getpid()
            if reuse and self._idle:
                return self._idle.pop(), True
        return self.open_connection(), False

    def _give_back(self, connection: Connection) -> None:
        with self._idle_guard:
            if not self._closed and len(self._idle) < MAX_IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    def send(
        self,
        connection: Connection,
        method: str,
        target: str,
        body: Optional[bytes] = None,
        headers: Optional[Dict[str, str]] = None,
    ) -> http.client.HTTPResponse:
        """One request on a connection; the answer's head has come when this returns."""
        sent = {**self.endpoint.headers(), "Host": self.endpoint.host_header, **(headers or {})}
        connection.request(method, self.endpoint.prefix + target, body=body, headers=sent)
        return connection.getresponse()

    def request(
        self,
        method: str,
        path: str,
        query: Optional[Query] = None,
        body: Optional[bytes] = None,
        headers: Optional[Dict[str, str]] = None,
        *,
        repeatable: bool = True,
    ) -> Answer:
        """Sends a request and reads the whole answer, whatever its status.

        ``repeatable``: doing it twice does no harm. Then it may go over a connection that turns out
        to have been closed meanwhile, and once more over a new one. Raises Unavailable.
        """
        target = with_query(path, query or [])
        while True:
            connection, used = self._take(repeatable)
            try:
                response = self.send(connection, method, target, body, headers)
                return self._read(connection, response)
            except _STALE as error:
                connection.close()
                if not used:
                    raise unavailable(self.endpoint, error) from error
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if isinstance(error, TapedeckError):
                    raise
                raise unavailable(self.endpoint, error) from error
            except BaseException:
                connection.close()  # half an answer is of no use to the next request
                raise

    def _read(self, connection: Connection, response: http.client.HTTPResponse) -> Answer:
        length = response.length
        if length is not None and length <= MAX_ANSWER_BYTES:
            body = response.read()  # complains when less than that comes
        else:
            pieces, size = [], 0
            while size <= MAX_ANSWER_BYTES:
                piece = response.read(READ_BYTES)
                if not piece:
                    break
                pieces.append(piece)
                size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise ProtocolError(f"The answer is longer than {MAX_ANSWER_BYTES} bytes.")
            body = b"".join(pieces)
        headers = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close:
            connection.close()
        else:
            response.read()  # lets go of the connection
            self._give_back(connection)
        return Answer(response.status, headers, body)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Closes idle connections; requests under way end as they would have."""
        with self._idle_guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
