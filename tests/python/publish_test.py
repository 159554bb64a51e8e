"""The calls that publish: their arguments, the moment, who says so, many threads."""

import datetime
import threading

import pytest

import tapedeck
from tapedeck import get_telemetry_bus, publish_event, publish_order_event, publish_signal_event

bus = get_telemetry_bus()


@pytest.fixture(autouse=True)
def empty_buffer():
    bus.clear_buffer()


def newest():
    [event] = bus.get_recent_events(limit=1)
    return event


def test_arguments_may_be_given_by_place_or_name():
    publish_signal_event("NIFTY", "momentum", "BUY", 0.85, "RSI oversold")
    by_place = newest()["payload"]
    publish_signal_event(
        signal="BUY",
        reason="RSI oversold",
        confidence=0.85,
        strategy_name="momentum",
        symbol="NIFTY",
    )
    by_name = newest()["payload"]
    assert by_place == by_name
    assert list(by_name)[:3] == ["symbol", "strategy_name", "signal"]


def test_what_else_is_given_goes_into_the_payload():
    publish_order_event("A", "NIFTY", "BUY", "filled", qty=50, my_note={"a": 1}, price=None)
    assert newest()["payload"] == {
        "order_id": "A",
        "symbol": "NIFTY",
        "side": "BUY",
        "status": "filled",
        "qty": 50,
        "my_note": {"a": 1},
        "price": None,
    }


def test_none_in_the_place_of_an_optional_argument_is_not_written():
    publish_signal_event("NIFTY", "momentum", "BUY", None, "why")
    assert newest()["payload"] == {
        "symbol": "NIFTY",
        "strategy_name": "momentum",
        "signal": "BUY",
        "reason": "why",
    }


def test_values_of_unexpected_types_are_carried_as_they_are():
    publish_signal_event(symbol=5, strategy_name=None, signal=["BUY"], confidence="high")
    assert newest()["payload"] == {
        "symbol": 5,
        "strategy_name": None,
        "signal": ["BUY"],
        "confidence": "high",
    }


def test_names_that_were_made_at_run_time_are_known():
    names = ["".join(["sym", "bol"]), "strategy_" + "name", "sig" + "nal"]
    publish_signal_event(**dict(zip(names, ["NIFTY", "m", "BUY"])))
    assert list(newest()["payload"]) == ["symbol", "strategy_name", "signal"]


def test_more_names_than_anybody_needs_are_written():
    extra = {f"extra_{n}": n for n in range(200)}
    publish_signal_event(**extra, symbol="NIFTY", strategy_name="m", signal="BUY")
    assert newest()["payload"] == {
        "symbol": "NIFTY",
        "strategy_name": "m",
        "signal": "BUY",
        **extra,
    }


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: publish_signal_event("NIFTY", "m"), "missing the argument 'signal'"),
        (lambda: publish_signal_event(), "missing the argument 'symbol'"),
        (lambda: publish_signal_event("A", "m", "BUY", symbol="B"), "multiple values"),
        (lambda: tapedeck.publish_performance_update({}, *range(9)), "at most"),
        (lambda: publish_event("t"), "publish_event"),
        (lambda: publish_event("t", {}, payload={}), "publish_event"),
        (lambda: publish_event("t", {}, speed=1), "publish_event"),
        (lambda: publish_event("t", {}, None, None), "publish_event"),
    ],
)
def test_a_call_that_makes_no_sense_is_a_type_error(call, says):
    with pytest.raises(TypeError, match=says):
        call()
    assert bus.get_stats()["total_events"] == 0


@pytest.mark.parametrize("event_type", ["", "two words", "ü", "x" * 65, None, 7, "a/b", "\ud800"])
def test_a_type_that_is_none_is_refused(event_type):
    with pytest.raises(ValueError, match="event type"):
        publish_event(event_type, {})


@pytest.mark.parametrize("event_type", ["a", "A-b_c.d:9", "x" * 64])
def test_any_other_type_is_welcome(event_type):
    assert publish_event(event_type, {}) is True
    assert newest()["type"] == event_type
    assert event_type in bus.get_event_types()


IST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    "moment",
    [
        datetime.datetime(2025, 11, 18, 13, 25, 41, 123456, tzinfo=IST),
        "2025-11-18T13:25:41.123456+05:30",
        "2025-11-18T07:55:41.123456Z",
        1763452541.123456,
    ],
    ids=str,
)
def test_the_moment_may_be_given_and_is_written_in_utc(moment):
    publish_event("t", {}, timestamp=moment)
    assert newest()["timestamp"] == "2025-11-18T07:55:41.123456Z"
    assert bus.publish_event("t", {}, moment) is True


