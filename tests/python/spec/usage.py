from analytics.telemetry_bus import (
    get_telemetry_bus,
    publish_signal_event,
    publish_order_event,
    publish_engine_health,
)

# Get telemetry bus instance
bus = get_telemetry_bus()

# Publish events
publish_signal_event(
    symbol="NIFTY",
    strategy_name="momentum",
    signal="BUY",
    confidence=0.85,
)

publish_order_event(
    order_id="ORDER-001",
    symbol="NIFTY",
    side="BUY",
    status="filled",
    qty=50,
    price=19755.0,
)

# Query events
recent_events = bus.get_recent_events(limit=100)
signal_events = bus.get_recent_events(event_type="signal_event")

# Get statistics
stats = bus.get_stats()
print(f"Total events: {stats['total_events']}")
print(f"Event types: {stats['event_types']}")
