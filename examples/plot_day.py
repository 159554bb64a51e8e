"""A day's signals on its prices, from the history of a server. Cells are marked with # %%, for
editors that run them one by one; as a program it writes a picture:

    pip install matplotlib
    python examples/plot_day.py NIFTY day.png        # of http://localhost:9000, or TAPEDECK_URL
"""

# %% What to look at
import sys
from datetime import datetime, timedelta, timezone

import matplotlib.dates
import matplotlib.pyplot as plt

import tapedeck

IST = timezone(timedelta(hours=5, minutes=30))
symbol = sys.argv[1] if len(sys.argv) > 1 else "NIFTY"
picture = sys.argv[2] if len(sys.argv) > 2 else "day.png"
client = tapedeck.Client()

# %% The newest day on which the symbol has a candle
newest = client.events("candle_event", symbol=symbol, limit=1)
if not newest:
    sys.exit(f"The server has no candles of {symbol}.")


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(IST)


day = moment(newest[0]["timestamp"]).replace(hour=0, minute=0, second=0, microsecond=0)
of_the_day = {"symbol": symbol, "since": day, "until": day + timedelta(days=1)}
candles = list(client.iter_events("candle_event", **of_the_day))[::-1]
signals = list(client.iter_events("signal_event", **of_the_day))[::-1]
shortest = newest[0]["payload"]["timeframe"]
candles = [each for each in candles if each["payload"]["timeframe"] == shortest]

# %% The picture
figure, axes = plt.subplots(figsize=(12, 6))
closes = [(moment(each["timestamp"]), each["payload"]["close"]) for each in candles]
axes.plot(*zip(*closes), color="tab:gray", linewidth=1, label=f"close, {shortest}")
for word, marker, colour in (
    ("BUY", "^", "tab:blue"),
    ("SELL", "v", "tab:orange"),
    ("EXIT", "o", "k"),
):
    marked = [
        (moment(each["timestamp"]), each["payload"]["price"])
        for each in signals
        if each["payload"]["signal"] == word and each["payload"].get("price")
    ]
    if marked:
        axes.scatter(
            *zip(*marked), marker=marker, color=colour, zorder=3, label=f"{word} ({len(marked)})"
        )
axes.xaxis.set_major_formatter(matplotlib.dates.DateFormatter("%H:%M", tz=IST))
axes.set(title=f"{symbol}, {day:%d %B %Y}", xlabel="IST", ylabel="rupees")
axes.legend()
figure.savefig(picture, dpi=110)
print(f"{picture}: {len(candles)} candles, {len(signals)} signals")
