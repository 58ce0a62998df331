"""Copies, views, frames and live candles, against what the writer is known to publish."""

from __future__ import annotations

import csv
import gc
import math
import os
import statistics
import subprocess
import threading
import time
from datetime import datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tickplane
from conftest import DEPTH, INTERVAL_NS, KEY, Writer, candle

CANDLE_COLUMNS = (
    "open_time_ns", "open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "trade_count", "quality",
)  # fmt: skip


def expected(column: str, rows: range) -> list[float]:
    """The values of a column in some rows."""
    if column == "rsi_14":
        return [row / 2 for row in rows]
    if column == "macd_12_26_9.hist":
        return [-row for row in rows]
    return [candle(row)[CANDLE_COLUMNS.index(column)] for row in rows]


def test_columns_are_the_candles_and_the_indicators(writer: Writer, plane: tickplane.Plane) -> None:
    series = plane[KEY]
    assert series.columns == (*CANDLE_COLUMNS, "rsi_14", "macd_12_26_9.hist")
    assert series is plane["candles:binance:BTC-USDT:1m"], "found once"
    assert str(series.key) == "candles:binance:BTC-USDT:1m"


@pytest.mark.parametrize("published", [1, 10, DEPTH, 500])
def test_copies_and_views_are_exact(writer: Writer, plane: tickplane.Plane, published: int) -> None:
    writer(f"fill {published}")
    series = plane[KEY]
    kept = range(max(0, published - DEPTH), published)
    assert series.rows == kept
    for column in series.columns:
        of = {"open_time_ns": np.int64, "trade_count": np.uint64, "quality": np.uint64}.get(column, np.float64)
        assert series[column].dtype == of
        assert series[column].tolist() == expected(column, kept)
        assert series.copy(column, 5).tolist() == expected(column, kept[-5:])
        with series.view(5) as view:
            assert (view.first_row, len(view)) == (kept[-5:].start, len(kept[-5:]))
            values = view[column]
            assert values.dtype == of
            assert values.tolist() == expected(column, kept[-5:])
            with pytest.raises(ValueError, match="read-only"):
                values[0] = 1
    assert [tuple(row) for row in series.candles(3).tolist()] == [candle(row) for row in kept[-3:]]
    assert series.last == (*candle(published - 1), published - 1)
    assert series.last.open_time == datetime.fromtimestamp((published - 1) * 60, timezone.utc)
    table = series.table()
    assert {name: values.tolist() for name, values in table.items()} == {
        name: expected(name, kept) for name in series.columns
    }


def test_nothing_closed_yet(writer: Writer, plane: tickplane.Plane) -> None:
    series = plane[KEY]
    assert [len(series["close"]), len(series.candles()), len(series.table()["rsi_14"]), len(series.rows)] == [0, 0, 0, 0]
    for read in (lambda: series.last, lambda: series.live, lambda: series.view(5), lambda: series.live_indicators):
        with pytest.raises(tickplane.Empty, match="candles:binance:BTC-USDT:1m: nothing has been published yet"):
            read()


