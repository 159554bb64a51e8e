"""Where a client goes, and what it lets nobody see."""

from __future__ import annotations

import pickle
import ssl

import pytest
from conftest import Peer

from tapedeck import BadRequest, Client, TapedeckError, Unauthorized, Unavailable
from tapedeck._endpoint import Endpoint
from tapedeck.errors import error_type

SECRET = "td_3f9a_very_secret"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAPEDECK_URL", raising=False)
    monkeypatch.delenv("TAPEDECK_API_KEY", raising=False)


def endpoint(url: str, **more: object) -> Endpoint:
    return Client(url, **more)._endpoint  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "host", "port", "header", "prefix", "shown"),
    [
        ("http://localhost:9000", "localhost", 9000, "localhost:9000", "", "http://localhost:9000"),
        ("http://Example.COM", "example.com", 80, "example.com", "", "http://example.com"),
        ("https://example.com/", "example.com", 443, "example.com", "", "https://example.com"),
        ("https://a.b:8443/x/y/", "a.b", 8443, "a.b:8443", "/x/y", "https://a.b:8443/x/y"),
        ("http://[::1]:9000", "::1", 9000, "[::1]:9000", "", "http://[::1]:9000"),
        ("http://[::1]/td", "::1", 80, "[::1]", "/td", "http://[::1]/td"),
        ("http://bücher.example", "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "", None),
    ],
)
def test_urls_are_taken_apart(
    url: str, host: str, port: int, header: str, prefix: str, shown: str
) -> None:
    to = endpoint(url)
    assert (to.host, to.port, to.host_header, to.prefix) == (host, port, header, prefix)
    assert shown is None or to.url == shown


@pytest.mark.parametrize(
    "url",
    [
        "localhost:9000",
        "ftp://localhost",
        "http://",
        "http://host:port",
        "http://host:70000",
        "http://host/a?b=c",
        "http://host/#x",
        "http://host/a b",
        "http://host/a\r\nX: y",
        "http://[::1",
        "http://a..b/",
        "http://a\0b/",
        "http://a b/",
    ],
)
def test_what_is_no_url_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Client(url)
    assert caught.value.field == "url"
    assert str(caught.value).endswith(".")


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadRequest) as caught:
        Client(f"http://user:{SECRET}@localhost:9000")
    assert SECRET not in str(caught.value)
    with pytest.raises(BadRequest) as caught:
        Client(f"nonsense://user:{SECRET}@localhost:9000")
    assert SECRET not in str(caught.value)


def test_the_environment_gives_url_and_key_when_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Client().url == "http://localhost:9000"
    monkeypatch.setenv("TAPEDECK_URL", "https://there:1234/td")
    monkeypatch.setenv("TAPEDECK_API_KEY", SECRET)
    assert Client().url == "https://there:1234/td"
    assert Client()._endpoint.headers()["Authorization"] == f"Bearer {SECRET}"
    assert Client("http://localhost:1", api_key="other")._endpoint.headers()["Authorization"] == (
        "Bearer other"
    )


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.3.2.1", "http://[::1]:9000", "https://far.example"]
)
def test_a_key_goes_to_this_machine_or_over_tls(url: str) -> None:
    assert endpoint(url, api_key=SECRET).headers()["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "url", ["http://far.example", "http://192.168.1.5:9000", "http://[fe80::1]"]
)
def test_a_key_does_not_go_over_plain_http_to_another_machine(url: str) -> None:
    with pytest.raises(BadRequest, match="insecure=True") as caught:
        Client(url, api_key=SECRET)
    assert SECRET not in str(caught.value)
    assert "Authorization" in endpoint(url, api_key=SECRET, insecure=True).headers()
    assert "Authorization" not in endpoint(url).headers()


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "ключ", "a\r\nHost: x"])
def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Client(api_key=key)
    assert not key or key not in str(caught.value)


def test_options_that_contradict_each_other_are_refused() -> None:
    context = ssl.create_default_context()
    with pytest.raises(BadRequest, match="either api_key or token"):
        Client(api_key="a", token="b")
    with pytest.raises(BadRequest, match="either ca_file or ssl_context"):
        Client("https://x", ca_file="x.pem", ssl_context=context)
    with pytest.raises(BadRequest, match="https urls"):
        Client("http://x", ssl_context=context)
    with pytest.raises(BadRequest, match="cannot be used"):
        Client("https://x", ca_file="/does/not/exist.pem")
    with pytest.raises(BadRequest, match="above zero"):
        Client(timeout=0)
    with pytest.raises(BadRequest, match="retries"):
        Client(retries=-1)


def test_the_key_is_sent_in_its_header_and_shown_nowhere(scripted) -> None:  # type: ignore[no-untyped-def]
    body = b'{"ok":false,"error":"This key is not known.","code":"unauthorized"}'
    there = scripted(lambda peer: peer.answer("401 Unauthorized", body))
    client = Client(there.url + "/front", api_key=SECRET)
    with pytest.raises(Unauthorized) as caught:
        client.stats()
    assert f"Authorization: Bearer {SECRET}\r\n" in there.requests[0]
    assert there.requests[0].startswith("GET /front/api/telemetry/stats HTTP/1.1\r\n")
    error = caught.value
    assert (str(error), error.status, error.code) == (
        "This key is not known.",
        401,
        "unauthorized",
    )
    with pytest.raises(Unauthorized):
        next(client.stream())
    assert f"Authorization: Bearer {SECRET}\r\n" in there.requests[1]
    for shown in (repr(client), repr(error), str(error), repr(vars(error)), client.url):
        assert SECRET not in shown


def test_a_token_function_is_asked_for_each_connection(scripted) -> None:  # type: ignore[no-untyped-def]
    there = scripted(lambda peer: peer.answer("200 OK", b'{"ok":true}'))
    tokens = iter(["first", "second"])
    client = Client(there.url, token=lambda: next(tokens))
    client.stats()
    client.stats()
    assert "Bearer first\r\n" in there.requests[0]
    assert "Bearer second\r\n" in there.requests[1]


def test_nobody_listening_is_an_error_both_kinds_of_caller_know(scripted) -> None:  # type: ignore[no-untyped-def]
    there = scripted(Peer.hang)
    there.close()
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        Client(there.url).stats()
    assert isinstance(caught.value, ConnectionError)
    assert isinstance(caught.value, TapedeckError)
    with pytest.raises(Unavailable, match="cannot be reached"):
        next(Client(there.url).stream(reconnect=False))


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 408, 413, 422, 429, 500, 503])
def test_errors_keep_what_they_know_through_pickle(status: int) -> None:
    error = error_type(status)("why", status=status, code="c", field="f", retry_after=2.5)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), back.status, back.code, back.field, back.retry_after) == (
        "why",
        status,
        "c",
        "f",
        2.5,
    )
