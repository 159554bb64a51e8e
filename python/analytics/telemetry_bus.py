"""The original's module, by its name: ``from analytics.telemetry_bus import publish_signal_event``.

Everything here is Tapedeck's (:mod:`tapedeck`); programs written for the original run unchanged.
"""

from __future__ import annotations

from tapedeck import (
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

__all__ = [
    "TelemetryBus",
    "get_telemetry_bus",
    "publish_decision_trace",
    "publish_engine_health",
    "publish_event",
    "publish_indicator_event",
    "publish_mde_status",
    "publish_order_event",
    "publish_performance_update",
    "publish_position_event",
    "publish_signal_event",
    "publish_universe_scan",
    "publish_universe_summary",
]
