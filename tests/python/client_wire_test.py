"""The HTTP answer a stream comes in, cut anywhere."""

from __future__ import annotations

import random
from typing import List, Tuple

import pytest

from tapedeck._wire import MAX_HEAD_BYTES, AnswerReader
from tapedeck.errors import ProtocolError

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def read(*chunks: bytes) -> Tuple[bytes, bool]:
    reader = AnswerReader()
    body = b"".join(reader.feed(chunk) for chunk in chunks)
    return body, reader.complete


def single_bytes(data: bytes) -> List[bytes]:
    return [bytes([byte]) for byte in data]


@pytest.mark.parametrize(
    ("answer", "body", "complete"),
    [
        (STREAM + b"\r\nabc", b"abc", False),
        (STREAM + b"Content-Length: 3\r\n\r\nabcdef", b"abc", True),
        (STREAM + b"Content-Length: 3\r\n\r\nab", b"ab", False),
        (STREAM + b"Content-Length: 0\r\n\r\n", b"", True),
        (
            STREAM + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n",
            b"abcde",
            False,
        ),
        (STREAM + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc", True),
        (
            STREAM + b"Transfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\nx: y\r\n",
            b"0123456789",
            False,
        ),
        (STREAM + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n", b"a", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + STREAM + b"\r\nabc", b"abc", False),
    ],
)
def test_the_body_is_the_same_wherever_the_answer_is_cut(
    answer: bytes, body: bytes, complete: bool
) -> None:
    assert read(answer) == (body, complete)
    assert read(*single_bytes(answer)) == (body, complete)
    random_ = random.Random(1)
    for _ in range(50):
        at = sorted(random_.randrange(len(answer) + 1) for _ in range(3))
        assert read(answer[: at[0]], answer[at[0] : at[2]], answer[at[2] :]) == (body, complete)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        STREAM + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        STREAM + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc",
        STREAM + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 5000,
        STREAM + b"Content-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_no_http_is_an_error(answer: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(*single_bytes(answer))


def test_a_head_may_be_as_long_as_the_limit() -> None:
    filler = MAX_HEAD_BYTES - len(STREAM + b"\r\n")
    lines = b"X: " + b"y" * 60000 + b"\r\n"
    lines += b"Z: " + b"y" * (filler - len(lines) - 5) + b"\r\n"
    assert len(STREAM + lines + b"\r\n") == MAX_HEAD_BYTES
    assert read(STREAM + lines + b"\r\n" + b"abc") == (b"abc", False)


def test_a_head_that_never_ends_is_an_error() -> None:
    reader = AnswerReader()
    with pytest.raises(ProtocolError):
        for _ in range(MAX_HEAD_BYTES // 1000 + 2):
            reader.feed(b"HTTP/1.1 200 OK\r\nX: ".ljust(1000, b"y"))


def test_no_bytes_make_the_reader_raise_anything_else() -> None:
    random_ = random.Random(3)
    head = STREAM + b"Transfer-Encoding: chunked\r\nContent-Length: 12\r\n\r\n"
    whole = head + b"3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n"
    refused = 0
    for _ in range(5000):
        data = bytearray(whole)
        for _ in range(random_.randint(1, 6)):
            data[random_.randrange(len(data))] = random_.randrange(256)
        try:
            at = random_.randrange(len(data))
            read(bytes(data[:at]), bytes(data[at:]))
        except ProtocolError:
            refused += 1
    assert refused > 500
