#!/usr/bin/env python3
"""The page's inbox shows what fires; who looks at it says so there, and has it silent for an hour.

With TAPEDECK_SCREENSHOT=FILE it also saves what the page looks like.
"""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any, Dict

from webdriver import Browser, Server

EVIL = "<img src=x onerror=window.hacked=1>"


def put_rule(server: Server, name: str, **rule: Any) -> None:
    """Makes a rule about rejected orders that fires for each symbol."""
    body: Dict[str, Any] = {
        "when": {"event_type": "order_event", "filter": 'payload.status == "rejected"'},
        "every": True,
        "group_by": ["symbol"],
        **rule,
    }
    request = urllib.request.Request(
        f"{server.url}/api/telemetry/alerts/{name}", json.dumps(body).encode(), method="PUT"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201, answer.status


def reject(server: Server, symbol: str, reason: str) -> None:
    """Publishes an order that the broker did not take."""
    payload = {
        "order_id": "o-1",
        "symbol": symbol,
        "side": "BUY",
        "status": "rejected",
        "reason": reason,
    }
    server.post({"type": "order_event", "payload": payload})


def item(state: str, more: str = "") -> str:
    """Script that finds the first alert in a state."""
    return f"document.querySelector('#alert-list .alert.{state}{more}')"


def main() -> None:
    with Server("serve") as server, Browser() as browser:
        browser.open(server.url + "/")
        browser.wait_for(
            "return document.getElementById('connection').className === 'up'", "the stream"
        )
        assert browser.run("return document.getElementById('alerts').hidden"), "nothing to show"

        put_rule(
            server,
            "order-rejected",
            severity="critical",
            message="{{payload.symbol}}: {{payload.reason}}",
        )
        reject(server, "NIFTY", EVIL)
        summary = browser.wait_for(
            f"return {item('firing', '.critical')}?.querySelector('.summary').textContent",
            "the alert",
        )
        assert summary == f"NIFTY: {EVIL}", summary
        assert browser.run(
            "return window.hacked === undefined && !document.querySelector('#alerts img')"
        )
        assert browser.run("return document.title") == "(1) Tapedeck"
        assert browser.run("return !document.getElementById('alerts').hidden")
        print("ok: what fires is shown, as text")

        put_rule(
            server, "slow-rejects", message="{{payload.symbol}} was rejected", resolve_after="1s"
        )
        reject(server, "INFY", "margin")
        browser.wait_for(f"return {item('resolved')} && {item('firing')}", "one is over")
        if path := os.environ.get("TAPEDECK_SCREENSHOT"):
            browser.screenshot(path)
        print("ok: what is over is still listed")

        press = "[...{}.querySelectorAll('button')].find((b) => b.textContent === '{}').click()"
        first = item("firing", ".critical")
        browser.run(press.format(first, "Acknowledge"))
        hand = f"return {first}?.querySelector('.hand').textContent"
        browser.wait_for(f"{hand}.startsWith('acknowledged by ')", "acknowledged")
        browser.run(press.format(first, "Silence 1 h"))
        browser.wait_for(f"{hand}.includes('silent until ')", "silent")
        left = f"return [...{first}.querySelectorAll('button')].map((b) => b.textContent)"
        assert browser.run(left) == ["Silence 1 h"], browser.run(left)
        print("ok: acknowledged and silenced")

        errors = [line for line in browser.console() if line.startswith("SEVERE")]
        assert not errors, errors


if __name__ == "__main__":
    main()
