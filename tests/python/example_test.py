"""The programs in examples/, run as a reader would run them."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import tapedeck

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_engine_of_thirty_lines_serves_its_own_page():
    assert "Dashboard: http://127.0.0.1:" in run("engine.py", 100, PORT="0")


def test_the_engine_of_thirty_lines_sends_to_a_server_that_runs(tmp_path):
    with tapedeck.serve(port=0) as server:
        run("engine.py", 100, TAPEDECK_URL=server.url, XDG_STATE_HOME=str(tmp_path))
        url = server.url + "/api/telemetry/events?event_type=engine_health&engine=DemoEngine"
        with urllib.request.urlopen(url, timeout=10) as answer:
            events = json.load(answer)["events"]
    assert [event["payload"]["metrics"]["ticks"] for event in events] == [0, 50]


def test_a_day_is_plotted_from_history(tmp_path):
    pytest.importorskip("matplotlib")
    bus = tapedeck.get_telemetry_bus()
    bus.clear_buffer()
    for minute in range(30):
        at = f"2025-11-18T10:{minute:02}:00+05:30"
        candle = {"symbol": "NIFTY", "timeframe": "1m", "start": at, "open": 1, "high": 1, "low": 1}
        tapedeck.publish_event("candle_event", {**candle, "close": 100 + minute, "volume": 5}, at)
    signal = {"symbol": "NIFTY", "strategy_name": "m", "signal": "BUY", "price": 105.0}
    tapedeck.publish_event("signal_event", signal, "2025-11-18T10:05:01+05:30")
    picture = tmp_path / "day.png"
    with tapedeck.serve(port=0) as server:
        said = run("plot_day.py", "NIFTY", picture, TAPEDECK_URL=server.url, MPLBACKEND="Agg")
    assert said == f"{picture}: 30 candles, 1 signals\n"
    assert picture.read_bytes().startswith(b"\x89PNG")
