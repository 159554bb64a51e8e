"""Alerts at a real Prometheus Alertmanager: one fires, is listed, and is over.

    python3 tests/alert/alertmanager_test.py PROMETHEUS_ALERTMANAGER ALERT_DELIVERY_PEER

The first program is Debian's (package prometheus-alertmanager), the second one is made beside
alert_test.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Callable

CONFIGURATION = """
route:
  receiver: nobody
receivers:
  - name: nobody
"""
PATIENCE_S = 30.0
# Where Debian's program wants its templates, which it does not start without. When the package is
# only unpacked, it gets them there in a mount namespace of its own.
TEMPLATES = Path("/usr/share/prometheus/alertmanager")
IN_A_NAMESPACE = """
set -e
kept=$1 templates=$2
shift 2
cp -r "$kept"/../share/prometheus/alertmanager "$0"
mount -t tmpfs tmpfs /usr/share
mkdir -p "$(dirname "$templates")"
cp -r "$0"/alertmanager "$templates"
exec "$@"
"""


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(what: str, condition: Callable[[], Any]) -> Any:
    """What the condition says once it is true.

    Raises:
        TimeoutError: it did not come true.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
    raise TimeoutError(what)


def alerts_at(base: str) -> list[dict[str, Any]] | None:
    """What Alertmanager lists as active; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"{base}/api/v2/alerts?active=true", timeout=5) as answer:
            listed: list[dict[str, Any]] = json.load(answer)
            return listed
    except OSError:
        return None


def notification(number: int, state: str, rule: str, started_s: float) -> str:
    """A line for the peer."""
    return json.dumps(
        {
            "id": f"{rule}-{number}",
            "target": "hook",
            "rule": rule,
            "alert_id": f"{rule}-alert",
            "state": state,
            "severity": "critical",
            "summary": f'{rule} is {state}: é ₹ "quoted"',
            "description": "said by a test",
            "group": {"symbol": "NIFTY", "payload.product": "MIS"},
            "value": 31.5,
            "event_id": "9f3c21-7",
            "at_ns": time.time_ns(),
            "started_ns": int(started_s * 1e9),
            "resolved_ns": time.time_ns() if state == "resolved" else 0,
        }
    )


def check_firing(alert: dict[str, Any]) -> None:
    """Its labels, annotations and times are what was sent."""
    labels = alert["labels"]
    assert labels.pop("tapedeck"), alert
    assert labels == {
        "alertname": "feed_stale",
        "severity": "critical",
        "symbol": "NIFTY",
        "payload_product": "MIS",
    }, alert
    assert alert["annotations"] == {
        "summary": 'feed_stale is firing: é ₹ "quoted"',
        "description": "said by a test",
        "value": "31.5",
        "event_id": "9f3c21-7",
    }, alert
    assert alert["startsAt"] < alert["endsAt"], alert


def with_templates(program: str, folder: Path) -> list[str]:
    """How the program is begun so that it finds its templates."""
    if TEMPLATES.joinpath("default.tmpl").exists():
        return [program]
    beside = str(Path(program).resolve().parent)
    begin = ["unshare", "-rm", "sh", "-c", IN_A_NAMESPACE, str(folder), beside, str(TEMPLATES)]
    return [*begin, str(Path(program).resolve())]


def try_it(base: str, peer: subprocess.Popen[str]) -> None:
    """Two fire, one is over, the other one stays."""
    assert peer.stdin is not None

    def say(line: str) -> None:
        assert peer.stdin is not None
        peer.stdin.write(line + "\n")
        peer.stdin.flush()

    def names() -> list[str]:
        return sorted(alert["labels"]["alertname"] for alert in alerts_at(base) or [])

    started = time.time() - 60
    say(notification(1, "firing", "feed_stale", started))
    say(notification(1, "firing", "loss_limit", started))
    wait_until("both fire", lambda: names() == ["feed_stale", "loss_limit"])
    listed = alerts_at(base) or []
    check_firing(next(one for one in listed if one["labels"]["alertname"] == "feed_stale"))
    print("ok: what fires is listed with its labels")
    say(notification(2, "firing", "feed_stale", started))
    say(notification(3, "resolved", "feed_stale", started))
    wait_until("one is over", lambda: names() == ["loss_limit"])
    print("ok: what is over is not listed, the other one is")


def main(alertmanager: str, peer_program: str) -> int:
    """Runs both programs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "alertmanager.yml").write_text(CONFIGURATION)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [
                    *with_templates(alertmanager, folder),
                    f"--config.file={folder / 'alertmanager.yml'}",
                    f"--storage.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--cluster.listen-address=",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        url = f"alertmanager+{base}"
        peer = subprocess.Popen(
            [peer_program, str(folder / "alerts.db"), url, "0", "0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            wait_until("Alertmanager answers", lambda: alerts_at(base) is not None)
            try_it(base, peer)
        except BaseException:
            print((folder / "log").read_text(), file=sys.stderr)
            raise
        finally:
            for process in (peer, server):
                process.kill()
                process.wait()
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1], sys.argv[2]))
