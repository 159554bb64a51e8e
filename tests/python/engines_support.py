"""What tests of the engines share: an end to every run, and waiting for events."""

import json
import threading
import time

from tapedeck import get_telemetry_bus

bus = get_telemetry_bus()


def events(event_type=None, **fields):
    """Payloads of a type in the buffer that have these fields, oldest first."""
    bus.flush()
    found = bus.get_recent_events(event_type=event_type, limit=1_000_000)
    return [
        event["payload"]
        for event in found
        if all(event["payload"].get(key) == value for key, value in fields.items())
    ]


def wait_until(condition, seconds=60):
    """Until something becomes true; fails the test when it does not."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "never happened"
        pause.wait(0.005)


def wait_for(event_type, count=1, **fields):
    """Waits until so many such events have come, and gives them."""
    wait_until(lambda: len(events(event_type, **fields)) >= count)
    return events(event_type, **fields)


def tape():
    """Everything in the buffer, without the ids."""
    bus.flush()
    found = bus.get_recent_events(limit=1_000_000)
    return [json.dumps({**event, "id": None}) for event in found]


#: One session of the simulator, at once.
SESSION = dict(feed="sim?sessions=1", speed=0, sim_date="2025-11-18", host="test-host")
