"""Servers and networks that misbehave, each connection as a script."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Callable, List

import pytest
from conftest import DEADLINE_SECONDS, Peer, ScriptedServer, frame

from tapedeck import (
    Client,
    NotFound,
    ProtocolError,
    ServerError,
    StreamState,
    TapedeckError,
    TooManyRequests,
    Unavailable,
)

Scripted = Callable[..., ScriptedServer]


def read_sync(client: Client, count: int, **options: Any) -> List[int]:
    with client.stream(**options) as stream:
        return [next(stream)["payload"]["n"] for _ in range(count)]


def read_async(client: Client, count: int, **options: Any) -> List[int]:
    async def read() -> List[int]:
        async with client.stream(**options) as stream:
            return [(await stream.__anext__())["payload"]["n"] for _ in range(count)]

    return asyncio.run(asyncio.wait_for(read(), DEADLINE_SECONDS))


both_ways = pytest.mark.parametrize("read", [read_sync, read_async])
Reader = Callable[..., List[int]]


def rest(*numbers: int) -> Callable[[Peer], None]:
    """A connection that works: these events, then silence."""

    def script(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(b"".join(frame(number) for number in numbers))
        peer.hang()

    return script


def resumed_after(request: str) -> str:
    lines = [line for line in request.split("\r\n") if line.startswith("Last-Event-ID: ")]
    return lines[0].partition(": ")[2] if lines else ""


@both_ways
def test_a_connection_that_ends_is_resumed_after_the_last_event(
    scripted: Scripted, read: Reader
) -> None:
    def ends(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(frame(1) + frame(2))

    there = scripted(ends, rest(3))
    assert read(Client(there.url), 3) == [1, 2, 3]
    assert [resumed_after(request) for request in there.requests] == ["", "e-2"]


@both_ways
def test_a_reset_in_the_middle_of_an_event_neither_loses_nor_repeats_it(
    scripted: Scripted, read: Reader
) -> None:
    def resets(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(frame(1) + frame(2)[:-20])
        peer.reset()

    def resumes(peer: Peer) -> None:
        # A reset may take with it what was sent before: the client knows what it has had.
        had = int(resumed_after(peer.request).partition("-")[2] or "0")
        rest(*range(had + 1, 4))(peer)

    there = scripted(resets, resumes)
    assert read(Client(there.url), 3) == [1, 2, 3]
    assert len(there.requests) == 2


@both_ways
def test_a_chunked_answer_is_read_and_a_truncated_chunk_resumed(
    scripted: Scripted, read: Reader
) -> None:
    def chunk(data: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(data), data)

    def truncates(peer: Peer) -> None:
        peer.begin_stream(chunked=True)
        peer.send(chunk(frame(1)[:10]) + chunk(frame(1)[10:] + frame(2)))
        peer.send(b"ffff\r\n" + frame(3)[:-1])

    def ends(peer: Peer) -> None:
        peer.begin_stream(chunked=True)
        peer.send(chunk(frame(3)) + b"0\r\n\r\n")
        peer.hang()

    there = scripted(truncates, ends, rest(4))
    assert read(Client(there.url), 4) == [1, 2, 3, 4]
    assert [resumed_after(request) for request in there.requests] == ["", "e-2", "e-3"]


@both_ways
def test_events_a_server_repeats_after_a_resume_are_not_handed_out_again(
    scripted: Scripted, read: Reader
) -> None:
    def ends(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(frame(1) + frame(2))

    assert read(Client(scripted(ends, rest(1, 2, 3)).url), 3) == [1, 2, 3]


@both_ways
@pytest.mark.parametrize("id", ["5", '"x"', '"e-' + "9" * 5000 + '"', "null", "[]"])
def test_an_event_with_a_strange_id_is_an_event(scripted: Scripted, read: Reader, id: str) -> None:
    def ends(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(frame(1))

    def strange(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(b'id: e-2\ndata: {"payload":{"n":2},"id":%s}\n\n' % id.encode() + frame(3))
        peer.hang()

    assert read(Client(scripted(ends, strange).url), 3) == [1, 2, 3]


@both_ways
def test_the_wish_to_be_asked_at_once_is_not_taken_literally(
    scripted: Scripted, read: Reader
) -> None:
    def impatient(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(b"retry: 0\n\n")

    states: List[StreamState] = []
    fails = [lambda peer: peer.answer("503 Busy")] * 3
    assert read(Client(scripted(impatient, *fails, rest(1)).url), 1, on_state=states.append) == [1]
    delays = [state.delay for state in states if state.name == "waiting"]
    assert len(delays) == 4
    assert max(delays) > 0


@both_ways
@pytest.mark.parametrize("status", ["500 Oops", "502 Bad Gateway", "503 Busy", "408 Slow"])
def test_failures_that_pass_are_waited_out(scripted: Scripted, read: Reader, status: str) -> None:
    states: List[StreamState] = []
    body = b'{"ok":false,"error":"Not now.","code":"busy"}'
    there = scripted(
        lambda peer: peer.answer(status, body), lambda peer: peer.answer(status), rest(1)
    )
    assert read(Client(there.url), 1, on_state=states.append) == [1]
    waiting = [state for state in states if state.name == "waiting"]
    assert [state.attempt for state in waiting] == [1, 2]
    assert str(waiting[0].error) == "Not now."
    assert waiting[0].error is not None and waiting[0].error.code == "busy"


@both_ways
def test_retry_after_is_heeded(scripted: Scripted, read: Reader) -> None:
    states: List[StreamState] = []
    there = scripted(lambda peer: peer.answer("429 Slow Down", Retry_After="1"), rest(1))
    assert read(Client(there.url), 1, on_state=states.append) == [1]
    [waiting] = [state for state in states if state.name == "waiting"]
    assert isinstance(waiting.error, TooManyRequests)
    assert waiting.error.retry_after == 1.0
    assert 1.0 <= waiting.delay <= 2.0


@both_ways
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad Request", TapedeckError),
        ("401 Unauthorized", TapedeckError),
        ("403 Forbidden", TapedeckError),
        ("404 Not Found", NotFound),
        ("301 Moved", ProtocolError),
        ("501 Not Implemented", ServerError),
    ],
)
def test_failures_that_cannot_heal_are_raised(
    scripted: Scripted, read: Reader, status: str, kind: type
) -> None:
    there = scripted(lambda peer: peer.answer(status, Location="http://elsewhere/"))
    with pytest.raises(kind) as caught:
        read(Client(there.url), 1)
    error = caught.value
    assert isinstance(error, TapedeckError)
    assert error.status == int(status[:3])
    assert len(there.requests) == 1, "it was tried again, or a redirect followed"


@both_ways
def test_an_answer_of_another_type_is_raised(scripted: Scripted, read: Reader) -> None:
    there = scripted(lambda peer: peer.answer("200 OK", b"<html>", Content_Type="text/html"))
    with pytest.raises(ProtocolError, match="text/html, not text/event-stream"):
        read(Client(there.url), 1)


@both_ways
def test_another_protocol_is_raised(scripted: Scripted, read: Reader) -> None:
    there = scripted(lambda peer: peer.send(b"SSH-2.0-OpenSSH_9.2\r\n"))
    with pytest.raises(ProtocolError, match="not HTTP"):
        read(Client(there.url), 1)


@both_ways
def test_a_message_beyond_the_limit_is_raised_behind_the_events_before_it(
    scripted: Scripted, read: Reader
) -> None:
    def floods(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(frame(1))
        for _ in range(1000):
            peer.send(b"data: " + b"x" * 10_000)

    there = scripted(floods)
    assert read(Client(there.url), 1) == [1]
    with pytest.raises(ProtocolError, match="longer than 1048576 bytes; max_message_bytes="):
        read(Client(there.url), 2)


@both_ways
def test_data_that_is_no_event_is_raised_behind_the_events_before_it(
    scripted: Scripted, read: Reader
) -> None:
    def lies(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(frame(1) + b"id: e-2\ndata: {nonsense}\n\n" + frame(3))
        peer.hang()

    there = scripted(lies)
    assert read(Client(there.url), 1) == [1]
    with pytest.raises(ProtocolError, match="not JSON"):
        read(Client(there.url), 2)
    assert len(there.requests) == 2


@both_ways
def test_a_server_that_accepts_and_says_nothing_is_given_up(
    scripted: Scripted, read: Reader
) -> None:
    states: List[StreamState] = []
    there = scripted(Peer.hang, rest(1))
    assert read(Client(there.url, timeout=0.1), 1, on_state=states.append) == [1]
    assert any("silent for 0.1 s" in str(state.error) for state in states)
    with pytest.raises(Unavailable, match="silent"):
        read(Client(scripted(Peer.hang).url, timeout=0.1), 1, reconnect=False)


@both_ways
def test_shutdown_is_followed_by_another_connection(scripted: Scripted, read: Reader) -> None:
    def shuts_down(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(frame(1) + b'retry: 20\nevent: shutdown\ndata: {"type":"shutdown"}\n\n')
        peer.hang()  # the client does not wait for the connection to end

    states: List[StreamState] = []
    there = scripted(shuts_down, rest(2))
    assert read(Client(there.url), 2, on_state=states.append) == [1, 2]
    [waiting] = [state for state in states if state.name == "waiting"]
    assert waiting.error is None
    assert waiting.delay <= 0.02


@both_ways
def test_messages_of_a_kind_nobody_knows_yet_are_passed_over(
    scripted: Scripted, read: Reader
) -> None:
    def newer(peer: Peer) -> None:
        peer.begin_stream()
        peer.send(frame(1) + b"event: weather\nid: e-1\ndata: sunny\n\n" + frame(2))
        peer.hang()

    assert read(Client(scripted(newer).url), 2) == [1, 2]


def test_one_outage_is_one_line_in_the_log(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    fails = [lambda peer: peer.answer("503 Busy")] * 2
    with caplog.at_level(logging.INFO, "tapedeck"):
        assert read_sync(Client(scripted(*fails, rest(1)).url), 1) == [1]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