def test_the_live_candle_and_its_indicators(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 10")
    series = plane[KEY]
    live = series.live
    assert live[:10] == candle(10)
    assert (live.row, live.seq, live.trade_seq) == (10, 10, 27)
    assert live.quality_text == "final"
    assert series.live_indicators == {"rsi_14": 4.5 + 0.5, "macd_12_26_9.hist": -10}
    assert series.live_with_indicators()[0] == live
    assert series.seed_row("close") is None


def test_an_overwritten_view_raises(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 100")
    series = plane[KEY]
    with pytest.raises(tickplane.Overwritten, match="discard"), series.view() as view:
        before = view["close"].sum()
        assert view.validate()
        writer("fill 200")
        assert not view.validate()
    assert before == sum(expected("close", range(100 - DEPTH, 100)))
    # By a revision too.
    with pytest.raises(tickplane.Overwritten), series.view(3) as view:
        writer("revise 199 7")
    with series.view(3) as view:
        # Rows that are still free are written meanwhile.
        writer("fill 201")
        assert view["close"].tolist() == [*expected("close", range(197, 199)), candle(199, 7)[4]]


def test_a_table_is_of_one_moment(
    writer: Writer, plane: tickplane.Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer("fill 100")
    series, due, take = plane[KEY], [200], tickplane.View.__getitem__

    def lapped(view: tickplane.View, column: str) -> npt.NDArray[Any]:
        if column == "low" and due:
            writer(f"fill {due.pop()}")
        return take(view, column)

    monkeypatch.setattr(tickplane.View, "__getitem__", lapped)
    table = series.table(3)
    assert due == []
    assert {name: values.tolist() for name, values in table.items()} == {
        name: expected(name, range(197, 200)) for name in series.columns
    }

    def busy(series: tickplane.Series, n: int | None) -> tickplane.View:
        raise tickplane.Busy("a row whose writer died while it revised it")

    monkeypatch.setattr(tickplane.Series, "view", busy)
    copies = series.table(3)
    assert {name: values.tolist() for name, values in copies.items()} == {
        name: values.tolist() for name, values in table.items()
    }


def test_what_a_block_raises_over_garbage_is_an_overwritten_view(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 100")
    series = plane[KEY]
    with pytest.raises(tickplane.Overwritten) as caught, series.view():
        writer("fill 200")
        raise ZeroDivisionError("of a value that was torn")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError), series.view():
        raise ZeroDivisionError("a mistake of the program")
    with pytest.raises(KeyboardInterrupt), series.view():
        writer("fill 300")
        raise KeyboardInterrupt


def test_arrays_outlive_everything_they_were_taken_from(writer: Writer) -> None:
    writer("fill 100")
    plane = tickplane.open("test", writer.root)
    series = plane[KEY]
    view = series.view()
    values, part = view["close"], view["rsi_14"][3:]
    view.close()
    view.close()
    plane.close()
    plane.close()
    with pytest.raises(tickplane.Closed, match="closed"):
        view["close"]
    for use in (lambda: plane[KEY], plane.status, plane.events, plane.keys, plane.__enter__):
        with pytest.raises(tickplane.Closed, match="tickplane.open"):
            use()
    assert series["close"].tolist() == values.tolist(), "a series goes on without its plane"
    kept = expected("close", range(76, 100)), expected("rsi_14", range(79, 100))
    del plane, series, view
    gc.collect()
    writer.kill()
    for file in (writer.root / "test").iterdir():
        file.unlink()
    assert (values.tolist(), part.tolist()) == kept, "still mapped, although the files are gone"


def test_a_frame_has_times_candles_indicators_and_quality(writer: Writer, plane: tickplane.Plane) -> None:
    pandas = pytest.importorskip("pandas", reason="no pandas, so no frame was tested")
    assert len(plane[KEY].frame()) == 0
    writer("fill 100")
    frame = plane[KEY].frame(5)
    assert list(frame.columns) == [*CANDLE_COLUMNS[1:], "rsi_14", "macd_12_26_9.hist"]
    assert frame.index.name == "open_time" and str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert frame.index[0] == pandas.Timestamp(95 * 60, unit="s", tz="UTC")
    for column in frame.columns:
        assert frame[column].tolist() == expected(column, range(95, 100))
    assert plane[KEY].frame(5, quality_text=True)["quality"].tolist() == ["final"] * 5


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (0, "open"),
        (1, "final"),
        (0x7F, "final|partial|synthetic|backfilled|venue|market-closed|derived"),
        (1 | 1200 << 32 | 2 << 16, "final|gap=1200ms|revised=2"),
    ],
)
def test_quality_reads_as_tail_prints_it(word: int, text: str) -> None:
    assert tickplane.quality.text(word) == text


def test_following_gives_every_candle_once(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 10")
    series = plane[KEY]
    closed = series.follow(last=2, timeout=0.05)
    writer("fill 12")
    assert [candle.row for candle in closed] == [8, 9, 10, 11]
    closed = series.follow(timeout=0.05)
    writer("fill 100")
    assert [candle.row for candle in closed] == list(range(100 - DEPTH, 100)), "the jump in rows is the loss"
    one = series.follow(last=1)
    assert next(one)[:] == (*candle(99), 99)
    one.close()  # type: ignore[attr-defined]
    assert list(one) == []


def test_errors_say_what_to_do(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 1")
    with pytest.raises(tickplane.UnknownColumn, match="no column 'rsi_15'; it has open_time_ns, .* rsi_14"):
        plane[KEY]["rsi_15"]
    with pytest.raises(tickplane.UnknownColumn), plane[KEY].view(1) as view:
        view["rsi_15"]
    with pytest.raises(tickplane.UnknownKey, match="candles:binance:DOGE-USDT:1m: .*tickplane ls"):
        plane["binance", "DOGE-USDT", "1m"]
    with pytest.raises(KeyError, match="tickplane start"):
        plane["kraken", "BTC-USDT", "1m"]
    for key in ("BTC-USDT", "trades:binance:BTC-USDT", ("binance", "BTC-USDT", "7m"), ("binance", "BTC-USDT")):
        with pytest.raises(tickplane.InvalidName):
            plane[key]  # type: ignore[index]
    for n in (0, -1):
        with pytest.raises(ValueError, match="counts rows from 1"):
            plane[KEY].copy("close", n)
    with pytest.raises(ValueError, match="NUL"):
        plane["binance", "BTC\0USDT", "1m"]


def test_many_threads_read_one_series_beside_a_hot_writer(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 50")
    writer.start("run")
    series, failures = plane[KEY], []

    def read() -> None:
        try:
            for _ in range(300):
                close, times = series["close"], series.candles(5)
                assert np.array_equal(np.diff(close), np.ones(len(close) - 1)), close
                assert np.array_equal(times["close"], times["open_time_ns"] / INTERVAL_NS + 4)
                table = series.table(4)
                assert np.array_equal(table["close"], table["rsi_14"] * 2 + 4)
                live, indicators = series.live_with_indicators()
                assert (live.close, indicators["rsi_14"]) == (live.row + 4, live.row / 2)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=read) for _ in range(4)]
    [thread.start() for thread in threads]  # type: ignore[func-returns-value]
    [thread.join() for thread in threads]  # type: ignore[func-returns-value]
    assert failures == []


def test_a_read_costs_microseconds(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 100")
    series = plane[KEY]

    def view() -> float:
        with series.view() as view:
            return float(view["close"][-1])

    reads = {"copy": lambda: plane[KEY]["close"], "live": lambda: series.live, "view": view}
    for name, read in reads.items():
        times = []
        for _ in range(2000):
            begun = time.perf_counter_ns()
            read()
            times.append(time.perf_counter_ns() - begun)
        median_us = statistics.median(times) / 1000
        print(f"{name}: {median_us:.1f} us")
        # Generous: a machine under load, an interpreter in debug mode, a library without optimisation.
        assert median_us < 200, name
    assert math.isclose(view(), 103)


def test_it_is_what_tail_prints(writer: Writer, plane: tickplane.Plane) -> None:
    program = os.environ.get("TICKPLANE_COMMAND")
    if not program:
        pytest.skip("TICKPLANE_COMMAND is not set, so nothing was compared with `tickplane tail`")
    writer("fill 100")
    line = [program, "--instance", "test", "--root", str(writer.root), "--format", "csv", "tail", "--last", "5"]
    told = subprocess.run([*line, str(plane[KEY].key)], capture_output=True, text=True, timeout=30)
    if told.returncode:
        pytest.skip(f"`tickplane tail` does not read this plane: {told.stderr}")
    printed = list(csv.DictReader(told.stdout.splitlines()))
    assert len(printed) == 5
    series = plane[KEY]
    for name in CANDLE_COLUMNS[:-1]:
        assert [float(row[name]) for row in printed] == series.copy(name, 5).tolist(), name
    assert [row["quality"] for row in printed] == list(map(tickplane.quality.text, series.copy("quality", 5).tolist()))
    assert [int(row["row"]) for row in printed] == list(series.rows[-5:])
