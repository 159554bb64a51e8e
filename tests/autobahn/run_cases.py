"""Runs Autobahn's WebSocket cases against an echo server, with Python 3.

autobahntestsuite 25.10.1 is Python 2 code that no longer starts. Its cases, which say what is sent,
what may come back and what the verdict is, are plain classes that talk to a small peer. They are
loaded here as they are (through lib2to3, so Python 3.9 to 3.12), and the peer is the one below.
Byte strings of Python 2 are str with one character a byte (Latin-1).

    python run_cases.py SUITE_FOLDER PORT [--messages N] [--skip PREFIX]...

Prints a line a group and every case that is not good; exit code 1 when there is one.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import codecs
import collections
import importlib.abc
import importlib.util
import os
import sys
import types
import warnings
import zlib
from typing import Any, Callable, Optional, Union

GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}
AT_ONCE = 6  # cases; some wait for seconds
DROP_SECONDS = 1.0  # how long the server may take to end the connection after the close handshake


def to_bytes(text: Union[str, bytes]) -> bytes:
    """What Python 2 would have sent."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


def masked(payload: bytes, mask: bytes) -> bytes:
    """The payload with the mask on (or off)."""
    if not payload:
        return payload
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return number.to_bytes(len(payload), "big")


class Offer:
    """PerMessageDeflateOffer: what the client asks of compression."""

    def __init__(
        self, requestNoContextTakeover: bool = False, requestMaxWindowBits: int = 0
    ) -> None:
        self.requestNoContextTakeover = requestNoContextTakeover
        self.requestMaxWindowBits = requestMaxWindowBits

    def header(self) -> str:
        """The offer as Sec-WebSocket-Extensions has it."""
        text = "permessage-deflate; client_no_context_takeover; client_max_window_bits"
        if self.requestNoContextTakeover:
            text += "; server_no_context_takeover"
        if self.requestMaxWindowBits:
            text += f"; server_max_window_bits={self.requestMaxWindowBits}"
        return text


