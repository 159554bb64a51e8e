"""Fixtures: the real server, which can be killed and started again, and servers that misbehave."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

import tapedeck
from tapedeck import Client

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("TAPEDECK_PROGRAM", str(ROOT / "build" / "tapedeck"))
DEADLINE_SECONDS = 60.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Until something becomes true; fails the test when it does not."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        pause.wait(0.005)


def event(number: int, type: str = "order_event", **payload: Any) -> Dict[str, Any]:
    """An event that is valid for its type and says its number."""
    fields = {"order_id": f"o-{number}", "symbol": "NIFTY", "side": "BUY", "status": "filled"}
    return {"type": type, "payload": {**fields, "n": number, **payload}}


class TapedeckServer:
    """The program, on a port it keeps from one start to the next. ``data_dir=None``: no history."""

    def __init__(self, data_dir: Optional[pathlib.Path], options: List[str], log: pathlib.Path):
        self._data_dir = data_dir
        self._options = options
        self._log = log
        self._process: Optional["subprocess.Popen[str]"] = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when the server accepts connections."""
        kept = ["--memory"] if self._data_dir is None else ["--data-dir", str(self._data_dir)]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "serve", "--listen", f"127.0.0.1:{self.port}", *kept, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert "http://" in line, f"{PROGRAM} did not start: {self._log.read_text()}"
        self.port = int(line.strip().rstrip("/").rpartition(":")[2])

    def kill(self) -> None:
        """As a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an administrator does."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """It keeps its connections and says nothing, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.wait(DEADLINE_SECONDS)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def make_server(tmp_path: pathlib.Path) -> Iterator[Callable[..., TapedeckServer]]:
    """Starts servers: ``make_server("--buffer-size", "10", memory=True)``."""
    started: List[TapedeckServer] = []

    def make(*options: str, memory: bool = False) -> TapedeckServer:
        number = len(started)
        data_dir = None if memory else tmp_path / f"history-{number}"
        server = TapedeckServer(data_dir, list(options), tmp_path / f"server-{number}.log")
        started.append(server)
        server.start()
        return server

    yield make
    for server in started:
        server.kill()


@pytest.fixture
def server(make_server: Callable[..., TapedeckServer]) -> TapedeckServer:
    """A server with a history, running."""
    return make_server()


@pytest.fixture
def client(server: TapedeckServer) -> Iterator[Client]:
    with Client(server.url) as connected:
        yield connected


class Peer:
    """One connection a `ScriptedServer` has accepted."""

    def __init__(self, connection: socket.socket, stopped: threading.Event):
        self.request = ""  #: the head of the request
        self._connection = connection
        self._stopped = stopped

    def read_request(self) -> str:
        """Waits for the head of the request."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self._connection.recv(65536)
            if not piece:
                break
            head += piece
        self.request = head.decode()
        return self.request

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(self, status: str, body: bytes = b"", **headers: str) -> None:
        """A whole answer, after which the connection is of no more use."""
        named = {"Content-Length": str(len(body)), "Connection": "close", **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
        self.send(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body)

    def begin_stream(self, *, chunked: bool = False) -> None:
        """The head of a stream and a greeting that lets clients come back soon."""
        coding = "Transfer-Encoding: chunked\r\n" if chunked else ""
        self.send(f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{coding}\r\n".encode())
        greeting = b'retry: 10\nevent: connection\nid: e-0\ndata: {"type":"connection"}\n\n'
        self.send(b"%x\r\n%s\r\n" % (len(greeting), greeting) if chunked else greeting)

    def reset(self) -> None:
        """Ends the connection with a reset."""
        on, no_time = 1, 0
        option = on.to_bytes(4, "little") + no_time.to_bytes(4, "little")
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        self._connection.close()

    def hang(self) -> None:
        """Says nothing until the client has gone or the test is over."""
        self._connection.settimeout(0.02)
        while not self._stopped.is_set():
            try:
                if not self._connection.recv(65536):
                    return
            except socket.timeout:
                continue
            except OSError:
                return


Script = Callable[[Peer], None]


class ScriptedServer:
    """Answers the n-th connection by the n-th script, later ones by the last."""

    def __init__(self, *scripts: Script):
        self.requests: List[str] = []
        self._scripts = scripts
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except socket.timeout:
                continue
            with connection:
                connection.settimeout(DEADLINE_SECONDS)
                script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
                peer = Peer(connection, self._stopped)
                try:
                    self.requests.append(peer.read_request())
                    script(peer)
                except OSError:
                    continue  # the client had enough

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedServer]]:
    """Starts servers that do what a test says: ``scripted(first_connection, second, …)``."""
    started: List[ScriptedServer] = []

    def make(*scripts: Script) -> ScriptedServer:
        started.append(ScriptedServer(*scripts))
        return started[-1]

    yield make
    for server in started:
        server.close()


def frame(number: int, text: str = "") -> bytes:
    """An event of epoch ``e`` as it stands in a stream."""
    payload = f'{{"n":{number},"text":"{text}"}}'
    data = f'{{"type":"a","timestamp":"t","payload":{payload},"id":"e-{number}"}}'
    return f"id: e-{number}\ndata: {data}\n\n".encode()


@pytest.fixture
def clean() -> Iterator[None]:
    """The test begins with an empty buffer large enough for a session, and ends with no run."""
    bus = tapedeck.TelemetryBus(buffer_size=500_000)
    bus.clear_buffer()
    yield
    for desk in list(tapedeck.desk._running):
        desk.stop()
    tapedeck.desk._default = None
    tapedeck.TelemetryBus(buffer_size=5000)
