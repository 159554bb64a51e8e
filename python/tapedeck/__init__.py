"""Tapedeck: real-time strategy and market telemetry.

Publish::

    from tapedeck import publish_signal_event
    publish_signal_event(symbol="NIFTY", strategy_name="momentum", signal="BUY", confidence=0.85)

into this process's :class:`TelemetryBus`, look at it with ``get_telemetry_bus()`` or in the browser
after ``serve(port=9000)``, or send it to a server elsewhere with ``connect(url)``.
"""

from __future__ import annotations

from tapedeck._native import (
    __version__,
    publish_alert_event,
    publish_candle_event,
    publish_command_event,
    publish_decision_trace,
    publish_engine_health,
    publish_event,
    publish_feed_gap,
    publish_indicator_event,
    publish_mde_lookup_failure,
    publish_mde_stale_symbols,
    publish_mde_status,
    publish_order_event,
    publish_performance_update,
    publish_position_event,
    publish_session_event,
    publish_signal_event,
    publish_universe_scan,
    publish_universe_summary,
)
from tapedeck.bus import TelemetryBus, get_telemetry_bus
from tapedeck.desk import Desk, default_desk
from tapedeck.engines import (
    ExecutionEngine,
    MarketDataEngine,
    Order,
    Pnl,
    Position,
    StrategyEngineV2,
    UniverseBuilder,
)
from tapedeck.server import Server, serve
from tapedeck.source import set_source
from tapedeck.strategy import Candle, Decision, Strategy

__all__ = [
    "Candle",
    "Decision",
    "Desk",
    "ExecutionEngine",
    "MarketDataEngine",
    "Order",
    "Pnl",
    "Position",
    "Server",
    "Strategy",
    "StrategyEngineV2",
    "TelemetryBus",
    "UniverseBuilder",
    "__version__",
    "default_desk",
    "get_telemetry_bus",
    "publish_alert_event",
    "publish_candle_event",
    "publish_command_event",
    "publish_decision_trace",
    "publish_engine_health",
    "publish_event",
    "publish_feed_gap",
    "publish_indicator_event",
    "publish_mde_lookup_failure",
    "publish_mde_stale_symbols",
    "publish_mde_status",
    "publish_order_event",
    "publish_performance_update",
    "publish_position_event",
    "publish_session_event",
    "publish_signal_event",
    "publish_universe_scan",
    "publish_universe_summary",
    "serve",
    "set_source",
]
