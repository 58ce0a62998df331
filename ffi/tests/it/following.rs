//! Followers, waiting and restarts: each call by its documentation.

use std::ffi::CStr;
use std::mem::zeroed;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use tickplane::*;
use tickplane_segments::{EventKind, InstrumentShape};

use crate::fixture::*;

/// Reads at most `n` trades; each must be what was published under its number.
fn read_trades(trades: *mut TradesHandle, n: usize) -> Result<(Vec<u64>, u64), i32> {
    // SAFETY: a follower of the test, and locals for results.
    unsafe {
        let mut rows: [TradeRow; 32] = zeroed();
        let (mut count, mut lost) = (0, 0);
        match tp_trades_read(trades, n, rows.as_mut_ptr(), &raw mut count, &raw mut lost) {
            TP_OK => {}
            status => return Err(status),
        }
        for row in &rows[..count] {
            let expected = trade(row.seq);
            assert_eq!((row.price, row.quantity, row.flags), (expected.price, expected.quantity, expected.flags.0));
            assert_eq!((row.exchange_ns, row.receive_ns), (expected.exchange_ns, expected.receive_ns));
            assert_eq!((row.id_high, row.id_low, row.id_form), (expected.id.high, expected.id.low, TP_ID_NUMBER));
            assert_eq!(row.publish_ns, NOW_NS + 500 + row.seq as i64);
        }
        Ok((rows[..count].iter().map(|row| row.seq).collect(), lost))
    }
}

fn follow(instrument: *const InstrumentHandle, start: u32, seq: u64) -> Result<*mut TradesHandle, i32> {
    let options = TradesOptions { start, seq, ..TradesOptions::default() };
    let mut trades = std::ptr::dangling_mut();
    // SAFETY: an instrument and options of the test, and room for a pointer.
    let status = unsafe { tp_follow_trades(instrument, &raw const options, &raw mut trades) };
    assert_eq!(trades.is_null(), status != TP_OK, "a failure leaves NULL");
    if status == TP_OK { Ok(trades) } else { Err(status) }
}

#[test]
fn trades_are_followed_from_any_place_with_the_exact_loss() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.trade(10);
    let plane = open(&scratch);
    let instrument = find_instrument(plane);
    let (next, oldest) =
        (follow(instrument, TP_START_NEXT, 0).unwrap(), follow(instrument, TP_START_OLDEST, 0).unwrap());
    assert_eq!(read_trades(next, 32), Ok((vec![], 0)));
    assert_eq!(read_trades(oldest, 4), Ok((vec![1, 2, 3, 4], 0)));
    // SAFETY: followers of this test.
    unsafe {
        assert_eq!((tp_trades_next(oldest), tp_trades_lost(oldest)), (5, 0));
        tp_trades_release(oldest);
    }
    let kept = follow(instrument, TP_START_SEQ, 5).unwrap();
    assert_eq!(read_trades(kept, 32), Ok(((5..=10).collect(), 0)));
    assert_eq!(follow(instrument, TP_START_SEQ, 12), Err(TP_ENOSEQ), "trade 11 comes next");
    for (start, seq) in [(TP_START_SEQ, 0), (3, 1), (u32::MAX, 1)] {
        assert_eq!(follow(instrument, start, seq), Err(TP_EINVAL));
    }

    // Lapped: what is lost is said before what comes after it, exactly.
    writer.trade(100);
    let (seqs, lost) = read_trades(next, 32).unwrap();
    assert_eq!((seqs[0], seqs.last(), lost), (11 + lost, Some(&110), 91));
    assert_eq!(read_trades(next, 32), Ok((vec![], 0)), "a loss is told once");
    let old = follow(instrument, TP_START_SEQ, 3).unwrap();
    let (seqs, lost) = read_trades(old, 2).unwrap();
    assert_eq!((seqs.len(), seqs[0]), (2, 3 + lost));
    // SAFETY: followers of this test.
    unsafe {
        assert_eq!((tp_trades_lost(next), tp_trades_lost(old)), (91, lost));
        [next, kept, old].into_iter().for_each(|trades| tp_trades_release(trades));
        tp_instrument_release(instrument);
        tp_close(plane);
    }
}

#[test]
fn a_loss_in_the_middle_of_a_batch_stands_before_the_next_one() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let plane = open(&scratch);
    let instrument = find_instrument(plane);
    let trades = follow(instrument, TP_START_NEXT, 0).unwrap();
    let (mut next, mut lost_in_all) = (1, 0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..30_000).for_each(|_| writer.trade(1)));
        while !writer.is_finished() || read_to_the_end(trades, &mut next, &mut lost_in_all) {
            read_to_the_end(trades, &mut next, &mut lost_in_all);
        }
    });
    assert_eq!(next, 30_001);
    // SAFETY: handles of this test.
    unsafe {
        assert_eq!(tp_trades_lost(trades), lost_in_all);
        tp_trades_release(trades);
        tp_instrument_release(instrument);
        tp_close(plane);
    }
}

