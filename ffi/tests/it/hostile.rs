//! Files that lie: whatever stands in them, a call comes back with a status that is no panic.

use std::fs::{File, OpenOptions};
use std::mem::zeroed;
use std::os::unix::fs::FileExt;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tickplane::*;
use tickplane_segments::EventKind;

use crate::fixture::*;

/// What is still held of a plane while its files change.
struct Held {
    plane: *mut PlaneHandle,
    series: *mut SeriesHandle,
    instrument: *mut InstrumentHandle,
    view: *mut ViewHandle,
    trades: *mut TradesHandle,
    events: *mut EventsHandle,
}

impl Held {
    /// Opens what can be opened.
    fn open(scratch: &Scratch) -> Self {
        let (mut plane, mut series, mut instrument) = (null_mut(), null_mut(), null_mut());
        let (mut view, mut trades, mut events) = (null_mut(), null_mut(), null_mut());
        let oldest = TradesOptions { start: TP_START_OLDEST, ..TradesOptions::default() };
        let all = EventsOptions { start: TP_START_OLDEST, ..EventsOptions::default() };
        // SAFETY: texts that end, and room for pointers; what could not be opened is NULL, which is refused.
        let statuses = unsafe {
            [
                tp_open(scratch.c_root().as_ptr(), c"test".as_ptr(), &raw mut plane),
                tp_find(plane, KEY.as_ptr(), &raw mut series),
                tp_find_instrument(plane, TRADES_KEY.as_ptr(), &raw mut instrument),
                tp_view(series, 24, &raw mut view),
                tp_follow_trades(instrument, &raw const oldest, &raw mut trades),
                tp_follow_events(plane, &raw const all, &raw mut events),
            ]
        };
        assert!(!statuses.contains(&TP_EPANIC), "{statuses:?}");
        Self { plane, series, instrument, view, trades, events }
    }

    /// Everything that can be read.
    fn read(&self) {
        // SAFETY: handles that are open or NULL, and locals for results; a valid view has as many values as it counts.
        let statuses = unsafe {
            let (mut rows, mut live, mut signs): ([CandleRow; 24], LiveHead, PlaneSigns) =
                (zeroed(), zeroed(), zeroed());
            let (mut trades, mut events): ([TradeRow; 16], [EventRow; 16]) = (zeroed(), zeroed());
            let (mut quote, mut facts, mut stream): (QuoteRow, Facts, Stream) = (zeroed(), zeroed(), zeroed());
            let (mut connections, mut streams): ([Connection; 4], [Stream; 4]) = (zeroed(), zeroed());
            let (mut count, mut row, mut head, mut seen, mut values) = (0, 0, 0, 0, [0.0; 30]);
            let (c, n, r, v) = (rows.as_mut_ptr(), &raw mut count, &raw mut row, values.as_mut_ptr());
            let (mut keys, mut key) = (null_mut(), [0; TP_KEY_BYTES]);
            let mut statuses = vec![
                tp_live(self.series, c, &raw mut live),
                tp_live_values(self.series, c, null_mut(), 30, v, n),
                tp_candles(self.series, 24, c, n, r),
                tp_rows(self.series, 40, 24, c, n, r),
                tp_row_range(self.series, r, &raw mut head),
                tp_copy_f64(self.series, 11, 30, v, n, r),
                tp_column_seed_row(self.series, 11, r),
                tp_view_renew(self.view, 24),
                tp_view_validate(self.view),
                tp_quote(self.instrument, &raw mut quote),
                tp_facts(self.instrument, &raw mut facts),
                tp_stream(self.instrument, &raw mut stream),
                tp_status(self.plane, &raw mut signs),
                tp_changed(self.plane),
                tp_wait(self.plane, &raw mut seen, 0),
                tp_connections(self.plane, 4, connections.as_mut_ptr(), n),
                tp_streams(self.plane, c"binance".as_ptr(), 4, streams.as_mut_ptr(), n),
                tp_keys(self.plane, null(), &raw mut keys),
            ];
            tp_keys_release(keys);
            let close = tp_view_f64(self.view, TP_COLUMN_CLOSE);
            if !close.is_null() {
                let count = tp_view_count(self.view);
                assert!(count <= DEPTH as usize);
                let sum = (0..count).fold(0.0, |sum, at| sum + close.add(at).read_volatile());
                std::hint::black_box(sum);
            }
            for _ in 0..8 {
                statuses.push(tp_trades_read(self.trades, 16, trades.as_mut_ptr(), n, r));
                count = 0;
                statuses.push(tp_events_read(self.events, 16, events.as_mut_ptr(), n, r));
                for event in &events[..count] {
                    statuses.push(tp_event_key(self.plane, event, key.as_mut_ptr(), key.len()));
                    assert!(matches!(tp_event_is_of(event, self.series), 0 | 1));
                }
            }
            statuses
        };
        assert!(!statuses.contains(&TP_EPANIC), "{statuses:?}");
    }

