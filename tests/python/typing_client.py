"""What a type checker knows about a user's program. Read by mypy, never run: see
client_typing_test.py. A comment `# error: code` stands where it has to complain."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from tapedeck import Client, Event, Export, Gap, Stream, StreamState

if TYPE_CHECKING:
    from typing_extensions import assert_type

client = Client("http://localhost:9000", api_key="k", timeout=5)

# Events.
page = client.events("signal_event", symbol=["NIFTY", "INFY"], limit=10)
assert_type(page.next, Optional[str])
event = page[0]
assert_type(event, Event)
assert_type(event["type"], str)
assert_type(event["payload"], Dict[str, Any])
assert_type(event["source"].get("host"), Optional[str])
event["paylod"]  # error: typeddict-item
for each in client.iter_events(since=datetime.now(timezone.utc)):
    assert_type(each["id"], str)
client.events(symbol=5)  # error: arg-type
client.events(symbl="NIFTY")  # error: call-arg
client.events(since=5)  # error: arg-type
client.events(in_="stor")  # error: arg-type

# Figures.
stats = client.stats()
assert_type(stats["event_counts"], Dict[str, int])
assert_type(stats["store"].get("lag_events"), Optional[int])
stats["total"]  # error: typeddict-item
for bucket in client.aggregates("avg", field="price", group_by=["symbol"])["buckets"]:
    for group in bucket["groups"]:
        assert_type(group["value"], Optional[float])
        assert_type(group["key"], Dict[str, Optional[str]])

# Trades.
trade = client.trades(outcome="filled")[0]
assert_type(trade["slippage_bps"], Optional[float])
assert_type(trade["hops"]["decision_to_fill_us"], Optional[int])
assert_type(client.trade("c1")["events"], List[Event])
client.trades(event_type="x")  # error: call-arg

# Exports.
assert_type(client.export(), Export[Event])
assert_type(client.export(format="csv"), Export[str])
assert_type(client.export(path="all.csv", format="csv"), int)
client.export(format="xml")  # error: call-overload

# Publications.
assert_type(client.publish({"type": "a", "payload": {}})["replayed"], bool)
client.publish([{"type": "a", "payload": {}}], ack="durable")
client.publish([], ack="disk")  # error: arg-type
assert_type(client.command("kill"), str)


# Streams.
def on_gap(gap: Gap) -> None:
    assert_type(gap.missed, Optional[int])


def on_state(state: StreamState) -> None:
    assert_type(state.delay, float)


stream = client.stream("order_event", speed=0, on_gap=on_gap, on_state=on_state)
assert_type(stream, Stream)
with client.stream() as entered:
    assert_type(next(entered), Event)
for order in stream:
    assert_type(order, Event)
client.stream(on_gap=on_state)  # error: arg-type


async def read() -> None:
    async with client.stream() as opened:
        async for order in opened:
            assert_type(order, Event)
