"""Tapedeck: real-time telemetry for algorithmic trading."""

from __future__ import annotations

from ._export import Export
from ._stream import Stream
from .client import Client
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
from .types import Event, Gap, StreamState

__all__ = [
    "BadRequest",
    "Client",
    "Event",
    "Export",
    "Forbidden",
    "Gap",
    "GapWarning",
    "InvalidEvent",
    "NotFound",
    "ProtocolError",
    "ServerError",
    "Stream",
    "StreamState",
    "TapedeckError",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
]
