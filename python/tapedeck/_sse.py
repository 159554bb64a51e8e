"""Server-Sent Events (WHATWG HTML §9.2.6) from chunks cut anywhere. No I/O, one thread.

A chunk holds hundreds of events, so the work is done by the chunk: its line ends are made one
kind, everything up to its last empty line is decoded at once, and an event as Tapedeck writes it
(``id: …``, ``data: {…}``, an empty line) is parsed where it lies. Anything else takes the way of
the specification, line by line, and means the same.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Union

from ._json import DECODER, loads
from .errors import ProtocolError
from .types import Event

#: One message with its comments, in bytes: the largest event there can be (64 KiB of payload, 4 KiB
#: of source) several times over.
MAX_MESSAGE_BYTES = 1 << 20

_BOM = b"\xef\xbb\xbf"


class Message(NamedTuple):
    """A named event of the stream, or an unnamed one (``event`` is empty)."""

    event: str
    data: str


#: What a stream is made of: events in a row, a named message, or what is wrong with the data.
Item = Union[List[Event], Message, ProtocolError]


class Framer:
    """Bytes in, texts of whole messages out, with ``\\n`` as their only line end."""

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max = max_message_bytes
        self._rest = bytearray()
        self._after_cr = False
        self._at_start = True
        self.error: Optional[ProtocolError] = None

    def feed(self, data: bytes) -> str:
        """The messages that are complete now, each ending with an empty line; "" when none is.
        After a message that is too long `error` says so, and nothing more is to be fed."""
        if self._at_start:
            data = self._skip_bom(data)
        if self._after_cr or b"\r" in data:
            data = self._one_line_end(data)
        if not data:
            return ""
        end = data.rfind(b"\n\n") + 2
        if end < 2:
            end = 1 if data[0] == 10 and self._rest.endswith(b"\n") else 0
        block = bytes(self._rest) + data[:end] if end else b""
        if end:
            self._rest.clear()
        self._rest += data[end:]
        if len(block) > self._max:
            block = self._short_enough(block)
        if self.error is None and len(self._rest) > self._max:
            self._check_rest()
        return block.decode("utf-8", "replace")

    def _skip_bom(self, data: bytes) -> bytes:
        data = bytes(self._rest) + data
        self._rest.clear()
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._rest += data  # it may become one
            return b""
        self._at_start = False
        return data[len(_BOM) :] if data.startswith(_BOM) else data

    def _one_line_end(self, data: bytes) -> bytes:
        if self._after_cr and data[:1] == b"\n":
            data = data[1:]  # the second half of a line end that has been seen
            self._after_cr = False
        if data:
            self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _is_too_long(self, message: bytes) -> bool:
        if len(message) <= self._max:
            return False
        return len(_without_comments(message)) > self._max

    def _check_rest(self) -> None:
        # Comments keep a connection alive and need no empty line: they may go on for ever.
        self._rest = bytearray(_without_comments(bytes(self._rest)))
        if len(self._rest) - self._rest.endswith(b"\n") > self._max:
            self._refuse()

    def _short_enough(self, block: bytes) -> bytes:
        """What of the block is before a message that is too long."""
        position = 0
        for message in block.split(b"\n\n"):
            if self._is_too_long(message):
                self._refuse()
                return block[:position]
            position += len(message) + 2
        return block

    def _refuse(self) -> None:
        self.error = ProtocolError(
            f"The stream has a message longer than {self._max} bytes; max_message_bytes= sets how "
            "long one may be."
        )


def _without_comments(message: bytes) -> bytes:
    """The lines that mean something. The last one may be unfinished: it stays as it is."""
    lines = message.split(b"\n")
    return b"\n".join([line for line in lines[:-1] if line[:1] != b":"] + lines[-1:])


class SseReader:
    """Bytes in, events and messages out, in order.

    ``last_id`` is the id to resume after; ``retry_ms`` what the server last asked for.
    """

    def __init__(self, last_id: str = "", max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.last_id = last_id
        self.retry_ms: Optional[int] = None
        self._framer = Framer(max_message_bytes)

    def feed(self, data: bytes) -> List[Item]:
        """Runs of events, between them the named messages, and last of all a ProtocolError when
        the data made no sense; nothing more is to be fed after one."""
        text = self._framer.feed(data)
        out: List[Item] = []
        try:
            self._read(text, out)
        except ProtocolError as error:
            out.append(error)
            return out
        if self._framer.error is not None:
            out.append(self._framer.error)
        return out

    def _read(self, text: str, out: List[Item]) -> None:
        position, size = 0, len(text)
        plain = "\0" not in text  # an id with NUL counts for nothing: the careful way knows
        run: List[Event] = []
        while position < size:
            if plain:
                position = self._take_events(text, position, run)
                if run and (not out or out[-1] is not run):
                    out.append(run)
                if position >= size:
                    return
            if text[position] == "\n":
                position += 1
                continue
            end = text.index("\n\n", position)
            message = self._message(text[position:end])
            position = end + 2
            if message is None:
                continue
            if message.event:
                out.append(message)
                run = []
                continue
            run.append(_event_of(message.data))
            if not out or out[-1] is not run:
                out.append(run)

    def _take_events(self, text: str, position: int, events: List[Event]) -> int:
        """Takes what is written as Tapedeck writes it; returns where something else begins."""
        find, startswith, decode = text.find, text.startswith, DECODER.raw_decode
        append = events.append
        size, id_begin, id_end = len(text), -1, -1
        while position < size and startswith("id: ", position):
            eol = find("\n", position)
            if not startswith("data: {", eol + 1):
                break
            begin = eol + 7
            stop = find("\n", begin)
            if text[stop + 1] != "\n":
                break
            try:
                event, end = decode(text, begin)
            except (ValueError, RecursionError):
                break  # the careful way finds out what is wrong
            if end != stop:
                break
            append(event)
            id_begin, id_end = position + 4, eol
            position = stop + 2
        if id_begin >= 0:
            self.last_id = text[id_begin:id_end]
        return position

    def _message(self, frame: str) -> Optional[Message]:
        event, data = "", []
        for line in frame.split("\n"):
            name, _, value = line.partition(":")
            if value.startswith(" "):
                value = value[1:]
            if name == "data":
                data.append(value)
            elif name == "event":
                event = value
            elif name == "id" and "\0" not in value:
                self.last_id = value
            elif name == "retry" and value.isascii() and value.isdigit():
                self.retry_ms = int(value[:9])
        if not data:
            return None
        return Message("" if event == "message" else event, "\n".join(data))


def _event_of(data: str) -> Event:
    event = object_of(data)
    return event  # type: ignore[return-value]  # the server's word for it


def object_of(data: str) -> "dict[str, object]":
    """A message's data as a JSON object. ProtocolError when it is none."""
    try:
        value = loads(data)
    except ValueError as error:
        raise ProtocolError(f"The stream holds data that is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ProtocolError("The stream holds data that is not a JSON object.")
    return value
