"""Where the original's users import from; see :mod:`analytics.telemetry_bus`."""
