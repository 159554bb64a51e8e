"""serve(): the server in this process."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import urllib.request

import pytest

import tapedeck

bus = tapedeck.get_telemetry_bus()


@pytest.fixture
def server():
    with tapedeck.serve(port=0) as running:
        yield running


def get(server, path):
    with urllib.request.urlopen(server.url + path, timeout=10) as answer:
        return answer.status, answer.read()


def test_the_page_and_the_api_are_there(server):
    status, page = get(server, "/")
    assert status == 200 and b"<html" in page.lower()
    tapedeck.publish_event("served", {"n": 1})
    _, body = get(server, "/api/telemetry/events?event_type=served")
    assert json.loads(body)["events"] == bus.get_recent_events("served")


def test_what_is_posted_comes_to_callbacks_of_the_process(server):
    import threading

    heard = threading.Event()
    events = []

    def hear(event):
        events.append(event)
        heard.set()

    number = bus.subscribe(hear, event_type="posted")
    try:
        request = urllib.request.Request(
            server.url + "/api/telemetry/events",
            data=json.dumps({"type": "posted", "payload": {"n": 1}}).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()
        assert heard.wait(30)
        assert events[0]["payload"] == {"n": 1}
    finally:
        bus.unsubscribe(number)


def test_a_second_server_in_the_process_is_refused(server):
    with pytest.raises(RuntimeError, match=str(server.port)):
        tapedeck.serve(port=0)


def test_a_server_that_was_stopped_can_be_started_again(server):
    server.stop()
    server.stop()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
    with tapedeck.serve(port=0) as again:
        assert get(again, "/healthz")[0] == 200


def test_a_port_that_is_taken_is_an_os_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError):
            tapedeck.serve(port=taken.getsockname()[1])
    with tapedeck.serve(port=0):
        pass


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(ValueError, match="port"):
        tapedeck.serve(port=port)


def test_an_address_others_can_reach_is_refused():
    with pytest.raises(ValueError, match="credentials"):
        tapedeck.serve(port=0, host="0.0.0.0")


def test_a_history_must_come_before_the_first_event(tmp_path):
    with pytest.raises(RuntimeError, match="data_dir"):
        tapedeck.serve(port=0, data_dir=tmp_path)


def test_a_folder_in_use_is_refused_and_can_be_used_later(tmp_path):
    def program(source):
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )

    serving = f"""
        import sys, tapedeck
        tapedeck.serve(port=0, data_dir={str(tmp_path)!r})
        tapedeck.publish_event("t", {{}})
        print("serving", flush=True)
        sys.stdin.read()
        """
    first = program(serving)
    assert first.stdout.readline() == "serving\n"
    second = program(serving)
    _, problem = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "RuntimeError" in problem and str(tmp_path) in problem
    assert first.communicate(timeout=60)[1] == ""
    third = program(serving)
    assert third.communicate(timeout=60)[0] == "serving\n"
    assert third.returncode == 0
