#!/usr/bin/env python3
"""A server that asks who calls: the page sends to the login, a key opens it, others stay outside.

What only a browser decides: that the cookie goes along with EventSource and WebSocket, that
scripts cannot read it, and that a page of another port can neither read nor write with it.
"""

from __future__ import annotations

import http.server
import subprocess
import tempfile
import threading

from webdriver import Browser, Server, program

KEY_FIELD = "document.getElementById('key')"


class OtherPage(http.server.BaseHTTPRequestHandler):
    """A page of another program on this machine."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>other</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def make_key(keys_file: str) -> str:
    made = subprocess.run(
        [program(), "keys", "create", "--name", "browser", "--scope", "read,publish"]
        + ["--keys-file", keys_file],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.strip()


def log_in(browser: Browser, key: str) -> None:
    browser.run(f"{KEY_FIELD}.value = arguments[0]; {KEY_FIELD}.form.requestSubmit()", key)


def check_login(browser: Browser, url: str, key: str) -> None:
    browser.open(url + "/")
    browser.wait_for("return location.pathname === '/login'", "the page asks for a key")
    log_in(browser, "wrong")
    browser.wait_for("return document.getElementById('error').textContent !== ''", "the refusal")
    log_in(browser, key)
    browser.wait_for("return location.pathname === '/'", "the page opens")
    browser.wait_for(
        "return document.querySelector('[data-testid=\"tape-row\"]') !== null", "live rows"
    )
    assert browser.run("return document.cookie") == "", "scripts can read the cookie"
    print("ok: login, and live rows with the cookie")


def check_socket(browser: Browser) -> None:
    browser.run(
        "const socket = new WebSocket(location.origin.replace('http', 'ws')"
        " + '/api/telemetry/ws');"
        'socket.onopen = () => socket.send(\'{"op":"subscribe","id":"a"}\');'
        "socket.onmessage = ({data}) => { window.heard = JSON.parse(data).op; };"
    )
    browser.wait_for("return window.heard === 'event'", "events over the WebSocket")
    print("ok: WebSocket with the cookie")


def check_other_page(browser: Browser, url: str) -> None:
    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherPage)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    browser.open(f"http://127.0.0.1:{other.server_address[1]}/")
    for method in ("GET", "POST"):
        browser.run(
            "window.status_seen = null;"
            "fetch(arguments[0] + '/api/telemetry/events', {method: arguments[1],"
            " credentials: 'include', body: arguments[1] === 'POST' ? '{}' : undefined})"
            ".then((answer) => { window.status_seen = answer.status; },"
            " () => { window.status_seen = 'blocked'; })",
            url,
            method,
        )
        browser.wait_for("return window.status_seen !== null", "an answer")
        seen = browser.run("return window.status_seen")
        assert seen in (403, "blocked"), f"another page could {method}: {seen}"
    browser.run(
        "const socket = new WebSocket(arguments[0].replace('http', 'ws') + '/api/telemetry/ws');"
        "socket.onopen = () => { window.socket_seen = 'open'; };"
        "socket.onerror = () => { window.socket_seen = 'refused'; };",
        url,
    )
    browser.wait_for("return window.socket_seen", "the WebSocket's fate")
    assert browser.run("return window.socket_seen") == "refused"
    other.shutdown()
    print("ok: a page of another program gets nothing")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        keys_file = folder + "/keys.json"
        key = make_key(keys_file)
        options = ("--auth", "keys", "--keys-file", keys_file, "--audit-log", folder + "/audit.log")
        with Server("run", "--speed", "60", *options) as server, Browser() as browser:
            check_login(browser, server.url, key)
            check_socket(browser)
            check_other_page(browser, server.url)


if __name__ == "__main__":
    main()
