//! Each entry by its documentation: results, status codes, bad arguments.

use std::ffi::CStr;
use std::io::{Seek, SeekFrom, Write};
use std::mem::{MaybeUninit, zeroed};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::ptr::null_mut;

use tickplane::*;
use tickplane_layout::header::{MAJOR, MINOR, WORD_CHECKSUM, WORD_VERSION, version_word};
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::ArenaShape;

use crate::fixture::*;

fn status_of_open(scratch: &Scratch, instance: &CStr) -> i32 {
    let mut plane = std::ptr::dangling_mut();
    // SAFETY: terminated texts, and room for a pointer.
    let status = unsafe { tp_open(scratch.c_root().as_ptr(), instance.as_ptr(), &raw mut plane) };
    assert_eq!(plane.is_null(), status != TP_OK, "a failure leaves NULL");
    // SAFETY: what was just opened, or NULL.
    unsafe { tp_close(plane) };
    status
}

fn status_of_find(plane: *const PlaneHandle, key: &CStr) -> i32 {
    let mut series = std::ptr::dangling_mut();
    // SAFETY: an open plane, a terminated text, and room for a pointer.
    let status = unsafe { tp_find(plane, key.as_ptr(), &raw mut series) };
    assert_eq!(series.is_null(), status != TP_OK, "a failure leaves NULL");
    // SAFETY: what was just found, or NULL.
    unsafe { tp_series_release(series) };
    status
}

fn poke(path: &Path, word: usize, value: u64) {
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(word as u64 * 8)).unwrap();
    file.write_all(&value.to_le_bytes()).unwrap();
}

#[test]
fn versions_and_texts() {
    // SAFETY: the library's own constants.
    let text = |text| unsafe { CStr::from_ptr(text) }.to_str().unwrap();
    assert_eq!(text(tp_version()), env!("CARGO_PKG_VERSION"));
    assert_eq!(tp_abi_version(), TP_ABI_VERSION);
    assert_eq!(tp_layout_version(), u32::from(MAJOR) << 16 | u32::from(MINOR));
    assert_eq!(text(tp_strerror(TP_OK)), "done");
    assert!(text(tp_strerror(TP_ENOPLANE)).contains("tickplane run"));
    for nonsense in [1, -1000, i32::MIN, i32::MAX] {
        assert_eq!(text(tp_strerror(nonsense)), "not a status of this library");
    }
}

#[test]
fn opening_says_what_is_wrong() {
    let scratch = Scratch::new();
    assert_eq!(status_of_open(&scratch, c"test"), TP_ENOPLANE);
    for name in [c"", c"a/b", c"..", c"\xff"] {
        assert_eq!(status_of_open(&scratch, name), TP_EINSTANCE);
    }
    drop(Writer::new(&scratch));
    assert_eq!(status_of_open(&scratch, c"test"), TP_OK);
    assert_eq!(status_of_open(&scratch, c"other"), TP_ENOPLANE);

    let path = scratch.file("plane.seg");
    poke(&path, WORD_VERSION, version_word(MAJOR + 1, 0));
    assert_eq!(status_of_open(&scratch, c"test"), TP_EVERSION);
    poke(&path, WORD_VERSION, version_word(MAJOR, MINOR));
    assert_eq!(status_of_open(&scratch, c"test"), TP_OK);
    poke(&path, WORD_CHECKSUM, 0);
    assert_eq!(status_of_open(&scratch, c"test"), TP_EDAMAGED);
    std::fs::write(&path, b"short").unwrap();
    assert_eq!(status_of_open(&scratch, c"test"), TP_EDAMAGED);

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        eprintln!("skipped: this user may read everything, so TP_EACCESS cannot be provoked");
    } else {
        assert_eq!(status_of_open(&scratch, c"test"), TP_EACCESS);
    }
}