/// Reads a batch, whose place and loss must fit what came before; says whether there was any.
fn read_to_the_end(trades: *mut TradesHandle, next: &mut u64, lost_in_all: &mut u64) -> bool {
    let (seqs, lost) = read_trades(trades, 32).unwrap();
    *next += lost;
    *lost_in_all += lost;
    for seq in &seqs {
        assert_eq!(*seq, *next, "{lost} lost");
        *next += 1;
    }
    !seqs.is_empty() || lost > 0
}

fn read_events(events: *mut EventsHandle) -> Result<Vec<(u32, u64)>, i32> {
    // SAFETY: a follower of the test, and locals for results.
    unsafe {
        let (mut rows, mut count, mut lost): ([EventRow; 8], usize, u64) = (zeroed(), 0, 0);
        match tp_events_read(events, 8, rows.as_mut_ptr(), &raw mut count, &raw mut lost) {
            TP_OK => {}
            status => return Err(status),
        }
        assert_eq!(lost, 0);
        Ok(rows[..count].iter().map(|row| (row.kind, row.row)).collect())
    }
}

fn follow_events(plane: *const PlaneHandle, options: &EventsOptions) -> Result<*mut EventsHandle, i32> {
    let mut events = std::ptr::dangling_mut();
    // SAFETY: an open plane, options of the test, and room for a pointer.
    let status = unsafe { tp_follow_events(plane, &raw const *options, &raw mut events) };
    assert_eq!(events.is_null(), status != TP_OK, "a failure leaves NULL");
    if status == TP_OK { Ok(events) } else { Err(status) }
}

#[test]
fn events_are_followed_by_kind_and_name_what_they_are_about() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(30);
    writer.announce(EventKind::CandleClose, 28);
    let plane = open(&scratch);
    let series = find(plane);
    let default = EventsOptions::default();
    let next = follow_events(plane, &default).unwrap();
    let oldest = follow_events(plane, &EventsOptions { start: TP_START_OLDEST, ..default }).unwrap();
    let revisions = follow_events(plane, &EventsOptions { kinds: 1 << TP_EVENT_CANDLE_REVISE, ..default }).unwrap();
    let elsewhere = follow_events(plane, &EventsOptions { exchange: c"kraken".as_ptr(), ..default }).unwrap();
    writer.announce(EventKind::CandleClose, 29);
    writer.announce(EventKind::CandleRevise, 27);
    assert_eq!(read_events(next), Ok(vec![(1, 29), (2, 27)]));
    assert_eq!(read_events(oldest), Ok(vec![(1, 28), (1, 29), (2, 27)]));
    assert_eq!((read_events(revisions), read_events(elsewhere)), (Ok(vec![(2, 27)]), Ok(vec![])));
    for wrong in [
        EventsOptions { start: TP_START_SEQ, ..default },
        EventsOptions { kinds: 1, ..default },
        EventsOptions { kinds: 1 << 6, ..default },
    ] {
        assert_eq!(follow_events(plane, &wrong), Err(TP_EINVAL));
    }
    assert_eq!(follow_events(plane, &EventsOptions { exchange: c"x".as_ptr(), ..default }), Err(TP_EKEY));

    // SAFETY: handles of this test, and locals for results.
    unsafe {
        let (mut rows, mut count, mut lost): ([EventRow; 8], usize, u64) = (zeroed(), 0, 0);
        writer.announce(EventKind::CandleClose, 30);
        assert_eq!(tp_events_read(next, 8, rows.as_mut_ptr(), &raw mut count, &raw mut lost), TP_OK);
        let event = rows[0];
        assert_eq!((tp_event_is_of(&raw const event, series), tp_event_is_of(&raw const event, null())), (1, 0));
        let mut key = [0; TP_KEY_BYTES];
        let mut named = |event: EventRow, room| {
            let status = tp_event_key(plane, &raw const event, key.as_mut_ptr(), room);
            (status, CStr::from_ptr(key.as_ptr()).to_str().unwrap().to_owned())
        };
        let candles = "candles:binance:BTC-USDT:1m";
        assert_eq!(named(event, TP_KEY_BYTES), (TP_OK, candles.to_owned()));
        assert_eq!(named(event, candles.len()).0, TP_EINVAL, "no room for the NUL");
        assert_eq!(named(EventRow { entry: 77, ..event }, TP_KEY_BYTES).0, TP_ENOKEY);
        assert_eq!(named(EventRow { exchange: 99, ..event }, TP_KEY_BYTES).0, TP_EINVAL);
        let other_file = EventRow { generation: event.generation + 1, ..event };
        assert_eq!(named(other_file, TP_KEY_BYTES).0, TP_ENOKEY);
        assert_eq!(tp_event_is_of(&raw const other_file, series), 0);
        let stream = EventRow { kind: TP_EVENT_STREAM, entry: 0, ..event };
        assert_eq!(named(stream, TP_KEY_BYTES), (TP_OK, "trades:binance:BTC-USDT".to_owned()));
        assert_eq!(tp_event_is_of(&raw const stream, series), 0);
        let lifecycle = EventRow { kind: TP_EVENT_LIFECYCLE, ..event };
        assert_eq!(named(lifecycle, TP_KEY_BYTES), (TP_OK, "channel:exchange:binance:lifecycle".to_owned()));
        [next, oldest, revisions, elsewhere].into_iter().for_each(|events| tp_events_release(events));

        // A ring of 64 overtaken.
        let late = follow_events(plane, &default).unwrap();
        (0..100).for_each(|row| writer.announce(EventKind::CandleClose, row));
        assert_eq!(tp_events_read(late, 8, rows.as_mut_ptr(), &raw mut count, &raw mut lost), TP_OK);
        assert_eq!((count, rows[0].row, lost), (8, lost, tp_events_lost(late)), "as many as stand before the first");
        assert!(lost >= 36);
        tp_events_release(late);
        tp_series_release(series);
        tp_close(plane);
    }
}

