"""Reads, publications and commands against the real server."""

from __future__ import annotations

import csv
import os
import pathlib
import threading
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List

import pytest
from conftest import TapedeckServer, event

from tapedeck import BadRequest, Client, InvalidEvent, NotFound, Unavailable

IST = timezone(timedelta(hours=5, minutes=30))


def ns(events: Any) -> List[int]:
    return [each["payload"]["n"] for each in events]


def test_events_are_the_newest_that_match_newest_last(client: Client) -> None:
    client.publish([event(n, symbol="NIFTY" if n % 2 else "INFY") for n in range(10)])
    assert ns(client.events()) == list(range(10))
    assert ns(client.events(limit=3)) == [7, 8, 9]
    assert ns(client.events(symbol="INFY", limit=2)) == [6, 8]
    assert ns(client.events("order_event", symbol=["INFY", "NIFTY"])) == list(range(10))
    assert client.events("signal_event") == []
    assert ns(client.events(filter="payload.n > 7 && payload.symbol in ['INFY', 'NIFTY']")) == [
        8,
        9,
    ]
    assert ns(client.events(in_="buffer", order_id=("o-1", "o-5"))) == [1, 5]


def test_a_page_says_where_older_ones_are(client: Client) -> None:
    client.publish([event(n) for n in range(5)])
    page = client.events(limit=2)
    assert page.next is not None
    older = client.events(limit=2, cursor=page.next)
    assert (ns(older), ns(page)) == ([1, 2], [3, 4])
    assert client.events(limit=5).next is None


def test_iter_events_walks_all_pages_to_the_oldest(client: Client) -> None:
    client.publish([event(n) for n in range(2500)])
    assert ns(client.iter_events()) == list(range(2499, -1, -1))
    assert ns(client.iter_events(limit=1001)) == list(range(2499, 1498, -1))
    assert ns(client.iter_events(limit=0)) == []
    assert ns(client.iter_events(filter="payload.n < 3")) == [2, 1, 0]


def test_moments_are_aware_datetimes_texts_or_ids(client: Client) -> None:
    noon = datetime(2025, 11, 18, 12, 0, tzinfo=IST)
    for n in range(4):
        client.publish({**event(n), "timestamp": noon + timedelta(minutes=n)})
    assert client.events()[0]["timestamp"] == "2025-11-18T06:30:00.000000Z"
    assert ns(client.events(since=noon + timedelta(minutes=2))) == [2, 3]
    assert ns(client.events(until=noon + timedelta(minutes=1))) == [0, 1]
    assert ns(client.events(since="2025-11-18T12:03:00+05:30")) == [3]
    ids = [each["id"] for each in client.events()]
    assert ns(client.events(since=ids[0], until=ids[3])) == [1, 2]


def test_a_naive_datetime_is_an_error_that_says_what_to_do(client: Client) -> None:
    with pytest.raises(BadRequest, match="has no time zone.*tzinfo") as caught:
        client.events(since=datetime(2025, 11, 18))
    assert caught.value.field == "since"
    assert isinstance(caught.value, ValueError)
    with pytest.raises(BadRequest, match="has no time zone"):
        client.publish({**event(1), "timestamp": datetime(2025, 11, 18)})
    with pytest.raises(BadRequest, match="since is a int"):
        client.events(since=1763445600)  # type: ignore[arg-type]


def test_a_filter_that_says_nothing_is_an_error_not_everything(client: Client) -> None:
    client.publish(event(1))
    with pytest.raises(BadRequest, match="matches nothing"):
        client.events(symbol=[])
    with pytest.raises(BadRequest, match="matches nothing"):
        client.events(symbol="")
    with pytest.raises(BadRequest, match="comma"):
        client.events(symbol=["A,B"])
    with pytest.raises(BadRequest, match="must be text"):
        client.events(symbol=[1])  # type: ignore[list-item]
    with pytest.raises(BadRequest, match="must be text"):
        client.events(symbol=7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="there is no parameter 'symbl'"):
        client.events(symbl="NIFTY")  # type: ignore[call-arg]


