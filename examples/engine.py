"""An engine in thirty lines: a random walk, an average, signals and orders, all of it visible.

python examples/engine.py            # and open http://127.0.0.1:9000
TAPEDECK_URL=http://localhost:9000 python examples/engine.py   # into a server that runs already
"""

import os
import random
import sys
import time

import tapedeck
from tapedeck import publish_engine_health, publish_order_event, publish_signal_event

if not os.environ.get("TAPEDECK_URL"):
    print("Dashboard:", tapedeck.serve(port=int(os.environ.get("PORT", 9000))).url)

ticks = int(sys.argv[1]) if len(sys.argv) > 1 else 10**9
price, average, position = 19750.0, 19750.0, 0
for tick in range(ticks):
    price += random.gauss(0, 4)
    average += (price - average) / 20
    side = "BUY" if price > average + 5 else "SELL" if price < average - 5 else None
    if side and position != (1 if side == "BUY" else -1):
        position = 1 if side == "BUY" else -1
        publish_signal_event("NIFTY", "mean_cross", side, confidence=0.7, price=price)
        publish_order_event(f"DEMO-{tick}", "NIFTY", side, "filled", qty=50, price=price)
    if tick % 50 == 0:
        publish_engine_health("DemoEngine", "active", {"ticks": tick, "position": position})
    time.sleep(0.02)
