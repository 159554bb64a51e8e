#!/usr/bin/env python3
"""The JavaScript of the user's document, verbatim, in a real browser (spec_example.js: a copy)."""

import contextlib
import os

from webdriver import Browser, Server

HANDLERS = """
window.seen = {signals: [], orders: [], health: [], book: [], errors: 0};
window.handleSignal = (payload) => window.seen.signals.push(payload);
window.handleOrder = (payload) => window.seen.orders.push(payload);
window.updateHealthMetrics = (payload) => window.seen.health.push(payload);
window.updateOrderBook = (payload) => window.seen.book.push(payload);
"""


def main() -> None:
    with open(os.path.join(os.path.dirname(__file__), "spec_example.js"), encoding="utf-8") as file:
        example = file.read()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server("serve"))
        browser = stack.enter_context(Browser())
        browser.open(server.url + "/")
        # The example's constants become the page's, so that the test can look at them.
        browser.run(
            HANDLERS
            + example
            + "; window.eventSource = eventSource; window.orderStream = orderStream;"
        )
        browser.wait_for(
            "return eventSource.readyState === 1 && orderStream.readyState === 1",
            "both streams open",
        )
        server.post(
            {
                "type": "signal_event",
                "payload": {"symbol": "NIFTY", "strategy_name": "m", "signal": "BUY"},
            },
            {
                "type": "order_event",
                "payload": {"order_id": "O1", "symbol": "M&M", "side": "BUY", "status": "filled"},
            },
            {
                "type": "engine_health",
                "payload": {"engine_name": "E", "status": "active", "metrics": {"a": 1}},
            },
        )
        browser.wait_for(
            "return seen.signals.length === 1 && seen.orders.length === 1 && "
            "seen.health.length === 1 && seen.book.length === 1",
            "every handler called once",
        )
        assert browser.run("return seen.book[0].symbol") == "M&M"
        print("ok: the document's JavaScript")

        # The server goes and comes back on the same port: EventSource reconnects by itself and the
        # example's handlers go on.
        port = server.port
        server.stop()
        server = stack.enter_context(Server("serve", port=port))
        browser.wait_for("return eventSource.readyState === 1", "the stream opens again", 30)
        server.post(
            {
                "type": "signal_event",
                "payload": {"symbol": "INFY", "strategy_name": "m", "signal": "SELL"},
            }
        )
        browser.wait_for("return seen.signals.length === 2", "a signal after the restart", 30)
        assert browser.run("return seen.signals[1].symbol") == "INFY"
        server.stop()
        print("ok: reconnected after a restart")


if __name__ == "__main__":
    main()
