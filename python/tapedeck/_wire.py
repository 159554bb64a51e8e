"""The HTTP/1.1 answer a stream comes in, from chunks cut anywhere. No I/O, one thread.

http.client reads a body line by line or waits for as much as was asked for, and asyncio has no HTTP
at all: this is the little both kinds of streams need, written once. RFC 9112.
"""

from __future__ import annotations

import http.client
import io
from typing import Optional

from .errors import ProtocolError

MAX_HEAD_BYTES = 64 << 10
_MAX_CHUNK_LINE_BYTES = 4096


class AnswerReader:
    """Bytes of a connection in, bytes of the body out. ``status`` is None until the head came."""

    def __init__(self) -> None:
        self.status: Optional[int] = None
        self.headers = http.client.HTTPMessage()
        self.complete = False  #: the body has come to its proper end
        self._held = bytearray()
        self._chunked = False
        self._left: Optional[int] = None  # of the body, or of the chunk; None: nobody knows
        self._in_trailer = False

    def feed(self, data: bytes) -> bytes:
        """The part of the body that is in `data`. ProtocolError for what is no HTTP."""
        if self.status is None:
            data = self._take_head(data)
            if self.status is None:
                return b""
        if self.complete:
            return b""
        if self._chunked:
            return self._take_chunks(data)
        if self._left is None:
            return data
        body = data[: self._left]
        self._left -= len(body)
        self.complete = self._left == 0
        return body

    def _take_head(self, data: bytes) -> bytes:
        """Returns what is behind the head, once it is there."""
        self._held += data
        while True:
            end = self._held.find(b"\r\n\r\n")
            if end < 0:
                if len(self._held) > MAX_HEAD_BYTES or not b"HTTP/1.".startswith(self._held[:7]):
                    raise ProtocolError("The answer is not HTTP: is this a Tapedeck server?")
                return b""
            head, rest = bytes(self._held[: end + 4]), bytes(self._held[end + 4 :])
            status = self._read_head(head)
            self._held.clear()
            if status < 200:  # an interim answer; the real one follows
                self._held += rest
                continue
            self.status = status
            self._choose_framing()
            return rest

    def _read_head(self, head: bytes) -> int:
        line, _, fields = head.partition(b"\r\n")
        parts = line.split(None, 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
            raise ProtocolError("The answer is not HTTP: is this a Tapedeck server?")
        try:
            self.headers = http.client.parse_headers(io.BytesIO(fields))
        except http.client.HTTPException as error:
            raise ProtocolError(f"The head of the answer cannot be read: {error}.") from None
        return int(parts[1][:3])

    def _choose_framing(self) -> None:
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ProtocolError("The answer is compressed, though nobody asked for that.")
        self._chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        length = self.headers.get("Content-Length", "").strip()
        if self.status in (204, 304):
            self.complete = True
        elif self._chunked:
            self._left = 0
        elif length.isascii() and length.isdigit() and len(length) < 19:
            self._left = int(length)
            self.complete = self._left == 0

    def _take_chunks(self, data: bytes) -> bytes:
        body = []
        while data and not self.complete:
            if self._left:
                piece = data[: self._left]
                body.append(piece)
                self._left -= len(piece)
                data = data[len(piece) :]
                continue
            # Between chunks: the end of the last one, the size of the next, or the trailer.
            end = data.find(b"\n")
            self._held += data[: end + 1] if end >= 0 else data
            if len(self._held) > _MAX_CHUNK_LINE_BYTES:
                raise ProtocolError("The answer's chunked encoding is broken.")
            if end < 0:
                break
            data = data[end + 1 :]
            line = bytes(self._held).strip()
            self._held.clear()
            self._take_chunk_line(line)
        return b"".join(body)

    def _take_chunk_line(self, line: bytes) -> None:
        if self._in_trailer:
            self.complete = not line
            return
        if not line:
            return  # behind a chunk's data
        try:
            self._left = int(line.partition(b";")[0].strip(), 16)
        except ValueError:
            self._left = -1
        if self._left < 0:
            raise ProtocolError("The answer's chunked encoding is broken.")
        self._in_trailer = self._left == 0
