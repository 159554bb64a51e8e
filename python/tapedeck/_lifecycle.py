"""What happens at the two ends of a process: its exit, and its beginning as a fork of another.

At exit everything that runs native threads is ended while Python still works, in an order in which
nothing needs what is gone: engines, the sender, the server, callbacks and streams, the history. A
forked child has none of the parent's threads: it forgets all of it and is a publisher of its own.
"""

from __future__ import annotations

import atexit
import logging
import os
from enum import IntEnum
from typing import Callable, List, Tuple

from . import _native

_log = logging.getLogger("tapedeck")


class Stage(IntEnum):
    """When a part ends, first to last."""

    ENGINES = 1
    SENDER = 2
    SERVER = 3
    READERS = 4
    HISTORY = 5


_at_exit: List[Tuple[Stage, Callable[[], object]]] = []
_after_fork: List[Callable[[], object]] = []


def on_exit(stage: Stage, end: Callable[[], object]) -> None:
    """Calls ``end`` at the interpreter's exit."""
    _at_exit.append((stage, end))


def on_fork(forget: Callable[[], object]) -> None:
    """Calls ``forget`` in every forked child, in the order of registration. It must not wait, nor
    call what may hold one of the parent's locks."""
    _after_fork.append(forget)


def _exit() -> None:
    for _, end in sorted(_at_exit, key=lambda part: part[0]):
        try:
            end()
        except Exception:
            _log.exception("while ending")
    _native.end_of_releases()


def _child() -> None:
    _native.abandon_after_fork()  # before anything can touch the parent's
    for forget in _after_fork:
        forget()


atexit.register(_exit)
os.register_at_fork(after_in_child=_child)
