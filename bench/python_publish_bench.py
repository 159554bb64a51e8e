#!/usr/bin/env python3
"""What publishing from Python costs its caller, beside the approach it replaces.

The approach: a lock, a deque with a maximum length, a dict per event, datetime.isoformat(). In
bursts, as engines publish: 2000 events, then a pause in which the collector catches up, so that no
event is dropped.

    PYTHONPATH=build/python build/venv/bin/python bench/python_publish_bench.py
"""

import logging
import os
import subprocess
import tempfile
import threading
import time
from collections import deque
from datetime import datetime, timezone

import tapedeck
from tapedeck import _native

BURST, BURSTS, THREADS, SENT = 2000, 100, 4, 400_000


class LockAndDeque:
    """Publishes as the pure-Python original does."""

    def __init__(self, size=5000):
        self.buffer = deque(maxlen=size)
        self.lock = threading.Lock()
        self.types = set()
        self.log = logging.getLogger("lock_and_deque")

    def publish(self, event_type, payload):
        if not isinstance(payload, dict):
            payload = {"data": payload}
        event = {
            "type": event_type,
            "timestamp": datetime.now(timezone.utc).isoformat(),
            "payload": payload,
        }
        with self.lock:
            self.buffer.append(event)
            self.types.add(event_type)
        self.log.debug("Published %s event: %s", event_type, payload)

    def signal(self, symbol, strategy_name, signal, **kwargs):
        self.publish(
            "signal_event",
            {"symbol": symbol, "strategy_name": strategy_name, "signal": signal, **kwargs},
        )


def burst(publish):
    started = time.perf_counter_ns()
    for _ in range(BURST):
        publish(
            symbol="NIFTY",
            strategy_name="momentum",
            signal="BUY",
            confidence=0.85,
            reason="RSI oversold + EMA crossover",
            timeframe="5m",
        )
    return (time.perf_counter_ns() - started) / BURST


def one_thread(publish):
    burst(publish)
    costs = []
    for _ in range(BURSTS):
        costs.append(burst(publish))
        time.sleep(0.01)
    return sorted(costs)


def many_threads(publish):
    """Nanoseconds per event of all threads together."""
    start = threading.Barrier(THREADS + 1)

    def run():
        burst(publish)
        start.wait()
        for _ in range(10):
            burst(publish)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    start.wait()
    started = time.perf_counter_ns()
    for thread in threads:
        thread.join()
    return (time.perf_counter_ns() - started) / (THREADS * 10 * BURST)


def single_calls(publish):
    """Percentiles of calls timed one by one, less what reading the clock takes."""
    empty, taken = [], []
    for _ in range(20_000):
        a = time.perf_counter_ns()
        b = time.perf_counter_ns()
        empty.append(b - a)
    for n in range(20_000):
        a = time.perf_counter_ns()
        publish(
            symbol="NIFTY",
            strategy_name="momentum",
            signal="BUY",
            confidence=0.85,
            reason="RSI oversold + EMA crossover",
            timeframe="5m",
        )
        b = time.perf_counter_ns()
        taken.append(b - a)
        if n % BURST == 0:
            time.sleep(0.01)
    clock = sorted(empty)[len(empty) // 2]
    taken.sort()
    return [max(0, taken[int(len(taken) * q)] - clock) for q in (0.5, 0.99, 0.999)]


def to_a_server():
    """Events a second from the first call to the server's last answer, over a socket."""
    program = os.environ.get("TAPEDECK_PROGRAM", "build/tapedeck")
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--data-dir", f"{folder}/history"],
            stdout=subprocess.PIPE,
            text=True,
        )
        url = server.stdout.readline().split()[-1].rstrip("/")
        with tapedeck.connect(url, spool_folder=f"{folder}/spool") as connection:
            started = time.perf_counter()
            for _ in range(SENT // BURST):
                burst(tapedeck.publish_signal_event)
                _native.flush()  # what the collector cannot take at this pace would be dropped
            assert connection.flush(60)
            rate = SENT / (time.perf_counter() - started)
            assert connection.stats()["sent"] == SENT and connection.stats()["dropped"] == 0
        server.terminate()
        server.wait()
    return rate


def main():
    ours, original = tapedeck.publish_signal_event, LockAndDeque().signal
    print("publish_signal_event(), 6 fields, ns a call")
    print(f"{'':24}{'p50':>8}{'p99':>8}{'p99.9':>8}{'bursts':>8}{'x4 threads':>12}")
    rows = {}
    for name, publish in (("tapedeck", ours), ("lock + deque + dict", original)):
        p50, p99, p999 = single_calls(publish)
        bursts = one_thread(publish)
        rows[name] = bursts[len(bursts) // 2], many_threads(publish)
        median, threads = rows[name]
        print(f"{name:24}{p50:8}{p99:8}{p999:8}{median:8.0f}{threads:12.0f}")
    (a, b), (c, d) = rows.values()
    print(f"the original's cost: {c / a:.1f} times in bursts, {d / b:.1f} times from four threads")
    stats = tapedeck.get_telemetry_bus().get_stats()
    print(f"published {stats['published_total']}, dropped {stats['dropped_total']}")
    print(f"connect(): {to_a_server():,.0f} events/s into a local server's history on disk")


if __name__ == "__main__":
    main()