@pytest.mark.parametrize(
    "moment, error",
    [
        (datetime.datetime(2025, 11, 18, 13, 25), ValueError),
        ("2025-11-18T07:55:41", ValueError),
        ("yesterday", ValueError),
        (float("nan"), ValueError),
        (1e300, ValueError),
        (10**40, ValueError),
        (datetime.date(2025, 11, 18), ValueError),
        ([], TypeError),
        (True, TypeError),
    ],
    ids=repr,
)
def test_a_time_without_an_offset_or_that_is_none_is_refused(moment, error):
    with pytest.raises(error):
        publish_event("t", {}, timestamp=moment)
    assert bus.get_stats()["total_events"] == 0


def test_the_timestamp_lies_between_the_callers_clock_readings():
    for _ in range(1000):
        before = datetime.datetime.now(datetime.timezone.utc)
        publish_event("t", {})
        after = datetime.datetime.now(datetime.timezone.utc)
        text = newest()["timestamp"]
        happened = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        assert before <= happened <= after


def test_a_source_is_written_into_what_follows():
    try:
        tapedeck.set_source(engine_id="equity-1", account="main", mode="paper")
        publish_event("t", {})
        assert newest()["source"] == {"engine_id": "equity-1", "account": "main", "mode": "paper"}
        tapedeck.set_source(mode="live")
        publish_event("t", {})
        assert newest()["source"]["mode"] == "live"
        assert newest()["source"]["engine_id"] == "equity-1"
    finally:
        tapedeck.set_source(engine_id="", account="", mode="")
    publish_event("t", {})
    assert "source" not in newest()


def test_many_threads_publish_at_once_and_each_ones_order_is_kept():
    threads, each = 8, 4000
    tapedeck.TelemetryBus(buffer_size=threads * each)
    try:
        barrier = threading.Barrier(threads)

        def publish(thread):
            barrier.wait()
            for n in range(each):
                publish_event("t", {"thread": thread, "n": n})

        running = [threading.Thread(target=publish, args=(t,)) for t in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        by_thread = {t: [] for t in range(threads)}
        for event in bus.get_recent_events(limit=threads * each):
            by_thread[event["payload"]["thread"]].append(event["payload"]["n"])
        assert all(numbers == list(range(each)) for numbers in by_thread.values())
    finally:
        tapedeck.TelemetryBus(buffer_size=5000)


def test_reads_refuse_limits_and_times_that_make_no_sense():
    for limit in (0, -1):
        with pytest.raises(ValueError, match="limit"):
            bus.get_recent_events(limit=limit)
    with pytest.raises(ValueError, match="offset"):
        bus.snapshot(datetime.datetime(2025, 11, 18))
    with pytest.raises(ValueError, match="buffer_size"):
        tapedeck.TelemetryBus(buffer_size=0)


def test_the_buffer_can_be_resized_at_any_time():
    for n in range(10):
        publish_event("t", {"n": n})
    try:
        assert tapedeck.TelemetryBus(buffer_size=3) is bus
        assert [e["payload"]["n"] for e in bus.get_recent_events()] == [7, 8, 9]
        assert bus.get_stats()["buffer_size"] == 3
        publish_event("t", {"n": 10})
        assert bus.get_stats()["total_events"] == 3
    finally:
        tapedeck.TelemetryBus(buffer_size=5000)


def test_a_snapshot_has_what_happened_since():
    for hour in (9, 10, 11):
        publish_event("t", {"hour": hour}, timestamp=f"2025-11-18T{hour:02}:00:00+05:30")
    for since in (
        "2025-11-18T10:00:00+05:30",
        datetime.datetime(2025, 11, 18, 10, tzinfo=IST),
        datetime.datetime(2025, 11, 18, 10, tzinfo=IST).timestamp(),
    ):
        assert [e["payload"]["hour"] for e in bus.snapshot(since_ts=since)] == [10, 11]
    assert [e["payload"]["hour"] for e in bus.snapshot()] == [9, 10, 11]


def test_to_json_writes_one_event_or_all():
    import json

    publish_event("t", {"n": 1})
    assert json.loads(bus.to_json()) == bus.get_recent_events()
    assert json.loads(bus.to_json(newest())) == newest()