    fn renew(&self) {
        // SAFETY: handles that are open or NULL.
        let statuses = unsafe {
            [
                tp_reattach(self.plane),
                tp_series_renew(self.series),
                tp_instrument_renew(self.instrument),
                tp_trades_renew(self.trades),
                tp_events_renew(self.events),
            ]
        };
        assert!(!statuses.contains(&TP_EPANIC), "{statuses:?}");
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: open or NULL, and nobody else's.
        unsafe {
            tp_close(self.plane);
            tp_series_release(self.series);
            tp_instrument_release(self.instrument);
            tp_view_release(self.view);
            tp_trades_release(self.trades);
            tp_events_release(self.events);
        }
    }
}

fn make(scratch: &Scratch) {
    let mut writer = Writer::new(scratch);
    writer.fill(60);
    writer.trade(40);
    writer.instrument.publish_quote(&quote(1), NOW_NS);
    (0..50).for_each(|row| writer.announce(EventKind::CandleClose, row));
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*; Vigna 2016.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % limit
    }

    fn value(&mut self) -> u64 {
        let values = [0, 1, 2, u64::MAX, u64::MAX >> 1, 1 << 63, 4096, self.below(100), self.0, 1 << self.below(64)];
        values[self.below(values.len() as u64) as usize]
    }
}

fn writable(scratch: &Scratch, name: &str) -> File {
    OpenOptions::new().read(true).write(true).open(scratch.file(name)).unwrap()
}

/// Bytes from the beginning of a file that hold everything the fixture writes.
const USED: u64 = 64 << 10;

#[test]
fn damaged_files_give_statuses() {
    let scratch = Scratch::new();
    make(&scratch);
    let mut random = Random(0x5eed);
    for (name, rounds) in [("binance.seg", 1500), ("plane.seg", 500)] {
        let file = writable(&scratch, name);
        let mut whole = vec![0; USED as usize];
        file.read_exact_at(&mut whole, 0).unwrap();
        for _ in 0..rounds {
            let held = Held::open(&scratch);
            let wounds: Vec<u64> = (0..=random.below(8)).map(|_| random.below(USED / 8) * 8).collect();
            for at in &wounds {
                file.write_all_at(&random.value().to_le_bytes(), *at).unwrap();
            }
            held.read();
            held.renew();
            Held::open(&scratch).read();
            for at in wounds {
                file.write_all_at(&whole[at as usize..at as usize + 8], at).unwrap();
            }
        }
    }
    let held = Held::open(&scratch);
    assert!(!held.trades.is_null() && !held.view.is_null(), "the undamaged files read");
}

#[test]
fn files_that_change_under_a_reader_give_statuses() {
    let scratch = Scratch::new();
    make(&scratch);
    let held = Held::open(&scratch);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let files = [writable(&scratch, "binance.seg"), writable(&scratch, "plane.seg")];
            let mut random = Random(7);
            while !stop.load(Ordering::Relaxed) {
                // Not the static lines, which would only make every open fail.
                let at = 128 + random.below(USED / 8 - 16) * 8;
                files[(random.below(4) == 0) as usize].write_all_at(&random.value().to_le_bytes(), at).unwrap();
            }
        });
        let begun = Instant::now();
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while begun.elapsed() < Duration::from_secs(2) {
                held.read();
                held.renew();
            }
        }));
        stop.store(true, Ordering::Relaxed);
        assert!(read.is_ok(), "see above");
    });
}
