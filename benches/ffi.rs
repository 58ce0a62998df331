//! Reading through `libtickplane`: what a C program pays for a call, beside the same read in Rust. Calls go through
//! pointers that the compiler cannot see through, as a shared library's do.
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock, and waits until a sleeper sleeps")]

use std::fs::remove_dir_all;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use tickplane::{
    CandleRow, InstrumentHandle, LiveHead, PlaneHandle, QuoteRow, SeriesHandle, TP_COLUMN_CLOSE, TP_OK, TradeRow,
    TradesHandle, ViewHandle, tp_close, tp_find, tp_find_instrument, tp_follow_trades, tp_instrument_release, tp_live,
    tp_live_values, tp_open, tp_quote, tp_rows, tp_series_release, tp_trades_read, tp_trades_release, tp_view,
    tp_view_count, tp_view_f64, tp_view_release, tp_view_renew, tp_view_validate, tp_wait,
};
use tickplane_benches::market::{START_NS, candles, instrument, trades};
use tickplane_benches::{mix, timed};
use tickplane_model::{ExchangeId, Key, Quote, Timeframe};
use tickplane_segments::{
    ArenaShape, Instance, InstrumentShape, InstrumentWriter, Plane, PlaneShape, PlaneWriter, SeriesReader, SeriesShape,
    SeriesWriter,
};

/// Ten columns of the candle and these make a row of 25.
const INDICATORS: usize = 15;
const DEPTH: usize = 500;
const TRADES_KEPT: usize = 4_096;
/// Trades one call takes.
const BATCH: usize = 64;

fn main() {
    let mut criterion = tickplane_benches::criterion();
    let scratch = Scratch::new();
    let mut fixture = Fixture::new(&scratch.0);
    live(&mut criterion, &mut fixture);
    live_beside_a_writer(&mut criterion, &mut fixture);
    quote(&mut criterion, &mut fixture);
    views(&mut criterion, &mut fixture);
    rows(&mut criterion, &fixture);
    trade_batch(&mut criterion, &mut fixture);
    wake(&mut criterion, &fixture);
    criterion.final_summary();
}

fn live(criterion: &mut Criterion, fixture: &mut Fixture) {
    let candle = candles(1)[0];
    fixture.series_writer.publish_live(7, 7, START_NS, &candle, &[2.5; INDICATORS]);
    let expected = |count| (0..count).fold(0, |checksum, _| mix(checksum, candle.close));
    bench(criterion, "live_inline_rust", 1, |count| {
        let mut checksum = 0;
        let time = timed(|| {
            for _ in 0..count {
                let record = black_box(&fixture.reader).live_record(&mut []).expect("a live candle");
                checksum = mix(checksum, record.candle.close);
            }
        });
        assert_eq!(checksum, expected(count));
        time
    });
    let call = black_box::<unsafe extern "C" fn(_, _, _) -> _>(tp_live);
    bench(criterion, "live", 1, |count| {
        let (mut row, mut head, mut checksum) =
            (no_candle(), LiveHead { seq: 0, row: 0, trade_seq: 0, publish_ns: 0 }, 0);
        let time = timed(|| {
            for _ in 0..count {
                // SAFETY: a series that is open, and locals.
                assert_eq!(unsafe { call(fixture.series, &raw mut row, &raw mut head) }, TP_OK);
                checksum = mix(checksum, row.close);
            }
        });
        assert_eq!((checksum, head.row), (expected(count), 7));
        time
    });
    let call = black_box::<unsafe extern "C" fn(_, _, _, _, _, _) -> _>(tp_live_values);
    bench(criterion, "live_and_15_indicators", 1, |count| {
        let (mut row, mut values, mut filled, mut checksum) = (no_candle(), [0.0; INDICATORS], 0, 0);
        let time = timed(|| {
            for _ in 0..count {
                let room = values.as_mut_ptr();
                // SAFETY: a series that is open, and locals.
                let status =
                    unsafe { call(fixture.series, &raw mut row, null_mut(), INDICATORS, room, &raw mut filled) };
                assert_eq!(status, TP_OK);
                checksum = mix(checksum, row.close);
            }
        });
        assert_eq!((checksum, filled, values), (expected(count), INDICATORS, [2.5; INDICATORS]));
        time
    });
}

