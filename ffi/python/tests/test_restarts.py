"""A plane that is killed, started again, changed and removed under its readers."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

import tickplane
from conftest import DEPTH, INSTRUMENT, INTERVAL_NS, KEY, Writer, candle


def test_a_killed_plane_stays_readable_and_its_successor_goes_on(root: Path) -> None:
    first = Writer(root)
    first("fill 50")
    plane = tickplane.open("test", root, restart_timeout=20)
    series, events = plane[KEY], plane.events(timeout=5)
    trades, closed = plane.trades(*INSTRUMENT, timeout=5), series.follow(timeout=5)
    with series.view(5) as view:
        first.kill()
        assert view["close"].tolist() == [candle(row)[4] for row in range(45, 50)]
    assert plane.status()[:3] == ("live", False, first.pid)
    assert series.last.row == 49

    second = Writer(root)
    second("fill 52")
    second("trade 3")
    second("closes 50 52")
    assert [close.row for close in (next(events), next(events)) if isinstance(close, tickplane.CandleClose)] == [50, 51]
    assert [next(trades).seq for _ in range(3)] == [1, 2, 3]
    assert [next(closed).row for _ in range(2)] == [50, 51]
    assert series["close"].tolist() == [candle(row)[4] for row in range(52 - DEPTH, 52)]
    assert (events.lost, trades.lost) == (0, 0)
    status = plane.status()
    assert status[:3] == ("live", True, second.pid)
    second.kill()


def test_everything_comes_once_over_many_kills(root: Path) -> None:
    writer = Writer(root)
    writer("fill 5")
    plane = tickplane.open("test", root, restart_timeout=20)
    closed, events, trades = plane[KEY].follow(timeout=5), plane.events(timeout=5), plane.trades(*INSTRUMENT, timeout=5)
    rows: list[int] = []
    seqs: list[int] = []
    closes: list[int] = []
    for head in range(5, 45, 4):
        writer(f"fill {head + 4}")
        writer("trade 4")
        writer(f"closes {head} {head + 4}")
        # Some is read before the kill, some of the dead plane, the rest of its successor.
        rows.append(next(closed).row)
        writer.kill()
        closes.extend(close.row for close in (next(events), next(events)) if isinstance(close, tickplane.CandleClose))
        writer = Writer(root)
        rows.extend(next(closed).row for _ in range(3))
        seqs.extend(next(trades).seq for _ in range(4))
        closes.extend(close.row for close in (next(events), next(events)) if isinstance(close, tickplane.CandleClose))
    assert rows == closes == list(range(5, 45))
    assert seqs == list(range(1, 41))
    assert (events.lost, trades.lost) == (0, 0)
    writer.kill()


def test_files_made_anew_are_found(root: Path) -> None:
    first = Writer(root)
    first("fill 50")
    first("trade 7")
    plane = tickplane.open("test", root, restart_timeout=20)
    series, events = plane[KEY], plane.events(timeout=5)
    trades, closed = plane.trades(*INSTRUMENT, timeout=5), series.follow(timeout=5)
    first("closes 49 50")
    first.kill()
    shutil.rmtree(root / "test")
    second = Writer(root)
    second("fill 52")
    second("trade 2")
    second("closes 51 52")
    # What the old files still had comes first.
    assert [event.row for event in (next(events), next(events)) if isinstance(event, tickplane.CandleClose)] == [49, 51]
    assert [next(trades).seq for _ in range(2)] == [1, 2]
    assert [next(closed).row for _ in range(2)] == [50, 51], "by open time: none twice, none missing"
    second("fill 53")
    assert series.last.row == 52
    assert plane.quote is not None and plane.status().pid == second.pid
    second.kill()


def test_following_goes_on_by_open_time_where_rows_are_numbered_anew(root: Path) -> None:
    first = Writer(root)
    first("fill 50")
    closed = tickplane.open("test", root, restart_timeout=20)[KEY].follow(last=1, timeout=5)
    assert next(closed).open_time_ns == 49 * INTERVAL_NS
    first.kill()
    shutil.rmtree(root / "test")
    second = Writer(root)
    second("shifted 40 15")
    rest = [next(closed) for _ in range(5)]
    assert [(candle.row, candle.open_time_ns // INTERVAL_NS) for candle in rest] == list(zip(range(10, 15), range(50, 55)))
    second.kill()


def test_a_reader_that_never_waits_notices_too(root: Path) -> None:
    first = Writer(root)
    first("fill 50")
    plane = tickplane.open("test", root)
    series = plane[KEY]
    assert series.live.row == 50
    first.kill()
    shutil.rmtree(root / "test")
    second = Writer(root)
    second("fill 5")
    deadline = time.monotonic() + 10
    while series.live.row != 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    second.kill()


def test_a_series_of_another_shape_is_found_where_it_moved(root: Path) -> None:
    first = Writer(root)
    first("fill 100")
    plane = tickplane.open("test", root, restart_timeout=20)
    series = plane[KEY]
    assert len(series["close"]) == DEPTH
    view = series.view(3)
    values = view["close"]
    first.kill()
    second = Writer(root, depth=60)
    second("fill 130")
    deadline = time.monotonic() + 10
    while len(series["close"]) <= DEPTH:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert series["close"].tolist() == [candle(row)[4] for row in series.rows]
    assert series.last.row == series.rows[-1]
    assert values.tolist() == [candle(row)[4] for row in range(97, 100)], "old arrays show the old rows"
    second.kill()


@pytest.mark.parametrize("remove", [False, True])
def test_a_plane_that_stays_away_is_gone(root: Path, remove: bool) -> None:
    writer = Writer(root)
    writer("fill 5")
    plane = tickplane.open("test", root, restart_timeout=0.7)
    series, events = plane[KEY], plane.events()
    writer.kill()
    if remove:
        shutil.rmtree(root / "test")
    begun = time.monotonic()
    with pytest.raises(tickplane.PlaneGone, match="plane 'test': gone for more than 0.7 s: .*tickplane run"):
        next(events)
    assert 0.7 <= time.monotonic() - begun < 10
    assert series.last.row == 4, "its data stays readable"
    if not remove:
        successor = Writer(root)
        successor("closes 4 5")
        assert isinstance(next(events), tickplane.CandleClose), "and it may still come back"
        successor.kill()


def test_no_plane_at_all(root: Path) -> None:
    with pytest.raises(tickplane.PlaneNotFound, match="plane 'test' under .*: no such plane; .*tickplane run"):
        tickplane.open("test", root)
    with pytest.raises(tickplane.InvalidName, match="letters, digits"):
        tickplane.open("a b", root)