@pytest.mark.parametrize("limit", [0, -1, 1001, "10", 1.5, True])
def test_a_limit_is_a_whole_number_up_to_a_thousand(client: Client, limit: Any) -> None:
    with pytest.raises(BadRequest, match="limit"):
        client.events(limit=limit)


def test_the_edges_of_the_limit_work(client: Client) -> None:
    client.publish([event(n) for n in range(1100)])
    assert len(client.events(limit=1000)) == 1000
    assert ns(client.events(limit=1)) == [1099]


def test_an_error_is_the_servers_sentence(client: Client) -> None:
    with pytest.raises(BadRequest, match="column 1: there is no foo") as caught:
        client.events(filter="foo")
    assert (caught.value.status, caught.value.code, caught.value.field) == (
        400,
        "invalid_filter",
        "filter",
    )


def test_values_arrive_as_they_were_sent(client: Client) -> None:
    symbol = "M&M +50% ä/日本?#=\"'\\"
    client.publish(event(1, symbol=symbol, note="line\nbreak\u2028\x07"))
    [found] = client.events(symbol=symbol)
    assert found["payload"]["symbol"] == symbol
    assert found["payload"]["note"] == "line\nbreak\u2028\x07"
    assert client.events(symbol="M&M") == []


def test_latest_is_the_newest_of_each(client: Client) -> None:
    begin = datetime(2025, 11, 18, 9, 15, tzinfo=IST)
    for n in range(6):
        moment = begin + timedelta(minutes=n)
        client.publish({**event(n, symbol=("A", "B")[n % 2]), "timestamp": moment})
    assert ns(client.latest(by="symbol")) == [4, 5]
    assert ns(client.latest(by=["type"])) == [5]
    assert client.latest().truncated is False
    assert ns(client.latest(by="symbol", at=begin + timedelta(minutes=2, seconds=30))) == [1, 2]


def test_stats_schema_and_health_tell_about_the_server(client: Client) -> None:
    client.publish([event(1), event(2)])
    stats = client.stats()
    assert (stats["total_events"], stats["event_counts"]) == (2, {"order_event": 2})
    assert stats["store"]["enabled"] is True
    assert "allOf" in client.schema()
    health = client.health()
    assert (health["ready"], health["problem"], health["name"]) == (True, None, "tapedeck")


def test_alerts_tell_of_rules_and_of_what_fires(client: Client) -> None:
    answer = client.alerts()
    assert (answer["ok"], answer["alerts"], answer["truncated"]) == (True, [], False)
    assert answer["status"]["firing"] == 0
    narrowed = client.alerts(
        state=["firing", "pending"], severity="critical", rule="made-up", limit=10_000
    )
    assert narrowed["rules"] == []
    with pytest.raises(BadRequest, match="limit"):
        client.alerts(limit=10_001)


def test_aggregates_are_figures_by_time(client: Client) -> None:
    moment = datetime(2025, 11, 18, 4, 0, tzinfo=timezone.utc)
    client.publish([{**event(n, price=float(n)), "timestamp": moment} for n in range(1, 5)])
    answer = client.aggregates(
        "avg",
        field="price",
        group_by=["symbol"],
        interval="5m",
        since=moment,
        until=moment + timedelta(minutes=1),
    )
    [bucket] = answer["buckets"]
    assert bucket["groups"] == [{"key": {"symbol": "NIFTY"}, "value": 2.5, "count": 4}]
    assert client.aggregates(since=moment, until=moment)["metric"] == "count"


