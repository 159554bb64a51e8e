"""Streams from the real server, read by threads and by coroutines."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from typing import Any, Callable, List

import pytest
from conftest import DEADLINE_SECONDS, TapedeckServer, event, wait_until
from streams import BEGINNING, n_of, open_sockets, subscribers, take, take_async

from tapedeck import BadRequest, Client, Event, Gap, GapWarning, StreamState, Unavailable

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
            client.stream(**wrong)
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
        with pytest.warns(GapWarning, match="could not go on after zz-1.*unknown number") as told:
            next(client.stream(last_event_id="zz-1"))
        assert told[0].filename == __file__, "it points at who reads the stream"

        async def read() -> None:
            await client.stream(last_event_id="zz-1").__anext__()

        with pytest.warns(GapWarning) as told:
            asyncio.run(read())
        assert told[0].filename == __file__


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


def test_an_async_stream_goes_on_in_another_loop(client: Client) -> None:
    client.publish([event(n) for n in range(3)])
    stream = client.stream(since=BEGINNING)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    assert first.run_until_complete(take_async(stream, 3)) == [0, 1, 2]
    client.publish([event(3), event(4)])
    assert second.run_until_complete(take_async(stream, 2)) == [3, 4]
    stream.close()
    for loop in (first, second):
        loop.run_until_complete(asyncio.sleep(0))  # the socket is closed in its own loop
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


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