#[test]
fn finding_says_what_is_wrong() {
    let scratch = Scratch::new();
    drop(Writer::new(&scratch));
    let plane = open(&scratch);
    let cases = [
        (c"candles:binance:BTC-USDT:1m", TP_OK),
        (c"indicator:binance:BTC-USDT:1m:rsi_14", TP_OK),
        (c"indicator:binance:BTC-USDT:1m:macd_12_26_9.hist", TP_OK),
        (c"indicator:binance:BTC-USDT:1m:rsi_21", TP_ENOKEY),
        (c"candles:binance:BTC-USDT:5m", TP_ENOKEY),
        (c"candles:binance:ETH-USDT:1m", TP_ENOKEY),
        (c"candles:kraken:BTC-USDT:1m", TP_ENOEXCHANGE),
        (c"candles:nowhere:BTC-USDT:1m", TP_EKEY),
        (c"candles:binance:BTC-USDT:7m", TP_EKEY),
        (c"candles:binance:BTC-USDT", TP_EKEY),
        (c"trades:binance:BTC-USDT", TP_EKEY),
        (c"", TP_EKEY),
        (c"\xff", TP_EKEY),
    ];
    for (key, status) in cases {
        assert_eq!(status_of_find(plane, key), status, "{key:?}");
    }
    // SAFETY: open until here.
    unsafe { tp_close(plane) };

    poke(&scratch.file("binance.seg"), WORD_VERSION, version_word(MAJOR, MINOR) + (1 << 16));
    let plane = open(&scratch);
    assert_eq!(status_of_find(plane, KEY), TP_EVERSION);
    // SAFETY: open until here.
    unsafe { tp_close(plane) };
}

#[test]
fn candles_live_and_columns_are_what_was_written() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let plane = open(&scratch);
    let series = find(plane);
    let mut rows = [const { MaybeUninit::<CandleRow>::uninit() }; 30];
    let (mut count, mut first, mut column) = (7, 7, 7);
    let rows_ptr: *mut CandleRow = rows.as_mut_ptr().cast();
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        let mut live: LiveHead = zeroed();
        assert_eq!(tp_live(series, rows_ptr, &raw mut live), TP_EEMPTY);
        assert_eq!(tp_candles(series, 30, rows_ptr, &raw mut count, &raw mut first), TP_EEMPTY);
        let mut view = null_mut();
        assert_eq!(tp_view(series, 30, &raw mut view), TP_EEMPTY);
        assert_eq!((count, first, view.is_null()), (7, 7, true), "a failure leaves results alone");

        writer.fill(50);
        assert_eq!(tp_live(series, rows_ptr, &raw mut live), TP_OK);
        assert_eq!(live, LiveHead { seq: 50, row: 50, trade_seq: 147, publish_ns: NOW_NS });
        assert_eq!(rows[0].assume_init(), CandleRow::from(&candle(50, 0.0)));
        assert_eq!(tp_live(series, rows_ptr, null_mut()), TP_OK);

        assert_eq!(tp_candles(series, 3, rows_ptr, &raw mut count, &raw mut first), TP_OK);
        assert_eq!((count, first), (3, 47));
        for (at, row) in rows[..3].iter().enumerate() {
            assert_eq!(row.assume_init(), CandleRow::from(&candle(47 + at as u64, 0.0)));
        }
        assert_eq!(tp_candles(series, usize::MAX, rows_ptr, &raw mut count, null_mut()), TP_OK);
        assert_eq!(count as u64, DEPTH, "no more than the depth");

        let cases = [(c"close", 4), (c"quality", 9), (c"rsi_14", 10), (c"macd_12_26_9.hist", 11)];
        for (name, number) in cases {
            assert_eq!((tp_column(series, name.as_ptr(), &raw mut column), column), (TP_OK, number));
        }
        for name in [c"", c"Close", c"rsi_21", c"\xff"] {
            assert_eq!((tp_column(series, name.as_ptr(), &raw mut column), column), (TP_ENOCOLUMN, 11));
        }
        tp_series_release(series);
        tp_close(plane);
    }
}

