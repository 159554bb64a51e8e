from analytics.telemetry_bus import get_telemetry_bus

bus = get_telemetry_bus()
stats = bus.get_stats()

print("Event breakdown:")
for event_type, count in sorted(stats['event_counts'].items()):
    print(f"  {event_type}: {count}")
