"""Exports: answers of any length, read in constant memory."""

from __future__ import annotations

import http.client
import os
from typing import Callable, Generic, Iterator, List, TypeVar

from ._http import READ_BYTES, Connection, Requests, error_of, unavailable
from ._json import loads
from ._managed import Managed
from ._params import Query, with_query
from .errors import ProtocolError
from .types import Event

#: A line of an export holds one event: the largest there can be, several times over.
MAX_LINE_BYTES = 1 << 20

T = TypeVar("T")


def event_of_line(line: bytes) -> Event:
    """A line of NDJSON."""
    try:
        event: Event = loads(line.decode("utf-8"))
    except ValueError as error:
        raise ProtocolError(f"The export holds a line that is not JSON: {error}.") from None
    return event


def text_of_line(line: bytes) -> str:
    """A line of CSV, its end kept: records may hold line ends, which csv.reader puts together."""
    return line.decode("utf-8")


class Download:
    """The answer to an export request, in pieces. For one thread."""

    def __init__(self, requests: Requests, path: str, query: Query) -> None:
        self._requests = requests
        self._connection: Connection = requests.open_connection()
        try:
            target = with_query(path, query)
            self._response = requests.send(self._connection, "GET", target)
            if self._response.status != 200:
                body = self._response.read(READ_BYTES)
                after = self._response.getheader("Retry-After")
                raise error_of(self._response.status, after, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise unavailable(requests.endpoint, error) from error
        except BaseException:
            self.close()
            raise

    def read(self) -> bytes:
        """The next piece; none at the end. Unavailable when the answer was cut off."""
        try:
            return self._response.read(READ_BYTES)
        except http.client.IncompleteRead as error:
            raise unavailable(
                self._requests.endpoint, ConnectionError("the export was cut off before its end")
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise unavailable(self._requests.endpoint, error) from error

    def close(self) -> None:
        """Gives the rest up."""
        self._connection.close()


class Export(Managed, Iterator[T], Generic[T]):
    """What an export holds, line by line, oldest first; in constant memory. For one thread.

    Ends with Unavailable, never quietly, when the server could not complete it. Closes itself at
    the end; leave it earlier with ``close`` or as a context manager.
    """

    def __init__(self, download: Download, parse: Callable[[bytes], T]) -> None:
        self._download = download
        self._parse = parse
        self._lines: Iterator[bytes] = iter(())
        self._rest = b""
        self._ended = False

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while True:
            for line in self._lines:
                return self._parse(line)
            if self._ended:
                raise StopIteration
            self._lines = iter(self._read_lines())

    def _read_lines(self) -> List[bytes]:
        try:
            piece = self._download.read()
        except BaseException:
            self.close()
            raise
        if not piece:
            self.close()
            return [self._rest] if self._rest else []
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE_BYTES:
            self.close()
            raise ProtocolError(f"The export has a line longer than {MAX_LINE_BYTES} bytes.")
        return [line + b"\n" for line in lines]

    def close(self) -> None:
        """Gives the rest up."""
        self._ended = True
        self._download.close()

    def _leave(self) -> None:
        self.close()


def save(download: Download, path: str) -> int:
    """Writes an export to ``path``.part and renames it when all of it is on disk, so that the file
    is always whole. Returns its size in bytes. OSError when the disk refuses."""
    part = path + ".part"
    size = 0
    try:
        with open(part, "wb") as file:
            while True:
                piece = download.read()
                if not piece:
                    break
                size += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        download.close()
        if os.path.exists(part):
            os.unlink(part)
    return size
