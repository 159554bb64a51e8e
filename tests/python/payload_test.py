"""What a payload may hold, and what becomes of it."""

import datetime
import decimal
import enum
import json
import math
import uuid
from collections import OrderedDict, defaultdict, namedtuple

import pytest

from tapedeck import get_telemetry_bus, publish_event

bus = get_telemetry_bus()


def published(payload):
    bus.clear_buffer()
    assert publish_event("t", payload) is True
    [event] = bus.get_recent_events(limit=1)
    return event["payload"]


class Side(str, enum.Enum):
    BUY = "BUY"


class Level(enum.IntEnum):
    HIGH = 3


class Unprintable:
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "value",
    [
        "text",
        "",
        'quote " backslash \\ newline \n nul \x00 unicode ü 💹',
        0,
        -1,
        2**63 - 1,
        -(2**63),
        2**64 - 1,
        2**64,
        -(2**63) - 1,
        10**40,
        0.1,
        -0.0,
        1e300,
        5e-324,
        True,
        False,
        None,
        [],
        {},
        [1, [2, [3, {"four": [4.5]}]]],
        {"rsi": 45.2, "deep": {"er": {"est": None}}},
        Side.BUY,
        Level.HIGH,
        OrderedDict(b=1, a=2),
        defaultdict(int, a=1),
    ],
    ids=repr,
)
def test_a_value_json_has_a_form_for_comes_back_as_json_would_bring_it(value):
    assert published({"v": value}) == json.loads(json.dumps({"v": value}))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_json_cannot_say_is_null(value):
    assert published({"v": value, "list": [value]}) == {"v": None, "list": [None]}


def test_a_tuple_is_a_list():
    point = namedtuple("point", "x y")
    assert published({"v": (1, 2), "p": point(3, 4)}) == {"v": [1, 2], "p": [3, 4]}


@pytest.mark.parametrize(
    "value",
    [
        decimal.Decimal("19755.50"),
        datetime.datetime(2025, 11, 18, 9, 15, tzinfo=datetime.timezone.utc),
        datetime.date(2025, 11, 18),
        uuid.UUID(int=7),
        {1},
        b"bytes",
        1 + 2j,
        object,
    ],
    ids=repr,
)
def test_a_value_json_has_no_form_for_is_written_with_str(value):
    assert published({"v": value, "list": [value]}) == {"v": str(value), "list": [str(value)]}


def test_numpy_scalars_are_numbers_and_its_arrays_text():
    numpy = pytest.importorskip("numpy")
    array = numpy.array([1.5, 2.5])
    assert published(
        {
            "qty": numpy.int64(50),
            "price": numpy.float32(0.5),
            "close": numpy.float64(19755.25),
            "ok": numpy.bool_(True),
            "nan": numpy.float64("nan"),
            "array": array,
            "one": numpy.array([7]),
        }
    ) == {
        "qty": 50,
        "price": 0.5,
        "close": 19755.25,
        "ok": True,
        "nan": None,
        "array": str(array),
        "one": "[7]",
    }


def test_keys_are_written_as_json_writes_them():
    payload = {1: "int", 1.5: "float", None: "none", Side.BUY: "enum", (1, 2): "tuple"}
    assert published(payload) == {
        "1": "int",
        "1.5": "float",
        "null": "none",
        "BUY": "enum",
        "(1, 2)": "tuple",
    }
    assert published({True: "bool"}) == {"true": "bool"}


def test_the_order_of_keys_is_kept():
    keys = ["z", "a", "m", "b"]
    assert list(published(dict.fromkeys(keys, 1))) == keys


@pytest.mark.parametrize("payload", ["text", 42, None, [1, 2], (1,), 3.5, True])
def test_a_payload_that_is_no_dict_becomes_data(payload):
    assert published(payload) == {"data": json.loads(json.dumps(payload))}


def test_a_payload_is_copied_when_it_is_published():
    payload = {"indicators": {"rsi": 45.2}, "list": [1]}
    bus.clear_buffer()
    publish_event("t", payload)
    payload["indicators"]["rsi"] = 99.0
    payload["list"].append(2)
    payload["more"] = True
    [event] = bus.get_recent_events()
    assert event["payload"] == {"indicators": {"rsi": 45.2}, "list": [1]}


def test_what_contains_itself_ends_with_its_text():
    loop = {"name": "loop"}
    loop["self"] = loop
    level = published(loop)
    depth = 0
    while isinstance(level, dict):
        level = level["self"]
        depth += 1
    assert depth == 60
    assert level == str(loop)


@pytest.mark.parametrize("depth, is_text", [(60, False), (61, True)])
def test_nesting_up_to_the_limit_keeps_its_form(depth, is_text):
    value = "bottom"
    for _ in range(depth - 1):
        value = [value]
    level = published({"v": value})["v"]
    while isinstance(level, list):
        level = level[0]
    assert (level == "['bottom']") is is_text


def test_a_lone_surrogate_is_replaced():
    assert published({"v": "a\ud800b"})["v"].replace("\ufffd", "") == "ab"


def test_what_has_no_text_does_not_stop_the_publisher():
    assert published({"v": Unprintable(), "w": 1, Unprintable: 2})["w"] == 1


def test_a_value_that_changes_its_container_while_it_is_written_does_no_harm():
    class Meddler:
        def __init__(self, target):
            self.target = target

        def __str__(self):
            self.target.clear()
            return "meddled"

    items = []
    items += [Meddler(items), object(), object()]
    mapping = {}
    mapping.update(a=Meddler(mapping), b=object())
    assert published({"list": items})["list"] == ["meddled"]
    assert published({"map": mapping})["map"]["a"] == "meddled"


def payload_of_size(json_bytes):
    return {"v": "x" * (json_bytes - len('{"v":""}'))}


def test_a_payload_of_64_kib_is_taken_and_a_larger_one_is_counted():
    bus.clear_buffer()
    before = bus.get_stats()["rejected_total"]
    publish_event("t", payload_of_size(65536))
    assert bus.get_stats()["rejected_total"] == before
    publish_event("t", payload_of_size(65537))
    assert bus.get_stats()["rejected_total"] == before + 1
    assert publish_event("t", {"v": ["y" * 1000] * 100_000}) is False
    assert bus.get_stats()["rejected_total"] == before + 2
    assert bus.get_stats()["total_events"] == 1