#[test]
fn waiting_ends_with_news_with_time_or_with_a_restart() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let plane = open(&scratch);
    let mut seen = 0;
    // SAFETY: an open plane, and a number of the test.
    let mut wait = |timeout_ms| unsafe { tp_wait(plane, &raw mut seen, timeout_ms) };
    assert_eq!(wait(1), TP_ETIMEDOUT);
    writer.announce(EventKind::CandleClose, 1);
    assert_eq!((wait(60_000), wait(1)), (TP_OK, TP_ETIMEDOUT), "what came before ends the next wait, once");
    let begun = Instant::now();
    let writer = std::thread::scope(|scope| {
        let late = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            writer.announce(EventKind::CandleClose, 2);
            writer
        });
        assert_eq!(wait(60_000), TP_OK);
        assert!(begun.elapsed() >= Duration::from_millis(50));
        late.join().unwrap()
    });
    assert!(begun.elapsed() < Duration::from_secs(30), "the bell woke it");

    // A writer that leaves is news; a successor is a restart; so are files that are gone.
    writer.plane.close(NOW_NS);
    assert_eq!((wait(1), wait(1)), (TP_OK, TP_ETIMEDOUT));
    drop(writer);
    let writer = Writer::new(&scratch);
    assert_eq!((wait(0), wait(0)), (TP_ERESTARTED, TP_ERESTARTED), "until it is attached again");
    // SAFETY: an open plane.
    assert_eq!(unsafe { tp_reattach(plane) }, TP_OK);
    assert_eq!(wait(0), TP_OK, "the bell of this file has rung before");
    assert_eq!(wait(1), TP_ETIMEDOUT);
    writer.plane.remove(NOW_NS).unwrap();
    assert_eq!((wait(1), wait(1)), (TP_OK, TP_ERESTARTED));
    // SAFETY: open until here.
    unsafe { tp_close(plane) };
}

/// What a strategy holds: one handle of each kind.
struct Held {
    plane: *mut PlaneHandle,
    series: *mut SeriesHandle,
    instrument: *mut InstrumentHandle,
    trades: *mut TradesHandle,
    events: *mut EventsHandle,
}

impl Held {
    fn new(scratch: &Scratch) -> Self {
        let plane = open(scratch);
        let (series, instrument) = (find(plane), find_instrument(plane));
        let trades = follow(instrument, TP_START_NEXT, 0).unwrap();
        Self { plane, series, instrument, trades, events: follow_events(plane, &EventsOptions::default()).unwrap() }
    }

    /// What each says when it is read: series, instrument, trades, events.
    fn statuses(&self) -> [i32; 4] {
        // SAFETY: handles of this test, and locals for results.
        unsafe {
            let (mut candle, mut quote): (CandleRow, QuoteRow) = (zeroed(), zeroed());
            [
                tp_live(self.series, &raw mut candle, null_mut()),
                tp_quote(self.instrument, &raw mut quote),
                read_trades(self.trades, 32).err().unwrap_or(TP_OK),
                read_events(self.events).err().unwrap_or(TP_OK),
            ]
        }
    }