/// A writer on another core publishes every few microseconds; every value that is read must be whole.
fn live_beside_a_writer(criterion: &mut Criterion, fixture: &mut Fixture) {
    let call = black_box::<unsafe extern "C" fn(_, _, _) -> _>(tp_live);
    let (series, writer, reader) = (fixture.series, &mut fixture.series_writer, &fixture.reader);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        scope.spawn(|| {
            let mut candle = candles(1)[0];
            for n in (8_u64..).take_while(|_| !stop.load(Ordering::Relaxed)) {
                (candle.open, candle.close) = (n as f64, -(n as f64));
                writer.publish_live(n, n, START_NS, &candle, &[2.5; INDICATORS]);
                let until = Instant::now() + Duration::from_micros(3);
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
            }
        });
        while reader.live().is_ok_and(|live| live.row < 8) {
            std::hint::spin_loop();
        }
        bench(criterion, "live_contended", 1, |count| {
            let (mut row, mut whole) = (no_candle(), 0);
            let time = timed(|| {
                for _ in 0..count {
                    // SAFETY: a series that is open, and a local.
                    if unsafe { call(series, &raw mut row, null_mut()) } == TP_OK {
                        whole += u64::from(row.open >= 8.0 && row.open + row.close == 0.0);
                    }
                }
            });
            assert_eq!(whole, count, "every read gave a whole candle");
            time
        });
    });
}

fn quote(criterion: &mut Criterion, fixture: &mut Fixture) {
    let quote = Quote {
        exchange_ns: 1,
        receive_ns: 2,
        bid_price: 100.0,
        bid_quantity: 1.0,
        ask_price: 100.5,
        ask_quantity: 2.0,
    };
    fixture.instrument_writer.publish_quote(&quote, START_NS);
    let call = black_box::<unsafe extern "C" fn(_, _) -> _>(tp_quote);
    bench(criterion, "quote", 1, |count| {
        let mut row = std::mem::MaybeUninit::<QuoteRow>::uninit();
        let mut sum = 0.0;
        let time = timed(|| {
            for _ in 0..count {
                // SAFETY: an instrument that is open, and a local that is filled when the call says so.
                sum += unsafe {
                    assert_eq!(call(fixture.instrument, row.as_mut_ptr()), TP_OK);
                    row.assume_init_ref().ask_price
                };
            }
        });
        assert_eq!(sum, 100.5 * count as f64);
        time
    });
}

/// Renews a view, takes the column's pointer, looks at its last value, validates: what a view costs beside the values
/// one reads through it.
fn views(criterion: &mut Criterion, fixture: &mut Fixture) {
    let candles = candles(DEPTH);
    fixture.series_writer.begin_at(0);
    for candle in &candles {
        fixture.series_writer.append(candle, &[4.5; INDICATORS]);
    }
    let close = candles[DEPTH - 1].close;
    for n in [10, DEPTH] {
        let mut view: *mut ViewHandle = null_mut();
        // SAFETY: a series that is open, and room for a pointer.
        assert_eq!(unsafe { tp_view(fixture.series, n, &raw mut view) }, TP_OK);
        let renew = black_box::<unsafe extern "C" fn(_, _) -> _>(tp_view_renew);
        let values = black_box::<unsafe extern "C" fn(_, _) -> _>(tp_view_f64);
        let validate = black_box::<unsafe extern "C" fn(_) -> _>(tp_view_validate);
        bench(criterion, &format!("view_{n}_rows"), 1, |count| {
            let mut sum = 0.0;
            let time = timed(|| {
                for _ in 0..count {
                    // SAFETY: a view of this bench, with `n` values in the column.
                    unsafe {
                        assert_eq!(renew(view, n), TP_OK);
                        sum += *values(view.cast_const(), TP_COLUMN_CLOSE).add(n - 1);
                        assert_eq!(validate(view.cast_const()), TP_OK);
                    }
                }
            });
            assert!((sum - close * count as f64).abs() <= sum.abs() * 1e-9);
            time
        });
        bench(criterion, &format!("view_{n}_rows_open_and_validate"), 1, |count| {
            timed(|| {
                for _ in 0..count {
                    // SAFETY: a view of this bench.
                    unsafe { assert_eq!((renew(view, n), validate(view.cast_const())), (TP_OK, TP_OK)) };
                }
            })
        });
        // SAFETY: a view of this bench.
        unsafe {
            assert_eq!(tp_view_count(view), n);
            tp_view_release(view);
        }
    }
}

