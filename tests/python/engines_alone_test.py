"""Each engine by itself, started and stopped as a user would."""

import pytest
from engines_support import SESSION, bus, events, wait_for, wait_until

from tapedeck import (
    Desk,
    ExecutionEngine,
    MarketDataEngine,
    StrategyEngineV2,
    UniverseBuilder,
    default_desk,
)

CADENCES = [(MarketDataEngine, 3), (StrategyEngineV2, 5), (ExecutionEngine, 5)]
ENGINES = [MarketDataEngine, StrategyEngineV2, ExecutionEngine, UniverseBuilder]

pytestmark = pytest.mark.usefixtures("clean")


@pytest.mark.parametrize("engine_class, seconds", CADENCES)
def test_alone_and_with_no_argument_it_tells_its_health_on_its_cadence(engine_class, seconds):
    name = engine_class.__name__
    engine = engine_class()
    assert not engine.is_running
    assert events("engine_health") == []
    engine.start()
    assert engine.is_running
    wait_for("engine_health", 3, engine_name=name)
    told = [
        event["timestamp"]
        for event in bus.get_recent_events("engine_health")
        if event["payload"]["engine_name"] == name
    ]
    assert _seconds(told[2]) - _seconds(told[1]) == pytest.approx(seconds)
    engine.stop()
    assert not engine.is_running
    assert [e["status"] for e in events("engine_health")][:2] == ["starting", "active"]
    assert events("engine_health")[-1]["status"] == "stopped"
    assert {e["engine_name"] for e in events("engine_health")} == {name}


def _seconds(timestamp):
    hours, minutes, seconds = timestamp[11:-1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_the_universe_builder_alone_publishes_what_the_feed_lists():
    with UniverseBuilder() as universe:
        scans = wait_for("universe_scan", 2)
        assert {scan["scan_type"] for scan in scans} == {"equity", "fno"}
        assert universe.summary["universe_size"] > 5
        assert universe.summary["exchanges"]["NSE"] > 0
        universe.refresh()
        assert universe.summary["refreshes"] == 2
        assert universe.summary["last_error"] == ""


@pytest.mark.parametrize("engine_class", ENGINES)
def test_stopping_twice_is_stopping_once(engine_class):
    engine = engine_class()
    engine.stop()
    engine.start()
    engine.stop()
    engine.stop()
    assert len(events("engine_health", status="stopped")) == 1


@pytest.mark.parametrize("engine_class", ENGINES)
def test_a_started_engine_cannot_be_started_again(engine_class):
    with engine_class() as engine:
        with pytest.raises(RuntimeError, match="running already"):
            engine.start()


@pytest.mark.parametrize("engine_class", ENGINES)
def test_a_stopped_engine_can_be_started_again(engine_class):
    engine = engine_class()
    for _ in range(2):
        with engine:
            assert engine.is_running
    told = [e["status"] for e in events("engine_health")]
    changes = [state for n, state in enumerate(told) if n == 0 or state != told[n - 1]]
    assert changes == ["starting", "active", "stopped"] * 2


def test_it_says_who_it_is():
    desk = Desk(engine_id_prefix="mine")
    assert desk.strategy.engine_id == "mine-strategy"
    assert MarketDataEngine().engine_id == "paper-mde"
    assert repr(desk.strategy) == "<tapedeck.StrategyEngineV2 mine-strategy not running>"
    with desk.strategy:
        wait_for("engine_health")
        source = bus.get_recent_events("engine_health")[0]["source"]
        assert source["engine_id"] == desk.strategy.engine_id
        assert desk.strategy.is_running


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: MarketDataEngine(feed="kite"), "there is no feed 'kite'"),
        (lambda: MarketDataEngine(timeframes=["7m"]), "'7m' is no timeframe"),
        (lambda: MarketDataEngine(speed=-1), "the speed must be 0"),
        (lambda: MarketDataEngine(symbols=["FOO"]), "the feed has none of the symbols asked for"),
        (lambda: MarketDataEngine(sim_date="today"), "'today' is no date"),
        (lambda: MarketDataEngine(feed="replay:/nowhere"), "/nowhere"),
        (lambda: MarketDataEngine(gap_seconds=-1), "gap_seconds must not be negative"),
        (lambda: Desk(feed="push", speed=2), "the speed is 1"),
        (lambda: StrategyEngineV2(["x"]), "there is no strategy 'x'"),
        (lambda: StrategyEngineV2(timeframe="2m"), "timeframe '2m'"),
        (lambda: StrategyEngineV2(indicators=["x"]), "there is no indicator 'x'"),
        (lambda: StrategyEngineV2(parameters={"momentum": {"x": 1}}), "has no parameter 'x'"),
        (lambda: StrategyEngineV2(min_confidence=2), "min_confidence must lie within 0..1"),
        (lambda: ExecutionEngine(capital=-1), "capital must be a number of at least 0"),
        (lambda: ExecutionEngine(pnl_basis="lifo"), "pnl_basis must be average or fifo"),
        (lambda: ExecutionEngine(volume_share=1.5), "within 0..1"),
        (lambda: UniverseBuilder(dump="/nowhere.csv").start(), "/nowhere.csv"),
    ],
)
def test_options_that_cannot_be_are_refused_with_a_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        make()


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: MarketDataEngine(symbols="INFY"), "symbols must be a list"),
        (lambda: StrategyEngineV2(max_positions="many"), "max_positions cannot be 'many'"),
        (lambda: StrategyEngineV2(strategies="momentum"), "strategies must be a list"),
    ],
)
def test_options_of_another_type_are_refused_with_a_sentence(make, sentence):
    with pytest.raises(TypeError, match=sentence):
        make()


