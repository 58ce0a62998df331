"""Plots the closed candles of a series and one of its indicators to a PNG, straight from the plane's memory.

pip install 'tickplane[plot]'
python plot.py binance BTC-USDT 1m rsi_14 btc.png
"""

import argparse

import matplotlib
import numpy as np

import tickplane

matplotlib.use("agg")
from matplotlib import pyplot  # noqa: E402


def main() -> None:
    arguments = parse()
    plane = tickplane.open(arguments.instance, arguments.root)
    series = plane[arguments.exchange, arguments.symbol, arguments.timeframe]
    table = series.table(arguments.rows)
    if arguments.indicator not in table:
        raise SystemExit(f"{series.key} has no {arguments.indicator}; it has {', '.join(table)}")
    draw(table, str(series.key), arguments.indicator, arguments.picture)
    print(f"{len(table['close'])} candles and {arguments.indicator} are in {arguments.picture}")


def draw(table: dict[str, np.ndarray], title: str, indicator: str, picture: str) -> None:
    times = table["open_time_ns"].astype("M8[ns]")
    width = np.diff(table["open_time_ns"][:2]).sum() * 0.7 / 86_400e9
    colour = np.where(table["close"] >= table["open"], "tab:green", "tab:red")
    figure, (prices, values) = pyplot.subplots(2, sharex=True, height_ratios=(3, 1), figsize=(12, 7), layout="constrained")
    prices.vlines(times, table["low"], table["high"], colour, linewidth=1)
    prices.bar(times, table["close"] - table["open"], width, table["open"], color=colour)
    prices.set_title(title)
    prices.set_ylabel("price")
    values.plot(times, table[indicator])
    values.set_ylabel(indicator)
    figure.savefig(picture, dpi=100)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("exchange", "symbol", "timeframe", "indicator", "picture"):
        parser.add_argument(name)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--instance", default="default")
    parser.add_argument("--root")
    return parser.parse_args()


if __name__ == "__main__":
    main()
