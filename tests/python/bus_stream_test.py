"""stream_events(): server-sent events out of the bus, for many readers in many loops."""

import asyncio
import gc
import json
import threading
import warnings

import pytest

import tapedeck
from tapedeck import _streams, get_telemetry_bus, publish_event

bus = get_telemetry_bus()


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def decoded(message):
    assert message.startswith("data: ") and message.endswith("\n\n")
    return json.loads(message[len("data: ") : -2])


async def next_event(stream):
    """The next message that is no heartbeat."""
    while True:
        event = decoded(await stream.__anext__())
        if event["type"] != "heartbeat":
            return event


def test_first_comes_the_connection_then_what_was_published_since_the_call():
    async def read():
        publish_event("before", {})
        stream = bus.stream_events()
        publish_event("t", {"n": 1})
        connection = decoded(await stream.__anext__())
        assert connection["type"] == "connection"
        assert connection["payload"] == {"status": "connected", "event_type_filter": None}
        publish_event("t", {"n": 2})
        assert [(await next_event(stream))["payload"]["n"] for _ in range(2)] == [1, 2]
        await stream.aclose()

    run(read())


def test_a_stream_of_one_type_has_no_other():
    async def read():
        stream = bus.stream_events(event_type="wanted")
        first = decoded(await stream.__anext__())
        assert first["payload"]["event_type_filter"] == "wanted"
        for n in range(5):
            publish_event("other", {"n": n})
            publish_event("wanted", {"n": n})
        assert [(await next_event(stream))["payload"]["n"] for _ in range(5)] == list(range(5))
        await stream.aclose()

    run(read())


def test_a_quiet_stream_has_a_heartbeat_after_each_interval():
    async def read():
        stream = bus.stream_events(event_type="never", poll_interval=0.02)
        types = [decoded(await stream.__anext__())["type"] for _ in range(4)]
        assert types == ["connection"] + ["heartbeat"] * 3
        await stream.aclose()

    run(read())


def test_a_full_buffer_does_not_silence_the_stream():
    async def read():
        stream = bus.stream_events()
        await stream.__anext__()
        for n in range(1000):
            publish_event("wrap", {"n": n})
        numbers = [(await next_event(stream))["payload"]["n"] for _ in range(1000)]
        assert numbers == list(range(1000))
        await stream.aclose()

    tapedeck.TelemetryBus(buffer_size=10)
    try:
        run(read())
    finally:
        tapedeck.TelemetryBus(buffer_size=5000)


def test_a_reader_that_falls_off_the_log_is_told_how_many_it_missed():
    count = 1200  # of 64 KB: more than the log's 64 MiB

    async def read():
        stream = bus.stream_events()
        await stream.__anext__()
        for n in range(count):
            publish_event("large", {"n": n, "fill": "x" * 65000})
            if n % 100 == 0:
                bus.flush()
        gap = await next_event(stream)
        assert gap["type"] == "gap"
        first = await next_event(stream)
        assert gap["payload"]["missed"] == first["payload"]["n"] > 0
        last = first
        while last["payload"]["n"] < count - 1:
            event = await next_event(stream)
            assert event["payload"]["n"] == last["payload"]["n"] + 1
            last = event
        await stream.aclose()

    run(read())
    bus.clear_buffer()


def test_many_streams_at_once_all_get_everything():
    streams, events = 200, 50

    async def read_one(ready):
        stream = bus.stream_events(event_type="many")
        await stream.__anext__()
        ready.release()
        numbers = [(await next_event(stream))["payload"]["n"] for _ in range(events)]
        await stream.aclose()
        return numbers

    async def read_all():
        ready = asyncio.Semaphore(0)
        tasks = [asyncio.ensure_future(read_one(ready)) for _ in range(streams)]
        for _ in range(streams):
            await ready.acquire()
        for n in range(events):
            publish_event("many", {"n": n})
        return await asyncio.gather(*tasks)

    assert run(read_all()) == [list(range(events))] * streams


def test_loops_of_several_threads_may_read():
    results = []

    async def read():
        stream = bus.stream_events(event_type="loops")
        await stream.__anext__()
        ready.wait(30)
        numbers = [(await next_event(stream))["payload"]["n"] for _ in range(20)]
        await stream.aclose()
        results.append(numbers)

    ready = threading.Barrier(5)
    threads = [threading.Thread(target=run, args=(read(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    ready.wait(30)
    for n in range(20):
        publish_event("loops", {"n": n})
    for thread in threads:
        thread.join(60)
    assert results == [list(range(20))] * 4


def test_cancelling_ends_a_stream_cleanly():
    async def read():
        stream = bus.stream_events(event_type="never")
        await stream.__anext__()
        await stream.__anext__()

    async def cancel():
        before = asyncio.all_tasks()
        task = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == before

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(cancel())
        gc.collect()


def test_leaving_the_loop_ends_a_stream_cleanly():
    async def read():
        async for message in bus.stream_events(poll_interval=0.01):
            if decoded(message)["type"] == "heartbeat":
                break

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(read())
        gc.collect()


async def new_event():
    return asyncio.Event()


def test_a_loop_that_was_closed_under_its_stream_does_no_harm_to_others():
    loop = asyncio.new_event_loop()
    event = loop.run_until_complete(new_event())
    loop.close()
    _streams._waker.add(loop, event)
    test_first_comes_the_connection_then_what_was_published_since_the_call()


def test_an_interval_that_makes_no_sense_is_refused():
    for interval in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="poll_interval"):
            bus.stream_events(poll_interval=interval)
