"""The bus of a process that is connected: its reads, callbacks and streams are the server's."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from datetime import datetime, timezone
from typing import Any, AsyncIterator, Callable, Dict, List, Optional, Union

from ._streams import message
from .client import Client
from .errors import TapedeckError, Unavailable
from .remote import READ_FLUSH_SECONDS, Connection
from .types import Event

_log = logging.getLogger("tapedeck")


def _reader(connection: Connection) -> Client:
    """The client, once what was published before has arrived, or has had time to."""
    connection.flush(READ_FLUSH_SECONDS)
    return connection.client


def recent_events(
    connection: Connection, event_type: Optional[str], limit: int
) -> List[Dict[str, Any]]:
    newest_first = _reader(connection).iter_events(event_type, limit=limit, in_="buffer")
    return [dict(event) for event in newest_first][::-1]


def snapshot(
    connection: Connection, since: Union[None, str, float, datetime]
) -> List[Dict[str, Any]]:
    if isinstance(since, (int, float)):
        since = datetime.fromtimestamp(since, timezone.utc)
    newest_first = _reader(connection).iter_events(since=since, in_="buffer")
    return [dict(event) for event in newest_first][::-1]


def stats(connection: Connection) -> Dict[str, Any]:
    return dict(_reader(connection).stats())


def clear_buffer(connection: Connection) -> None:
    _reader(connection).clear_buffer()


def newest_id(client: Client) -> Optional[str]:
    """From where on is "from now on"; None while the server cannot be reached: then it is from when
    it can."""
    try:
        stats = client.stats()
        return stats["last_id"] or f"{stats['epoch']}-0"  # nothing yet: from the beginning
    except Unavailable as error:
        _log.warning("%s Events come from when it can be reached.", error)
        return None


class Subscription:
    """A callback on the server's events, with a thread of its own."""

    def __init__(
        self,
        connection: Connection,
        callback: Callable[[Dict[str, Any]], Any],
        wanted: Dict[str, List[str]],
    ) -> None:
        filters: Dict[str, Any] = dict(wanted)
        if "filter" in filters:
            [filters["filter"]] = filters["filter"]
        self._callback = callback
        self._stream = connection.client.stream(
            last_event_id=newest_id(_reader(connection)), **filters
        )
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="td-subscriber", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for event in self._stream:
                if self._ended:
                    return
                try:
                    self._callback(dict(event))
                except Exception:
                    _log.exception("a telemetry callback raised: %r", self._callback)
        except TapedeckError as error:
            _log.error("a subscription has ended: %s", error)

    def end(self) -> bool:
        """When it returns, the callback is not running and will not run again."""
        self._ended = True
        self._stream.close()
        if self._thread is not threading.current_thread():
            self._thread.join()
        return True


async def stream_events(
    connection: Connection, event_type: Optional[str], poll_interval: float
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    newest = await loop.run_in_executor(None, lambda: newest_id(_reader(connection)))
    gaps: List[str] = []
    stream = connection.client.stream(
        event_type,
        last_event_id=newest,
        on_gap=lambda gap: gaps.append(message("gap", {"missed": gap.missed})),
    )
    yield message("connection", {"status": "connected", "event_type_filter": event_type})
    coming: Optional["asyncio.Task[Event]"] = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(stream))
            await asyncio.wait({coming}, timeout=poll_interval)
            while gaps:
                yield gaps.pop(0)
            if not coming.done():
                yield message("heartbeat", {})
                continue
            event, coming = coming.result(), None
            yield f"data: {json.dumps(event)}\n\n"
    except StopAsyncIteration:
        return
    finally:
        if coming is not None:
            coming.cancel()
        await stream.aclose()


async def _next(stream: AsyncIterator[Event]) -> Event:
    return await stream.__anext__()
