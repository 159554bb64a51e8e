"""Streams from the real server, read by threads and by coroutines."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import warnings
from typing import Any, Callable, List

import pytest

from conftest import DEADLINE_SECONDS, TapedeckServer, event, wait_until
from tapedeck import BadRequest, Client, Event, Gap, GapWarning, Stream, StreamState, Unavailable

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


# What a stream holds.


def test_a_stream_begins_with_now(client: Client) -> None:
    client.publish(event(1))
    states: List[str] = []
    stream = client.stream(on_state=lambda state: states.append(state.name))
    got: List[int] = []
    reader = threading.Thread(target=lambda: got.extend(take(stream, 2)))
    reader.start()
    wait_until(lambda: "open" in states, "the stream opens")
    client.publish([event(2), event(3)])
    reader.join(DEADLINE_SECONDS)
    assert got == [2, 3]
    stream.close()
    assert states == ["connecting", "open"]


def test_the_past_comes_first_when_asked_for(client: Client) -> None:
    client.publish([event(n, symbol=("A", "B")[n % 2]) for n in range(10)])
    with client.stream(replay=3) as stream:
        assert take(stream, 3) == [7, 8, 9]
    with client.stream(since=BEGINNING, symbol="A") as stream:
        assert take(stream, 5) == [0, 2, 4, 6, 8]
        client.publish([event(11, symbol="B"), event(12, symbol="A")])
        assert take(stream, 1) == [12]
    third = client.events()[2]["id"]
    with client.stream(last_event_id=third) as stream:
        assert take(stream, 2) == [3, 4]
    client.publish([event(13), event(14, type="x"), event(15, type="x")])
    with client.stream("x", replay=5, filter="payload.n > 14") as stream:
        assert take(stream, 1) == [15]


def test_a_play_back_ends_by_itself(client: Client) -> None:
    client.publish([event(n) for n in range(2000)])
    states: List[StreamState] = []
    stream = client.stream(since=BEGINNING, speed=0, on_state=states.append)
    assert [n_of(each) for each in stream] == list(range(2000))
    assert list(stream) == []
    assert [state.name for state in states] == ["connecting", "open", "closed"]
    assert states[-1].error is None
    # Who comes back with the last id is told by 204 that there is nothing more.
    again = client.stream(since=BEGINNING, speed=0, last_event_id=stream.last_event_id)
    assert list(again) == []


def test_a_play_back_ends_for_coroutines_too(client: Client) -> None:
    client.publish([event(n) for n in range(2000)])

    async def read() -> List[int]:
        return [n_of(each) async for each in client.stream(since=BEGINNING, speed=0)]

    assert asyncio.run(read()) == list(range(2000))


def test_breaking_off_a_loop_loses_nothing_for_the_next_one(client: Client) -> None:
    client.publish([event(n) for n in range(10)])
    stream = client.stream(since=BEGINNING)
    first = []
    for each in stream:
        first.append(n_of(each))
        if len(first) == 4:
            break
    assert first == [0, 1, 2, 3]
    assert n_of(next(stream)) == 4
    assert take(stream, 5) == [5, 6, 7, 8, 9]
    stream.close()


def test_the_last_event_id_is_that_of_the_event_handed_out(client: Client) -> None:
    client.publish([event(n) for n in range(10)])
    stream = client.stream(since=BEGINNING)
    assert stream.last_event_id == ""
    for _ in range(4):
        each = next(stream)
        assert stream.last_event_id == each["id"]
    stream.close()
    assert stream.last_event_id == each["id"]
    with client.stream(last_event_id=stream.last_event_id) as rest:
        assert take(rest, 6) == [4, 5, 6, 7, 8, 9]


def test_heartbeats_advance_the_id_past_what_was_filtered_out(client: Client) -> None:
    client.publish(event(0))
    stream = client.stream(symbol="RARE", replay=0, heartbeat=1)
    reader = threading.Thread(target=lambda: list(stream))
    reader.start()
    wait_until(lambda: subscribers(client) == 1, "the stream opens")
    last = client.publish([event(n) for n in range(1, 50)])["last_id"]
    wait_until(lambda: stream.last_event_id == last, "a heartbeat brings the id")
    stream.close()
    reader.join(DEADLINE_SECONDS)
    assert not reader.is_alive()


def test_parameters_that_make_no_sense_are_errors_at_once(client: Client) -> None:
    for wrong in ({"heartbeat": 0}, {"heartbeat": 61}, {"replay": -1}, {"coalesce_ms": 1.5}):
        with pytest.raises(BadRequest):
            client.stream(**wrong)  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="last_event_id"):
        client.stream(last_event_id="e-1\r\nX: y")
    with pytest.raises(BadRequest, match="replay"):
        client.stream(replay=1_000_001)
    with pytest.raises(BadRequest) as caught:
        next(client.stream(speed=2))
    assert caught.value.field == "speed"


def test_a_refused_async_stream_raises_the_same(client: Client) -> None:
    async def read() -> None:
        async for _ in client.stream(filter="foo"):
            pass

    with pytest.raises(BadRequest, match="column 1"):
        asyncio.run(read())


# Gaps.


def missing_history(make_server: Callable[..., TapedeckServer]) -> Client:
    """A server of which the first events have been evicted."""
    client = Client(make_server("--log-bytes", str(4 << 20), memory=True).url)
    for _ in range(12):
        client.publish([event(n, text="x" * 1000) for n in range(1000)])
    assert client.stats()["evicted_total"] > 0
    return client


def test_a_gap_is_told_where_it_is(make_server: Callable[..., TapedeckServer]) -> None:
    with missing_history(make_server) as client:
        told: List[Gap] = []
        first = f"{client.stats()['epoch']}-1"
        stream = client.stream(last_event_id=first, on_gap=told.append)
        each = next(stream)
        [gap] = told
        assert gap.requested == first
        assert gap.oldest == each["id"]
        oldest = int(each["id"].rpartition("-")[2])
        assert gap.missed == oldest - 2


def test_a_gap_nobody_listens_to_is_a_warning(make_server: Callable[..., TapedeckServer]) -> None:
    with missing_history(make_server) as client:
        with pytest.warns(GapWarning, match="could not go on after zz-1.*unknown number"):
            next(client.stream(last_event_id="zz-1"))

        async def read() -> None:
            await client.stream(last_event_id="zz-1").__anext__()

        with pytest.warns(GapWarning):
            asyncio.run(read())


def test_a_gap_warning_that_is_an_error_loses_no_event(client: Client) -> None:
    client.publish([event(n) for n in range(3)])
    stream = client.stream(last_event_id="zz-1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(GapWarning):
            next(stream)
    assert take(stream, 3) == [0, 1, 2]
    stream.close()


def test_a_callback_that_raises_loses_no_event(client: Client) -> None:
    client.publish([event(n) for n in range(3)])

    def refuse(gap: Gap) -> None:
        raise RuntimeError("no gaps here")

    stream = client.stream(last_event_id="zz-1", on_gap=refuse)
    with pytest.raises(RuntimeError, match="no gaps here"):
        next(stream)
    assert take(stream, 3) == [0, 1, 2]
    stream.close()


# Ends.


def test_close_from_another_thread_ends_a_waiting_loop(client: Client) -> None:
    stream = client.stream()
    ended: List[List[Event]] = []
    reader = threading.Thread(target=lambda: ended.append(list(stream)))
    reader.start()
    wait_until(lambda: subscribers(client) == 1, "the stream opens")
    stream.close()
    reader.join(DEADLINE_SECONDS)
    assert ended == [[]]
    wait_until(lambda: subscribers(client) == 0, "the server sees it go")
    stream.close()


def test_close_ends_a_loop_with_events_left(client: Client) -> None:
    client.publish([event(n) for n in range(1000)])
    stream = client.stream(since=BEGINNING)
    seen = []
    for each in stream:
        seen.append(n_of(each))
        if len(seen) == 10:
            stream.close()
    assert seen == list(range(10))
    assert stream.last_event_id.endswith("-10")


def test_close_ends_the_wait_for_a_server_that_is_not_there(server: TapedeckServer) -> None:
    server.kill()
    states: List[StreamState] = []
    stream = Client(server.url).stream(on_state=states.append)
    reader = threading.Thread(target=lambda: list(stream))
    reader.start()
    wait_until(lambda: any(state.name == "waiting" for state in states), "it waits")
    stream.close()
    reader.join(DEADLINE_SECONDS)
    assert not reader.is_alive()
    assert states[-1].name == "closed"
    assert isinstance(next(s for s in states if s.name == "waiting").error, Unavailable)


def test_close_from_another_thread_ends_a_waiting_coroutine(client: Client) -> None:
    async def read() -> List[Event]:
        stream = client.stream()
        loop = asyncio.get_running_loop()

        def close_when_open() -> None:
            wait_until(lambda: subscribers(client) == 1, "the stream opens")
            stream.close()

        closer = loop.run_in_executor(None, close_when_open)
        out = [each async for each in stream]
        await closer
        return out

    assert asyncio.run(asyncio.wait_for(read(), DEADLINE_SECONDS)) == []
    wait_until(lambda: subscribers(client) == 0, "the server sees it go")


def test_a_cancelled_task_leaves_no_socket_and_no_thread(client: Client) -> None:
    async def read() -> None:
        stream = client.stream()
        task = asyncio.ensure_future(stream.__anext__())
        while subscribers(client) == 0:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while subscribers(client) > 0:
            await asyncio.sleep(0)

    client.stats()
    threads, sockets = threading.active_count(), open_sockets()
    for _ in range(5):
        asyncio.run(asyncio.wait_for(read(), DEADLINE_SECONDS))
    gc.collect()
    assert (threading.active_count(), open_sockets()) == (threads, sockets)


def test_an_async_stream_goes_on_after_a_wait_that_timed_out(client: Client) -> None:
    client.publish([event(n) for n in range(3)])

    async def read() -> List[int]:
        async with client.stream(since=BEGINNING) as stream:
            got = await take_async(stream, 3)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(stream.__anext__(), 0.05)
            client.publish([event(3), event(4)])
            return got + await take_async(stream, 2)

    assert asyncio.run(read()) == [0, 1, 2, 3, 4]


def test_a_cancelled_connection_attempt_leaves_nothing(scripted: Any) -> None:
    there = scripted(lambda peer: peer.hang())

    async def read() -> None:
        stream = Client(there.url).stream()
        task = asyncio.ensure_future(stream.__anext__())
        while not there.requests:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    sockets = open_sockets()
    asyncio.run(asyncio.wait_for(read(), DEADLINE_SECONDS))
    wait_until(lambda: open_sockets() <= sockets, "both ends are closed")


def test_a_forgotten_stream_lets_go_of_its_connection(client: Client) -> None:
    client.publish(event(1))
    for each in client.stream(since=BEGINNING):
        assert n_of(each) == 1
        break
    gc.collect()
    wait_until(lambda: subscribers(client) == 0, "the server sees it go")


def test_a_stream_is_for_one_way_of_reading(client: Client) -> None:
    client.publish(event(1))
    stream = client.stream(since=BEGINNING)
    next(stream)

    async def read() -> None:
        with pytest.raises(RuntimeError, match="both"):
            await stream.__anext__()

    asyncio.run(read())
    stream.close()


def test_two_tasks_do_not_wait_for_one_stream(client: Client) -> None:
    async def read() -> None:
        async with client.stream() as stream:
            first = asyncio.ensure_future(stream.__anext__())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="Another task"):
                await stream.__anext__()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first

    asyncio.run(read())


# Many, slow, dead.


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
        reader = stream._connection._reader  # type: ignore
        assert len(reader._buffer) <= 3 * (256 << 10)
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