fn rows(criterion: &mut Criterion, fixture: &Fixture) {
    let call = black_box::<unsafe extern "C" fn(_, _, _, _, _, _) -> _>(tp_rows);
    let expected = candles(DEPTH)[DEPTH - 1].close;
    bench(criterion, "one_closed_row", 1, |count| {
        let (mut row, mut found, mut checksum) = (no_candle(), 0, 0);
        let time = timed(|| {
            for _ in 0..count {
                let last = DEPTH as u64 - 1;
                // SAFETY: a series that is open, and locals.
                let status = unsafe { call(fixture.series, last, 1, &raw mut row, &raw mut found, null_mut()) };
                assert_eq!(status, TP_OK);
                checksum = mix(checksum, row.close);
            }
        });
        assert_eq!(checksum, (0..count).fold(0, |checksum, _| mix(checksum, expected)));
        time
    });
}

/// Half a ring is published, which is not measured, then read in batches; the figure is per trade.
fn trade_batch(criterion: &mut Criterion, fixture: &mut Fixture) {
    let call = black_box::<unsafe extern "C" fn(_, _, _, _, _) -> _>(tp_trades_read);
    let published = trades(TRADES_KEPT / 2);
    let mut follower: *mut TradesHandle = null_mut();
    // SAFETY: an instrument that is open, and room for a pointer.
    assert_eq!(unsafe { tp_follow_trades(fixture.instrument, null(), &raw mut follower) }, TP_OK);
    let expected = published.iter().fold(0, |checksum, trade| mix(checksum, trade.price));
    bench(criterion, "trades_in_batches_of_64", published.len() as u64, |count| {
        let mut rows = [const { std::mem::MaybeUninit::<TradeRow>::uninit() }; BATCH];
        let mut time = Duration::ZERO;
        for _ in 0..count {
            for trade in &published {
                fixture.instrument_writer.publish_trade(trade, START_NS);
            }
            let (mut checksum, mut filled, mut lost) = (0, 1, 0);
            time += timed(|| {
                while filled > 0 {
                    // SAFETY: a follower of this bench, and as many rows as there is room for.
                    let status =
                        unsafe { call(follower, BATCH, rows.as_mut_ptr().cast(), &raw mut filled, &raw mut lost) };
                    assert_eq!((status, lost), (TP_OK, 0));
                    for row in &rows[..filled] {
                        // SAFETY: so many were filled.
                        checksum = mix(checksum, unsafe { row.assume_init_ref() }.price);
                    }
                }
            });
            assert_eq!(checksum, expected);
        }
        time
    });
    // SAFETY: a follower of this bench.
    unsafe { tp_trades_release(follower) };
}

/// From the bell's wake call to the sleeper that is back in its program.
fn wake(criterion: &mut Criterion, fixture: &Fixture) {
    let bell = fixture.plane_writer.bell();
    let (plane, begun) = (fixture.plane as usize, Instant::now());
    let (woken, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        scope.spawn(|| {
            let mut seen = 0;
            while !stop.load(Ordering::Relaxed) {
                // SAFETY: a plane that is open until this thread has ended, and a local.
                if unsafe { tp_wait(plane as *const PlaneHandle, &raw mut seen, 1_000) } == TP_OK {
                    woken.store(begun.elapsed().as_nanos() as u64, Ordering::Release);
                }
            }
        });
        bench(criterion, "wake_a_sleeper", 1, |count| {
            let mut time = Duration::ZERO;
            for _ in 0..count {
                woken.store(0, Ordering::Relaxed);
                // Until it sleeps again.
                std::thread::sleep(Duration::from_micros(200));
                let rung = begun.elapsed();
                bell.mark();
                assert!(bell.ring());
                let back = loop {
                    match woken.load(Ordering::Acquire) {
                        0 => std::hint::spin_loop(),
                        at => break at,
                    }
                };
                time += Duration::from_nanos(back) - rung;
            }
            time
        });
    });
}

