"""tapedeck._native: the part of the package that is not Python. Use :mod:`tapedeck` instead.

The helpers' arguments are the fields of their event type; any of them may be given by name, and
whatever else is given goes into the payload too. They return False when the event was dropped (the
thread's queue is full) or is far too large.
"""

from datetime import datetime
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

__version__: str

def publish_event(
    event_type: str, payload: Any, timestamp: Union[None, datetime, str, float] = None
) -> bool:
    """Publishes an event. The payload is copied; one that is no dict becomes ``{"data": payload}``.

    :param event_type: 1 to 64 of the characters A-Z a-z 0-9 _ . : -
    :param timestamp: when it happened (aware datetime, RFC 3339 text with an offset, or seconds
        since 1970); None: now.
    :return: False when it was dropped or is far too large; both are counted in ``get_stats()``.
    :raises ValueError: for a type or a time that is none.
    """

# --- generated: one helper per known type ---
def publish_alert_event(
    rule: str,
    state: str,
    severity: Optional[str] = None,
    summary: Optional[str] = None,
    value: Optional[float] = None,
    event_id: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_candle_event(
    symbol: str,
    timeframe: str,
    start: str,
    open: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    **kwargs: Any,
) -> bool: ...
def publish_command_event(
    command: str,
    target: str,
    state: str,
    reason: Optional[str] = None,
    by: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_decision_trace(
    strategy_name: str,
    symbol: str,
    decision: str,
    trace_data: Mapping[str, Any],
    correlation_id: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_engine_health(
    engine_name: str,
    status: str,
    metrics: Mapping[str, Any],
    **kwargs: Any,
) -> bool: ...
def publish_feed_gap(
    symbol: str,
    from_: str,
    /,
    to: str,
    missed: Optional[float] = None,
    timeframe: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_indicator_event(
    symbol: str,
    timeframe: str,
    indicators: Mapping[str, Any],
    strategy: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_mde_lookup_failure(
    symbol: str,
    exchange_tried: str,
    **kwargs: Any,
) -> bool: ...
def publish_mde_stale_symbols(
    count: float,
    symbols: Sequence[Any],
    **kwargs: Any,
) -> bool: ...
def publish_mde_status(
    mde_name: str,
    status: str,
    metrics: Mapping[str, Any],
    **kwargs: Any,
) -> bool: ...
def publish_order_event(
    order_id: str,
    symbol: str,
    side: str,
    status: str,
    qty: Optional[float] = None,
    price: Optional[float] = None,
    filled_qty: Optional[float] = None,
    remaining_qty: Optional[float] = None,
    avg_price: Optional[float] = None,
    fill_id: Optional[str] = None,
    fill_qty: Optional[float] = None,
    fill_price: Optional[float] = None,
    strategy: Optional[str] = None,
    order_type: Optional[str] = None,
    product: Optional[str] = None,
    variety: Optional[str] = None,
    validity: Optional[str] = None,
    trigger_price: Optional[float] = None,
    market_protection_pct: Optional[float] = None,
    reason: Optional[str] = None,
    reject_code: Optional[str] = None,
    broker: Optional[str] = None,
    broker_status: Optional[str] = None,
    exchange_order_id: Optional[str] = None,
    parent_order_id: Optional[str] = None,
    slice_no: Optional[float] = None,
    slice_count: Optional[float] = None,
    basket_id: Optional[str] = None,
    tag: Optional[str] = None,
    algo_id: Optional[str] = None,
    charges: Optional[Mapping[str, Any]] = None,
    correlation_id: Optional[str] = None,
    round_trip_id: Optional[str] = None,
    decided_at: Optional[str] = None,
    sent_at: Optional[str] = None,
    acked_at: Optional[str] = None,
    exchange_at: Optional[str] = None,
    filled_at: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_performance_update(
    metrics: Mapping[str, Any],
    scope: Optional[str] = None,
    strategy: Optional[str] = None,
    session_date: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_position_event(
    symbol: str,
    position_size: float,
    entry_price: Optional[float] = None,
    last_price: Optional[float] = None,
    realized_pnl: Optional[float] = None,
    unrealized_pnl: Optional[float] = None,
    day_pnl: Optional[float] = None,
    charges: Optional[float] = None,
    pnl_basis: Optional[str] = None,
    product: Optional[str] = None,
    scope: Optional[str] = None,
    strategy: Optional[str] = None,
    correlation_id: Optional[str] = None,
    round_trip_id: Optional[str] = None,
    protected_qty: Optional[float] = None,
    protected_by: Optional[str] = None,
    square_off_at: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_session_event(
    exchange: str,
    segment: str,
    phase: str,
    group: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_signal_event(
    symbol: str,
    strategy_name: str,
    signal: str,
    confidence: Optional[float] = None,
    reason: Optional[str] = None,
    timeframe: Optional[str] = None,
    price: Optional[float] = None,
    strategy_version: Optional[str] = None,
    config_hash: Optional[str] = None,
    order_symbol: Optional[str] = None,
    order_exchange: Optional[str] = None,
    correlation_id: Optional[str] = None,
    round_trip_id: Optional[str] = None,
    **kwargs: Any,
) -> bool: ...
def publish_universe_scan(
    scan_type: str,
    universe_size: float,
    summary: Mapping[str, Any],
    **kwargs: Any,
) -> bool: ...
def publish_universe_summary(
    universe_type: str,
    summary: Mapping[str, Any],
    **kwargs: Any,
) -> bool: ...
# --- end of what is generated ---
def recent_events(event_type: str, limit: int) -> bytes: ...
def snapshot(since: Union[None, str, float, datetime]) -> bytes: ...
def stats() -> Dict[str, Any]: ...
def clear_buffer() -> None: ...
def flush() -> None: ...
def set_buffer_size(events: int) -> None: ...
def set_source(given: Mapping[str, str]) -> None: ...
def subscribe(filters: Mapping[str, List[str]], function: Callable[[bytes], Any]) -> int: ...
def unsubscribe(number: int) -> bool: ...

class Cursor:
    def __init__(self, event_type: str) -> None: ...
    def read(self, limit: int) -> Tuple[List[str], int]: ...

def wait_for_event(number: int) -> bool: ...
def end_waiting() -> None: ...
def next_number() -> int: ...
def abandon_after_fork() -> None: ...
def end_of_releases() -> None: ...
def start_server(host: str, port: int, folder: Optional[str]) -> int: ...
def stop_server() -> None: ...
def end_history() -> None: ...
def abandon_server_after_fork() -> None: ...
def plan_sender(options: Mapping[str, Any]) -> None: ...
def flush_sender(seconds: float) -> bool: ...
def close_sender(seconds: float) -> bool: ...
def sender_stats() -> Dict[str, Any]: ...

# --- engines ---

_Row = Tuple[Any, ...]

def check_engine(run: Dict[str, Any], part: str, options: Dict[str, Any], /) -> None: ...
def engine_id(prefix: str, feed: str, part: str, /) -> str: ...

class EngineRun:
    def __init__(self, options: Dict[str, Any], /) -> None: ...
    def launch(self) -> None: ...
    def start_engine(self, part: str, options: Dict[str, Any], /) -> bool: ...
    def stop_engine(self, part: str, /) -> None: ...
    def stop_telemetry(self, part: str, /) -> None: ...
    def stop(self) -> None: ...
    def wait_for(self, seconds: float, /) -> bool: ...
    def request(
        self, command: str, target: str, reason: str, by: str, request_id: str, /
    ) -> None: ...
    def abandon(self) -> None: ...
    def is_up(self, part: str, /) -> bool: ...
    def engine_id(self, part: str, /) -> str: ...
    def run_id(self) -> str: ...
    def finished(self) -> bool: ...
    def on_engine_thread(self) -> bool: ...
    def error(self) -> str: ...
    def summary(self) -> Dict[str, Any]: ...
    def push_tick(
        self,
        symbol: str,
        price: float,
        quantity: int,
        timestamp: object,
        exchange: str,
        bid: float,
        ask: float,
        day_volume: Optional[int],
        /,
    ) -> bool: ...
    def push_candle(
        self,
        symbol: str,
        timeframe: str,
        start: object,
        open: float,
        high: float,
        low: float,
        close: float,
        volume: int,
        exchange: str,
        /,
    ) -> bool: ...
    def window(self, symbol: str, timeframe: str, n: int, exchange: str, /) -> List[_Row]: ...
    def latest_candle(
        self, symbol: str, timeframe: str, exchange: str, /
    ) -> Optional[Tuple[_Row, bool]]: ...
    def positions(self) -> List[_Row]: ...
    def pnl(self, strategy: str, /) -> _Row: ...
    def order(self, order_id: str, /) -> Optional[_Row]: ...
    def submit(
        self,
        symbol: str,
        exchange: str,
        side: str,
        qty: int,
        order_type: str,
        price: float,
        trigger_price: float,
        product: str,
        strategy: str,
        reason: str,
        /,
    ) -> str: ...
    def cancel(self, order_id: str, reason: str, /) -> Optional[str]: ...
    def cancel_all(self, reason: str, /) -> int: ...
    def refresh_universe(self) -> None: ...
    def universe_summary(self) -> Dict[str, Any]: ...
