"""A server that asks who calls, over TLS: the client, the sender, the command line against it."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import subprocess
import sys
from typing import Dict, Iterator, List

import pytest
from conftest import PROGRAM, event, wait_until
from streams import n_of, take, take_async

import tapedeck
from tapedeck import Client


class SecuredServer:
    """The program with keys and a certificate of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.ca_file = folder / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-days", "1", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
            + ["-keyout", str(folder / "key.pem"), "-out", str(self.ca_file)],
            check=True,
            capture_output=True,
        )
        self.keys = {name: self.make_key(name) for name in ("read", "publish", "admin")}
        self._process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(folder / "data")]
            + ["--auth", "keys", "--keys-file", str(folder / "keys.json")]
            + ["--tls-cert", str(self.ca_file), "--tls-key", str(folder / "key.pem")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1].rstrip("/")
        assert self.url.startswith("https://127.0.0.1:")

    def make_key(self, scope: str, *options: str) -> str:
        made = subprocess.run(
            [PROGRAM, "keys", "create", "--name", scope, "--scope", scope, "--json"]
            + ["--keys-file", str(self.folder / "keys.json"), *options],
            check=True,
            capture_output=True,
            text=True,
        )
        return str(json.loads(made.stdout)["api_key"])

    def client(self, scope: str) -> Client:
        return Client(self.url, api_key=self.keys[scope], ca_file=str(self.ca_file))

    def command(
        self, scope: str, *words: str, trust: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        environment: Dict[str, str] = {**os.environ, "TAPEDECK_API_KEY": self.keys[scope]}
        if trust:
            environment["TAPEDECK_CA_FILE"] = str(self.ca_file)
        return subprocess.run(
            [PROGRAM, *words, "--url", self.url], capture_output=True, text=True, env=environment
        )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture
def secured(tmp_path: pathlib.Path) -> Iterator[SecuredServer]:
    server = SecuredServer(tmp_path)
    yield server
    server.stop()


def test_a_client_reads_and_publishes_what_its_key_allows(secured: SecuredServer) -> None:
    secured.client("publish").publish([event(1), event(2)])
    assert [n_of(each) for each in secured.client("read").events()] == [1, 2]
    with pytest.raises(tapedeck.Forbidden) as refused:
        secured.client("read").publish([event(3)])
    assert "scope publish" in str(refused.value)
    assert secured.keys["read"] not in str(refused.value)


def test_a_client_without_the_right_authority_does_not_show_its_key(secured: SecuredServer) -> None:
    with pytest.raises(tapedeck.TapedeckError):
        Client(secured.url, api_key=secured.keys["read"]).stats()


def test_streams_come_over_tls_in_both_kinds_of_code(secured: SecuredServer) -> None:
    secured.client("publish").publish([event(n) for n in range(3)])

    with secured.client("read").stream(replay=3) as stream:
        assert take(stream, 3) == [0, 1, 2]

    async def read() -> List[int]:
        async with secured.client("read").stream(replay=3) as stream:
            return await take_async(stream, 3)

    assert asyncio.run(read()) == [0, 1, 2]


def test_the_sender_publishes_over_tls_with_its_key(secured: SecuredServer) -> None:
    code = (
        "import tapedeck\n"
        f"tapedeck.connect({secured.url!r}, api_key={secured.keys['publish']!r},"
        f" ca_file={str(secured.ca_file)!r})\n"
        "for n in range(100):\n"
        "    tapedeck.publish_event('note', {'n': n})\n"
        "assert tapedeck.flush(30)\n"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(secured.folder / "state")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    reader = secured.client("read")
    wait_until(lambda: len(reader.events(limit=200)) == 100, "all events are there")


def test_a_key_of_an_engine_publishes_as_that_engine_only(secured: SecuredServer) -> None:
    key = secured.make_key("publish", "--engine-id", "eq1", "--symbol", "NIFTY")
    publisher = Client(secured.url, api_key=key, ca_file=str(secured.ca_file))
    reader = secured.client("read")

    def is_known() -> bool:
        try:
            publisher.publish([event(1)])
            return True
        except tapedeck.TapedeckError:
            return False

    wait_until(is_known, "the server sees the new key")
    assert reader.events()[-1]["source"] == {"engine_id": "eq1"}
    for refused in ({**event(2), "source": {"engine_id": "eq2"}}, event(3, symbol="INFY")):
        with pytest.raises(tapedeck.Forbidden):
            publisher.publish([refused])
    with pytest.raises(tapedeck.Forbidden):
        kill = {"command": "kill", "target": "*", "state": "requested", "symbol": "NIFTY"}
        publisher.publish([{"type": "command_event", "payload": kill}])


def test_the_command_line_shows_its_key_and_trusts_the_certificate(secured: SecuredServer) -> None:
    assert secured.command("publish", "publish", "note", "n=1").returncode == 0
    answer = secured.command("read", "query", "--json")
    assert json.loads(answer.stdout)["type"] == "note", answer.stderr
    refused = secured.command("read", "kill")
    assert refused.returncode == 1 and "scope admin" in refused.stderr
    untrusted = secured.command("read", "stats", trust=False)
    assert untrusted.returncode == 1 and "TAPEDECK_CA_FILE" in untrusted.stderr


def test_the_command_line_keeps_its_key_off_plain_http_to_other_machines() -> None:
    answer = subprocess.run(
        [PROGRAM, "stats", "--url", "http://192.0.2.1:9000"],
        capture_output=True,
        text=True,
        env={**os.environ, "TAPEDECK_API_KEY": "tdk_secret"},
    )
    assert answer.returncode == 1
    assert "https" in answer.stderr and "tdk_secret" not in answer.stderr
