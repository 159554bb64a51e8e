"""The ends of a process: fork, and exit with everything still running."""

import os
import subprocess
import sys
import textwrap

import pytest

TIMEOUT_SECONDS = 60


def run_program(source, **environment):
    """Runs a program of its own; what it prints."""
    done = subprocess.run(
        # Python warns of forks in a process with threads; that they work is what is tested here.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(source)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


def test_a_forked_child_is_a_new_publisher():
    out = run_program(
        """
        import os
        from tapedeck import TelemetryBus, get_telemetry_bus, publish_event
        bus = TelemetryBus(buffer_size=7)
        heard = []
        bus.subscribe(heard.append)
        publish_event("parent", {})
        child = os.fork()
        if child == 0:
            assert get_telemetry_bus().get_recent_events() == []
            assert get_telemetry_bus().get_stats()["buffer_size"] == 7
            publish_event("child", {})
            print([e["type"] for e in bus.get_recent_events()], flush=True)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        publish_event("parent", {})
        print([e["type"] for e in bus.get_recent_events()])
        """
    )
    assert "".join(out) == "['child']['parent','parent']"


def test_a_child_may_subscribe_stream_and_exit_like_any_process():
    out = run_program(
        """
        import asyncio, os, sys, threading
        from tapedeck import get_telemetry_bus, publish_event
        bus = get_telemetry_bus()

        async def first_event():
            stream = bus.stream_events(event_type="t")
            await stream.__anext__()
            publish_event("t", {})
            async for message in stream:
                if "heartbeat" not in message:
                    return message

        assert asyncio.run(first_event())
        bus.subscribe(lambda event: None)
        child = os.fork()
        heard = threading.Event()
        bus.subscribe(lambda event: heard.set(), event_type="heard")
        publish_event("heard", {})
        assert heard.wait(30)
        assert asyncio.run(first_event())
        if child:
            assert os.waitpid(child, 0)[1] == 0
            print("both")
        """
    )
    assert out == ["both"]


def test_forks_while_other_threads_publish_all_work():
    out = run_program(
        """
        import os, threading
        from tapedeck import get_telemetry_bus, publish_event
        bus = get_telemetry_bus()
        bus.subscribe(lambda event: None)
        stop = threading.Event()

        def publish():
            while not stop.is_set():
                publish_event("t", {"a": 1})

        threads = [threading.Thread(target=publish) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                publish_event("child", {})
                ok = bus.get_stats()["total_events"] == 1
                os._exit(0 if ok else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        print("done")
        """
    )
    assert out == ["done"]


def test_worker_processes_of_multiprocessing_publish():
    out = run_program(
        """
        import multiprocessing
        from tapedeck import get_telemetry_bus, publish_event

        def work(n):
            publish_event("work", {"n": n})
            return get_telemetry_bus().get_recent_events(limit=1)[0]["payload"]["n"]

        if __name__ == "__main__":
            publish_event("parent", {})
            with multiprocessing.get_context("fork").Pool(3) as pool:
                print(sum(pool.map(work, range(10))))
        """
    )
    assert out == ["45"]


def test_a_child_does_not_keep_its_parents_address():
    out = run_program(
        """
        import os, socket, tapedeck
        server = tapedeck.serve(port=0)
        port = server.port
        end, child_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(child_end)
            os.read(end, 1)  # lives until the parent is done
            os._exit(0)
        server.stop()
        again = socket.socket()
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
        again.listen()
        os.write(child_end, b"x")
        assert os.waitpid(child, 0)[1] == 0
        print("free")
        """
    )
    assert out == ["free"]


@pytest.mark.parametrize("ending", ["pass", "sys.exit(0)", "raise SystemExit"])
def test_the_interpreter_exits_while_everything_runs(ending, tmp_path):
    out = run_program(
        f"""
        import asyncio, sys, threading, time
        import tapedeck
        from tapedeck import get_telemetry_bus, publish_event
        tapedeck.serve(port=0, data_dir={str(tmp_path)!r})
        bus = get_telemetry_bus()
        bus.subscribe(lambda event: time.sleep(0.001))
        bus.subscribe(lambda event: publish_event("echo", {{}}), event_type="t")

        def publish():
            while True:
                publish_event("t", {{"a": 1}})
                time.sleep(0)

        async def read():
            async for message in bus.stream_events():
                started.set()

        started = threading.Event()
        for target in (publish, lambda: asyncio.run(read())):
            threading.Thread(target=target, daemon=True).start()
        assert started.wait(30)
        print("going", flush=True)
        {ending}
        """
    )
    assert out == ["going"]


def test_a_callback_that_never_returns_is_the_programs_own_affair():
    """It ends when its thread does; others are served meanwhile, and os._exit() leaves."""
    out = run_program(
        """
        import os, threading
        from tapedeck import get_telemetry_bus, publish_event
        bus = get_telemetry_bus()
        heard = threading.Event()
        bus.subscribe(lambda event: threading.Event().wait(), event_type="t")
        bus.subscribe(lambda event: heard.set(), event_type="t")
        publish_event("t", {})
        assert heard.wait(30)
        print("heard", flush=True)
        os._exit(0)
        """
    )
    assert out == ["heard"]


def test_what_was_published_is_in_the_history_of_the_next_process(tmp_path):
    source = f"""
        import tapedeck
        tapedeck.serve(port=0, data_dir={str(tmp_path)!r})
        tapedeck.publish_event("t", {{"n": 1}})
        import urllib.request, json
        url = tapedeck.server.running().url
        with urllib.request.urlopen(url + "/api/telemetry/events?in=store&event_type=t") as answer:
            print(json.load(answer)["count"])
        """
    assert run_program(source) in (["0"], ["1"])
    assert int(run_program(source)[0]) >= 1
