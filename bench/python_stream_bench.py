"""How many events a second a Python program reads from a stream, and what else it could have used.

    PYTHONPATH=python python bench/python_stream_bench.py [--events 300000] [--rounds 3]

Starts the program (TAPEDECK_PROGRAM, default build/tapedeck), publishes events of about 250 bytes
as NDJSON and reads all of them back from the first id, each contestant in turn, rounds interleaved;
the best of each counts. httpx, httpx-sse and aiohttp are left out where they are not installed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import http.client
import importlib.util
import json
import os
import pathlib
import subprocess
import time
from typing import Any, Callable, Dict, List, Tuple
from urllib.parse import urlsplit

from tapedeck import Client

BATCH = 50_000
Contestant = Callable[[str, str, int], int]


def start_program() -> Tuple["subprocess.Popen[str]", str]:
    root = pathlib.Path(__file__).resolve().parent.parent
    program = os.environ.get("TAPEDECK_PROGRAM", str(root / "build" / "tapedeck"))
    options = ["--memory", "--log-bytes", str(1 << 30), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(
        [program, "serve", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1].rstrip("/")


def signal_event(number: int) -> Dict[str, Any]:
    return {
        "type": "signal_event",
        "payload": {
            "symbol": ("NIFTY", "BANKNIFTY", "RELIANCE", "INFY")[number % 4],
            "strategy_name": "momentum",
            "signal": "BUY" if number % 2 else "SELL",
            "confidence": 0.85,
            "reason": "RSI oversold, EMA crossover",
            "timeframe": "5m",
            "price": 19755.0 + number % 100 * 0.05,
        },
    }


def publish(client: Client, count: int) -> str:
    """Returns the first event's id."""
    first = ""
    for begin in range(0, count, BATCH):
        batch = [signal_event(number) for number in range(begin, min(begin + BATCH, count))]
        accepted = client.publish(batch)
        first = first or accepted["first_id"]
    return first


def before(first_id: str) -> str:
    epoch, _, number = first_id.rpartition("-")
    return f"{epoch}-{int(number) - 1}"


def tapedeck_for(url: str, since: str, count: int) -> int:
    seen = 0
    with Client(url).stream(since=since) as stream:
        for event in stream:
            seen += len(event["payload"]) > 0
            if seen == count:
                break
    return seen


def tapedeck_async_for(url: str, since: str, count: int) -> int:
    async def run() -> int:
        seen = 0
        async with Client(url).stream(since=since) as stream:
            async for event in stream:
                seen += len(event["payload"]) > 0
                if seen == count:
                    break
        return seen

    return asyncio.run(run())


def http_client_lines(url: str, since: str, count: int) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    headers = {"Accept": "text/event-stream"}
    connection.request("GET", f"/api/telemetry/stream?since={since}", headers=headers)
    seen = 0
    named = False
    for line in connection.getresponse():
        if line.startswith(b"event:"):
            named = True
        elif line.startswith(b"data: "):
            event = json.loads(line[6:])
            seen += not named and len(event["payload"]) > 0
            named = False
            if seen == count:
                break
    connection.close()
    return seen


def httpx_sse(url: str, since: str, count: int) -> int:
    import httpx
    from httpx_sse import connect_sse

    seen = 0
    with httpx.Client(timeout=60) as client:
        address = f"{url}/api/telemetry/stream"
        with connect_sse(client, "GET", address, params={"since": since}) as source:
            for message in source.iter_sse():
                if message.event != "message":
                    continue
                seen += len(message.json()["payload"]) > 0
                if seen == count:
                    break
    return seen


def aiohttp_lines(url: str, since: str, count: int) -> int:
    import aiohttp

    async def run() -> int:
        seen = 0
        named = False
        headers = {"Accept": "text/event-stream"}
        async with aiohttp.ClientSession(headers=headers) as session:
            address = f"{url}/api/telemetry/stream"
            async with session.get(address, params={"since": since}) as response:
                async for line in response.content:
                    if line.startswith(b"event:"):
                        named = True
                    elif line.startswith(b"data: "):
                        event = json.loads(line[6:])
                        seen += not named and len(event["payload"]) > 0
                        named = False
                        if seen == count:
                            break
        return seen

    return asyncio.run(run())


def contestants() -> List[Tuple[str, Contestant]]:
    out: List[Tuple[str, Contestant]] = [
        ("tapedeck, for", tapedeck_for),
        ("tapedeck, async for", tapedeck_async_for),
        ("http.client, line by line", http_client_lines),
    ]
    if importlib.util.find_spec("httpx_sse"):
        out.append(("httpx + httpx-sse", httpx_sse))
    if importlib.util.find_spec("aiohttp"):
        out.append(("aiohttp, line by line", aiohttp_lines))
    return out


def measure(run: Contestant, url: str, since: str, count: int) -> float:
    gc.collect()
    begin = time.perf_counter()
    seen = run(url, since, count)
    seconds = time.perf_counter() - begin
    if seen != count:
        raise SystemExit(f"{run.__name__} saw {seen} of {count} events")
    return count / seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    process, url = start_program()
    try:
        with Client(url, timeout=60) as client:
            since = before(publish(client, arguments.events))
            [sample] = client.events(limit=1)
            print(f"{arguments.events} events of {len(json.dumps(sample))} bytes")
        field = contestants()
        best: Dict[str, float] = {}
        for _ in range(arguments.rounds):
            for name, run in field:
                rate = measure(run, url, since, arguments.events)
                best[name] = max(best.get(name, 0.0), rate)
        ours = best["tapedeck, for"]
        for name, rate in best.items():
            print(f"{name:28} {rate:10,.0f} events/s   {rate / ours:5.2f} of the first")
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