class Utf8Validator:
    """Stands for autobahn's: whether text is valid, and whether it ends where a character does."""

    def reset(self) -> None:
        """Forgets what has been seen."""

    def validate(self, text: str) -> tuple[bool, bool]:
        """Looks at a whole text."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(to_bytes(text))
        except UnicodeDecodeError:
            return (False, False)
        return (True, decoder.getstate()[0] == b"")


class Peer:
    """The client that a case drives: the part of autobahn's protocol that cases use."""

    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007
    CLOSED, CLOSING, OPEN = 0, 2, 3

    def __init__(self, case: Any) -> None:
        self.factory = types.SimpleNamespace(isServer=False)
        self.state = Peer.CLOSED
        self.connectionWasOpen = False
        self.closedByMe = self.failedByMe = self.droppedByMe = self.wasClean = False
        self.localCloseReason: Optional[str] = None
        self.remoteCloseCode: Optional[int] = None
        self.createWirelog = True
        self.autoFragmentSize = 0
        self.trafficStats = None
        self.txFrameStats: collections.Counter[int] = collections.Counter()
        self.perMessageCompressionOffers: list[Offer] = []
        self.perMessageCompressionAccept: Any = None
        self._perMessageCompress: Optional[int] = None  # the window of our deflater
        self.case = case(self)
        self.wants_bytes = case.__name__.startswith(("Case12_", "Case13_"))

    # --- what cases call ---

    def enableWirelog(self, enable: bool) -> None:
        """Nothing is logged here."""

    def sendFrame(  # noqa: PLR0913
        self,
        opcode: int,
        payload: Union[str, bytes] = "",
        fin: bool = True,
        rsv: int = 0,
        mask: Optional[bytes] = None,
        payload_len: Optional[int] = None,
        chopsize: Optional[int] = None,
        sync: bool = False,
    ) -> None:
        """Sends a frame of any kind; the payload is repeated up to payload_len."""
        body = to_bytes(payload)
        if payload_len is not None:
            body = (body * (payload_len // max(1, len(body)) + 1))[:payload_len]
        mask = mask or os.urandom(4)
        self.txFrameStats[opcode] += 1
        header = self.frame_header(opcode, fin, rsv, len(body), mask)
        self.write(header + masked(body, mask), chopsize)

    def sendMessage(
        self, payload: Union[str, bytes], isBinary: bool = False, fragmentSize: Optional[int] = None
    ) -> None:
        """Sends a message, compressed if that is agreed on, in fragments if there is a size."""
        body, rsv = to_bytes(payload), 0
        if self._perMessageCompress is not None:
            packer = zlib.compressobj(wbits=-self._perMessageCompress)
            body = (packer.compress(body) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
            rsv = 4
        size = fragmentSize or self.autoFragmentSize or max(1, len(body))
        parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        opcode = 2 if isBinary else 1
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            self.sendFrame(0 if number else opcode, part, fin=last, rsv=0 if number else rsv)

    def beginMessage(self, isBinary: bool = False) -> None:
        """Frames follow that make one message."""
        self.next_opcode = 2 if isBinary else 1

    def beginMessageFrame(self, length: int) -> None:
        """Sends a frame's header; its data follow."""
        self.mask, self.mask_at = os.urandom(4), 0
        self.txFrameStats[self.next_opcode] += 1
        self.write(self.frame_header(self.next_opcode, False, 0, length, self.mask))
        self.next_opcode = 0

    def sendMessageFrameData(self, payload: str, sync: bool = False) -> None:
        """Sends a part of a frame's payload."""
        turned = self.mask[self.mask_at :] + self.mask[: self.mask_at]
        self.write(masked(to_bytes(payload), turned))
        self.mask_at = (self.mask_at + len(payload)) % 4

    def endMessage(self) -> None:
        """Ends the message with an empty frame."""
        self.sendFrame(0)

    def sendCloseFrame(
        self, code: Optional[int] = None, reasonUtf8: Optional[str] = None, isReply: bool = False
    ) -> None:
        """Says close, once."""
        if self.state != Peer.OPEN:
            return
        body = (b"" if code is None else code.to_bytes(2, "big")) + to_bytes(reasonUtf8 or "")
        self.state = Peer.CLOSING
        self.closedByMe = not isReply
        self.sendFrame(8, body)

    def sendClose(self, code: Optional[int] = None, reason: Optional[str] = None) -> None:
        """Begins the close handshake."""
        self.sendCloseFrame(code, reason)

    def killAfter(self, delay: float) -> None:
        """Fails the connection unless it has ended by then."""
        self.loop.call_later(delay, self.drop)

    def closeAfter(self, delay: float) -> None:
        """Closes unless that has been done by then."""
        self.loop.call_later(delay, self.sendClose)

    def continueLater(self, delay: float, fun: Callable[[], None], tag: Any = None) -> None:
        """Goes on with the case after a while."""
        self.loop.call_later(delay, lambda: fun() if self.state != Peer.CLOSED else None)

    # --- the wire ---

    @staticmethod
    def frame_header(opcode: int, fin: bool, rsv: int, size: int, mask: bytes) -> bytes:
        """A client's frame header."""
        first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        if size < 126:
            return first + bytes([0x80 | size]) + mask
        if size < 65536:
            return first + b"\xfe" + size.to_bytes(2, "big") + mask
        return first + b"\xff" + size.to_bytes(8, "big") + mask

    def write(self, data: bytes, chopsize: Optional[int] = None) -> None:
        """Sends bytes, in pieces of chopsize octets if there is one."""
        if self.state == Peer.CLOSED or self.writer.is_closing():
            return
        for at in range(0, len(data), chopsize or max(1, len(data))):
            self.writer.write(data[at : at + (chopsize or len(data))])

    def drop(self) -> None:
        """Ends the connection without a handshake."""
        if self.state != Peer.CLOSED:
            self.failedByMe = self.droppedByMe = True
            self.writer.transport.abort()

    async def open(self, port: int) -> None:
        """The opening handshake."""
        self.loop = asyncio.get_running_loop()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        offers = ", ".join(offer.header() for offer in self.perMessageCompressionOffers)
        self.writer.write(
            (
                "GET / HTTP/1.1\r\nHost: localhost\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                + (f"Sec-WebSocket-Extensions: {offers}\r\n" if offers else "")
                + "\r\n"
            ).encode()
        )
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        if " 101 " not in head.split("\r\n")[0]:
            raise ConnectionError(head)
        if "permessage-deflate" in head:
            self._perMessageCompress = 15
        self.state = Peer.OPEN
        self.connectionWasOpen = True

    async def read_frame(self) -> tuple[bool, int, int, bytes]:
        """The next frame: whether it is the last of its message, RSV bits, opcode, payload."""
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        if second & 0x80:
            raise ConnectionError("a server's frame is masked")
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        return bool(first & 0x80), first >> 4 & 7, first & 15, await self.reader.readexactly(size)

    async def run(self, port: int) -> None:
        """Opens, lets the case act, reads until the connection ends."""
        await self.open(port)
        self.case.onOpen()
        message, compressed, kind = b"", False, 0
        try:
            while True:
                fin, rsv, opcode, payload = await self.read_frame()
                if opcode == 8:
                    await self.on_close(payload)
                    break
                if opcode == 10:
                    self.case.onPong(payload.decode("latin-1"))
                    continue
                if opcode == 9:
                    self.sendFrame(10, payload)
                    continue
                if opcode != 0:
                    message, compressed, kind = b"", bool(rsv & 4), opcode
                message += payload
                if fin and self.state == Peer.OPEN:
                    self.on_message(message, compressed, kind == 2)
                await self.writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        self.state = Peer.CLOSED
        self.writer.close()
        self.case.onConnectionLost(self.failedByMe)

    def on_message(self, message: bytes, compressed: bool, binary: bool) -> None:
        """Hands a whole message to the case."""
        if compressed:
            message = zlib.decompressobj(wbits=-15).decompress(message + b"\x00\x00\xff\xff")
        self.case.onMessage(message if self.wants_bytes else message.decode("latin-1"), binary)

    async def on_close(self, payload: bytes) -> None:
        """The server says close: answers, then waits for it to end the connection."""
        self.remoteCloseCode = int.from_bytes(payload[:2], "big") if payload else None
        self.localCloseReason = None
        self.sendCloseFrame(self.remoteCloseCode, isReply=True)
        self.wasClean = True
        try:
            await asyncio.wait_for(self.reader.read(-1), DROP_SECONDS)
        except asyncio.TimeoutError:
            self.droppedByMe = True
        except ConnectionError:
            pass


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the suite's modules as Python 3."""

    def __init__(self, folder: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from lib2to3.refactor import RefactoringTool
        names = ["print", "xrange", "unicode", "dict", "except", "raise"]
        self.tool = RefactoringTool([f"lib2to3.fixes.fix_{name}" for name in names])
        self.folder = folder

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Modules of the folder with the cases."""
        file = os.path.join(self.folder, name + ".py")
        if name.startswith("case") and os.path.exists(file):
            return importlib.util.spec_from_file_location(name, file, loader=self)
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """Runs the module's source after what Python 3 needs of changes."""
        # A byte is a character, in the source too.
        with open(str(module.__file__), encoding="latin-1") as source:
            text = str(self.tool.refactor_string(source.read() + "\n", module.__name__))
        text = text.replace("(object, Case, )", "(Case, )").replace(
            "len(self.payload) / self.p", "len(self.payload) // self.p"
        )
        exec(compile(text, str(module.__file__), "exec"), module.__dict__)  # noqa: S102


def stub(name: str, **members: Any) -> None:
    """Puts a module with these members where an import finds it."""
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def load_cases(suite: str) -> list[Any]:
    """All cases, in the suite's order."""
    import binascii

    states = types.SimpleNamespace(STATE_CLOSED=0, STATE_CLOSING=2, STATE_OPEN=3)
    names = ["PerMessageDeflateOffer", "PerMessageDeflateOfferAccept"]
    names += ["PerMessageDeflateResponse", "PerMessageDeflateResponseAccept"]
    stub("autobahn")
    stub("autobahn.websocket")
    stub("autobahn.websocket.protocol", WebSocketProtocol=states)
    stub("autobahn.websocket.utf8validator", Utf8Validator=Utf8Validator)
    stub("autobahn.websocket.compress", **{name: Offer for name in names})
    stub("zope")
    stub("zope.interface", implements=lambda *_: None)  # of a case that the suite leaves out
    stub("twisted")
    stub("twisted.internet", interfaces=types.SimpleNamespace(IPushProducer=None), reactor=None)
    stub("pkg_resources", resource_filename=lambda _, path: os.path.join(suite, path))
    hexed: Callable[..., Any] = lambda text: binascii.hexlify(to_bytes(text)).decode()  # noqa: E731
    stub("binascii", b2a_hex=hexed, hexlify=hexed)
    folder = os.path.join(suite, "case")
    sys.meta_path.insert(0, Loader(folder))
    package = importlib.util.spec_from_file_location("cases", os.path.join(folder, "__init__.py"))
    assert package is not None
    package.loader = next(f for f in sys.meta_path if isinstance(f, Loader))
    module = importlib.util.module_from_spec(package)
    package.loader.exec_module(module)
    base = sys.modules["case"].Case
    base.compare = lambda self, a, b: a == b  # the original pickles, which tells more apart
    return list(module.Cases)


def number_of(case: Any) -> str:
    """Case12_1_3 -> 12.1.3"""
    return str(case.__name__)[4:].replace("_", ".")


async def judge(case: Any, port: int, results: dict[str, tuple[str, str, str]]) -> None:
    """Runs one case and notes its verdicts and why."""
    peer = Peer(case)
    try:
        await asyncio.wait_for(peer.run(port), 1200)
    except (OSError, asyncio.TimeoutError, EOFError) as error:
        results[number_of(case)] = ("FAILED", "FAILED", repr(error))
        return
    ran = peer.case
    results[number_of(case)] = (ran.behavior, ran.behaviorClose, f"{ran.result} {ran.resultClose}")


async def run_all(cases: list[Any], port: int) -> dict[str, tuple[str, str, str]]:
    """Runs the cases, a few at a time."""
    results: dict[str, tuple[str, str, str]] = {}
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(case: Any) -> None:
        async with limit:
            await judge(case, port, results)

    await asyncio.gather(*(one(case) for case in cases))
    return results


def main() -> int:
    """Judges the server, prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("suite", help="the installed package autobahntestsuite")
    parser.add_argument("port", type=int)
    parser.add_argument("--messages", type=int, help="of cases 12.* and 13.*; default: all 1000")
    parser.add_argument("--skip", action="append", default=[], help="cases with this prefix")
    options = parser.parse_args()
    cases = load_cases(options.suite)
    cases = [c for c in cases if not number_of(c).startswith(tuple(options.skip))]
    for case in cases:
        if options.messages and hasattr(case, "COUNT") and case.__name__[4:6] in ("12", "13"):
            case.COUNT = options.messages
    results = asyncio.run(run_all(cases, options.port))
    groups: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    bad = []
    for name, (verdict, close, why) in results.items():
        groups[int(name.split(".")[0])][verdict] += 1
        if verdict not in GOOD or close not in GOOD:
            bad.append(f"{name}: {verdict}, close {close}: {why}")
    for group in sorted(groups):
        verdicts = ", ".join(f"{n} {word}" for word, n in sorted(groups[group].items()))
        print(f"  {group:2}.*  {verdicts}")
    print(f"{len(results)} cases, {len(bad)} bad")
    for line in sorted(bad):
        print(line)
    return 1 if bad or len(results) != len(cases) or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