def test_no_health_comes_after_stop_telemetry_and_the_engine_goes_on():
    desk = Desk(feed="sim?sessions=1", speed=10_000, sim_date="2025-11-18", symbols=["INFY"])
    desk.market.start()
    wait_for("engine_health", 20)
    desk.market.stop_telemetry()
    desk.market.stop_telemetry()
    told = len(events("engine_health"))
    assert desk.market.is_running
    assert desk.wait(60)
    assert len(events("engine_health")) == told + 1, "only that it stopped"
    assert events("candle_event")[-1]["start"] > "2025-11-18T09:50", "in UTC: until the close"


def test_an_engine_that_was_not_started_is_inert():
    desk = Desk(**SESSION, symbols=["INFY"])
    desk.market.start()
    assert desk.wait(60)
    assert events("candle_event")
    assert {e["engine_name"] for e in events("engine_health")} == {"MarketDataEngine"}
    assert not events("decision_trace") and not events("universe_scan")


def test_what_is_not_running_says_so():
    engine = ExecutionEngine()
    with pytest.raises(ValueError, match="does not know 'flatten'"):
        StrategyEngineV2().flatten()
    for ask in (engine.positions, engine.kill, engine.cancel_all, lambda: engine.order("x")):
        with pytest.raises(RuntimeError, match="is not running: call its start"):
            ask()
    with pytest.raises(RuntimeError, match="is not running"):
        default_desk().kill()


def test_two_desks_of_one_name_cannot_run_at_once():
    with Desk(symbols=["INFY"]):
        with pytest.raises(ValueError, match="engine_id_prefix of its own"):
            Desk(symbols=["INFY"]).start()
        with Desk(symbols=["INFY"], engine_id_prefix="second") as second:
            assert second.is_running


def test_the_default_desk_is_made_anew_when_its_run_has_ended():
    first = StrategyEngineV2()
    with first:
        with pytest.raises(ValueError, match="is running already"):
            StrategyEngineV2()
        with pytest.raises(ValueError, match="other options of its feed"):
            MarketDataEngine(feed="push")
    second = StrategyEngineV2()
    assert second.desk is not first.desk
    with second:
        wait_until(lambda: second.is_running)
