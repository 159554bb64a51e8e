"""The shapes of what the server says, for type checkers; at run time they are plain dicts.

Times are RFC 3339 texts in UTC with six fractional digits (``2025-11-18T07:55:41.345678Z``).
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, TypedDict, Union

from .errors import TapedeckError

__all__ = [
    "Accepted",
    "AggregateBucket",
    "AggregateGroup",
    "Aggregates",
    "Alert",
    "AlertRule",
    "Alerts",
    "Event",
    "EventPage",
    "Filters",
    "Gap",
    "Health",
    "Hops",
    "Reject",
    "Source",
    "Stats",
    "StoreStats",
    "StreamState",
    "Trade",
    "TradeChain",
    "TradeFilters",
    "TradePage",
    "Values",
    "Veto",
]

#: One value, several as a comma list in one text, or several as a sequence: any of them matches.
Values = Union[str, Sequence[str]]


class Source(TypedDict, total=False):
    """Who published an event; every field is optional."""

    host: str
    engine_id: str
    run_id: str
    account: str
    mode: str


class _EventCore(TypedDict):
    type: str
    timestamp: str
    payload: Dict[str, Any]
    id: str


class Event(_EventCore, total=False):
    """One event; ``source`` is there when the publisher said who it is."""

    source: Source


class Filters(TypedDict, total=False):
    """Which events: each any of its values, all of them together. ``filter`` is an expression in
    the server's subset of CEL, such as ``payload.qty * payload.price > 1e6``."""

    symbol: Values
    exchange: Values
    strategy: Values
    engine: Values
    engine_id: Values
    host: Values
    account: Values
    mode: Values
    run_id: Values
    order_id: Values
    correlation_id: Values
    filter: str


class TradeFilters(TypedDict, total=False):
    """Which trades: each any of its values, all of them together."""

    symbol: Values
    exchange: Values
    strategy: Values
    account: Values
    mode: Values
    engine_id: Values
    host: Values
    run_id: Values
    order_id: Values
    correlation_id: Values
    outcome: Values
    side: Values


class EventPage(List[Event]):
    """Events, newest last. ``next``: pass it as ``cursor`` for older ones; None when there are
    none. ``truncated``: the server stopped at its limit (answers of ``latest`` only)."""

    next: Optional[str] = None
    truncated: bool = False


class StoreStats(TypedDict, total=False):
    """The history on disk; only ``enabled`` when there is none."""

    enabled: bool
    events: int
    files: int
    bytes: int
    json_bytes: int
    first_id: Optional[str]
    last_id: Optional[str]
    lag_events: int
    lost_total: int
    degraded: bool
    problem: Optional[str]


class Stats(TypedDict):
    """How the server is: ``total_events`` and ``event_counts`` are of the buffer."""

    ok: bool
    total_events: int
    buffer_size: int
    event_types: List[str]
    event_counts: Dict[str, int]
    published_total: int
    dropped_total: int
    evicted_total: int
    rejected_total: int
    subscribers: int
    events_per_second: float
    epoch: str
    first_id: Optional[str]
    last_id: Optional[str]
    uptime_seconds: float
    store: StoreStats


class Alert(TypedDict):
    """One group of an alert rule; ``alert_id`` names this time that it fired."""

    alert_id: Optional[str]
    rule: str
    state: str
    severity: str
    group: Dict[str, str]
    summary: str
    value: Optional[float]
    event_id: Optional[str]
    since: Optional[str]
    fired_at: Optional[str]
    resolved_at: Optional[str]
    suppressed: int
    acknowledged_by: Optional[str]
    acknowledged_at: Optional[str]
    silenced_until: Optional[str]


class AlertRule(TypedDict):
    """An alert rule and how it is; ``definition`` is what `PUT` takes."""

    name: str
    origin: str
    enabled: bool
    severity: str
    definition: Dict[str, Any]
    firing: int
    pending: int
    matches_total: int
    firings_total: int
    suppressed_total: int
    dropped_groups_total: int
    last_fired_at: Optional[str]
    silenced_until: Optional[str]


class Alerts(TypedDict):
    """Rules, alerts (newest first), how targets do, and figures of them all."""

    ok: bool
    rules: List[AlertRule]
    alerts: List[Alert]
    truncated: bool
    targets: List[Dict[str, Any]]
    status: Dict[str, Any]


