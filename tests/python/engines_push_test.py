"""Ticks and candles of one's own."""

import threading
from datetime import datetime, timedelta, timezone

import pytest
from engines_support import bus, events, wait_for, wait_until

from tapedeck import Desk, MarketDataEngine, StrategyEngineV2

pytestmark = pytest.mark.usefixtures("clean")
IST = timezone(timedelta(hours=5, minutes=30))
TUESDAY = datetime(2025, 11, 18, 10, 0, tzinfo=IST)


@pytest.mark.parametrize("feed", ["push", None])
def test_health_comes_by_the_wall_clock_without_a_tick(feed):
    before = datetime.now(timezone.utc)
    with MarketDataEngine(feed, health_seconds=0.05):
        wait_for("engine_health", 5)
    event = bus.get_recent_events("engine_health")[-1]
    assert before <= datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
    assert event["source"]["mode"] == "paper"


def test_ticks_of_many_threads_are_all_counted():
    with MarketDataEngine("push", health_seconds=0.05) as market:
        taken = []

        def send(symbol):
            for i in range(2_000):
                taken.append(market.on_tick(symbol, 1500 + i % 7, quantity=1))

        threads = [threading.Thread(target=send, args=(s,)) for s in ("INFY", "TCS", "NIFTY")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(taken)
        market.get_latest_candle("INFY", "1m")  # what was pushed is part of the answer
        wait_for_ticks(6_000)


def wait_for_ticks(count):
    wait_until(lambda: events("engine_health")[-1]["metrics"]["ticks_total"] == count)


def test_ones_own_candles_can_be_read_back_and_are_made_into_longer_ones():
    with MarketDataEngine("push", timeframes=["1m", "3m"]) as market:
        for minute in range(6):
            start = TUESDAY + timedelta(minutes=minute)
            market.on_candle("INFY", "1m", start, 1500 + minute, 1510, 1490, 1500, 5, "NSE")
        window = market.get_window("INFY", "1m", 3)
        assert [candle.open for candle in window] == [1503, 1504, 1505]
        assert window[0].start == TUESDAY + timedelta(minutes=3)
        assert market.get_latest_candle("INFY", "1m") == window[-1]
        longer = market.get_window("INFY", "3m", 10)
        assert [(candle.open, candle.volume) for candle in longer] == [(1500, 15), (1503, 15)]
        assert market.get_latest_candle("TCS", "1m") is None


def test_candles_reach_a_strategy():
    asked = []

    class Looks:
        def on_candle(self, candle, indicators, context):
            asked.append(candle.close)

    desk = Desk("push", timeframes=["1m"])
    StrategyEngineV2([Looks], desk=desk)
    with desk:
        for minute in range(5):
            start = TUESDAY + timedelta(minutes=minute)
            assert desk.market.on_candle("INFY", "1m", start, 1500, 1510, 1490, 1500 + minute)
        assert len(desk.market.get_window("INFY", "1m", 10)) == 5
    assert asked == [1500, 1501, 1502, 1503, 1504]


def test_ticks_out_of_hours_are_counted():
    with MarketDataEngine("push", health_seconds=0.05) as market:
        market.on_tick("INFY", 1500, timestamp="2025-11-16T11:00:00+05:30")
        wait_for_ticks(1)
        assert events("engine_health")[-1]["metrics"]["out_of_session_ticks"] == 1


def test_what_the_queue_cannot_take_is_counted_and_told():
    class Slow:
        def on_candle(self, candle, indicators, context):
            entered.set()
            assert go_on.wait(30)

    entered, go_on = threading.Event(), threading.Event()
    desk = Desk("push", timeframes=["1m"], queue_limit=10)
    MarketDataEngine(desk=desk, health_seconds=0.05)
    StrategyEngineV2([Slow], desk=desk)
    with desk:
        desk.market.on_candle("INFY", "1m", TUESDAY, 1500, 1500, 1500, 1500)
        assert entered.wait(30)
        taken = [desk.market.on_tick("TCS", 3000) for _ in range(15)]
        go_on.set()
        assert taken == [True] * 10 + [False] * 5
        told = wait_for("mde_status", status="ticks_dropped")
        assert told[0]["metrics"] == {"dropped": 5, "dropped_total": 5}


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda m: m.on_tick("", 1), ValueError, "needs a symbol"),
        (lambda m: m.on_tick("A" * 65, 1), ValueError, "at most 64"),
        (lambda m: m.on_tick("A", 1, timestamp="2099-01-01T00:00:00Z"), ValueError, "future"),
        (lambda m: m.on_tick("A", 1, timestamp=datetime(2025, 1, 1)), ValueError, "2025"),
        (lambda m: m.on_tick("A", "x"), TypeError, "incompatible function arguments"),
        (lambda m: m.on_candle("A", "2m", TUESDAY, 1, 1, 1, 1), ValueError, "is no timeframe"),
        (lambda m: m.get_window("A", "2m", 1), ValueError, "is no timeframe"),
        (lambda m: m.get_window("A", "1m", 0), ValueError, "at least 1"),
    ],
)
def test_what_is_no_tick_is_refused(call, error, sentence):
    with MarketDataEngine("push") as market:
        with pytest.raises(error, match=sentence):
            call(market)


def test_a_desk_with_a_feed_of_its_own_takes_no_ticks():
    with MarketDataEngine("sim") as market:
        with pytest.raises(RuntimeError, match='feed="push"'):
            market.on_tick("INFY", 1500)
    with pytest.raises(RuntimeError, match="is not running"):
        market.on_tick("INFY", 1500)