/// Ends the other thread of a bench, also when this one fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

const fn no_candle() -> CandleRow {
    CandleRow {
        open_time_ns: 0,
        open: 0.0,
        high: 0.0,
        low: 0.0,
        close: 0.0,
        volume: 0.0,
        quote_volume: 0.0,
        taker_buy_volume: 0.0,
        trade_count: 0,
        quality: 0,
    }
}

fn bench(criterion: &mut Criterion, name: &str, elements: u64, mut run: impl FnMut(u64) -> Duration) {
    let mut group = criterion.benchmark_group("library");
    group.throughput(Throughput::Elements(elements));
    group.bench_function(name, |bencher| bencher.iter_custom(&mut run));
    group.finish();
}

/// One instrument and one series in the hands of a writer, of the library, and of a Rust reader.
struct Fixture {
    plane_writer: PlaneWriter,
    instrument_writer: InstrumentWriter,
    series_writer: SeriesWriter,
    reader: SeriesReader,
    plane: *mut PlaneHandle,
    series: *mut SeriesHandle,
    instrument: *mut InstrumentHandle,
}

impl Fixture {
    fn new(root: &Path) -> Self {
        let instance = Instance::new(Some(root), "bench").expect("a name");
        let mut plane_writer = PlaneWriter::open(&instance, &PlaneShape::default(), START_NS).expect("a plane");
        let facts = instrument(ExchangeId::Binance, "BTC-USDT", "BTCUSDT");
        let indicators = (0..INDICATORS).map(|n| format!("value_{n}")).collect();
        let shape = SeriesShape { depth: DEPTH as u64, slack: 12, indicators };
        let mut arena = plane_writer.exchange(ExchangeId::Binance, &ArenaShape::default()).expect("an arena");
        let kept = InstrumentShape { trade_capacity: TRADES_KEPT as u64 };
        let instrument_writer = arena.instrument(&facts, &kept).expect("an instrument");
        let series_writer = arena.series(&facts.symbol, Timeframe::M1, &shape).expect("a series");
        let key = Key::Candles { exchange: ExchangeId::Binance, symbol: facts.symbol, timeframe: Timeframe::M1 };
        let reader = Plane::open(&instance).expect("a plane to read").series(&key).expect("its candles");
        let (mut plane, mut series, mut instrument) = (null_mut(), null_mut(), null_mut());
        let root = std::ffi::CString::new(root.to_str().expect("a path")).expect("a text");
        // SAFETY: texts that end, and room for pointers.
        let statuses = unsafe {
            [
                tp_open(root.as_ptr(), c"bench".as_ptr(), &raw mut plane),
                tp_find(plane, c"candles:binance:BTC-USDT:1m".as_ptr(), &raw mut series),
                tp_find_instrument(plane, c"trades:binance:BTC-USDT".as_ptr(), &raw mut instrument),
            ]
        };
        assert_eq!(statuses, [TP_OK; 3]);
        Self { plane_writer, instrument_writer, series_writer, reader, plane, series, instrument }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // SAFETY: handles of this fixture, which nobody uses any more.
        unsafe {
            tp_instrument_release(self.instrument);
            tp_series_release(self.series);
            tp_close(self.plane);
        }
    }
}

/// A folder in memory that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
        Self(base.join(format!("tickplane-bench-ffi-{}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to tell that a folder in memory could not be removed.
        let _ = remove_dir_all(&self.0);
    }
}
