"""connect(): what this process publishes goes to a Tapedeck server in another process or host.

Publishing costs what it always costs; a thread of the native module sends batches, and keeps what
the server cannot take now in a spool on disk. Reads are the server's then.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Union

from . import _native
from ._lifecycle import Stage, on_exit, on_fork
from ._managed import Managed
from .client import Client
from .source import set_source

__all__ = ["Connection", "connect", "connection", "disconnect", "flush"]

_log = logging.getLogger("tapedeck")

#: How long a read waits for what was published before it, in seconds.
READ_FLUSH_SECONDS = 2.0
#: How long the end of a process waits for the server, in seconds; the rest goes to the spool.
CLOSE_SECONDS = 2.0


class Connection(Managed):
    """This process's way to a server; see :func:`connect`. A context manager that ends it."""

    def __init__(self, client: Client, named: Dict[str, str]) -> None:
        self.client = client  #: reads of the same server, with the same credentials
        self.source = self._name(named)  #: what its events say of who published them
        self._named = named
        self.by_environment = False  #: TAPEDECK_URL made it; connect() may take its place

    @property
    def url(self) -> str:
        """The server's address."""
        return self.client.url

    @staticmethod
    def _name(named: Dict[str, str]) -> Dict[str, str]:
        program = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] not in ("", "-c") else "python"
        source = {"host": socket.gethostname(), "engine_id": f"{program}-{os.getpid()}", **named}
        set_source(**source)
        return source

    def _forked(self) -> None:
        self.source = self._name(self._named)

    def flush(self, timeout: float = 5.0) -> bool:
        """Waits until the server has accepted what was published before the call.

        :param timeout: in seconds.
        :return: False: not within that time. Nothing is lost by that: it is in memory or in the
            spool.
        """
        return _native.flush_sender(_seconds(timeout))

    def stats(self) -> Dict[str, Any]:
        """Counts of events: ``queued`` in memory, ``spooled`` on disk, ``sent`` (accepted by the
        server), ``dropped`` (neither memory nor spool could keep them), ``rejected`` (refused by
        the server for what they are); ``batches`` and ``retries`` of requests; ``connected``, and
        ``last_error``, a sentence, empty when all is well."""
        return _native.sender_stats()

    def close(self, timeout: float = CLOSE_SECONDS) -> bool:
        """As :func:`disconnect`."""
        return disconnect(timeout) if _current is self else True

    def _leave(self) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<tapedeck.Connection to {self.url}>"


_current: Optional[Connection] = None
_on_connect: List[Callable[[Connection], object]] = []
_on_disconnect: List[Callable[[], object]] = []


def connect(
    url: Optional[str] = None,
    api_key: Optional[str] = None,
    *,
    engine_id: Optional[str] = None,
    account: Optional[str] = None,
    mode: Optional[str] = None,
    run_id: Optional[str] = None,
    spool_folder: Union[None, str, "os.PathLike[str]"] = None,
    spool_bytes: int = 256 << 20,
    ca_file: Union[None, str, "os.PathLike[str]"] = None,
    insecure: bool = False,
) -> Connection:
    """Sends what this process publishes from now on to a server. Returns at once, whether the
    server can be reached or not: nothing is lost while the spool lasts, order is kept, and each
    event arrives once.

    Setting ``TAPEDECK_URL`` (and ``TAPEDECK_API_KEY``) does the same without a line of code; a call
    then takes the place of that.

    :param url: such as ``http://10.0.0.5:9000``; None: ``TAPEDECK_URL``.
    :param api_key: goes into the Authorization header; None: ``TAPEDECK_API_KEY``.
    :param engine_id: unique per running engine; None: the program's name and process number. With
        ``account``, ``mode``, ``run_id`` and the machine's name it becomes the events' ``source``.
    :param spool_folder: None: ``$XDG_STATE_HOME/tapedeck/spool``, else
        ``~/.local/state/tapedeck/spool``.
    :param spool_bytes: most it may take on disk; what a full spool cannot keep is counted, and the
        server told. 0: no spool.
    :param ca_file: certificates (PEM) to trust instead of the system's.
    :param insecure: allows the key over plain http to another machine.
    :raises ValueError: for an address that is none.
    :raises RuntimeError: when this process is connected or serves already.
    """
    global _current
    if _current is not None and not _current.by_environment:
        raise RuntimeError(f"this process is connected to {_current.url} already")
    _check_not_serving()
    key = api_key if api_key is not None else os.environ.get("TAPEDECK_API_KEY")
    client = Client(
        url,
        api_key=key,
        ca_file=None if ca_file is None else os.fspath(ca_file),
        insecure=insecure,
    )
    options = {
        "url": client.url,
        "api_key": key or "",
        "spool_folder": "" if spool_folder is None else os.fspath(spool_folder),
        "spool_bytes": spool_bytes,
        "ca_file": "" if ca_file is None else os.fspath(ca_file),
    }
    named = {"engine_id": engine_id, "run_id": run_id, "account": account, "mode": mode}
    disconnect()
    _native.plan_sender(options)
    _current = Connection(client, {name: value for name, value in named.items() if value})
    for begin in _on_connect:
        begin(_current)
    return _current


def on_connection(begin: Callable[[Connection], object], end: Callable[[], object]) -> None:
    """Has other parts told when the process is connected, and before it is not any more."""
    _on_connect.append(begin)
    _on_disconnect.append(end)


def connection() -> Optional[Connection]:
    """The connection of this process; None: it keeps its events to itself."""
    return _current


def flush(timeout: float = 5.0) -> bool:
    """As :meth:`Connection.flush`; True at once in a process that is not connected."""
    return True if _current is None else _current.flush(timeout)


def disconnect(timeout: float = CLOSE_SECONDS) -> bool:
    """Ends the connection: waits ``timeout`` seconds at most for the server to take what is queued;
    what is left goes to the spool, which the next process that connects to this server sends.

    :return: whether nothing was left.
    """
    global _current
    ending, _current = _current, None
    if ending is None:
        return True
    for end in _on_disconnect:
        end()
    try:
        return _native.close_sender(_seconds(timeout))
    finally:
        ending.client.close()


def _seconds(timeout: float) -> float:
    if not timeout >= 0:
        raise ValueError(f"timeout must not be negative, not {timeout}")
    return min(timeout, 1e9)


def _check_not_serving() -> None:
    from .server import running

    serving = running()
    if serving is not None:
        raise RuntimeError(f"this process serves its events itself, at {serving.url}")


def connect_by_environment() -> None:
    """On import: a process with ``TAPEDECK_URL`` is connected."""
    if os.environ.get("TAPEDECK_URL"):
        connect().by_environment = True


def _end() -> None:
    if _current is not None and not disconnect():
        _log.info("what the server has not taken is in the spool")


def _forget() -> None:
    """A child has a queue, a spool and a name of its own, made at its first event."""
    if _current is not None:
        _current._forked()


on_exit(Stage.SENDER, _end)
on_fork(_forget)
