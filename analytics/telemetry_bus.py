"""See :mod:`analytics`; the real module is ``python/analytics/telemetry_bus.py``."""

from tapedeck import *  # noqa: F401,F403
