"""One connection of a stream: a socket for threads, asyncio's transport for coroutines.

Both give chunks of up to READ_BYTES and hold no more than two of them: who does not read makes the
server wait, not the memory grow. asyncio itself rather than a thread behind a queue: fifty streams
in one loop are fifty sockets and no thread, and a cancelled task leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import Optional

from ._endpoint import Endpoint
from ._http import unavailable
from .errors import TapedeckError, Unavailable

READ_BYTES = 256 << 10


def network_error(endpoint: Endpoint, error: BaseException) -> TapedeckError:
    """A failure to connect or read. A certificate that is refused does not heal by itself."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or "it cannot be verified"
        return TapedeckError(f"The certificate of {endpoint.host} is refused: {reason}.")
    return unavailable(endpoint, error)


class ThreadConnection:
    """For one reading thread; `interrupt` is for any other."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._guard = threading.Lock()
        self._socket: Optional[socket.socket] = None
        self._interrupted = False

    def open(self, request: bytes, timeout: float) -> None:
        """Connects and sends the request. Raises TapedeckError."""
        try:
            self._connect(timeout)
            assert self._socket is not None
            self._socket.sendall(request)
        except OSError as error:
            raise network_error(self._endpoint, error) from error

    def _connect(self, timeout: float) -> None:
        to = self._endpoint
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            to.host, to.port, type=socket.SOCK_STREAM
        ):
            try:
                plain = socket.socket(family, kind, protocol)
                self._hold(plain)
                plain.settimeout(timeout)
                plain.connect(address)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if to.ssl_context is not None:
                    self._hold(to.ssl_context.wrap_socket(plain, server_hostname=to.host))
                return
            except OSError as error:
                failure = error
                self.close()
                if self._interrupted:
                    break
        raise failure

    def _hold(self, opened: socket.socket) -> None:
        with self._guard:
            self._socket = opened
            if not self._interrupted:
                return
        raise OSError("the stream has been closed")

    def read(self, limit: float) -> bytes:
        """The next bytes; none at the end. Raises Unavailable after `limit` seconds of nothing."""
        held = self._socket
        if held is None:
            return b""
        try:
            held.settimeout(limit)
            return held.recv(READ_BYTES)
        except (socket.timeout, TimeoutError):
            raise Unavailable(f"{self._endpoint.url} has been silent for {limit:g} s.") from None
        except OSError as error:
            raise network_error(self._endpoint, error) from error

    def interrupt(self) -> None:
        """Ends a read or a connect under way, from any thread."""
        with self._guard:
            self._interrupted = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # Below TLS: its own shutdown is not made for a second thread.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Lets go of the socket; for the reading thread."""
        with self._guard:
            held, self._socket = self._socket, None
        if held is not None:
            held.close()


class TaskConnection:
    """For one reading task; `interrupt` is for any thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self._reader: Optional[asyncio.StreamReader] = None
        self._writer: Optional[asyncio.StreamWriter] = None
        self._interrupted = self._loop.create_future()
        self._timed_out = False

    async def open(self, request: bytes, timeout: float) -> None:
        """Connects and sends the request. Raises TapedeckError."""
        to = self._endpoint
        opening = asyncio.ensure_future(
            asyncio.open_connection(
                to.host,
                to.port,
                limit=READ_BYTES,
                ssl=to.ssl_context,
                server_hostname=None if to.ssl_context is None else to.host,
            )
        )
        try:
            await asyncio.wait(
                {opening, self._interrupted}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
            if not opening.done():
                raise Unavailable(f"{to.url} did not answer in time.")
            self._reader, self._writer = opening.result()
        except OSError as error:
            if isinstance(error, TapedeckError):
                raise
            raise network_error(to, error) from error
        finally:
            if self._writer is None:
                opening.add_done_callback(_discard)
                opening.cancel()
        self._writer.write(request)

    async def read(self, limit: float) -> bytes:
        """The next bytes; none at the end. Raises Unavailable after `limit` seconds of nothing."""
        if self._reader is None:
            return b""
        watchdog = self._loop.call_later(limit, self._give_up)
        try:
            data = await self._reader.read(READ_BYTES)
        except OSError as error:
            raise network_error(self._endpoint, error) from error
        finally:
            watchdog.cancel()
        if not data and self._timed_out:
            raise Unavailable(f"{self._endpoint.url} has been silent for {limit:g} s.")
        return data

    def is_of_this_loop(self) -> bool:
        """Whether it can be read here: asyncio.run() may be called again with the same stream."""
        return self._loop is asyncio.get_running_loop()

    async def pause(self, seconds: float) -> None:
        """Waits, unless interrupted."""
        await asyncio.wait({self._interrupted}, timeout=seconds)

    def _give_up(self) -> None:
        self._timed_out = True
        self.close()

    def _end(self) -> None:
        if not self._interrupted.done():
            self._interrupted.set_result(None)
        self.close()

    def interrupt(self) -> None:
        """Ends what is under way, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is over, and the socket with it
            self._loop.call_soon_threadsafe(self._end)

    def close(self) -> None:
        """Closes the socket without a word; for the loop's thread."""
        if self._writer is not None:
            with contextlib.suppress(RuntimeError):  # see interrupt
                self._writer.transport.abort()

    async def wait_closed(self) -> None:
        """Until the socket is closed, after `close`."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()


def _discard(opening: "asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]") -> None:
    """A connection that came too late."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[1].transport.abort()
