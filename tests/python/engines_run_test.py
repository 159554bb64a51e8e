"""Whole runs: strategies in Python, from the decision to the position."""

import logging
import threading

import pytest
from engines_support import SESSION, bus, events, tape, wait_for, wait_until

from tapedeck import (
    Decision,
    Desk,
    ExecutionEngine,
    MarketDataEngine,
    Strategy,
    StrategyEngineV2,
    UniverseBuilder,
    get_telemetry_bus,
    publish_event,
)

pytestmark = pytest.mark.usefixtures("clean")


class CrossesItsAverage(Strategy):
    indicators = ["ema_20", "rsi"]
    parameters = {"threshold": 50}

    def __init__(self, threshold):
        self.threshold = threshold
        self.asked = 0

    def on_candle(self, candle, indicators, context):
        self.asked += 1
        above = candle.close > indicators["ema_20"]
        if context.position.size:
            return context.exit(0.9, "crossed back") if not above else None
        if above and context.previous["rsi"] and indicators["rsi"] > self.threshold:
            return context.buy(0.8, f"RSI {indicators['rsi']:.1f} over {self.threshold}")
        return "HOLD"


def run(strategies, symbols=("INFY", "TCS"), **more):
    """Runs a session to its end; gives the desk."""
    desk = Desk(**SESSION, symbols=list(symbols))
    StrategyEngineV2(strategies, desk=desk, **more)
    desk.start()
    assert desk.wait(120)
    return desk


def test_one_decision_is_one_chain_from_trace_to_position():
    desk = run([CrossesItsAverage])
    signal = events("signal_event", strategy_name="crosses_its_average", signal="BUY")[0]
    assert signal["reason"].startswith("RSI ") and signal["strategy_version"] == "1"
    chain = [
        event["type"]
        for event in bus.get_recent_events(limit=1_000_000)
        if event["payload"].get("correlation_id") == signal["correlation_id"]
    ]
    assert chain[:3] == ["decision_trace", "signal_event", "order_event"]
    assert chain[-1] == "position_event"
    summary = desk.summary()
    assert summary["signals"] > 4 and summary["fills"] > 4
    assert desk.execution.positions()[0].strategy == "crosses_its_average"
    assert desk.execution.pnl().realized == pytest.approx(summary["realized_pnl"])
    assert all(position.size == 0 for position in desk.execution.positions())
    own = events("indicator_event", strategy="crosses_its_average")
    assert own and "ema_20" in own[0]["indicators"]


def test_the_same_seed_gives_the_same_events():
    first_desk = run([CrossesItsAverage, "momentum"])
    first = tape()
    bus.clear_buffer()
    run([CrossesItsAverage, "momentum"])
    assert len(first) > 5_000
    assert tape() == first
    assert first_desk.error == ""


def test_engines_started_one_by_one_at_speed_0_miss_nothing():
    run(["momentum"])
    together = tape()
    bus.clear_buffer()
    market = MarketDataEngine(
        feed="sim?sessions=1", speed=0, sim_date="2025-11-18", symbols=["INFY", "TCS"]
    )
    engines = [UniverseBuilder(), market, StrategyEngineV2(["momentum"]), ExecutionEngine()]
    for engine in engines:
        engine.start()
        assert engine.is_running or engine is engines[-1]
    assert market.desk.wait(120)
    host = bus.get_recent_events(limit=1)[0]["source"]["host"]
    assert [line.replace(f'"host": "{host}"', '"host": "test-host"') for line in tape()] == together


def test_its_parameters_can_be_set():
    run([CrossesItsAverage], parameters={"crosses_its_average": {"threshold": 60}})
    reasons = [e["reason"] for e in events("signal_event", signal="BUY")]
    assert reasons and all(reason.endswith("over 60.0") for reason in reasons)


def test_it_is_shown_the_candle_its_indicators_and_what_it_holds():
    seen = []

    class Looks:
        name = "looks"
        indicators = ["sma_20"]

        def on_candle(self, candle, indicators, context):
            seen.append((candle, indicators, context.previous, context.position, context.past))

    run([Looks], symbols=["INFY"])
    past = [row for row in seen if row[4]]
    assert past, "it learns from the candles of the session before"
    candle, indicators, previous, position, _ = seen[len(past) + 1]
    assert (candle.symbol, candle.exchange, candle.timeframe) == ("INFY", "NSE", "1m")
    assert candle.start.isoformat() == "2025-11-18T03:46:00+00:00"
    assert (candle.end - candle.start).total_seconds() == 60
    assert candle.low <= candle.open <= candle.high and candle.volume > 0
    assert indicators["sma_20"] and isinstance(indicators["bb_upper"], float)
    assert previous == seen[len(past)][1]
    assert position == (0, 0.0, 0)


