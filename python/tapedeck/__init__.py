"""Tapedeck: real-time strategy and market telemetry.

Publish::

    from tapedeck import publish_signal_event
    publish_signal_event(symbol="NIFTY", strategy_name="momentum", signal="BUY", confidence=0.85)

into this process's :class:`TelemetryBus`, look at it with ``get_telemetry_bus()`` or in the browser
after ``serve(port=9000)``, or send it to a server elsewhere with ``connect(url)``.
"""

from __future__ import annotations

from ._export import Export
from ._native import (
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
from ._stream import Stream
from .bus import TelemetryBus, get_telemetry_bus
from .client import Client
from .desk import Desk, default_desk
from .engines import (
    ExecutionEngine,
    MarketDataEngine,
    Order,
    Pnl,
    Position,
    StrategyEngineV2,
    UniverseBuilder,
)
from .errors import (
    BadRequest,
    Forbidden,
    GapWarning,
    InvalidEvent,
    NotFound,
    ProtocolError,
    ServerError,
    TapedeckError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from .remote import Connection, connect, connect_by_environment, connection, disconnect, flush
from .server import Server, serve
from .source import set_source
from .strategy import Candle, Decision, Strategy
from .types import Event, Gap, StreamState

__all__ = [
    "BadRequest",
    "Candle",
    "Client",
    "Connection",
    "Decision",
    "Desk",
    "Event",
    "ExecutionEngine",
    "Export",
    "Forbidden",
    "Gap",
    "GapWarning",
    "InvalidEvent",
    "MarketDataEngine",
    "NotFound",
    "Order",
    "Pnl",
    "Position",
    "ProtocolError",
    "Server",
    "ServerError",
    "Strategy",
    "StrategyEngineV2",
    "Stream",
    "StreamState",
    "TapedeckError",
    "TelemetryBus",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UniverseBuilder",
    "__version__",
    "connect",
    "connection",
    "default_desk",
    "disconnect",
    "flush",
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

connect_by_environment()
