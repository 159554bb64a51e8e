"""Clients for drain_test.sh: starts the server, loads it, tells it to stop, judges how it goes."""

from __future__ import annotations

import json
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

STREAMS = 200
FOREVER_S = 60.0  # a hang; nothing here takes a tenth of it on a machine that is not busy


def start(program: str, folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], int]:
    """Starts a server. Returns the process and its port."""
    command = [program, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(folder), *arguments]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r":(\d+)/", line)
    assert found, line
    return server, int(found.group(1))


def connect(port: int, receive_buffer: int = 0) -> socket.socket:
    """A connection with the given kernel buffer in bytes; 0: the system's choice."""
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(FOREVER_S)
    client.connect(("127.0.0.1", port))
    return client


def refuses(port: int) -> bool:
    """Whether nobody listens on the port any more."""
    try:
        connect(port).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # the queue it stood in was closed
        pass
    return False


def open_stream(port: int, receive_buffer: int = 0) -> socket.socket:
    """A stream in the EventSource dialect whose request has been sent."""
    client = connect(port, receive_buffer)
    client.sendall(
        b"GET /api/telemetry/stream HTTP/1.1\r\nHost: localhost\r\n"
        b"Accept: text/event-stream\r\n\r\n"
    )
    return client


def get(port: int, path: str) -> tuple[int, str]:
    """The status and the body of an answer."""
    with connect(port) as client:
        client.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), body


def metric(port: int, name: str) -> float:
    """A metric without labels."""
    found = re.search(rf"^{name} (\S+)$", get(port, "/metrics")[1], re.MULTILINE)
    assert found, name
    return float(found.group(1))


def wait_until(condition, what: str) -> None:
    """Looks until the condition is true. Fails after FOREVER_S."""
    deadline = time.monotonic() + FOREVER_S
    while not condition():
        assert time.monotonic() < deadline, what


def post(port: int, count: int) -> None:
    """Publishes a batch of `count` events of a kilobyte each."""
    body = json.dumps([{"type": "load", "payload": {"text": "x" * 1000}}] * count).encode()
    with connect(port) as client:
        client.sendall(request_head(len(body)) + body)
        assert b" 200 OK" in client.recv(65536)


def request_head(length: int) -> bytes:
    """The head of a POST of events whose body has `length` bytes."""
    return (
        "POST /api/telemetry/events?ack=durable HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def read_all(streams: list[socket.socket]) -> list[bytes]:
    """What each stream sends until its end."""
    received = {stream: b"" for stream in streams}
    selector = selectors.DefaultSelector()
    for stream in streams:
        selector.register(stream, selectors.EVENT_READ)
    deadline = time.monotonic() + FOREVER_S
    while selector.get_map():
        ready = selector.select(deadline - time.monotonic())
        assert ready, "streams stay open"
        for key, _ in ready:
            stream = key.fileobj
            assert isinstance(stream, socket.socket)
            chunk = stream.recv(1 << 20)
            received[stream] = (received[stream] + chunk)[-65536:]
            if not chunk:
                selector.unregister(stream)
    return [received[stream] for stream in streams]


def drain_under_load(program: str, work: Path) -> None:
    """SIGTERM with many streams, a client that never reads and an upload that goes on."""
    server, port = start(program, work / "data", "--drain-ms", "3000")
    streams = [open_stream(port) for _ in range(STREAMS)]
    sleeper = open_stream(port, receive_buffer=4096)
    wait_until(lambda: metric(port, "tapedeck_streams") == STREAMS + 1, "streams do not open")
    # Read by nobody yet: what the kernel holds for the sleeper fills, the others are read below.
    body = json.dumps({"type": "upload", "payload": {"n": 1}}).encode()
    upload = connect(port)
    upload.sendall(request_head(len(body)) + body[:7])
    post(port, 100)
    server.send_signal(signal.SIGTERM)
    wait_until(lambda: refuses(port), "the server goes on accepting")
    upload.sendall(body[7:])
    answer = upload.recv(65536).decode()
    assert " 200 OK" in answer and "Connection: close" in answer, answer
    said = read_all(streams)
    retries = set()
    for text in said:
        frames = text.decode().strip().split("\n\n")
        assert "event: shutdown" in frames[-1], frames[-1]
        found = re.search(r"^retry: (\d+)$", frames[-1], re.MULTILINE)
        assert found, frames[-1]
        retries.add(int(found.group(1)))
    assert len(retries) > STREAMS // 2, f"only {len(retries)} different retry times"
    assert server.wait(FOREVER_S) == 0, server.returncode
    sleeper.close()
    server, port = start(program, work / "data")
    stored = json.loads(get(port, "/api/telemetry/events?event_type=upload&in=store")[1])
    assert stored["count"] == 1, stored
    server.send_signal(signal.SIGTERM)
    assert server.wait(FOREVER_S) == 0, server.returncode


def delay_is_told(program: str, work: Path) -> None:
    """During the delay only /readyz changes; a second signal ends it."""
    server, port = start(program, work / "delay", "--drain-delay-ms", "600000")
    assert get(port, "/readyz")[0] == 200
    server.send_signal(signal.SIGTERM)
    wait_until(lambda: get(port, "/readyz")[0] == 503, "/readyz does not change")
    assert get(port, "/healthz")[0] == 200
    post(port, 3)
    server.send_signal(signal.SIGINT)
    assert server.wait(FOREVER_S) == 0, server.returncode


def second_signal_does_not_wait(program: str, work: Path) -> None:
    """An upload that never ends holds the drain; a second signal cuts it short, all is stored."""
    server, port = start(program, work / "second", "--drain-ms", "600000")
    post(port, 3)
    upload = connect(port)
    upload.sendall(request_head(9) + b"{")
    before = metric(port, "tapedeck_http_received_bytes_total")
    wait_until(
        lambda: metric(port, "tapedeck_http_received_bytes_total") > before, "nothing is counted"
    )
    server.send_signal(signal.SIGTERM)

    def refused() -> bool:
        try:
            connect(port).close()
            return False
        except OSError:
            return True

    wait_until(refused, "the port stays open")
    assert server.poll() is None, "it did not wait for the upload"
    server.send_signal(signal.SIGTERM)
    assert server.wait(FOREVER_S) == 0, server.returncode
    upload.close()


def main() -> None:
    """Runs every case with the program and the folder of the command line."""
    program, work = sys.argv[1], Path(sys.argv[2])
    for case in (drain_under_load, delay_is_told, second_signal_does_not_wait):
        case(program, work)
        print(f"ok: {case.__name__}")


main()
