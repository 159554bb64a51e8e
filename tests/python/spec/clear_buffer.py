from analytics.telemetry_bus import get_telemetry_bus

bus = get_telemetry_bus()
bus.clear_buffer()  # Clear all events
