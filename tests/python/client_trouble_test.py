"""Servers and networks that misbehave, each connection as a script."""

from __future__ import annotations

import asyncio
import logging
import pathlib
from typing import Any, Callable, List

import pytest

from conftest import DEADLINE_SECONDS, Peer, ScriptedServer, frame
from tapedeck import (
    Client,
    Event,
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


# Requests with whole answers.


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"HTTP/1.1 200",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_half_an_answer_is_an_error_not_half_a_result(
    scripted: Scripted, answer: bytes
) -> None:
    there = scripted(lambda peer: peer.send(answer))
    with pytest.raises((Unavailable, ProtocolError)):
        Client(there.url).stats()
    assert len(there.requests) == 1


def test_an_answer_that_is_no_json_is_a_protocol_error(scripted: Scripted) -> None:
    for body in (b"<html>", b"[1]", b"\xff", b'{"a":NaN}'):
        there = scripted(lambda peer, body=body: peer.answer("200 OK", body))
        with pytest.raises(ProtocolError):
            Client(there.url).stats()


def test_a_server_that_hangs_is_unavailable(scripted: Scripted) -> None:
    with pytest.raises(Unavailable, match="did not answer in time"):
        Client(scripted(Peer.hang).url, timeout=0.1).stats()


def test_an_error_without_a_sentence_says_its_status(scripted: Scripted) -> None:
    there = scripted(lambda peer: peer.answer("500 Oops", b"<html>"))
    with pytest.raises(ServerError, match="answered 500 without saying why"):
        Client(there.url).stats()


def test_publications_are_tried_again_with_the_same_key_and_body(scripted: Scripted) -> None:
    def accepts(peer: Peer) -> None:
        peer.answer("200 OK", b'{"ok":true,"accepted":1,"first_id":"e-1","last_id":"e-1"}')

    there = scripted(
        lambda peer: None,
        lambda peer: peer.answer("503 Busy"),
        lambda peer: peer.answer("429 Slow", Retry_After="0"),
        accepts,
    )
    answer = Client(there.url).publish({"type": "a", "payload": {}})
    assert answer == {"accepted": 1, "first_id": "e-1", "last_id": "e-1", "replayed": False}
    keys = {
        line
        for request in there.requests
        for line in request.split("\r\n")
        if line.lower().startswith("idempotency-key")
    }
    assert (len(there.requests), len(keys)) == (4, 1)


def test_publications_are_not_tried_for_ever_nor_when_they_are_wrong(scripted: Scripted) -> None:
    there = scripted(lambda peer: peer.answer("503 Busy"))
    with pytest.raises(Unavailable):
        Client(there.url, retries=2).publish({"type": "a", "payload": {}})
    assert len(there.requests) == 3
    there = scripted(lambda peer: peer.answer("422 Wrong"))
    with pytest.raises(TapedeckError):
        Client(there.url).publish({"type": "a", "payload": {}})
    assert len(there.requests) == 1


def test_commands_are_never_sent_twice(scripted: Scripted) -> None:
    there = scripted(lambda peer: None)
    with pytest.raises(Unavailable):
        Client(there.url).command("kill")
    assert len(there.requests) == 1


def test_an_export_that_is_cut_off_is_an_error_after_what_came(
    scripted: Scripted, tmp_path: pathlib.Path
) -> None:
    def cuts(peer: Peer) -> None:
        line = b'{"type":"a","payload":{"n":1}}\n'
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        peer.send(b"%x\r\n%s\r\n" % (len(line), line))

    there = scripted(cuts)
    got: List[Event] = []
    with pytest.raises(Unavailable, match="cut off"):
        got.extend(Client(there.url).export())
    with pytest.raises(Unavailable, match="cut off"):
        Client(there.url).export(path=tmp_path / "x.ndjson")
    assert list(tmp_path.iterdir()) == []
