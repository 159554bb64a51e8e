"""The telemetry bus as its users know it. From the project's root:

PYTHONPATH=. python3 tests/test_telemetry_bus.py
"""

import asyncio
import json
import unittest
from datetime import datetime, timezone

from analytics.telemetry_bus import (
    TelemetryBus,
    get_telemetry_bus,
    publish_decision_trace,
    publish_engine_health,
    publish_event,
    publish_indicator_event,
    publish_mde_status,
    publish_order_event,
    publish_performance_update,
    publish_position_event,
    publish_signal_event,
    publish_universe_scan,
    publish_universe_summary,
)


class TelemetryBusTest(unittest.TestCase):
    def setUp(self):
        self.bus = get_telemetry_bus()
        self.bus.clear_buffer()

    def test_there_is_one_bus(self):
        self.assertIs(TelemetryBus(), self.bus)
        self.assertIs(get_telemetry_bus(), self.bus)

    def test_an_event_has_type_time_and_payload(self):
        before = datetime.now(timezone.utc)
        publish_event("my_event", {"key": "value", "number": 42})
        after = datetime.now(timezone.utc)
        [event] = self.bus.get_recent_events(limit=1)
        self.assertEqual(event["type"], "my_event")
        self.assertEqual(event["payload"], {"key": "value", "number": 42})
        happened = datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
        self.assertLessEqual(before, happened)
        self.assertLessEqual(happened, after)

    def test_recent_events_are_newest_last_by_type_and_limited(self):
        for n in range(6):
            publish_event("even" if n % 2 == 0 else "odd", {"n": n})
        self.assertEqual(
            [e["payload"]["n"] for e in self.bus.get_recent_events(limit=3)], [3, 4, 5]
        )
        even = self.bus.get_recent_events(event_type="even")
        self.assertEqual([e["payload"]["n"] for e in even], [0, 2, 4])

    def test_every_helper_publishes_its_type(self):
        publish_signal_event("NIFTY", "momentum", "BUY", confidence=0.85, reason="RSI oversold")
        publish_indicator_event("NIFTY", "5m", {"rsi": 45.2}, strategy="momentum")
        publish_order_event("ORDER-1", "NIFTY", "BUY", "filled", qty=50, price=19755.0)
        publish_position_event("NIFTY", 50, entry_price=19755.0)
        publish_engine_health("StrategyEngineV2", "active", {"total_strategies": 3})
        publish_decision_trace("momentum", "NIFTY", "BUY", {"reason": "RSI oversold"})
        publish_universe_scan("equity", 250, {"exchange": "NSE"})
        publish_performance_update({"total_pnl": 12500.0})
        publish_mde_status("MarketDataEngine", "active", {"cached_symbols": 15})
        publish_universe_summary("equity", {"total": 250})
        types = [event["type"] for event in self.bus.get_recent_events()]
        self.assertEqual(
            types,
            [
                "signal_event",
                "indicator_event",
                "order_event",
                "position_event",
                "engine_health",
                "decision_trace",
                "universe_scan",
                "performance_update",
                "mde_status",
                "universe_summary",
            ],
        )

    def test_stats_count_the_buffer(self):
        for event_type in ("a", "a", "b"):
            publish_event(event_type, {})
        stats = self.bus.get_stats()
        self.assertEqual(stats["total_events"], 3)
        self.assertEqual(stats["event_counts"], {"a": 2, "b": 1})
        self.assertEqual(sorted(stats["event_types"]), stats["event_types"])
        self.assertLessEqual({"a", "b"}, set(stats["event_types"]))
        self.assertEqual(stats["buffer_size"], 5000)

    def test_a_cleared_buffer_is_empty_and_remembers_types(self):
        publish_event("once", {})
        self.bus.clear_buffer()
        self.assertEqual(self.bus.get_recent_events(), [])
        self.assertEqual(self.bus.get_stats()["total_events"], 0)
        self.assertIn("once", self.bus.get_event_types())

    def test_a_stream_begins_with_connection_and_goes_on_with_events(self):
        async def read():
            stream = self.bus.stream_events(poll_interval=0.05)
            messages = [await stream.__anext__()]
            publish_event("streamed", {"n": 1})
            while len(messages) < 3:
                messages.append(await stream.__anext__())
            await stream.aclose()
            return messages

        messages = asyncio.run(asyncio.wait_for(read(), 30))
        for message in messages:
            self.assertTrue(message.startswith("data: ") and message.endswith("\n\n"))
        events = [json.loads(message[len("data: ") :]) for message in messages]
        self.assertEqual(
            [event["type"] for event in events], ["connection", "streamed", "heartbeat"]
        )


if __name__ == "__main__":
    unittest.main()