def raises(self, candle, indicators, context):
    raise KeyError("no such thing")


@pytest.mark.parametrize(
    "answer, reason",
    [
        (raises, r"KeyError: 'no such thing' (engines_run_test.py:"),
        (lambda *a: "MAYBE", "ValueError: on_candle returned the action 'MAYBE'"),
        (lambda *a: ("BUY", 2), "the confidence 2; it must be in 0..1"),
        (lambda *a: ("BUY", float("nan")), "the confidence nan"),
        (lambda *a: ("BUY", "high"), "the confidence 'high'; it must be a number"),
        (lambda *a: ("BUY", 1, 7), "the reason 7; it must be text"),
        (lambda *a: 42, "on_candle returned 42; it may return None"),
        (lambda *a: (), "on_candle returned ()"),
    ],
)
def test_one_that_raises_or_answers_nonsense_is_switched_off_and_told(answer, reason, caplog):
    broken = type("Broken", (), {"on_candle": answer})
    with caplog.at_level(logging.ERROR, "tapedeck"):
        desk = run([broken, "momentum"], symbols=["INFY"])
    assert desk.error == "", "the others go on"
    degraded = events("engine_health", engine_name="StrategyEngineV2", status="degraded")
    assert reason in str(degraded[0]["metrics"])
    assert "Traceback" in caplog.text
    assert events("decision_trace", strategy_name="momentum")


@pytest.mark.parametrize(
    "answer, decision, confidence",
    [
        (None, "HOLD", None),
        ("HOLD", "HOLD", None),
        (("BUY", 0.7), "BUY", 0.7),
        (("SELL", 1, "why"), "SELL", 1.0),
        ("BUY", "BUY", 1.0),
        (Decision("BUY", 0.6, "so"), "BUY", 0.6),
    ],
)
def test_what_it_may_return(answer, decision, confidence):
    says = type("Says", (), {"on_candle": lambda self, *a: answer})
    run([says], symbols=["INFY"])
    first = events("decision_trace", strategy_name="says")[0]
    assert first["decision"] == decision
    assert first["trace_data"]["confidence"] == confidence


@pytest.mark.parametrize(
    "strategy, error, sentence",
    [
        (CrossesItsAverage(1), TypeError, "give the class itself"),
        (type("Mute", (), {}), TypeError, "Mute has no on_candle"),
        (42, TypeError, "neither a strategy's name nor a class"),
        (type("A", (Strategy,), {"indicators": ["x"]}), ValueError, "there is no indicator 'x'"),
        (type("A", (Strategy,), {"indicators": "rsi"}), TypeError, "must be a list of names"),
        (type("A", (Strategy,), {"parameters": {"p": "x"}}), TypeError, "must be a figure"),
        (type("A", (Strategy,), {"name": "a/b"}), ValueError, "nor have a '/'"),
        (type("Momentum", (Strategy,), {}), ValueError, "there are two strategies 'momentum'"),
        (
            type("Picky", (Strategy,), {"__init__": lambda self, must: None}),
            ValueError,
            "strategy 'picky': TypeError",
        ),
    ],
)
def test_what_is_no_strategy_is_refused_when_it_is_given(strategy, error, sentence):
    with pytest.raises(error, match=sentence):
        StrategyEngineV2([strategy])


def test_the_kill_switch_vetoes_entries_and_resume_takes_it_back():
    class Buys(Strategy):
        def on_candle(self, candle, indicators, context):
            return "BUY" if not context.position.size else "EXIT"

    desk = Desk("sim?sessions=1", speed=600, sim_date="2025-11-18", symbols=["INFY"])
    StrategyEngineV2([Buys], desk=desk, cooldown_candles=0)
    with desk:
        desk.strategy.kill("enough")
        vetoed = wait_for("decision_trace", decision="VETO", strategy_name="buys")
        assert vetoed[0]["trace_data"]["veto_code"] == "kill_switch"
        answers = events("command_event", state="done", command="kill")
        assert [(a["target"], a["reason"], a["by"]) for a in answers] == [
            ("paper-strategy", "enough", "python")
        ]
        desk.resume()
        wait_for("position_event")
        desk.flatten("home")
        wait_for("command_event", state="done", command="flatten")
        publish_event("command_event", {"command": "kill", "target": "*", "state": "requested"})
        wait_until(lambda: desk.summary()["killed"])
        assert len(events("command_event", state="done", command="kill")) == 3