#[test]
fn a_view_points_at_the_last_rows_until_they_are_lapped() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(100);
    let plane = open(&scratch);
    let series = find(plane);
    let mut view = null_mut();
    // SAFETY: handles of this test, locals for results, and pointers to as many values as the view counts; the writer
    // is this thread.
    unsafe {
        assert_eq!(tp_view(series, usize::MAX, &raw mut view), TP_OK);
        assert_eq!((tp_view_first_row(view), tp_view_count(view) as u64), (100 - DEPTH, DEPTH));
        for at in 0..DEPTH as usize {
            let row = 100 - DEPTH + at as u64;
            let f64_at = |column| *tp_view_f64(view, column).add(at);
            assert_eq!(*tp_view_i64(view, TP_COLUMN_OPEN_TIME_NS).add(at), row as i64 * 60_000_000_000);
            assert_eq!([1, 2, 3, 4, 5, 6, 7].map(f64_at), [1, 2, 3, 4, 5, 6, 7].map(|n| f64::from(n) + row as f64));
            assert_eq!(*tp_view_u64(view, TP_COLUMN_TRADE_COUNT).add(at), row);
            assert_eq!(*tp_view_u64(view, TP_COLUMN_QUALITY).add(at), TP_QUALITY_FINAL);
            assert_eq!([10, 11].map(f64_at), [row as f64 / 2.0, -(row as f64)]);
        }
        for column in [TP_COLUMN_OPEN_TIME_NS, TP_COLUMN_TRADE_COUNT, TP_COLUMN_QUALITY, 12, u32::MAX] {
            assert!(tp_view_f64(view, column).is_null());
        }
        for column in [TP_COLUMN_OPEN, TP_COLUMN_QUALITY, 10, 12] {
            assert!(tp_view_i64(view, column).is_null());
        }
        for column in [TP_COLUMN_OPEN_TIME_NS, TP_COLUMN_CLOSE, 10, 12] {
            assert!(tp_view_u64(view, column).is_null());
        }

        // The row that overwrites the view's oldest is the one `capacity` after it; its predecessor is harmless.
        for (n, renewed) in [(DEPTH, 100), (5, 109)] {
            assert_eq!(tp_view_renew(view, n as usize), TP_OK);
            assert_eq!((tp_view_first_row(view), tp_view_count(view) as u64), (renewed - n, n));
            writer.fill(renewed - n + CAPACITY);
            assert_eq!(tp_view_validate(view), TP_OK);
            writer.fill(renewed - n + CAPACITY + 1);
            assert_eq!(tp_view_validate(view), TP_ECHANGED);
        }

        assert_eq!(tp_view_renew(view, 5), TP_OK);
        let first = tp_view_first_row(view);
        assert!(writer.series.revise(first, &candle(first, 0.5), &[]));
        assert_eq!(tp_view_validate(view), TP_ECHANGED, "a revision counts");
        assert_eq!(tp_view_renew(view, 5), TP_OK);
        assert_eq!((tp_view_validate(view), *tp_view_f64(view, TP_COLUMN_OPEN)), (TP_OK, first as f64 + 1.5));

        // Handles go in any order, and the plane under a view may go too.
        tp_close(plane);
        tp_series_release(series);
        writer.plane.remove(NOW_NS).unwrap();
        assert_eq!((tp_view_validate(view), *tp_view_f64(view, TP_COLUMN_OPEN)), (TP_OK, first as f64 + 1.5));
        tp_view_release(view);
    }
}

fn signs(plane: *const PlaneHandle) -> PlaneSigns {
    let mut signs = MaybeUninit::uninit();
    // SAFETY: an open plane, and room.
    assert_eq!(unsafe { tp_status(plane, signs.as_mut_ptr()) }, TP_OK);
    // SAFETY: filled, as the status says.
    unsafe { signs.assume_init() }
}

