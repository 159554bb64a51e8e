"""The program as a service manager sees it: told when it serves, reloads and stops, pinged only
while every thread moves, given a socket to listen on. The manager is this script: no systemd runs
where tests do.

    python3 tests/deploy/service_test.py [PROGRAM]
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

DEADLINE_S = 60
WATCHDOG_S = 4
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # __WALL: waits for a thread too

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Manager:
    """The receiving end of the notifications."""

    def __init__(self, address: str) -> None:
        """:param address: a path, or ``@name`` of an abstract socket."""
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def wait_for(self, key: str, timeout_s: float = DEADLINE_S) -> dict[str, str] | None:
        """:returns: the next message that has the key, or None when the time is over."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                text = self._socket.recv(65536).decode()
            except socket.timeout:
                break
            message = dict(line.split("=", 1) for line in text.split("\n"))
            if key in message:
                return message
        return None

    def expect(self, key: str) -> dict[str, str]:
        """:returns: the next message that has the key."""
        message = self.wait_for(key)
        assert message is not None, f"no {key} came"
        return message


class Service:
    """The program, started by a manager."""

    def __init__(self, program: str, manager: Manager, *arguments: str, **variables: str) -> None:
        """:param variables: added to the environment."""
        self.process = subprocess.Popen(
            [program, "serve", "--memory", *arguments],
            env={**os.environ, "NOTIFY_SOCKET": manager.address, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def thread(self, name: str) -> int:
        """:returns: the id of the first thread of that name."""
        for task in sorted(Path(f"/proc/{self.process.pid}/task").iterdir()):
            if (task / "comm").read_text().strip() == name:
                return int(task.name)
        raise AssertionError(f"no thread {name}")

    def stop(self) -> tuple[int, str, str]:
        """:returns: exit code, standard output, standard error."""
        self.process.send_signal(signal.SIGTERM)
        output, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, output, errors


@contextlib.contextmanager
def running(service: Service) -> Iterator[Service]:
    """Kills what a failed test leaves behind."""
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.kill()
            service.process.communicate()


@contextlib.contextmanager
def hung(thread: int) -> Iterator[None]:
    """Stops one thread of another process: what SIGSTOP cannot do."""

    def ptrace(request: int) -> None:
        if libc.ptrace(request, thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    ptrace(PTRACE_SEIZE)
    ptrace(PTRACE_INTERRUPT)
    os.waitpid(thread, WALL)
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH)


def check_told(program: str, address: str, files: Path) -> None:
    """READY with the address, RELOADING and READY again, STOPPING."""
    manager = Manager(address)
    config = files / "config.toml"
    config.write_text('log_level = "info"\n')
    with running(
        Service(program, manager, "--listen", "127.0.0.1:0", "--config", str(config))
    ) as service:
        ready = manager.expect("READY")
        url = ready["STATUS"].split()[-1]
        with urllib.request.urlopen(url + "healthz", timeout=DEADLINE_S) as answer:
            assert answer.status == 200
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        service.process.send_signal(signal.SIGHUP)
        reloading = manager.expect("RELOADING")
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert before <= int(reloading["MONOTONIC_USEC"]) <= now
        assert manager.expect("READY")["STATUS"] == ready["STATUS"]
        config.write_text("no_such_key = 1\n")
        service.process.send_signal(signal.SIGHUP)
        manager.expect("RELOADING")
        manager.expect("READY")  # a bad file does not leave it reloading for ever
        service.process.send_signal(signal.SIGTERM)
        manager.expect("STOPPING")
        code, _, errors = service.stop()
        assert code == 0, errors
        assert "no_such_key" in errors, errors


def check_watchdog(program: str) -> None:
    """Pings while all moves; none while an I/O thread or the collector hangs; then again."""
    manager = Manager(f"@tapedeck-watchdog-{os.getpid()}")
    watchdog = str(WATCHDOG_S * 1_000_000)
    with running(
        Service(
            program, manager, "--listen", "127.0.0.1:0", "--io-threads", "2", WATCHDOG_USEC=watchdog
        )
    ) as service:
        manager.expect("READY")
        manager.expect("WATCHDOG")
        for name in ("td-io", "td-collector"):
            with hung(service.thread(name)):
                # A ping may have been due to what was before; then there is silence.
                while manager.wait_for("WATCHDOG", WATCHDOG_S) is not None:
                    pass
            manager.expect("WATCHDOG")
        code, _, errors = service.stop()
        assert code == 0, errors
        assert "no sign of life from I/O thread" in errors, errors
        assert "no sign of life from the collector" in errors, errors
        assert errors.count("every thread moves again") == 2, errors


def check_socket_activation(program: str) -> None:
    """A client that came first is served; the address passed beats ``--listen``."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        early = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        early.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        launcher = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True);"
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[2]);"
            "os.execv(sys.argv[3], sys.argv[3:])"
        )
        command = [sys.executable, "-c", launcher, str(listener.fileno())]
        serve = [program, "serve", "--memory", "--listen", "127.0.0.1:1"]
        process = subprocess.Popen(
            [*command, "1", *serve],
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert early.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=DEADLINE_S)
            assert process.returncode == 0
            assert f"http://127.0.0.1:{port}/" in output, output
        finally:
            process.kill()
            process.wait()
        refused = subprocess.run(
            [*command, "2", *serve],
            pass_fds=[listener.fileno()],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert refused.returncode == 1 and "exactly one socket" in refused.stderr, refused
    with socket.socket() as everybody:
        everybody.bind(("0.0.0.0", 0))
        everybody.listen()
        command[3] = str(everybody.fileno())
        refused = subprocess.run(
            [*command, "1", *serve],
            pass_fds=[everybody.fileno()],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert refused.returncode == 2 and "0.0.0.0" in refused.stderr, refused


def check_bad_environment(program: str) -> None:
    """What cannot be understood is said at once instead of never telling the manager."""
    for variables, words in (
        ({"NOTIFY_SOCKET": "relative"}, "NOTIFY_SOCKET=relative"),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "soon"}, "WATCHDOG_USEC=soon"),
    ):
        refused = subprocess.run(
            [program, "serve", "--memory", "--listen", "127.0.0.1:0"],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert refused.returncode == 2 and words in refused.stderr, refused


def main() -> int:
    """:returns: the exit code."""
    root = Path(__file__).resolve().parents[2]
    program = sys.argv[1] if len(sys.argv) > 1 else str(root / "build" / "tapedeck")
    with tempfile.TemporaryDirectory() as folder:
        check_told(program, str(Path(folder) / "notify"), Path(folder))
        check_told(program, f"@tapedeck-told-{os.getpid()}", Path(folder))
    print("ok: ready, reloading, stopping; by path and by abstract name")
    check_socket_activation(program)
    print("ok: a socket that was opened for it")
    check_bad_environment(program)
    print("ok: variables that cannot be understood")
    try:
        check_watchdog(program)
    except PermissionError:
        print("SKIP: no ptrace here, by which the watchdog's test hangs threads")
        return 77
    print("ok: the watchdog is pinged only while every thread moves")
    return 0


if __name__ == "__main__":
    sys.exit(main())