def test_a_strategy_may_use_the_bus_and_the_engines():
    seen = {"positions": [], "events": 0, "windows": []}
    me = {}

    class Busy(Strategy):
        def on_candle(self, candle, indicators, context):
            if context.past:
                return None
            publish_event("note", {"close": candle.close})
            seen["events"] += len(get_telemetry_bus().get_recent_events("note", limit=1))
            desk = me["desk"]
            seen["positions"].append(len(desk.execution.positions()))
            desk.execution.pnl()
            window = desk.market.get_window("INFY", "1m", 5)
            seen["windows"].append(window[-1].end == candle.end)
            if len(seen["positions"]) == 3:
                me["order"] = desk.execution.submit("INFY", "BUY", 10)
            if len(seen["positions"]) == 30:
                desk.strategy.stop()
            return None

    desk = me["desk"] = Desk(**SESSION, symbols=["INFY"])
    StrategyEngineV2([Busy], desk=desk)
    desk.start()
    assert desk.wait(60)
    assert len(events("note")) == seen["events"] == 30, "it stopped with its 30th candle"
    assert seen["windows"] == [True] * 30
    assert seen["positions"][0] == 0 and seen["positions"][-1] == 1
    assert desk.execution.order(me["order"]).status == "filled"


@pytest.mark.parametrize("has_stop", [True, False])
def test_positions_are_protected_when_their_strategy_watches_a_stop(has_stop):
    class Buys(Strategy):
        watches_stop = has_stop

        def on_candle(self, candle, indicators, context):
            return None if context.past or context.position.size else context.buy()

    run([Buys], symbols=["INFY"])
    held = [event for event in events("position_event") if event["position_size"] > 0]
    assert held
    for event in held:
        assert event["protected_qty"] == (event["position_size"] if has_stop else 0)
        assert event.get("protected_by") == ("strategy" if has_stop else None)


def test_other_threads_read_while_a_strategy_does():
    me = {}

    class Reads(Strategy):
        def on_candle(self, candle, indicators, context):
            if not context.past:
                me["desk"].execution.positions()

    desk = me["desk"] = Desk(**SESSION, symbols=["INFY", "TCS"])
    StrategyEngineV2([Reads], desk=desk)
    desk.start()
    read = []

    def reading():
        while desk.is_running:
            desk.execution.pnl()
            desk.market.get_latest_candle("INFY", "1m")
            read.append(1)

    threads = [threading.Thread(target=reading) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert desk.wait(60)
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert read


def test_orders_by_hand():
    desk = Desk("sim?sessions=1", speed=60, sim_date="2025-11-18", symbols=["INFY"])
    with desk:
        wait_for("candle_event")
        order_id = desk.execution.place_order("INFY", "BUY", 10, reason="by hand")
        wait_for("order_event", order_id=order_id, status="filled")
        assert desk.execution.order(order_id).filled_qty == 10
        position = desk.execution.positions()[0]
        assert (position.symbol, position.size, position.strategy) == ("INFY", 10, "manual")
        told = events("position_event", symbol="INFY")[0]
        assert told["correlation_id"] == events("order_event")[0]["correlation_id"]
        above = round(1.04 * position.last_price)
        limit = desk.execution.submit("INFY", "SELL", 10, "LIMIT", price=above)
        wait_for("order_event", order_id=limit, status="open")
        desk.execution.cancel(limit, "changed my mind")
        wait_for("order_event", order_id=limit, status="cancelled")
        with pytest.raises(ValueError, match="cannot be cancelled"):
            desk.execution.cancel(limit)
        with pytest.raises(ValueError, match="side must be BUY or SELL"):
            desk.execution.submit("INFY", "LONG", 10)
        refused = desk.execution.submit("NOSUCH", "BUY", 10)
        assert desk.execution.order(refused).status == "rejected"
        assert desk.execution.cancel_all() == 0


def test_one_engine_stops_and_starts_again_while_the_others_go_on():
    desk = Desk("sim?sessions=1", speed=2000, sim_date="2025-11-18", symbols=["INFY"])
    with desk:
        wait_for("candle_event", 10)
        desk.strategy.stop()
        traced = len(events("decision_trace"))
        candles = len(events("candle_event"))
        wait_for("candle_event", candles + 10)
        assert len(events("decision_trace")) == traced
        again = StrategyEngineV2(["mean_reversion"], desk=desk)
        again.start()
        assert wait_for("decision_trace", strategy_name="mean_reversion")[0]["decision"] != "VETO"
