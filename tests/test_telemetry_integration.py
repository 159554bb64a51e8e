"""Engines that publish, and everything that can be seen of it. From the project's root:

PYTHONPATH=. python3 tests/test_telemetry_integration.py
"""

import json
import threading
import unittest
import urllib.request

import analytics.telemetry_bus as telemetry
import tapedeck


class TelemetryIntegrationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = tapedeck.serve(port=0)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.bus = telemetry.get_telemetry_bus()
        self.bus.clear_buffer()

    def get(self, path):
        with urllib.request.urlopen(self.server.url + path, timeout=10) as answer:
            return json.load(answer)

    def run_engines(self):
        """Four engines on threads of their own, publishing what they do."""

        def market_data():
            for n in range(100):
                telemetry.publish_engine_health(
                    "MarketDataEngine", "active", {"cached_symbols": 15, "total_candles": n}
                )

        def strategy():
            for n in range(100):
                telemetry.publish_decision_trace("momentum", "NIFTY", "BUY", {"n": n})
                telemetry.publish_signal_event("NIFTY", "momentum", "BUY", confidence=0.85)

        def execution():
            for n in range(100):
                for status in ("new", "submitted", "filled"):
                    telemetry.publish_order_event(
                        f"ORDER-{n:03}", "NIFTY", "BUY", status, qty=50, price=19755.0
                    )

        def universe():
            telemetry.publish_universe_scan("equity", 250, {"exchange": "NSE"})
            telemetry.publish_universe_scan("fno", 180, {"exchange": "NFO"})

        threads = [
            threading.Thread(target=engine)
            for engine in (market_data, strategy, execution, universe)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_what_all_engines_publish_is_counted_and_kept_in_each_ones_order(self):
        self.run_engines()
        counts = self.bus.get_stats()["event_counts"]
        self.assertEqual(
            counts,
            {
                "engine_health": 100,
                "decision_trace": 100,
                "signal_event": 100,
                "order_event": 300,
                "universe_scan": 2,
            },
        )
        orders = self.bus.get_recent_events("order_event", limit=1000)
        self.assertEqual(
            [(order["payload"]["order_id"], order["payload"]["status"]) for order in orders],
            [
                (f"ORDER-{n:03}", status)
                for n in range(100)
                for status in ("new", "submitted", "filled")
            ],
        )

    def test_the_server_shows_what_the_process_published(self):
        self.run_engines()
        stats = self.get("/api/telemetry/stats")
        self.assertEqual(stats["total_events"], 602)
        answer = self.get("/api/telemetry/events?event_type=universe_scan&limit=20")
        self.assertEqual(answer["events"], self.bus.get_recent_events("universe_scan", limit=20))
        one = self.get("/api/telemetry/events?order_id=ORDER-042")
        self.assertEqual(
            [event["payload"]["status"] for event in one["events"]],
            ["new", "submitted", "filled"],
        )

    def test_the_stream_brings_events_as_they_are_published(self):
        url = self.server.url + "/api/telemetry/stream?event_type=signal_event"
        with urllib.request.urlopen(url, timeout=10) as stream:
            first = json.loads(stream.readline()[len("data: ") :])
            self.assertEqual(first["type"], "connection")
            telemetry.publish_engine_health("MarketDataEngine", "active", {})
            telemetry.publish_signal_event("NIFTY", "momentum", "SELL")
            stream.readline()
            event = json.loads(stream.readline()[len("data: ") :])
        self.assertEqual(event["type"], "signal_event")
        self.assertEqual(event["payload"]["signal"], "SELL")

    def test_a_callback_gets_every_event_of_its_kind(self):
        rejected = threading.Event()
        seen = []

        def on_order(event):
            seen.append(event["payload"]["status"])
            if event["payload"]["status"] == "rejected":
                rejected.set()

        subscription = self.bus.subscribe(on_order, event_type="order_event", symbol="INFY")
        telemetry.publish_order_event("A", "TCS", "BUY", "new")
        telemetry.publish_order_event("B", "INFY", "BUY", "new")
        telemetry.publish_order_event("B", "INFY", "BUY", "rejected", reason="margin")
        self.assertTrue(rejected.wait(30))
        self.assertTrue(self.bus.unsubscribe(subscription))
        self.assertEqual(seen, ["new", "rejected"])


if __name__ == "__main__":
    unittest.main()
