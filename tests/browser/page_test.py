#!/usr/bin/env python3
"""The page at / shows the live stream of a running simulation, filters it and says when it is cut.

With TAPEDECK_SCREENSHOT=FILE it also saves what the page looks like.
"""

import os

from webdriver import Browser, Server


def main() -> None:
    with Server("run", "--speed", "120", "--seed", "7") as server, Browser() as browser:
        browser.open(server.url + "/")
        browser.wait_for("return document.querySelectorAll('#rows tr').length > 20", "rows appear")
        browser.wait_for(
            "return document.getElementById('mode').textContent === 'PAPER'", "the mode"
        )
        browser.wait_for(
            "return document.querySelectorAll('.engine.active').length >= 4", "four engines active"
        )
        print("ok: live rows, mode and engines")

        browser.wait_for(
            "return [...document.querySelectorAll('#rows .type')]"
            ".some((cell) => cell.textContent === 'candle_event')",
            "candles",
            60,
        )
        browser.run("document.querySelector('#rows tr').click()")
        browser.wait_for(
            "return JSON.parse(document.getElementById('json').textContent).id", "the chosen event"
        )
        if path := os.environ.get("TAPEDECK_SCREENSHOT"):
            browser.screenshot(path)
        browser.run(
            "document.getElementById('symbol').value = 'INFY';"
            "document.getElementById('filters').requestSubmit()"
        )
        browser.wait_for(
            "const cells = [...document.querySelectorAll('#rows .symbol')];"
            "return cells.length > 0 && cells.every((cell) => cell.textContent === 'INFY')",
            "only INFY",
            60,
        )
        print("ok: drawer and filter")

        errors = [line for line in browser.console() if line.startswith("SEVERE")]
        assert not errors, errors
        server.stop()
        browser.wait_for(
            "return document.getElementById('connection').className === 'down'",
            "the page says that the server is away",
        )
        print("ok: a cut stream is shown")


if __name__ == "__main__":
    main()
