"""Commands from a server: the engines of a process that is connected obey what is asked there."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable, Mapping, Optional

from ._remote_bus import newest_id
from ._stream import Stream
from .errors import TapedeckError
from .remote import Connection
from .types import Gap

_log = logging.getLogger("tapedeck")


class CommandListener:
    """Hands each command that is requested at the server from now on to ``obey``, on a thread of
    its own. One that was requested while the connection was lost comes when it is back."""

    def __init__(
        self, connection: Connection, obey: Callable[[Mapping[str, Any], str], None]
    ) -> None:
        self._connection = connection
        self._obey = obey
        self._lock = threading.Lock()  # guards what follows
        self._stream: Optional[Stream] = None
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="td-commands", daemon=True)
        self._thread.start()

    def _on_gap(self, gap: Gap) -> None:
        _log.warning("commands from %s may have been missed: %s", self._connection.url, gap)

    def _run(self) -> None:
        try:
            # Here, not before: a start must not wait for a server that is away.
            newest = newest_id(self._connection.client)
            with self._lock:
                if self._ended:
                    return
                stream = self._stream = self._connection.client.stream(
                    "command_event", last_event_id=newest, on_gap=self._on_gap
                )
            for event in stream:
                command = event["payload"]
                # What this process asked itself it has heard already.
                asked_here = event.get("source") == self._connection.source
                if command.get("state") == "requested" and not asked_here:
                    self._obey(command, event["id"])
        except TapedeckError as error:
            if not self._ended:
                _log.error("commands are not heard any more: %s", error)

    def end(self) -> None:
        with self._lock:
            self._ended = True
            stream = self._stream
        if stream is not None:
            stream.close()
        if self._thread is not threading.current_thread():
            self._thread.join()
