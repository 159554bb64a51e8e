"""The stream's parser: cut anywhere, broken anyhow."""

from __future__ import annotations

import json
import random
from typing import Any, List, Optional, Tuple

import pytest

from tapedeck._sse import Message, SseReader
from tapedeck.errors import ProtocolError

Read = Tuple[List[Any], str, Optional[int]]


def read(*chunks: bytes, limit: int = 1 << 20) -> Read:
    """Everything a stream says, with the last id and retry; errors as their text, and the end."""
    reader = SseReader(max_message_bytes=limit)
    out: List[Any] = []
    for chunk in chunks:
        for item in reader.feed(chunk):
            if isinstance(item, ProtocolError):
                return [*out, str(item)], reader.last_id, reader.retry_ms
            out += item if isinstance(item, list) else [item]
    return out, reader.last_id, reader.retry_ms


def event(number: int, **more: Any) -> bytes:
    data = json.dumps({"type": "a", "payload": {"n": number, **more}, "id": f"e-{number}"})
    return f"id: e-{number}\ndata: {data}\n\n".encode()


def numbers(items: List[Any]) -> List[int]:
    return [item["payload"]["n"] for item in items]


def test_events_come_in_order_with_their_last_id() -> None:
    items, last_id, _ = read(event(1) + event(2) + event(3))
    assert numbers(items) == [1, 2, 3]
    assert last_id == "e-3"


def test_a_message_counts_when_its_empty_line_has_come() -> None:
    whole = event(1)
    assert read(whole[:-1])[0] == []
    assert numbers(read(whole[:-1], b"\n")[0]) == [1]


def test_the_id_of_an_unfinished_message_is_not_resumed_after() -> None:
    assert read(event(1) + b"id: e-2\ndata: {")[1] == "e-1"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_of_the_specification_is_one(end: str) -> None:
    text = b'retry: 7\nid: x-1\ndata: {"a":\ndata: 1}\n\n: hello\n\nevent: gap\ndata: {}\n\n'
    whole = text.replace(b"\n", end.encode())
    expected: Read = ([{"a": 1}, Message("gap", "{}")], "x-1", 7)
    assert read(whole) == expected
    assert read(*[bytes([byte]) for byte in whole]) == expected


def test_a_mixed_end_of_line_cut_in_two_is_not_two_ends() -> None:
    assert read(b"data: {}\r", b"\n\r", b"\n")[0] == [{}]
    assert read(b"event: x\r", b"\ndata: 1\r\n\r\n")[0] == [Message("x", "1")]


def test_a_byte_order_mark_in_front_is_skipped_once() -> None:
    bom = b"\xef\xbb\xbf"
    assert numbers(read(bom + event(1))[0]) == [1]
    assert numbers(read(bom[:1], bom[1:2], bom[2:] + event(1))[0]) == [1]
    items, last_id, _ = read(bom + bom + event(1))
    assert last_id == "", "the second one is part of a field's name"
    assert numbers(items) == [1]


def test_what_begins_like_a_byte_order_mark_and_is_none_is_kept() -> None:
    assert read(b"\xef", b"\xbbdata: 1\n", event(1))[1] == "e-1"


def test_several_lines_of_data_are_one_text() -> None:
    assert read(b"event: x\ndata: a\ndata:b\ndata\ndata:  c\n\n")[0] == [Message("x", "a\nb\n\n c")]


def test_a_message_without_data_is_none_but_its_id_counts() -> None:
    assert read(b"event: x\nid: e-9\n\n") == ([], "e-9", None)


def test_an_id_with_nul_counts_for_nothing() -> None:
    items, last_id, _ = read(event(1) + b"id: e\0-2\ndata: {}\n\n")
    assert (len(items), last_id) == (2, "e-1")


def test_a_retry_that_is_no_number_is_ignored() -> None:
    assert read(b"retry: 2x\n\nretry: \xd9\xa3\n\nretry: -1\n\n")[2] is None
    assert read(b"retry: 0\n\n")[2] == 0


def test_unknown_fields_and_comments_change_nothing() -> None:
    assert read(b": c\nfoo: bar\ndata: {}\nnonsense\n\n")[0] == [{}]


def test_characters_that_other_places_take_for_line_ends_are_text() -> None:
    items, _, _ = read(b'data: {"a":"\xe2\x80\xa8\xc2\x85\x1f"}\n\n'.replace(b"\x1f", b"|"))
    assert items == [{"a": "\u2028\u0085|"}]


def test_a_line_end_inside_of_json_is_the_end_of_a_line() -> None:
    # `}` alone is a field nobody knows: what is left of the data is no JSON.
    items, _, _ = read(b'id: 1\ndata: {"a":1\n}\n\n')
    assert "not JSON" in items[0]


def test_integers_of_any_length_are_read_exactly() -> None:
    digits = "9" * 6000
    items, _, _ = read(b'id: 1\ndata: {"a":%s}\n\n' % digits.encode())
    assert items[0]["a"] % 10**9 == 999_999_999
    assert items[0]["a"] + 1 == 10**6000


@pytest.mark.parametrize("data", [b"{", b"1", b"[]", b"null", b'{"a":NaN}', b"{} {}", b'{"a":1}x'])
def test_data_that_is_no_object_is_an_error_behind_the_events_before_it(data: bytes) -> None:
    items, _, _ = read(event(1) + event(2) + b"id: 3\ndata: " + data + b"\n\n" + event(4))
    assert numbers(items[:2]) == [1, 2]
    assert len(items) == 3
    assert "The stream holds data" in items[2]


