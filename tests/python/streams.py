"""Reading streams in tests."""

from __future__ import annotations

import os
from typing import List

from tapedeck import Client, Event, Stream

BEGINNING = "2020-01-01T00:00:00Z"


def n_of(each: Event) -> int:
    n: int = each["payload"]["n"]
    return n


def take(stream: Stream, count: int) -> List[int]:
    return [n_of(next(stream)) for _ in range(count)]


async def take_async(stream: Stream, count: int) -> List[int]:
    return [n_of(await stream.__anext__()) for _ in range(count)]


def open_sockets() -> int:
    links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return sum(os.readlink(link).startswith("socket:") for link in links if os.path.lexists(link))


def subscribers(client: Client) -> int:
    return client.stats()["subscribers"]
