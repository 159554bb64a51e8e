"""connect(): the same calls, but the events go to a server that is killed, restarted and away.

Each test is a program of its own: a process is connected once, as engines are.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import textwrap
from typing import Any, Callable, Dict, List

import pytest
from conftest import TapedeckServer, wait_until

from tapedeck import Client

TIMEOUT_SECONDS = 120


class Engine:
    """A Python program that publishes; commands go to its standard input, words come back."""

    def __init__(self, source: str, environment: Dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def tell(self, word: str = "go") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> List[str]:
        """Waits for its end; what else it said."""
        out, problem = self.process.communicate(timeout=TIMEOUT_SECONDS)
        assert self.process.returncode == 0, problem
        return out.split("\n")[:-1]


@pytest.fixture
def engine(tmp_path: pathlib.Path) -> Any:
    started: List[Engine] = []

    def start(source: str, url: str = "", **environment: str) -> Engine:
        known = {"XDG_STATE_HOME": str(tmp_path / "state"), **environment}
        if url:
            known["TAPEDECK_URL"] = url
        started.append(Engine(source, known))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def numbers(client: Client, event_type: str = "n") -> List[int]:
    return [each["payload"]["n"] for each in client.export(event_type)]


def test_the_environment_alone_sends_what_is_published(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    program = engine(
        """
        from analytics.telemetry_bus import publish_signal_event, get_telemetry_bus
        publish_signal_event(symbol="NIFTY", strategy_name="momentum", signal="BUY")
        print(get_telemetry_bus().get_recent_events()[-1]["payload"]["signal"])
        """,
        server.url,
    )
    assert program.end() == ["BUY"]
    [event] = client.events("signal_event")
    assert event["payload"]["symbol"] == "NIFTY"
    assert event["source"]["host"] and event["source"]["engine_id"].startswith("python-")


def test_what_is_published_while_the_server_is_away_arrives_in_order_and_once(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    program = engine(
        """
        import sys, tapedeck
        connection = tapedeck.connect(engine_id="e-1", account="main", mode="paper")
        n = 0
        for line in sys.stdin:
            for _ in range(5000):
                tapedeck.publish_event("n", {"n": n})
                n += 1
            print("published", flush=True)
        print(connection.flush(60))
        stats = connection.stats()
        print(stats["sent"], stats["queued"], stats["spooled"], stats["dropped"])
        """,
        server.url,
    )
    program.tell()
    assert program.line() == "published"
    for _ in range(3):
        server.kill()
        program.tell()
        assert program.line() == "published"
        server.start()
        program.tell()
        assert program.line() == "published"
    assert program.end() == ["True", "35000 0 0 0"]
    assert numbers(client) == list(range(35000))
    source = client.events("n", limit=1)[0]["source"]
    assert (source["engine_id"], source["account"], source["mode"]) == ("e-1", "main", "paper")


def test_what_an_ended_process_could_not_send_is_sent_by_the_next(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    source = """
        import sys, tapedeck
        for n in range(int(sys.stdin.readline()), int(sys.stdin.readline())):
            tapedeck.publish_event("n", {"n": n})
        """
    server.kill()
    first = engine(source, server.url)
    first.tell("0\n1000")
    first.end()
    server.start()
    second = engine(source, server.url)
    second.tell("1000\n1001")
    second.end()
    wait_until(lambda: len(numbers(client)) >= 1001, "both have arrived")
    assert numbers(client) == list(range(1001))


def test_reads_callbacks_and_streams_are_the_servers(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    program = engine(
        """
        import asyncio, json, threading, tapedeck
        bus = tapedeck.get_telemetry_bus()
        heard, seen = threading.Event(), []

        def hear(event):
            seen.append(event["payload"]["n"])
            if event["payload"]["n"] == 2:
                heard.set()

        number = bus.subscribe(hear, event_type="other", filter="payload.n > 0")
        for n in range(3):
            bus.publish("mine", {"n": n})
        print([e["payload"]["n"] for e in bus.get_recent_events("mine", limit=2)])
        print(bus.get_stats()["event_counts"]["mine"], "mine" in bus.get_event_types())
        print(len(bus.snapshot("2020-01-01T00:00:00Z")), len(bus.snapshot(4e9)))

        async def read():
            kinds = []
            async for message in bus.stream_events("other", poll_interval=0.05):
                event = json.loads(message[6:])
                if event["type"] not in kinds:
                    kinds.append(event["type"])
                    print(event["type"], flush=True)
                if event["payload"].get("n") == 2:
                    return

        asyncio.run(read())
        assert heard.wait(60)
        print(seen, bus.unsubscribe(number), bus.unsubscribe(number))
        bus.clear_buffer()
        print(bus.get_recent_events())
        """,
        server.url,
    )
    assert program.line() == "[1, 2]"
    assert program.line() == "3 True"
    assert program.line() == "3 0"
    assert program.line() == "connection"
    assert program.line() == "heartbeat"
    client.publish([{"type": "other", "payload": {"n": n}} for n in range(3)])
    assert program.end() == ["other", "[1, 2] True False", "[]"]


def test_a_callback_goes_on_over_a_restart_of_the_server(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    program = engine(
        """
        import threading, tapedeck
        bus, done, seen = tapedeck.get_telemetry_bus(), threading.Event(), []

        def hear(event):
            seen.append(event["payload"]["n"])
            if event["payload"]["n"] == 1999:
                done.set()

        bus.subscribe(hear, event_type="n")
        print("listening", flush=True)
        assert done.wait(100)
        print(seen == list(range(2000)))
        """,
        server.url,
    )
    assert program.line() == "listening"
    for first in range(0, 2000, 500):
        batch = [{"type": "n", "payload": {"n": first + k}} for k in range(500)]
        client.publish(batch, ack="durable")
        server.kill()
        server.start()
    assert program.end() == ["True"]


def test_a_forked_child_sends_under_a_name_of_its_own(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    program = engine(
        """
        import os, sys, tapedeck
        tapedeck.publish_event("n", {"n": 0})
        child = os.fork()
        tapedeck.publish_event("n", {"n": 2 if child else 1})
        if child:
            assert os.waitpid(child, 0)[1] == 0
        print(tapedeck.flush(60), flush=True)
        """,
        server.url,
    )
    assert program.end() == ["True", "True"]
    events = list(client.export("n"))
    assert sorted(each["payload"]["n"] for each in events) == [0, 1, 2]
    names = {each["payload"]["n"]: each["source"]["engine_id"] for each in events}
    assert names[0] == names[2] != names[1]


def test_an_event_the_server_refuses_is_counted_and_the_others_arrive(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    program = engine(
        """
        import tapedeck
        for n in range(10):
            tapedeck.publish_event("n", {"n": n})
            if n == 4:
                tapedeck.publish_event("signal_event", {"without": "its fields"})
        print(tapedeck.flush(60), tapedeck.connection().stats()["rejected"])
        """,
        server.url,
    )
    assert program.end() == ["True 1"]
    assert numbers(client) == list(range(10))


def test_flush_says_so_when_the_server_is_away_and_the_process_ends_all_the_same(
    engine: Callable[..., Engine],
) -> None:
    program = engine(
        """
        import tapedeck
        tapedeck.publish_event("n", {})
        print(tapedeck.flush(0.2))
        stats = tapedeck.connection().stats()
        print(stats["connected"], stats["queued"] + stats["spooled"], bool(stats["last_error"]))
        try:
            tapedeck.get_telemetry_bus().get_stats()
        except tapedeck.Unavailable as error:
            print("Unavailable", isinstance(error, ConnectionError))
        """,
        "http://127.0.0.1:1",
    )
    assert program.end() == ["False", "False 1 True", "Unavailable True"]


def test_a_process_may_disconnect_and_connect_again(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    program = engine(
        f"""
        import tapedeck
        for n in range(3):
            with tapedeck.connect({server.url!r}) as connection:
                tapedeck.publish_event("n", {{"n": n}})
                assert tapedeck.connection() is connection
            assert tapedeck.connection() is None
            tapedeck.publish_event("local", {{"n": n}})
        print([e["payload"]["n"] for e in tapedeck.get_telemetry_bus().get_recent_events("local")])
        """
    )
    assert program.end() == ["[0, 1, 2]"]
    assert numbers(client) == [0, 1, 2]
    assert numbers(client, "local") == []


@pytest.mark.parametrize(
    "call, error",
    [
        ("tapedeck.connect('ftp://host')", "ValueError"),
        ("tapedeck.connect('http://user:secret@host')", "ValueError"),
        ("tapedeck.connect('http://10.0.0.1:9000', api_key='secret')", "ValueError"),
        ("tapedeck.connect('http://localhost:9000', spool_bytes=1)", "ValueError"),
        ("tapedeck.connect('http://localhost:9000').flush(-1)", "ValueError"),
        ("[tapedeck.connect('http://localhost:9000') for _ in 'ab']", "RuntimeError"),
        ("tapedeck.serve(port=0), tapedeck.connect('http://localhost:9000')", "RuntimeError"),
        ("tapedeck.connect('http://localhost:9000'), tapedeck.serve(port=0)", "RuntimeError"),
    ],
)
def test_what_cannot_be_is_a_clear_error_without_the_secret(
    call: str, error: str, engine: Callable[..., Engine]
) -> None:
    program = engine(
        f"""
        import tapedeck
        try:
            {call}
        except {error} as problem:
            print(problem)
        """
    )
    [said] = program.end()
    assert said and "secret" not in said


def test_the_key_is_sent_and_shown_nowhere(engine: Callable[..., Engine], scripted: Any) -> None:
    body = b'{"ok":true,"accepted":1,"first_id":"e-1","last_id":"e-1"}'
    seen: List[str] = []

    def accept(peer: Any) -> None:
        seen.append(peer.request)
        peer.answer("200 OK", body, Content_Type="application/json")

    program = engine(
        """
        import tapedeck
        tapedeck.publish_event("n", {})
        print(tapedeck.connection(), tapedeck.connection().client, tapedeck.flush(30))
        """,
        scripted(accept).url,
        TAPEDECK_API_KEY="secret-key",
    )
    [said] = program.end()
    assert "secret" not in said and said.endswith("True")
    assert "authorization: bearer secret-key" in seen[0].lower()
    assert json.dumps("idempotency-key")[1:-1] in seen[0].lower()


def test_engines_of_a_connected_process_obey_commands_sent_through_the_server(
    server: TapedeckServer, client: Client, engine: Callable[..., Engine]
) -> None:
    program = engine(
        """
        import sys, tapedeck
        tapedeck.connect(engine_id="desk", mode="paper")
        with tapedeck.Desk("sim", symbols=["INFY"], engine_id_prefix="far") as desk:
            print("running", flush=True)
            sys.stdin.read()
            print(desk.summary()["killed"])
        """,
        server.url,
    )
    assert program.line() == "running"
    wait_until(lambda: client.events("engine_health", engine_id="far-execution"), "it is heard of")

    def answers(request_id: str) -> List[Any]:
        found = client.events("command_event", engine_id="far-strategy,far-execution".split(","))
        return [
            (each["payload"]["command"], each["payload"]["target"], each["payload"]["state"])
            for each in found
            if each["payload"].get("request_id") == request_id
        ]

    asked = client.command("kill", reason="test")
    wait_until(lambda: len(answers(asked)) == 2, "both have answered")
    assert ("kill", "far-execution", "done") in answers(asked)
    server.kill()
    server.start()
    asked = client.command("flatten", target="far-execution")
    wait_until(lambda: answers(asked), "the flatten was answered after the restart")
    assert answers(asked)[0] == ("flatten", "far-execution", "done")
    asked = client.command("resume", target="another-engine")
    asked_too = client.command("resume", target="far-strategy")
    wait_until(lambda: answers(asked_too), "its own engine's command was answered")
    assert answers(asked) == []
    program.tell()
    assert program.process.stdin is not None
    program.process.stdin.close()
    program.process.stdin = None
    assert program.end() == ["True"]
