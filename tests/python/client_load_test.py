"""Many streams, slow consumers, dead connections."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import Any, List

import pytest
from conftest import DEADLINE_SECONDS, TapedeckServer, event, wait_until
from streams import BEGINNING, n_of, open_sockets, take, take_async

from tapedeck import Client, StreamState


def test_fifty_streams_in_one_loop_all_see_everything(client: Client) -> None:
    count = 400

    async def read_one() -> List[int]:
        async with client.stream(since=BEGINNING) as stream:
            return await take_async(stream, count)

    async def read() -> List[List[int]]:
        loop = asyncio.get_running_loop()
        tasks = [asyncio.ensure_future(read_one()) for _ in range(50)]
        for begin in range(0, count, 100):
            batch = [event(n) for n in range(begin, begin + 100)]
            await loop.run_in_executor(None, client.publish, batch)
        return await asyncio.gather(*tasks)

    sockets = open_sockets()
    results = asyncio.run(asyncio.wait_for(read(), DEADLINE_SECONDS))
    assert results == [list(range(count))] * 50
    gc.collect()
    assert open_sockets() <= sockets + 2, "but for the client's own idle connections"


def test_threads_share_the_events_of_one_stream(client: Client) -> None:
    client.publish([event(n) for n in range(3000)])
    stream = client.stream(since=BEGINNING, speed=0)
    parts: List[List[int]] = [[], [], []]
    threads = [
        threading.Thread(target=lambda part=part: part.extend(map(n_of, stream))) for part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert sorted(sum(parts, [])) == list(range(3000))
    assert all(part == sorted(part) for part in parts)


@pytest.mark.parametrize("way", ["for", "async for"])
def test_a_slow_consumer_makes_the_server_wait_instead_of_filling_memory(
    client: Client, way: str
) -> None:
    """It stops after one event; what the client holds then is a few chunks of 30 MB."""
    count, text = 30_000, "x" * 1000
    for begin in range(0, count, 5000):
        client.publish([event(n, text=text) for n in range(begin, begin + 5000)])
    stream = client.stream(since=BEGINNING)

    def held() -> int:
        return len(stream._session._items) + stream._pending.__length_hint__()  # type: ignore

    if way == "for":
        assert take(stream, 1) == [0]
        assert 0 < held() < 1000
        assert take(stream, count - 1) == list(range(1, count))
        stream.close()
        return

    async def read() -> None:
        assert await take_async(stream, 1) == [0]
        for _ in range(2000):  # the loop runs: what the transport wants to read, it reads
            await asyncio.sleep(0)
        reader: Any = stream._connection
        assert len(reader._reader._buffer) <= 3 * (256 << 10)
        assert 0 < held() < 1000
        assert await take_async(stream, count - 1) == list(range(1, count))
        await stream.aclose()

    asyncio.run(asyncio.wait_for(read(), DEADLINE_SECONDS))


def test_the_watchdog_replaces_a_connection_that_died(
    client: Client, server: TapedeckServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tapedeck._session.WATCHDOG_SLACK_SECONDS", -1.9)
    client.publish(event(1))
    states: List[StreamState] = []
    stream = client.stream(since=BEGINNING, heartbeat=1, on_state=states.append)
    assert take(stream, 1) == [1]
    server.freeze()
    got: List[int] = []
    reader = threading.Thread(target=lambda: got.extend(take(stream, 1)))
    reader.start()
    wait_until(lambda: any(state.name == "waiting" for state in states), "the watchdog bites")
    server.thaw()
    client.publish(event(2))
    reader.join(DEADLINE_SECONDS)
    assert got == [2]
    assert any("silent for 0.1 s" in str(state.error) for state in states)
    stream.close()


def test_a_consumer_slower_than_the_watchdog_keeps_its_connection(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tapedeck._session.WATCHDOG_SLACK_SECONDS", -1.9)
    client.publish([event(n) for n in range(2)])
    states: List[StreamState] = []

    async def read() -> None:
        async with client.stream(since=BEGINNING, heartbeat=1, on_state=states.append) as stream:
            assert await take_async(stream, 1) == [0]
            began = time.monotonic()
            while time.monotonic() - began < 0.3:  # thinks for longer than 0.1 s
                await asyncio.sleep(0)
            assert await take_async(stream, 1) == [1]
            assert [state.name for state in states] == ["connecting", "open"]

    asyncio.run(read())
