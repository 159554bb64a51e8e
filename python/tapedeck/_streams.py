"""stream_events(): asynchronous readers of the bus.

One thread of the process's own waits for the next event and wakes the loops whose streams wait; a
stream itself is a cursor and costs nothing while it is quiet.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from datetime import datetime, timezone
from typing import Any, AsyncIterator, Dict, Optional, Set, Tuple

from . import _native

_BATCH = 1000
# The waking thread pauses so long between two looks, so that it does not compete with publishers
# for the interpreter: latency against their cost.
_PAUSE_SECONDS = 0.002


def message(kind: str, payload: Dict[str, Any]) -> str:
    """A server-sent event about the stream itself."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    body = json.dumps({"type": kind, "timestamp": now, "payload": payload})
    return f"data: {body}\n\n"


class _Waker:
    """Wakes the streams that wait when events have come. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Set[Tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._someone_waits = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._ended = False

    def add(self, loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
        with self._lock:
            self._waiting.add((loop, event))
            self._someone_waits.set()
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="td-streams", daemon=True)
                self._thread.start()

    def remove(self, loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
        with self._lock:
            self._waiting.discard((loop, event))

    def end(self) -> None:
        """Before the interpreter goes: a thread inside native code must not outlive it."""
        with self._lock:
            self._ended = True
            thread = self._thread
        if thread is not None:
            self._someone_waits.set()
            _native.end_waiting()
            thread.join()

    def _run(self) -> None:
        seen = _native.next_number()
        while not self._ended:
            self._someone_waits.wait()
            if not _native.wait_for_event(seen):
                return
            with self._lock:
                seen = _native.next_number()
                waking, self._waiting = self._waiting, set()
                if not self._ended:
                    self._someone_waits.clear()
            for loop, event in waking:
                try:
                    loop.call_soon_threadsafe(event.set)
                except RuntimeError:  # the loop has been closed under its stream
                    pass
            time.sleep(_PAUSE_SECONDS)


_waker = _Waker()


def end() -> None:
    """At exit."""
    _waker.end()


def forget_after_fork() -> None:
    """The child has none of the parent's threads and streams."""
    global _waker
    _waker = _Waker()


def stream(event_type: Optional[str], poll_interval: float) -> AsyncIterator[str]:
    cursor = _native.Cursor(event_type or "")
    return _read(cursor, event_type, poll_interval)


async def _read(
    cursor: _native.Cursor, event_type: Optional[str], poll_interval: float
) -> AsyncIterator[str]:
    yield message("connection", {"status": "connected", "event_type_filter": event_type})
    loop = asyncio.get_running_loop()
    waker = _waker
    wake = asyncio.Event()
    quiet_since = loop.time()
    try:
        while True:
            # Entered before looking, so that nothing can come between the look and the wait.
            wake.clear()
            waker.add(loop, wake)
            messages, missed = cursor.read(_BATCH)
            if missed:
                yield message("gap", {"missed": missed})
            for text in messages:
                yield text
            if messages or missed:
                quiet_since = loop.time()
                continue
            left = quiet_since + poll_interval - loop.time()
            if left > 0:
                try:
                    await asyncio.wait_for(wake.wait(), left)
                except asyncio.TimeoutError:
                    pass
                else:
                    continue
            yield message("heartbeat", {})
            quiet_since = loop.time()
    finally:
        waker.remove(loop, wake)