class _GroupCore(TypedDict):
    key: Dict[str, Optional[str]]
    value: Optional[float]
    count: int


class AggregateGroup(_GroupCore, total=False):
    """One figure. ``inexact``: a percentile not within 1 %; ``other``: rare values together."""

    inexact: bool
    other: bool


class _BucketCore(TypedDict):
    start: str
    groups: List[AggregateGroup]


class AggregateBucket(_BucketCore, total=False):
    """One interval. ``partial``: it was not over yet."""

    partial: bool


class Aggregates(TypedDict):
    """Figures by time; buckets and groups without events are left out."""

    ok: bool
    metric: str
    field: Optional[str]
    group_by: List[str]
    interval: str
    since: str
    until: str
    source: str
    buckets: List[AggregateBucket]


class Veto(TypedDict):
    """Why a decision was vetoed."""

    by: Optional[str]
    code: Optional[str]
    reason: Optional[str]
    wanted: Optional[str]


class Reject(TypedDict):
    """Why an order was refused."""

    code: Optional[str]
    reason: Optional[str]
    order_id: Optional[str]


class Hops(TypedDict):
    """How long a trade's steps took, in microseconds; None where a time is not known."""

    decision_to_sent_us: Optional[int]
    sent_to_ack_us: Optional[int]
    ack_to_first_fill_us: Optional[int]
    first_to_last_fill_us: Optional[int]
    decision_to_fill_us: Optional[int]


class Trade(TypedDict):
    """One decision and what became of it; None where something is not known."""

    correlation_id: str
    round_trip_id: Optional[str]
    outcome: str
    complete: bool
    decision: Optional[str]
    side: Optional[str]
    symbol: Optional[str]
    exchange: Optional[str]
    signal_symbol: Optional[str]
    signal_exchange: Optional[str]
    strategy: Optional[str]
    account: Optional[str]
    mode: Optional[str]
    run_id: Optional[str]
    engine_ids: List[str]
    hosts: List[str]
    reason: Optional[str]
    order_ids: List[str]
    multi_leg: bool
    qty: Optional[int]
    filled_qty: Optional[int]
    avg_price: Optional[float]
    decision_price: Optional[float]
    slippage: Optional[float]
    slippage_bps: Optional[float]
    slippage_total: Optional[float]
    realized_pnl: Optional[float]
    charges: Optional[float]
    net_pnl: Optional[float]
    veto: Optional[Veto]
    reject: Optional[Reject]
    end_reason: Optional[str]
    hops: Hops
    decided_at: Optional[str]
    sent_at: Optional[str]
    acked_at: Optional[str]
    first_fill_at: Optional[str]
    last_fill_at: Optional[str]
    first_id: Optional[str]
    last_id: Optional[str]
    event_count: int
    truncated: bool


class TradePage(List[Trade]):
    """Trades, the newest decision first. ``next``: pass it as ``cursor`` for older ones."""

    next: Optional[str] = None


class TradeChain(TypedDict):
    """A trade and its events in the order they were published."""

    trade: Trade
    events: List[Event]


class Accepted(TypedDict):
    """What became of a batch. ``replayed``: its idempotency key had been accepted before, and these
    are the ids of then."""

    accepted: int
    first_id: str
    last_id: str
    replayed: bool


class Health(TypedDict):
    """``ready`` is false while the server shuts down or cannot write its history; ``problem`` says
    which, as a sentence."""

    ready: bool
    problem: Optional[str]
    name: str
    version: str


class Gap(NamedTuple):
    """A stream could not go on after ``requested`` (an id or a time): it goes on at ``oldest``.
    ``missed``: how many events are in between, before filters; None when nobody can know."""

    requested: str
    oldest: str
    missed: Optional[int]


class StreamState(NamedTuple):
    """How a stream is: ``connecting``, ``open``, ``waiting`` (for ``delay`` seconds, after
    ``error`` or, when that is None, a server that shut down) or ``closed``. ``attempt`` counts
    connections since the last one that worked, from 0."""

    name: str
    attempt: int = 0
    delay: float = 0.0
    error: Optional[TapedeckError] = None
