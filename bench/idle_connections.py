"""What an idle connection costs the server's process: plain and TLS, kept alive and streaming.

    python3 bench/idle_connections.py [PROGRAM]

Prints kilobytes of resident memory for each of 10 000 streams without TLS and of 2000 connections
with it. The kernel's socket buffers are not in there.
"""

from __future__ import annotations

import pathlib
import re
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
from typing import List, Optional

PLAIN = 10_000
TLS = 2_000
REQUESTS = {
    "kept alive": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "SSE": b"GET /api/telemetry/stream?heartbeat=60 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "SSE, gzip": b"GET /api/telemetry/stream?heartbeat=60 HTTP/1.1\r\nHost: localhost\r\n"
    b"Accept-Encoding: gzip\r\n\r\n",
}


def resident_kb(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found.group(1))


def connect(port: int, context: Optional[ssl.SSLContext], request: bytes) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", port))
    connection = context.wrap_socket(plain, server_hostname="localhost") if context else plain
    connection.sendall(request)
    connection.recv(4096)
    return connection


def measure(program: str, folder: str, name: str, tls: bool, count: int) -> None:
    options = ["--tls-cert", f"{folder}/cert.pem", "--tls-key", f"{folder}/key.pem"] if tls else []
    server = subprocess.Popen(
        [program, "serve", "--memory", "--listen", "127.0.0.1:0", "--log-level", "error"]
        + ["--max-connections", str(count + 100), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    port = int(server.stdout.readline().strip().rstrip("/").rpartition(":")[2])
    context = ssl.create_default_context(cafile=f"{folder}/cert.pem") if tls else None
    held: List[socket.socket] = [connect(port, context, REQUESTS[name]) for _ in range(50)]
    before = resident_kb(server.pid)
    held += [connect(port, context, REQUESTS[name]) for _ in range(count)]
    each = (resident_kb(server.pid) - before) / count
    kind = "TLS" if tls else "plain"
    print(f"{count:6d} connections, {kind:5s}, {name:10s} {each:7.1f} KB each", flush=True)
    for connection in held:
        connection.close()
    server.terminate()
    server.wait()


def main() -> None:
    program = sys.argv[1] if len(sys.argv) > 1 else "build/tapedeck"
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-days", "1", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost"]
            + ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
            check=True,
            capture_output=True,
        )
        for name in ("SSE", "SSE, gzip"):
            measure(program, folder, name, False, PLAIN)
        for name in REQUESTS:
            measure(program, folder, name, True, TLS)


if __name__ == "__main__":
    main()