def test_nesting_that_python_cannot_follow_is_an_error() -> None:
    items, _, _ = read(b'id: 1\ndata: {"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n\n")
    assert "nested too deeply" in items[0]


@pytest.mark.parametrize("cut", [1, 7, 100_000])
def test_a_message_may_be_as_long_as_the_limit_and_not_a_byte_longer(cut: int) -> None:
    message = b'id: e-1\ndata: {"payload":{"n":1}}'
    limit = len(message)

    def cut_read(text: bytes) -> Read:
        return read(*[text[at : at + cut] for at in range(0, len(text), cut)], limit=limit)

    fitting = event(0)[:0] + message + b"\n\n"
    assert numbers(cut_read(fitting * 3)[0]) == [1, 1, 1]
    longer = message.replace(b"1}}", b"12}}") + b"\n\n"
    items, _, _ = cut_read(fitting + longer + fitting)
    assert numbers(items[:1]) == [1]
    assert items[1:] == [
        f"The stream has a message longer than {limit} bytes; max_message_bytes= sets how long "
        "one may be."
    ]


def test_a_line_that_never_ends_is_an_error_and_not_all_of_the_memory() -> None:
    reader = SseReader(max_message_bytes=1000)
    fed = 0
    while True:
        items = reader.feed(b"data: " + b"x" * 94)
        fed += 100
        if items:
            break
    assert fed == 1100
    assert isinstance(items[0], ProtocolError)


def test_comments_may_go_on_for_ever_without_an_empty_line() -> None:
    reader = SseReader(max_message_bytes=1000)
    for _ in range(1000):
        assert reader.feed(b": still here\n") == []
    [items] = reader.feed(event(5))
    assert isinstance(items, list)
    assert numbers(items) == [5]


def random_stream(random_: random.Random) -> bytes:
    """What a server, and things between it and us, may say."""
    texts = ["", "plain", "żółć €", "नमस्ते", "\U0001f600" * 3, "\u2028"]
    pieces = []
    for number in range(random_.randint(1, 30)):
        kind = random_.random()
        if kind < 0.6:
            text = random_.choice(texts)
            data = json.dumps({"payload": {"n": number, "t": text}}, ensure_ascii=False)
            pieces.append(f"id: e-{number}\ndata: {data}\n\n")
        elif kind < 0.7:
            pieces.append(f"event: heartbeat\nid: e-{number}\ndata: {{}}\n\n")
        elif kind < 0.8:
            pieces.append(random_.choice([": c\n", ":\n\n", "\n", "retry: 5\n\n", "id\n\n"]))
        elif kind < 0.9:
            pieces.append('data: {"payload":\ndata: {"n": 77}}\n\n')
        else:
            pieces.append("event: gap\ndata: a\ndata: żb\n\n")
    text = "".join(pieces)
    end = random_.choice(["\n", "\n", "\r\n", "\r"])
    bom = random_.choice([b"", b"\xef\xbb\xbf"])
    return bom + text.replace("\n", end).encode()


def random_chunks(random_: random.Random, data: bytes) -> List[bytes]:
    most = random_.choice([1, 3, 20, 500])
    chunks = []
    while data:
        size = random_.randint(0, most)
        chunks.append(data[:size])
        data = data[size:]
    return chunks


def test_where_a_stream_is_cut_does_not_change_what_it_says() -> None:
    random_ = random.Random(20251118)
    for _ in range(500):
        data = random_stream(random_)
        assert read(*random_chunks(random_, data)) == read(data), data


class PlodReader(SseReader):
    """Without the quick way: the specification's, line by line, for every message."""

    def _take_events(self, text: str, position: int, events: List[Any]) -> int:
        return position


def test_the_quick_way_means_the_same_as_the_specification() -> None:
    random_ = random.Random(7)
    seen = 0
    for _ in range(500):
        data = random_stream(random_)
        if random_.random() < 0.5:
            data = mutated(random_, data)
        quick, careful = SseReader(), PlodReader()
        got, expected = [], []
        for chunk in random_chunks(random_, data):
            got += flat(quick.feed(chunk))
            expected += flat(careful.feed(chunk))
        assert got == expected, data
        assert (quick.last_id, quick.retry_ms) == (careful.last_id, careful.retry_ms)
        seen += len(got)
    assert seen > 3000


def flat(items: List[Any]) -> List[Any]:
    out: List[Any] = []
    for item in items:
        out += item if isinstance(item, list) else [str(item)]
    return out


def mutated(random_: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(changed) + 1)
        what = random_.random()
        if what < 0.4 and at < len(changed):
            changed[at] = random_.randrange(256)
        elif what < 0.7:
            changed[at:at] = random_.choice(
                [b"\n", b"\r", b"\0", b"data: {", b"id: ", b"\xff", b"}"]
            )
        else:
            del changed[at : at + random_.randint(1, 20)]
    return bytes(changed)


def test_no_bytes_make_the_parser_raise_anything_or_forget_its_limit() -> None:
    random_ = random.Random(42)
    errors = 0
    for _ in range(5000):
        data = mutated(random_, random_stream(random_))
        reader = SseReader(max_message_bytes=400)
        for chunk in random_chunks(random_, data):
            items = reader.feed(chunk)
            assert len(reader._framer._rest) <= 401
            if any(isinstance(item, ProtocolError) for item in items):
                errors += 1
                break
    assert errors > 500, "the mutations are too tame to show anything"
