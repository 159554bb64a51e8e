"""Callbacks: on a thread of their own, whatever they do."""

import logging
import threading

import pytest

from tapedeck import get_telemetry_bus, publish_event, publish_signal_event

bus = get_telemetry_bus()


class Collected:
    """Collects what a callback gets; waits for it."""

    def __init__(self):
        self.events = []
        self.condition = threading.Condition()

    def __call__(self, event):
        with self.condition:
            self.events.append(event)
            self.condition.notify_all()

    def wait_for(self, count):
        with self.condition:
            assert self.condition.wait_for(lambda: len(self.events) >= count, timeout=30)
        return self.events

    @property
    def numbers(self):
        return [event["payload"].get("n") for event in self.events]


@pytest.fixture
def subscribe():
    numbers = []

    def subscribe(callback, **filters):
        numbers.append(bus.subscribe(callback, **filters))
        return numbers[-1]

    yield subscribe
    for number in numbers:
        bus.unsubscribe(number)


def test_a_callback_gets_each_event_from_then_on_in_order(subscribe):
    publish_event("t", {"n": -1})
    collected = Collected()
    subscribe(collected)
    for n in range(1000):
        publish_event("t", {"n": n})
    collected.wait_for(1000)
    assert collected.numbers == list(range(1000))


def test_a_callback_runs_off_the_publishing_thread(subscribe):
    threads = Collected()
    subscribe(lambda event: threads({"payload": {"n": threading.get_ident()}}))
    publish_event("t", {})
    threads.wait_for(1)
    assert threads.numbers[0] != threading.get_ident()


def test_a_callback_may_be_filtered(subscribe):
    of_types, of_symbol, by_expression = Collected(), Collected(), Collected()
    subscribe(of_types, event_type=["a", "b"])
    subscribe(of_symbol, symbol="INFY", strategy="momentum")
    subscribe(by_expression, filter="payload.confidence > 0.5")
    for n, (symbol, confidence) in enumerate([("TCS", 0.9), ("INFY", 0.1), ("INFY", 0.8)]):
        publish_signal_event(symbol, "momentum", "BUY", confidence, n=n)
    publish_event("a", {"n": 10})
    publish_event("b", {"n": 11})
    publish_event("c", {"n": 12})
    assert (of_types.wait_for(2), of_types.numbers)[1] == [10, 11]
    assert (of_symbol.wait_for(2), of_symbol.numbers)[1] == [1, 2]
    assert (by_expression.wait_for(2), by_expression.numbers)[1] == [0, 2]


def test_filters_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="column"):
        bus.subscribe(print, filter="payload.qty >")
    with pytest.raises(TypeError, match="sybmol"):
        bus.subscribe(print, sybmol="INFY")
    with pytest.raises(TypeError, match="str"):
        bus.subscribe(print, symbol=[1])
    with pytest.raises(TypeError, match="callable"):
        bus.subscribe(None)


def test_a_callback_that_raises_is_logged_and_counted_and_goes_on(subscribe, caplog):
    collected = Collected()

    def raising(event):
        collected(event)
        if event["payload"]["n"] == 0:
            raise RuntimeError("no")

    before = bus.get_stats()["callback_errors_total"]
    with caplog.at_level(logging.ERROR, logger="tapedeck"):
        subscribe(raising, event_type="raise")
        for n in range(3):
            publish_event("raise", {"n": n})
        collected.wait_for(3)
    assert bus.get_stats()["callback_errors_total"] == before + 1
    assert "RuntimeError: no" in caplog.text


def test_a_slow_callback_holds_up_neither_publishers_nor_others(subscribe):
    released = threading.Event()
    slow, quick = Collected(), Collected()

    def waiting(event):
        assert released.wait(30)
        slow(event)

    subscribe(waiting, event_type="s")
    subscribe(quick, event_type="s")
    for n in range(100):
        publish_event("s", {"n": n})
    quick.wait_for(100)  # while the other has not returned from its first
    assert slow.events == []
    released.set()
    slow.wait_for(100)
    assert slow.numbers == list(range(100))


def test_a_callback_may_publish(subscribe):
    answers = Collected()
    subscribe(lambda event: publish_event("answer", {"n": event["payload"]["n"]}), event_type="ask")
    subscribe(answers, event_type="answer")
    for n in range(10):
        publish_event("ask", {"n": n})
    answers.wait_for(10)
    assert answers.numbers == list(range(10))


def test_a_callback_may_end_its_own_subscription():
    collected, ended = Collected(), threading.Event()
    number = []

    def once(event):
        collected(event)
        assert bus.unsubscribe(number[0])
        ended.set()

    number.append(bus.subscribe(once, event_type="once"))
    for n in range(100):
        publish_event("once", {"n": n})
    assert ended.wait(30)
    assert not bus.unsubscribe(number[0])
    assert collected.numbers == [0]


def test_unsubscribe_returns_when_the_callback_is_not_running_any_more():
    inside, leave, left = threading.Event(), threading.Event(), threading.Event()

    def callback(event):
        inside.set()
        assert leave.wait(30)
        left.set()

    number = bus.subscribe(callback, event_type="u")
    publish_event("u", {})
    assert inside.wait(30)
    ended = threading.Thread(target=bus.unsubscribe, args=(number,))
    ended.start()
    leave.set()
    ended.join(30)
    assert not ended.is_alive()
    assert left.is_set()


def test_a_subscription_may_be_ended_by_its_callback():
    collected = Collected()
    bus.subscribe(collected, event_type="c")
    bus.subscribe(collected, event_type="c")
    assert bus.unsubscribe(collected)
    assert not bus.unsubscribe(collected)
    publish_event("c", {})
    bus.flush()
    assert collected.events == []