#[test]
fn a_successor_is_noticed_and_attached_to() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(30);
    let plane = open(&scratch);
    let series = find(plane);
    let alive = PlaneSigns {
        state: TP_STATE_LIVE,
        alive: 1,
        pid: std::process::id(),
        known: 1,
        epoch: 1,
        opened_ns: NOW_NS,
        heartbeat_ns: NOW_NS,
    };
    assert_eq!(signs(plane), alive);
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        assert_eq!(tp_changed(plane), 0);
        writer.plane.close(NOW_NS + 5);
        let closed = PlaneSigns { state: TP_STATE_CLOSED, alive: 0, heartbeat_ns: NOW_NS + 5, ..alive };
        assert_eq!(signs(plane), closed);
        drop(writer);
        assert_eq!(tp_changed(plane), 0, "a writer that left is no successor");

        // Another depth: the series moves to a new region of the same file.
        let mut writer = Writer::with_depth(&scratch, 2 * DEPTH);
        assert_eq!((tp_changed(plane), signs(plane).epoch, signs(plane).alive), (1, 2, 1));
        assert_eq!(tp_reattach(plane), TP_OK);
        assert_eq!(tp_changed(plane), 0);
        let mut candle = zeroed();
        let (mut view, mut count) = (null_mut(), 0);
        assert_eq!(tp_live(series, &raw mut candle, null_mut()), TP_EMOVED);
        assert_eq!(tp_candles(series, 1, &raw mut candle, &raw mut count, null_mut()), TP_EMOVED);
        assert_eq!(tp_view(series, 1, &raw mut view), TP_EMOVED);
        tp_series_release(series);
        let series = find(plane);
        writer.fill(31);
        assert_eq!(tp_candles(series, 1, &raw mut candle, &raw mut count, null_mut()), TP_OK);
        assert_eq!(candle.trade_count, 30);

        // The plane goes and comes back with new files.
        writer.plane.remove(NOW_NS).unwrap();
        assert_eq!(tp_changed(plane), 1);
        assert_eq!(tp_reattach(plane), TP_ENOPLANE);
        assert_eq!(signs(plane).state, TP_STATE_CLOSED, "the old attachment stays");
        let _writer = Writer::new(&scratch);
        assert_eq!((tp_reattach(plane), tp_changed(plane), signs(plane).epoch), (TP_OK, 0, 1));
        tp_series_release(series);
        tp_close(plane);
    }
}

#[test]
fn a_key_that_appears_later_is_found() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let plane = open(&scratch);
    assert_eq!(status_of_find(plane, c"candles:kraken:BTC-USDT:1s"), TP_ENOEXCHANGE);
    let mut kraken = writer.plane.exchange(ExchangeId::Kraken, &ArenaShape::holding(4, 1 << 20)).unwrap();
    assert_eq!(status_of_find(plane, c"candles:kraken:BTC-USDT:1s"), TP_ENOKEY);
    let _one = kraken.series(&symbol(), Timeframe::S1, &shape(DEPTH)).unwrap();
    let _two = writer.exchange.series(&symbol(), Timeframe::H1, &shape(DEPTH)).unwrap();
    assert_eq!(status_of_find(plane, c"candles:kraken:BTC-USDT:1s"), TP_OK);
    assert_eq!(status_of_find(plane, c"candles:binance:BTC-USDT:1h"), TP_OK);
    // SAFETY: open until here.
    unsafe { tp_close(plane) };
}

#[test]
fn a_series_may_be_read_by_many_threads_at_once() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(30);
    let plane = open(&scratch);
    let series = find(plane);
    let _hot = Hot::start(writer, std::time::Duration::from_micros(20));
    let address = series as usize;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(move || {
                let series = address as *const SeriesHandle;
                for _ in 0..20_000 {
                    // SAFETY: released after the scope; locals for results.
                    let (status, row, live) = unsafe {
                        let (mut row, mut live): (CandleRow, LiveHead) = (zeroed(), zeroed());
                        (tp_live(series, &raw mut row, &raw mut live), row, live)
                    };
                    if status != TP_EBUSY {
                        assert_eq!((status, row), (TP_OK, CandleRow::from(&candle(live.row, 0.0))));
                    }
                }
            });
        }
    });
    // SAFETY: nobody uses them any more.
    unsafe {
        tp_series_release(series);
        tp_close(plane);
    }
}
