"""The WebSocket endpoint through clients that others wrote, against the real program.

Python's `websockets` (PyPI) and, where Node has it, `ws` (npm). The server is killed with SIGKILL
and started again in between. Runs on its own:

    TAPEDECK_PROGRAM=build/tapedeck python3 tests/ws/clients_test.py

Exit code 77: `websockets` is not installed.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from typing import Any, Optional

try:
    from websockets.exceptions import ConnectionClosed, InvalidStatus
    from websockets.sync.client import ClientConnection, connect
except ImportError:
    print("the package websockets is not installed", file=sys.stderr)
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = os.environ.get("TAPEDECK_PROGRAM", str(HERE.parents[1] / "build" / "tapedeck"))
SECONDS = 30.0


class Server:
    """`tapedeck serve` on a free port, which it keeps over restarts."""

    def __init__(self, folder: Optional[str] = None) -> None:
        self.where = ["--data-dir", folder] if folder else ["--memory"]
        self.port = 0
        self.start()

    def start(self) -> None:
        """Returns when it listens."""
        listen = f"127.0.0.1:{self.port}"
        command = [PROGRAM, "serve", "--listen", listen, "--log-level", "off", *self.where]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                return
        raise AssertionError("the server did not start")

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it. Its exit code."""
        self.process.send_signal(how)
        code = self.process.wait(SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def connect(self, **options: Any) -> ClientConnection:
        """A WebSocket to it."""
        return connect(f"ws://127.0.0.1:{self.port}/api/telemetry/ws", **options)


def read(client: ClientConnection, op: Optional[str] = None) -> dict[str, Any]:
    """The next message, or the next with this op."""
    while True:
        message: dict[str, Any] = json.loads(client.recv(timeout=SECONDS))
        if op is None or message["op"] == op:
            return message


def ask(client: ClientConnection, **message: Any) -> dict[str, Any]:
    """Says something and reads the answer."""
    client.send(json.dumps(message))
    return read(client)


def event(number: int) -> dict[str, Any]:
    """An event that says its number."""
    return {"type": "note", "payload": {"n": number, "text": "x" * 300}}


class ClientsOfOthers(unittest.TestCase):
    """What a user's own client sees."""

    def serve(self, folder: Optional[str] = None) -> Server:
        """A server that ends with the test."""
        server = Server(folder)
        self.addCleanup(lambda: server.process.poll() is None and server.end())
        return server

    def test_subscribe_publish_and_close_with_compression_and_without(self) -> None:
        server = self.serve()
        for compression in ("deflate", None):
            with self.subTest(compression=compression):
                with server.connect(compression=compression) as client:
                    ask(client, op="subscribe", id="a", event_type="note")
                    publish = {"op": "publish", "id": 1, "events": [event(1), event(2)]}
                    client.send(json.dumps(publish))
                    self.assertEqual(read(client, "ack")["accepted"], 2)
                with server.connect(compression=compression) as client:
                    ask(client, op="subscribe", id="b", replay=2, batch=True)
                    numbers = [e["payload"]["n"] for e in read(client, "event")["events"]]
                    self.assertEqual(numbers, [1, 2])

    def test_a_message_in_fragments_and_pings_are_understood(self) -> None:
        server = self.serve()
        with server.connect() as client:
            client.send(iter(['{"op":', '"ping",', '"id":"pieces"}']))
            self.assertEqual(read(client), {"op": "pong", "id": "pieces"})
            self.assertTrue(client.ping().wait(SECONDS))

    def test_what_is_too_large_ends_the_connection_with_1009(self) -> None:
        server = self.serve()
        with server.connect() as client:
            client.send(" " * 2_000_000)
            with self.assertRaises(ConnectionClosed) as ended:
                client.recv(timeout=SECONDS)
            assert ended.exception.rcvd is not None
            self.assertEqual(ended.exception.rcvd.code, 1009)

    def test_pages_from_elsewhere_are_refused(self) -> None:
        server = self.serve()
        with self.assertRaises(InvalidStatus) as refused:
            server.connect(origin="https://evil.example")
        self.assertEqual(refused.exception.response.status_code, 403)

    def test_shutdown_is_told_and_the_program_ends_cleanly(self) -> None:
        server = self.serve()
        with server.connect() as client:
            ask(client, op="subscribe", id="a")
            server.process.send_signal(signal.SIGTERM)
            self.assertGreaterEqual(read(client, "shutdown")["retry_ms"], 1000)
            with self.assertRaises(ConnectionClosed) as ended:
                client.recv(timeout=SECONDS)
            assert ended.exception.rcvd is not None
            self.assertEqual(ended.exception.rcvd.code, 1001)
        self.assertEqual(server.process.wait(SECONDS), 0)

    def test_what_was_acknowledged_as_durable_survives_a_kill_and_is_resumed(self) -> None:
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        server = self.serve(folder)
        seen: list[int] = []
        with server.connect() as client:
            ask(client, op="subscribe", id="a")
            for number in range(1, 21):
                message = {"op": "publish", "id": number, "ack": "durable", "event": event(number)}
                client.send(json.dumps(message))
            acks, last_id = 0, ""
            while acks < 20 or len(seen) < 10:
                message = read(client)
                if message["op"] == "ack":
                    acks += 1
                elif len(seen) < 10:
                    seen.append(message["event"]["payload"]["n"])
                    last_id = message["event"]["id"]
            server.end(signal.SIGKILL)
        server.start()
        with server.connect() as client:
            ask(client, op="subscribe", id="a", last_event_id=last_id, event_type="note")
            while len(seen) < 20:
                seen.append(read(client, "event")["event"]["payload"]["n"])
        self.assertEqual(seen, list(range(1, 21)))

    def test_node_speaks_with_it_too(self) -> None:
        node = shutil.which("node")
        modules = os.environ.get("WS_NODE_MODULES")  # a folder with npm's ws in it
        if node is None or modules is None:
            self.skipTest("WS_NODE_MODULES names no folder with npm's ws")
        server = self.serve()
        script = f"""
          const WebSocket = require({json.dumps(os.path.join(modules, "ws"))});
          const address = "ws://127.0.0.1:{server.port}/api/telemetry/ws";
          const socket = new WebSocket(address, "tapedeck.v1");
          const say = (message) => socket.send(JSON.stringify(message));
          socket.on("open", () => say({{op: "subscribe", id: "a"}}));
          socket.on("message", (text) => {{
            const message = JSON.parse(text);
            if (message.op === "ack" && message.of === "subscribe")
              say({{op: "publish", event: {json.dumps(event(7))}}});
            if (message.op === "event") socket.close(1000, `got ${{message.event.payload.n}}`);
          }});
          socket.on("close", (code) => console.log(socket.protocol, socket.extensions, code));
        """
        done = subprocess.run([node, "-e", script], capture_output=True, text=True, timeout=SECONDS)
        said = done.stdout.split()
        self.assertEqual(said, ["tapedeck.v1", "permessage-deflate", "1000"], done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