def test_a_trade_is_found_by_its_ids(client: Client) -> None:
    chain: Dict[str, Any] = {"correlation_id": "c1", "strategy": "s", "qty": 50}
    client.publish(
        [event(1, status="submitted", **chain), event(2, order_id="o-1", status="filled", **chain)]
    )
    [trade] = client.trades(symbol="NIFTY")
    assert (trade["correlation_id"], trade["outcome"]) == ("c1", "filled")
    assert client.trades(outcome="rejected") == []
    for name in ("c1", "o-1"):
        assert ns(client.trade(name)["events"]) == [1, 2]
    with pytest.raises(NotFound, match="a b\\?c&d%") as caught:
        client.trade("a b?c&d%")
    assert isinstance(caught.value, LookupError)
    with pytest.raises(BadRequest):
        client.trade("..")
    with pytest.raises(TypeError, match="event_type"):
        client.trades(event_type="x")  # type: ignore[call-arg]


def test_trades_have_pages(client: Client) -> None:
    client.publish([event(n, correlation_id=f"c{n}") for n in range(3)])
    page = client.trades(limit=2)
    assert page.next is not None
    rest = client.trades(limit=2, cursor=page.next)
    found = [trade["correlation_id"] for trade in [*page, *rest]]
    assert sorted(found) == ["c0", "c1", "c2"]
    assert rest.next is None


def test_an_export_holds_everything_oldest_first(client: Client, tmp_path: pathlib.Path) -> None:
    client.publish([event(n, note="zwei\nZeilen, ä") for n in range(3000)])
    with client.export("order_event") as export:
        assert ns(export) == list(range(3000))
    rows = list(csv.DictReader(client.export(format="csv", columns=["id", "n", "note"])))
    assert [int(row["n"]) for row in rows] == list(range(3000))
    assert rows[0]["note"] == "zwei\nZeilen, ä"
    size = client.export(path=tmp_path / "all.ndjson", filter="payload.n < 10")
    assert (tmp_path / "all.ndjson").stat().st_size == size
    assert (tmp_path / "all.ndjson").read_text().count("\n") == 10
    assert [path.name for path in tmp_path.glob("all*")] == ["all.ndjson"]


def test_an_export_may_be_left_in_the_middle(client: Client) -> None:
    client.publish([event(n) for n in range(3000)])
    with client.export() as export:
        assert next(export)["payload"]["n"] == 0
    assert list(export) == [] or ns(export) == []


def test_an_export_that_is_refused_is_an_error_before_it_begins(
    client: Client, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(BadRequest, match="columns"):
        client.export(path=tmp_path / "x", columns="id")
    assert list(tmp_path.glob("x*")) == []


def test_publishing_answers_the_ids_and_a_key_makes_it_once(client: Client) -> None:
    first = client.publish([event(1), event(2)], ack="durable", idempotency_key="k-1")
    again = client.publish([event(1), event(2)], ack="durable", idempotency_key="k-1")
    assert (first["accepted"], first["replayed"], again["replayed"]) == (2, False, True)
    assert (again["first_id"], again["last_id"]) == (first["first_id"], first["last_id"])
    assert ns(client.events()) == [1, 2]
    with pytest.raises(InvalidEvent) as caught:
        client.publish(event(3), idempotency_key="k-1")
    assert caught.value.code == "idempotency_key_reused"
    with pytest.raises(BadRequest, match="idempotency_key"):
        client.publish(event(3), idempotency_key="two words")


def test_a_batch_is_published_whole_or_not_at_all(client: Client) -> None:
    with pytest.raises(InvalidEvent) as caught:
        client.publish([event(1), {"type": "order_event", "payload": {}}])
    assert caught.value.status == 422
    with pytest.raises(BadRequest, match="holds no event"):
        client.publish([])
    assert client.events() == []


def test_what_json_has_no_form_for_is_written_as_the_contract_says(client: Client) -> None:
    day = datetime(2025, 11, 18).date()
    values: Dict[Any, Any] = {"nan": float("nan"), "inf": [float("-inf")], "day": day, 7: (1, 2)}
    client.publish({"type": "x", "payload": values})
    assert client.events()[0]["payload"] == {
        "nan": None,
        "inf": [None],
        "day": "2025-11-18",
        "7": [1, 2],
    }


def test_what_cannot_be_written_is_refused_with_its_index(client: Client) -> None:
    loop: Dict[str, Any] = {"type": "x", "payload": {}}
    loop["payload"]["self"] = loop
    with pytest.raises(BadRequest, match="Event 1"):
        client.publish([event(0), loop])
    with pytest.raises(BadRequest, match="Event 0 is a str"):
        client.publish("signal_event")  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="Event 0"):
        client.publish({"type": "x", "payload": {(1, 2): 3}})
    assert client.events() == []


