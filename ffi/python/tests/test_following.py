"""Trades, quotes and events, with the exact loss."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

import tickplane
from conftest import INSTRUMENT, KEY, TRADES_KEPT, Writer


def test_trades_one_by_one_and_in_batches(writer: Writer, plane: tickplane.Plane) -> None:
    writer("trade 5")
    trades = plane.trades(*INSTRUMENT, start="oldest", timeout=0.05)
    assert trades.next_seq == 1
    first = next(trades)
    assert (first.seq, first.price, first.quantity, first.side, first.is_backfilled) == (1, 1.5, 0.25, "buy", True)
    assert (first.id, trades.next_seq) == (1 << 64 | (1 << 64) - 2, 2)
    assert [(trade.seq, trade.side) for trade in trades] == [(2, "sell"), (3, "buy"), (4, "sell"), (5, "buy")]
    writer("trade 2")
    batch = next(trades.batches)
    assert (batch.trades["price"].tolist(), batch.lost) == ([6.5, 7.5], 0)
    writer("trade 1")
    assert next(trades.batches).trades["seq"].tolist() == [8]
    assert batch.trades["seq"].tolist() == [6, 7], "a batch is its owner's"
    assert [trade.seq for trade in plane.trades(*INSTRUMENT, start=5, timeout=0)] == [5, 6, 7, 8]
    assert plane.trades(*INSTRUMENT).read() == [], "from the next one on"
    with pytest.raises(tickplane.NoSuchTrade):
        plane.trades(*INSTRUMENT, start=10)


def test_lost_trades_are_counted_exactly(writer: Writer, plane: tickplane.Plane) -> None:
    trades = plane.trades(*INSTRUMENT, timeout=0)
    writer("trade 100")
    (batch,) = trades.batches
    kept = len(batch.trades)
    assert 0 < kept <= TRADES_KEPT
    assert batch.trades["seq"].tolist() == list(range(101 - kept, 101))
    assert (batch.lost, trades.lost) == (100 - kept, 100 - kept)


def test_quote_and_facts(writer: Writer, plane: tickplane.Plane) -> None:
    with pytest.raises(tickplane.Empty):
        plane.quote(*INSTRUMENT)
    writer("quote 7")
    quote = plane.quote(*INSTRUMENT)
    assert (quote.seq, quote.exchange_ns, quote.receive_ns) == (1, 7, 8)
    assert (quote.bid_price, quote.bid_quantity, quote.ask_price, quote.ask_quantity) == (7, 8, 9, 10)
    facts = plane.instrument(*INSTRUMENT).facts
    assert facts[:5] == ("binance", "BTC-USDT", "BTCUSDT", "spot", "restricted")
    assert (facts.tick_size, facts.lot_size, facts.contract_size, facts.quote_volume_24h) == (0.01, 0.00001, 1, 1.5e9)


def test_keys_are_listed_by_pattern(writer: Writer, plane: tickplane.Plane) -> None:
    key = tickplane.SeriesKey(*KEY)
    for pattern in (None, "BTC", "*BTC*1m", "binance:*:1m", "candles:*"):
        assert plane.series(pattern) == [key], pattern
    for pattern in ("ETH", "kraken:*", "binance:*:5m"):
        assert plane.series(pattern) == [], pattern
    assert (plane.series(exchange="binance"), plane.series(exchange="kraken")) == ([key], [])
    assert "trades:binance:BTC-USDT" in plane.keys() and "indicator:binance:BTC-USDT:1m:rsi_14" in plane.keys("rsi")
    assert plane[plane.series()[0]].key == key
    with pytest.raises(tickplane.InvalidName):
        plane.series(exchange="nowhere")


def test_events_are_typed(writer: Writer, plane: tickplane.Plane) -> None:
    events, closes = plane.events(timeout=0.05), plane.events(tickplane.CandleClose, timeout=0)
    writer("fill 3")
    for command in ("closes 2 3", "revision 1", "lifecycle", "stream", "alert"):
        writer(command)
    key = tickplane.SeriesKey(*KEY)
    close, revision, lifecycle, stream, alert = events
    assert (type(close), type(revision)) == (tickplane.CandleClose, tickplane.CandleRevise)
    assert isinstance(close, tickplane.CandleClose) and (close.key, close.row) == (key, 2)
    assert isinstance(revision, tickplane.CandleRevise) and (revision.key, revision.row) == (key, 1)
    assert isinstance(lifecycle, tickplane.Lifecycle) and (lifecycle.exchange, lifecycle.state) == ("binance", "live")
    assert isinstance(stream, tickplane.Stream)
    assert (stream.exchange, stream.symbol, stream.state) == ("binance", "BTC-USDT", "live")
    assert isinstance(alert, tickplane.Alert) and (alert.exchange, alert.detail) == ("binance", 7)
    assert list(closes) == [close]
    assert list(plane.events(tickplane.Alert, tickplane.Stream, start="oldest", timeout=0)) == [stream, alert]
    assert list(plane.events(exchange="kraken", start="oldest", timeout=0)) == []
    assert plane.events(start="oldest").read()[0] == close


def test_lost_events_are_told_in_their_place(writer: Writer, plane: tickplane.Plane) -> None:
    events = plane.events(timeout=0)
    writer("fill 1")
    writer("closes 0 200")
    lost, *rest = events
    assert isinstance(lost, tickplane.Lost)
    rows = [event.row for event in rows_of(rest)]
    assert rows == list(range(lost.count, 200)), "what is missing is what was lost"
    assert events.lost == lost.count


def rows_of(events: list[tickplane.Event]) -> list[tickplane.CandleClose]:
    assert all(isinstance(event, tickplane.CandleClose) for event in events)
    return [event for event in events if isinstance(event, tickplane.CandleClose)]


def test_waiting_sleeps_and_wakes(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 1")
    events = plane.events(timeout=30)
    threading.Timer(0.5, writer, ["closes 0 1"]).start()
    cpu, begun = time.process_time(), time.monotonic()
    next(events)
    waited, worked = time.monotonic() - begun, time.process_time() - cpu
    assert 0.4 < waited < 10
    assert worked < waited / 4, f"{worked} s of work in {waited} s: it spins"


def test_a_timeout_ends_an_iteration_that_may_go_on(writer: Writer, plane: tickplane.Plane) -> None:
    writer("fill 1")
    events = plane.events(timeout=0.2)
    begun = time.monotonic()
    assert list(events) == []
    assert 0.2 <= time.monotonic() - begun < 5
    writer("closes 0 1")
    assert len(list(events)) == 1


def test_ctrl_c_ends_a_wait(writer: Writer, plane: tickplane.Plane) -> None:
    # Where the tests run in a shell's background, SIGINT came ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        next(plane.events())
    assert time.monotonic() - begun < 5


def test_a_closed_follower_says_so(writer: Writer, plane: tickplane.Plane) -> None:
    events, trades = plane.events(), plane.trades(*INSTRUMENT)
    failures: list[BaseException] = []

    def wait() -> None:
        try:
            next(events)
        except tickplane.Closed as failure:
            failures.append(failure)

    waiting = threading.Thread(target=wait)
    waiting.start()
    with events, trades:
        pass
    events.close()
    waiting.join(10)
    assert len(failures) == 1, "whoever waits is told"
    for use in (lambda: next(events), lambda: next(trades), events.read, lambda: trades.lost):
        with pytest.raises(tickplane.Closed):
            use()


def test_followers_outlive_their_plane(writer: Writer) -> None:
    plane = tickplane.open("test", writer.root)
    trades, events = plane.trades(*INSTRUMENT, timeout=1), plane.events(timeout=1)
    plane.close()
    del plane
    writer("fill 1")
    writer("trade 1")
    writer("closes 0 1")
    assert (next(trades).seq, type(next(events))) == (1, tickplane.CandleClose)
