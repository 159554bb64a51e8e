"""https: in front of the real server stands a proxy that ends TLS and speaks chunked encoding."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading
from typing import Iterator, List

import pytest
from conftest import TapedeckServer, event, wait_until

from tapedeck import Client, TapedeckError, Unavailable

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

BEGINNING = "2020-01-01T00:00:00Z"


class TlsProxy:
    """Carries bytes between TLS clients and a plain server."""

    def __init__(self, port: int, certificate: pathlib.Path, key: pathlib.Path):
        self._to = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._open: List[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client = self._context.wrap_socket(plain, server_side=True)
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open += [client, server]
            back = threading.Thread(target=self._carry, args=(server, client), daemon=True)
            back.start()
            self._carry(client, server)

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(end, socket.SHUT_RDWR)

    def cut(self) -> None:
        """Ends every connection there is."""
        for end in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(end, socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + [
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ]
        + ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem"


@pytest.fixture
def proxy(server: TapedeckServer, certificate: pathlib.Path) -> Iterator[TlsProxy]:
    running = TlsProxy(server.port, certificate, certificate.with_name("key.pem"))
    yield running
    running.close()


def test_requests_and_streams_go_over_tls(proxy: TlsProxy, certificate: pathlib.Path) -> None:
    count = 3000
    with Client(proxy.url, ca_file=str(certificate), api_key="secret") as client:
        client.publish([event(n) for n in range(count)], ack="durable")
        assert client.stats()["total_events"] == count
        with client.stream(since=BEGINNING) as stream:
            assert [next(stream)["payload"]["n"] for _ in range(count)] == list(range(count))

        async def read() -> List[int]:
            async with client.stream(since=BEGINNING) as stream:
                return [(await stream.__anext__())["payload"]["n"] for _ in range(count)]

        assert asyncio.run(read()) == list(range(count))


def test_a_tls_connection_that_is_cut_is_resumed(
    proxy: TlsProxy, certificate: pathlib.Path
) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    with Client(proxy.url, ssl_context=context) as client:
        client.publish(event(1))
        with client.stream(since=BEGINNING) as stream:
            assert next(stream)["payload"]["n"] == 1
            proxy.cut()
            client.publish(event(2))
            assert next(stream)["payload"]["n"] == 2


def test_close_ends_a_tls_stream_another_thread_waits_for(
    proxy: TlsProxy, certificate: pathlib.Path
) -> None:
    with Client(proxy.url, ca_file=str(certificate)) as client:
        stream = client.stream()
        reader = threading.Thread(target=lambda: list(stream))
        reader.start()
        wait_until(lambda: client.stats()["subscribers"] == 1, "the stream opens")
        stream.close()
        reader.join(60)
        assert not reader.is_alive()


def test_a_certificate_nobody_vouches_for_is_refused_and_not_tried_again(proxy: TlsProxy) -> None:
    client = Client(proxy.url)
    with pytest.raises(Unavailable, match="certificate"):
        client.stats()
    with pytest.raises(TapedeckError, match="certificate of localhost is refused"):
        next(client.stream())

    async def read() -> None:
        await client.stream().__anext__()

    with pytest.raises(TapedeckError, match="certificate of localhost is refused"):
        asyncio.run(read())
