"""Streams over restarts of the server: killed, stopped, with and without history."""

from __future__ import annotations

import asyncio
import threading
from typing import Callable, List

import pytest
from conftest import DEADLINE_SECONDS, TapedeckServer, event, wait_until

from tapedeck import Client, Event, Gap, Unavailable

BEGINNING = "2020-01-01T00:00:00Z"
RESTARTS = 4


class Publisher(threading.Thread):
    """Publishes numbered events durably until told to stop, whatever happens to the server."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.published = 0
        self._client = Client(url, retries=1000, timeout=5)
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.is_set():
            batch = [event(self.published + n) for n in range(20)]
            self._client.publish(batch, ack="durable")
            self.published += len(batch)

    def stop(self) -> None:
        self._enough.set()
        self.join(DEADLINE_SECONDS)
        self._client.close()


def restart_under_load(server: TapedeckServer, publisher: Publisher, seen: List[Event]) -> None:
    """Kills and starts the server, each time in the middle of publishing and streaming."""
    for _ in range(RESTARTS):
        published, had = publisher.published, len(seen)
        wait_until(
            lambda p=published, h=had: publisher.published > p + 200 and len(seen) > h + 200,
            "publisher and stream are at work",
        )
        server.kill()
        server.start()


def check(client: Client, seen: List[Event], gaps: List[Gap], published: int) -> None:
    """Everything in the history was seen once, in its order; what else was seen had been streamed
    by a server that was killed before it was on disk, which is told as a gap."""
    stored = [each["id"] for each in client.export("order_event")]
    ids = [each["id"] for each in seen]
    assert len(set(ids)) == len(ids), "an event came twice"
    kept = set(stored)
    assert [id for id in ids if id in kept] == stored
    lost = [id for id in ids if id not in kept]
    assert not lost or gaps, "events that were never stored came without a word"
    numbers = {each["payload"]["n"] for each in seen}
    assert numbers >= set(range(published)), "an event that was acknowledged never came"


def until_all_seen(client: Client, seen: List[Event]) -> None:
    last = client.publish(event(-1), ack="durable")["last_id"]
    wait_until(lambda: seen and seen[-1]["id"] == last, "the stream has caught up")


def test_a_for_loop_sees_each_event_once_over_kills_of_the_server(server: TapedeckServer) -> None:
    seen: List[Event] = []
    gaps: List[Gap] = []
    publisher = Publisher(server.url)
    with Client(server.url) as client:
        stream = client.stream("order_event", since=BEGINNING, on_gap=gaps.append)

        def read() -> None:
            for each in stream:
                seen.append(each)

        reader = threading.Thread(target=read)
        reader.start()
        publisher.start()
        restart_under_load(server, publisher, seen)
        publisher.stop()
        until_all_seen(client, seen)
        stream.close()
        reader.join(DEADLINE_SECONDS)
        check(client, seen, gaps, publisher.published)


def test_an_async_for_sees_each_event_once_over_kills_of_the_server(
    server: TapedeckServer,
) -> None:
    seen: List[Event] = []
    gaps: List[Gap] = []
    publisher = Publisher(server.url)
    with Client(server.url) as client:
        stream = client.stream("order_event", since=BEGINNING, on_gap=gaps.append)

        async def read() -> None:
            async for each in stream:
                seen.append(each)

        reader = threading.Thread(target=lambda: asyncio.run(read()))
        reader.start()
        publisher.start()
        restart_under_load(server, publisher, seen)
        publisher.stop()
        until_all_seen(client, seen)
        stream.close()
        reader.join(DEADLINE_SECONDS)
        check(client, seen, gaps, publisher.published)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_stream_goes_on_after_a_restart_without_a_gap(server: TapedeckServer, how: str) -> None:
    gaps: List[Gap] = []
    with Client(server.url) as client:
        client.publish([event(1), event(2)], ack="durable")
        stream = client.stream(since=BEGINNING, on_gap=gaps.append)
        assert [next(stream)["payload"]["n"] for _ in range(2)] == [1, 2]
        getattr(server, how)()
        server.start()
        client.publish(event(3), ack="durable")
        assert next(stream)["payload"]["n"] == 3
        stream.close()
    assert gaps == []


def test_a_shutdown_without_reconnect_is_an_error_behind_the_last_event(
    server: TapedeckServer,
) -> None:
    with Client(server.url) as client:
        client.publish([event(1), event(2)])
        stream = client.stream(since=BEGINNING, reconnect=False)
        assert next(stream)["payload"]["n"] == 1
        server.stop()
        assert next(stream)["payload"]["n"] == 2
        with pytest.raises(Unavailable, match="shutting down|ended"):
            next(stream)
        assert list(stream) == []


def test_a_server_without_history_that_restarts_is_a_gap(
    make_server: Callable[..., TapedeckServer],
) -> None:
    server = make_server(memory=True)
    gaps: List[Gap] = []
    with Client(server.url) as client:
        client.publish(event(1))
        stream = client.stream(since=BEGINNING, on_gap=gaps.append)
        first = next(stream)
        server.kill()
        server.start()
        client.publish(event(2))
        second = next(stream)
        assert (first["payload"]["n"], second["payload"]["n"]) == (1, 2)
        assert [(gap.requested, gap.oldest, gap.missed) for gap in gaps] == [
            (first["id"], second["id"], None)
        ]
        stream.close()


def test_a_new_process_goes_on_where_the_old_one_stopped(server: TapedeckServer) -> None:
    with Client(server.url) as client:
        client.publish([event(n) for n in range(5)], ack="durable")
        stream = client.stream(since=BEGINNING)
        assert [next(stream)["payload"]["n"] for _ in range(3)] == [0, 1, 2]
        stream.close()
        kept = stream.last_event_id
    server.kill()
    server.start()
    with Client(server.url) as client, client.stream(last_event_id=kept) as stream:
        assert [next(stream)["payload"]["n"] for _ in range(2)] == [3, 4]