def test_numbers_longer_than_python_likes_are_read_exactly(
    client: Client, server: TapedeckServer
) -> None:
    import urllib.request

    body = b'{"type":"x","payload":{"n":' + b"9" * 5000 + b"}}"
    urllib.request.urlopen(f"{server.url}/api/telemetry/events", body).close()
    assert client.events()[0]["payload"]["n"] == 10**5000 - 1
    [found] = client.stream(since="2020-01-01T00:00:00Z", speed=0)
    assert found["payload"]["n"] == 10**5000 - 1


def test_a_command_is_an_event_with_the_answered_id(client: Client) -> None:
    request_id = client.command("kill", "paper-execution", reason="end of the day")
    [found] = client.events("command_event")
    assert found["id"] == request_id
    assert found["payload"]["reason"] == "end of the day"
    assert (found["payload"]["state"], found["payload"]["by"]) == ("requested", "python")


def test_a_client_serves_many_threads(client: Client) -> None:
    failures: List[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(20):
                answer = client.publish(event(n, account=f"a{number}"))
                assert answer["accepted"] == 1
                assert len(client.events(filter=f"payload.account == 'a{number}'")) == n + 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert client.stats()["total_events"] == 160


def test_a_kept_connection_survives_a_restart_of_the_server(
    client: Client, server: TapedeckServer
) -> None:
    client.publish(event(1), ack="durable")
    server.kill()
    server.start()
    assert ns(client.events()) == [1]
    assert client.publish(event(2))["accepted"] == 1


def test_a_publication_waits_for_a_server_that_comes_back(server: TapedeckServer) -> None:
    with Client(server.url, retries=100) as client:
        client.publish(event(1), ack="durable")
        server.kill()
        published = threading.Event()

        def publish() -> None:
            client.publish(event(2), ack="durable")
            published.set()

        thread = threading.Thread(target=publish)
        thread.start()
        server.start()
        thread.join(60)
        assert published.is_set()
        assert ns(client.events()) == [1, 2]


def test_a_child_process_does_not_speak_on_its_parents_connections(client: Client) -> None:
    client.publish(event(1))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if [ns(client.events()) for _ in range(20)] == [[1]] * 20:
                status = 0
        finally:
            os._exit(status)
    assert [ns(client.events()) for _ in range(20)] == [[1]] * 20
    assert os.waitpid(child, 0)[1] == 0


def test_a_closed_client_says_so(server: TapedeckServer) -> None:
    client = Client(server.url)
    client.stats()
    client.close()
    with pytest.raises(Unavailable, match="closed"):
        client.stats()
    with pytest.raises(Unavailable, match="closed"):
        client.stream()
    client.close()


def test_a_clients_end_ends_its_streams(server: TapedeckServer) -> None:
    with Client(server.url) as client:
        client.publish(event(1))
        stream = client.stream(replay=1)
        assert next(stream)["payload"]["n"] == 1
    assert list(stream) == []


def test_clear_reads_of_a_server_without_history(
    make_server: Callable[..., TapedeckServer],
) -> None:
    with Client(make_server(memory=True).url) as client:
        assert client.stats()["store"] == {"enabled": False}
        with pytest.raises(BadRequest, match="memory only"):
            client.publish(event(1), ack="durable")
