"""Requests with whole answers, from servers that misbehave."""

from __future__ import annotations

import pathlib
from typing import Callable, List

import pytest
from conftest import Peer, ScriptedServer

from tapedeck import (
    Client,
    Event,
    ProtocolError,
    ServerError,
    TapedeckError,
    TooManyRequests,
    Unavailable,
)

Scripted = Callable[..., ScriptedServer]


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
def test_half_an_answer_is_an_error_not_half_a_result(scripted: Scripted, answer: bytes) -> None:
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


def test_a_publication_does_not_sleep_as_long_as_a_server_likes(scripted: Scripted) -> None:
    there = scripted(lambda peer: peer.answer("429 Slow Down", Retry_After="31"))
    with pytest.raises(TooManyRequests) as caught:
        Client(there.url).publish({"type": "a", "payload": {}})
    assert caught.value.retry_after == 31.0
    assert len(there.requests) == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_may_be_as_long_as_the_limit_and_not_a_byte_longer(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setattr("tapedeck._http.MAX_ANSWER_BYTES", 20)

    def stats(body: bytes) -> object:
        def answers(peer: Peer) -> None:
            if not chunked:
                return peer.answer("200 OK", body)
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            return peer.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

        return Client(scripted(answers).url).stats()

    assert stats(b'{"ok":true,"a":1234}') == {"ok": True, "a": 1234}
    with pytest.raises(ProtocolError, match="longer than 20 bytes"):
        stats(b'{"ok":true,"a":12345}')


def test_a_line_of_an_export_may_not_be_endless(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tapedeck._export.MAX_LINE_BYTES", 100)
    line = b'{"a":"' + b"x" * 92 + b'"}'
    assert len(line) == 100
    good = scripted(lambda peer: peer.answer("200 OK", line + b"\n"))
    assert len(list(Client(good.url).export())) == 1
    bad = scripted(lambda peer: peer.answer("200 OK", b" " + line))
    with pytest.raises(ProtocolError, match="longer than 100 bytes"):
        list(Client(bad.url).export())


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
