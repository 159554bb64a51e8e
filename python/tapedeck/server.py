"""The server in this process: a Python engine gets the endpoints and the page in one line."""

from __future__ import annotations

import os
from typing import Optional, Union

from . import _native
from ._lifecycle import Stage, on_exit, on_fork
from ._managed import Managed

__all__ = ["Server", "serve"]


class Server(Managed):
    """A running server; see :func:`serve`. A context manager that stops it at its end."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        """Where the page is, such as ``http://127.0.0.1:9000``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def stop(self) -> None:
        """Ends the streams with ``shutdown`` and closes. Takes a second or two at most."""
        global _running
        if _running is self:
            _running = None
            _native.stop_server()

    def _leave(self) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<tapedeck.Server {self.url}>"


_running: Optional[Server] = None


def serve(
    port: int = 9000,
    *,
    host: str = "127.0.0.1",
    data_dir: Union[None, str, os.PathLike[str]] = None,
) -> Server:
    """Serves this process's bus over HTTP: the dashboard, the stream, queries and commands.

    Returns at once; the server has threads of its own that never hold the interpreter. It ends with
    the process, or by :meth:`Server.stop`.

    :param port: 0 takes any free one; :attr:`Server.port` tells which.
    :param host: a loopback address.
    :param data_dir: folder in which everything published is kept, over restarts. It belongs to one
        process at a time. None: in memory only. With a folder, call it before anything else of this
        package: the numbering of events goes on where the history ended.
    :raises OSError: when the address cannot be had.
    :raises ValueError: for an address that is not loopback.
    :raises RuntimeError: when this process serves already, sends its events to another server, or
        has published before it was told where its history is; or when the folder cannot be used.
    """
    global _running
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be between 0 and 65535, not {port}")
    _check_not_sending()
    folder = None if data_dir is None else os.fspath(data_dir)
    _running = Server(host, _native.start_server(host, port, folder))
    return _running


def _check_not_sending() -> None:
    from .remote import connection

    sending = connection()
    if sending is not None:
        raise RuntimeError(
            f"this process sends its events to {sending.url}; serving them too could send them "
            "round for ever. Call tapedeck.disconnect() (or unset TAPEDECK_URL) first"
        )


def running() -> Optional[Server]:
    """The server of this process."""
    return _running


def _stop() -> None:
    if _running is not None:
        _running.stop()


def _forget() -> None:
    global _running
    _running = None
    _native.abandon_server_after_fork()


on_exit(Stage.SERVER, _stop)
on_exit(Stage.HISTORY, _native.end_history)
on_fork(_forget)