    fn renew(&self) -> [i32; 4] {
        // SAFETY: handles of this test.
        unsafe {
            [
                tp_series_renew(self.series),
                tp_instrument_renew(self.instrument),
                tp_trades_renew(self.trades),
                tp_events_renew(self.events),
            ]
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the plane first: the others hold what they need.
        unsafe {
            tp_close(self.plane);
            tp_series_release(self.series);
            tp_instrument_release(self.instrument);
            tp_trades_release(self.trades);
            tp_events_release(self.events);
        }
    }
}

fn go(writer: &mut Writer, rows: u64) {
    writer.fill(rows);
    writer.instrument.publish_quote(&quote(rows), NOW_NS);
}

#[test]
fn handles_are_renewed_after_a_move_in_place() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    go(&mut writer, 30);
    writer.trade(5);
    let held = Held::new(&scratch);
    assert_eq!(held.statuses(), [TP_OK; 4]);
    assert_eq!(held.renew(), [TP_OK; 4], "does no harm");
    writer.trade(2);

    // Another depth, another ring: both regions move within their file.
    drop(writer);
    let mut writer = Writer::with_depth(&scratch, 2 * DEPTH);
    drop(writer.instrument);
    writer.instrument = writer.exchange.instrument(&facts(), &InstrumentShape { trade_capacity: 32 }).unwrap();
    writer.trade(3);
    go(&mut writer, 31);
    assert_eq!(read_trades(held.trades, 32), Ok((vec![6, 7], 0)), "the old ring is read to its end");
    assert_eq!(held.statuses(), [TP_EMOVED, TP_EMOVED, TP_EMOVED, TP_OK], "events go on in place");
    assert_eq!(held.renew(), [TP_OK; 4]);
    assert_eq!(read_trades(held.trades, 32), Ok((vec![8, 9, 10], 0)), "none twice, none missing");
    assert_eq!(held.statuses(), [TP_OK; 4]);
    // SAFETY: a handle of this test.
    assert_eq!(unsafe { tp_trades_lost(held.trades) }, 0);
}

#[test]
fn handles_are_renewed_when_the_plane_comes_back_with_new_files() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    go(&mut writer, 30);
    writer.trade(5);
    let held = Held::new(&scratch);
    writer.trade(1);
    writer.announce(EventKind::CandleClose, 30);
    writer.plane.remove(NOW_NS).unwrap();
    assert_eq!(held.renew(), [TP_ENOPLANE; 4], "it is not back");
    assert_eq!(read_trades(held.trades, 32), Ok((vec![6], 0)), "what was there stays readable");

    // The plane is back before its exchange is.
    let instance = tickplane_segments::Instance::new(Some(&scratch.root), "test").unwrap();
    let shape = tickplane_segments::PlaneShape::default();
    let early = tickplane_segments::PlaneWriter::open(&instance, &shape, NOW_NS + 1).unwrap();
    assert_eq!(held.renew(), [TP_ENOEXCHANGE, TP_ENOEXCHANGE, TP_ENOEXCHANGE, TP_OK]);
    assert_eq!(
        held.statuses(),
        [TP_EMOVED, TP_EMOVED, TP_EMOVED, TP_OK],
        "stale handles say so until they are renewed"
    );
    drop(early);

    let mut writer = Writer::new(&scratch);
    go(&mut writer, 3);
    // Other trades than those of the first plane under the same numbers: these are what matters.
    writer.trade(2);
    writer.announce(EventKind::CandleClose, 2);
    assert_eq!(held.renew(), [TP_OK; 4]);
    assert_eq!(read_trades(held.trades, 32), Ok((vec![1, 2], 0)), "numbers begin anew");
    assert_eq!(held.statuses(), [TP_OK; 4]);
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        assert_eq!((tp_trades_lost(held.trades), tp_events_lost(held.events)), (0, 0));
        let (mut candle, mut live): (CandleRow, LiveHead) = (zeroed(), zeroed());
        assert_eq!((tp_live(held.series, &raw mut candle, &raw mut live), live.row), (TP_OK, 3));
    }
}

#[test]
fn what_was_not_read_before_the_files_were_made_anew_counts_as_lost() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    go(&mut writer, 30);
    let held = Held::new(&scratch);
    writer.trade(5);
    assert_eq!(read_trades(held.trades, 2), Ok((vec![1, 2], 0)));
    writer.plane.remove(NOW_NS).unwrap();
    let mut writer = Writer::new(&scratch);
    writer.trade(3);
    assert_eq!(held.renew(), [TP_OK; 4]);
    assert_eq!(read_trades(held.trades, 32), Ok((vec![1, 2, 3], 3)), "three of the five, then the new ones");
    // SAFETY: a handle of this test.
    assert_eq!(unsafe { tp_trades_lost(held.trades) }, 3);
}
