//! Keys, columns, copies, instruments, health and names: each call by its documentation.

use std::ffi::CStr;
use std::mem::zeroed;
use std::ptr::{null, null_mut};

use tickplane::*;
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{ConnectionState, EventKind, StreamCounter, StreamState};

use crate::fixture::*;

fn text(letters: *const std::ffi::c_char) -> &'static str {
    // SAFETY: texts of the library are terminated; those here outlive the test.
    unsafe { CStr::from_ptr(letters) }.to_str().unwrap()
}

fn keys(plane: *const PlaneHandle, filter: *const Filter) -> Result<Vec<String>, i32> {
    let mut keys = std::ptr::dangling_mut();
    // SAFETY: an open plane, a filter of the test, and room for a pointer; the texts are copied before they are released.
    unsafe {
        let status = tp_keys(plane, filter, &raw mut keys);
        assert_eq!(keys.is_null(), status != TP_OK, "a failure leaves NULL");
        let texts = (0..tp_keys_count(keys)).map(|at| text(tp_keys_at(keys, at)).to_owned()).collect();
        assert!(tp_keys_at(keys, tp_keys_count(keys)).is_null());
        tp_keys_release(keys);
        if status == TP_OK { Ok(texts) } else { Err(status) }
    }
}

#[test]
fn keys_are_listed_by_kind_exchange_and_pattern() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let mut kraken = writer.plane.exchange(ExchangeId::Kraken, &tickplane_segments::ArenaShape::holding(4, 1)).unwrap();
    let _series = kraken.series(&symbol(), Timeframe::H1, &shape(DEPTH)).unwrap();
    let plane = open(&scratch);
    let filter = Filter::default();
    let all = [
        "trades:binance:BTC-USDT",
        "quote:binance:BTC-USDT",
        "candles:binance:BTC-USDT:1m",
        "indicator:binance:BTC-USDT:1m:rsi_14",
        "indicator:binance:BTC-USDT:1m:macd_12_26_9.hist",
        "candles:kraken:BTC-USDT:1h",
        "indicator:kraken:BTC-USDT:1h:rsi_14",
        "indicator:kraken:BTC-USDT:1h:macd_12_26_9.hist",
    ];
    assert_eq!(keys(plane, null()).unwrap(), all);
    let (binance, pattern) = (c"binance".as_ptr(), c"*:1h".as_ptr());
    let cases = [
        (filter, &all[..]),
        (Filter { kinds: TP_KEY_TRADES, ..filter }, &all[..1]),
        (Filter { kinds: TP_KEY_QUOTE | TP_KEY_CANDLES, exchange: binance, ..filter }, &all[1..3]),
        (Filter { kinds: TP_KEY_INDICATOR, exchange: binance, ..filter }, &all[3..5]),
        (Filter { pattern, ..filter }, &all[5..6]),
        (Filter { pattern: c"kraken".as_ptr(), ..filter }, &all[5..]),
        (Filter { exchange: c"okx".as_ptr(), ..filter }, &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(keys(plane, &raw const filter).unwrap(), expected, "{filter:?}");
    }
    let refused = [
        (Filter { kinds: 16, ..filter }, TP_EINVAL),
        (Filter { reserved: 1, ..filter }, TP_EINVAL),
        (Filter { struct_size: 3, ..filter }, TP_EINVAL),
        (Filter { exchange: c"nowhere".as_ptr(), ..filter }, TP_EKEY),
        (Filter { pattern: c"\xff".as_ptr(), ..filter }, TP_EKEY),
    ];
    for (filter, status) in refused {
        assert_eq!(keys(plane, &raw const filter), Err(status), "{filter:?}");
    }
    // SAFETY: open until here.
    unsafe { tp_close(plane) };
}

#[test]
fn options_name_the_plane() {
    let scratch = Scratch::new();
    drop(Writer::new(&scratch));
    let root = scratch.c_root();
    let options = OpenOptions { root: root.as_ptr(), ..OpenOptions::default() };
    let mut plane = null_mut();
    // SAFETY: options of the test, and room for a pointer.
    unsafe {
        assert_eq!(tp_open_with(&raw const options, &raw mut plane), TP_ENOPLANE, "there is no \"default\" here");
        let named = OpenOptions { instance: c"test".as_ptr(), ..options };
        assert_eq!(tp_open_with(&raw const named, &raw mut plane), TP_OK);
        tp_close(plane);
        let named = OpenOptions { instance: c"a/b".as_ptr(), ..options };
        assert_eq!(tp_open_with(&raw const named, &raw mut plane), TP_EINSTANCE);
        assert!(plane.is_null());
    }
}

#[test]
fn columns_have_names_and_seeds() {
    let scratch = Scratch::new();
    let _writer = Writer::new(&scratch);
    let plane = open(&scratch);
    let series = find(plane);
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        assert_eq!(tp_column_count(series), 12);
        let names: Vec<&str> = (0..12).map(|column| text(tp_column_name(series, column))).collect();
        assert_eq!(names[TP_COLUMN_CLOSE as usize], "close");
        assert_eq!(names[TP_CANDLE_COLUMNS as usize..], ["rsi_14", "macd_12_26_9.hist"]);
        assert!(tp_column_name(series, 12).is_null() && tp_column_name(series, u32::MAX).is_null());
        let mut row = 7;
        assert_eq!((tp_column_seed_row(series, 10, &raw mut row), row), (TP_OK, TP_ROW_NONE));
        assert_eq!(tp_column_seed_row(series, 12, &raw mut row), TP_ENOCOLUMN);
        tp_series_release(series);
        tp_close(plane);
    }
}

#[test]
fn live_values_are_of_the_same_publication() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let plane = open(&scratch);
    let series = find(plane);
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        let (mut candle_row, mut live, mut count): (CandleRow, LiveHead, usize) = (zeroed(), zeroed(), 9);
        let mut values = [9.0; 4];
        let mut read = |n, values: *mut f64| {
            let status = tp_live_values(series, &raw mut candle_row, &raw mut live, n, values, &raw mut count);
            (status, count, live.row)
        };
        assert_eq!(read(4, values.as_mut_ptr()), (TP_EEMPTY, 9, 0));
        assert_eq!(tp_live_seq(series), 0);
        writer.fill(50);
        values = [9.0; 4];
        assert_eq!(read(4, values.as_mut_ptr()), (TP_OK, 2, 50));
        assert_eq!(values, [25.0, -50.0, 9.0, 9.0], "no more than there are");
        values = [9.0; 4];
        assert_eq!(read(1, values.as_mut_ptr()), (TP_OK, 1, 50));
        assert_eq!(values, [25.0, 9.0, 9.0, 9.0], "no more than there is room");
        assert_eq!(read(0, null_mut()), (TP_OK, 0, 50));
        assert_eq!(candle_row, CandleRow::from(&candle(50, 0.0)));
        assert_eq!(tp_live_seq(series), 50);
        tp_series_release(series);
        tp_close(plane);
    }
}

#[test]
fn rows_and_columns_are_copied() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let plane = open(&scratch);
    let series = find(plane);
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        let (mut first, mut head, mut count) = (7, 7, 7_usize);
        assert_eq!((tp_row_range(series, &raw mut first, &raw mut head), first, head), (TP_OK, 0, 0));
        writer.fill(50);
        assert_eq!((tp_row_range(series, &raw mut first, &raw mut head), first, head), (TP_OK, 50 - DEPTH, 50));

        let mut rows: [CandleRow; 5] = zeroed();
        let mut read = |from, n| {
            let status = tp_rows(series, from, n, rows.as_mut_ptr(), &raw mut count, &raw mut first);
            if status == TP_OK {
                let expected = (first..).map(|row| CandleRow::from(&candle(row, 0.0)));
                assert!(rows.iter().take(count).copied().eq(expected.take(count)));
            }
            (status, first, count)
        };
        assert_eq!(read(40, 5), (TP_OK, 40, 5));
        assert_eq!(read(48, 5), (TP_OK, 48, 2));
        assert_eq!(read(50, 5), (TP_EEMPTY, 48, 2), "a failure leaves results alone");
        assert_eq!(read(3, 2), (TP_OK, 50 - DEPTH, 2), "what is kept no longer shows");
        assert_eq!(read(u64::MAX, 5).0, TP_EEMPTY);

        let (mut f64s, mut i64s, mut u64s) = ([0.0; 30], [0_i64; 2], [0_u64; 2]);
        let depth = DEPTH as usize;
        let status = tp_copy_f64(series, 10, 30, f64s.as_mut_ptr(), &raw mut count, &raw mut first);
        assert_eq!((status, count, first), (TP_OK, depth, 50 - DEPTH));
        assert_eq!((f64s[0], f64s[depth - 1], f64s[depth]), ((50 - DEPTH) as f64 / 2.0, 24.5, 0.0));
        assert_eq!(
            tp_copy_i64(series, TP_COLUMN_OPEN_TIME_NS, 2, i64s.as_mut_ptr(), &raw mut count, null_mut()),
            TP_OK
        );
        assert_eq!((count, i64s), (2, [48 * 60_000_000_000, 49 * 60_000_000_000]));
        assert_eq!(tp_copy_u64(series, TP_COLUMN_QUALITY, 2, u64s.as_mut_ptr(), &raw mut count, null_mut()), TP_OK);
        assert_eq!(u64s, [TP_QUALITY_FINAL; 2]);
        for column in [TP_COLUMN_OPEN_TIME_NS, TP_COLUMN_QUALITY, 12, u32::MAX] {
            assert_eq!(tp_copy_f64(series, column, 1, f64s.as_mut_ptr(), &raw mut count, null_mut()), TP_ENOCOLUMN);
        }
        assert_eq!(
            tp_copy_i64(series, TP_COLUMN_QUALITY, 1, i64s.as_mut_ptr(), &raw mut count, null_mut()),
            TP_ENOCOLUMN
        );
        tp_series_release(series);
        tp_close(plane);
    }
}

#[test]
fn an_instrument_has_facts_a_quote_and_a_stream() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let plane = open(&scratch);
    let instrument = find_instrument(plane);
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        let mut found = null_mut();
        for (key, status) in [
            (c"quote:binance:BTC-USDT", TP_OK),
            (c"trades:binance:ETH-USDT", TP_ENOKEY),
            (c"trades:kraken:BTC-USDT", TP_ENOEXCHANGE),
            (c"candles:binance:BTC-USDT:1m", TP_EKEY),
            (c"trades:BTC-USDT", TP_EKEY),
        ] {
            assert_eq!(tp_find_instrument(plane, key.as_ptr(), &raw mut found), status, "{key:?}");
            assert_eq!(found.is_null(), status != TP_OK);
            tp_instrument_release(found);
        }

        let mut told: Facts = zeroed();
        assert_eq!(tp_facts(instrument, &raw mut told), TP_OK);
        assert_eq!(told, Facts::from(&facts()));
        assert_eq!((told.product, told.status, told.tick_size), (TP_PRODUCT_SPOT, TP_RESTRICTED, 0.01));
        assert_eq!(CStr::from_ptr(told.symbol.as_ptr()), c"BTC-USDT");
        assert_eq!(CStr::from_ptr(told.venue_symbol.as_ptr()), c"BTCUSDT");

        let mut row: QuoteRow = zeroed();
        assert_eq!(tp_quote(instrument, &raw mut row), TP_EEMPTY);
        for n in 1..=3 {
            writer.instrument.publish_quote(&quote(n), NOW_NS);
        }
        assert_eq!(tp_quote(instrument, &raw mut row), TP_OK);
        let expected = QuoteRow {
            seq: 3,
            exchange_ns: 3,
            receive_ns: 4,
            publish_ns: NOW_NS,
            bid_price: 3.0,
            bid_quantity: 4.0,
            ask_price: 5.0,
            ask_quantity: 6.0,
        };
        assert_eq!(row, expected);

        writer.instrument.set_stream_state(StreamState::Live, NOW_NS + 1);
        writer.instrument.set_seams(2, 70);
        writer.instrument.count_stream(StreamCounter::Backfilled, 5);
        let (mut stream, mut streams, mut count): (Stream, [Stream; 2], usize) = (zeroed(), zeroed(), 0);
        assert_eq!(tp_stream(instrument, &raw mut stream), TP_OK);
        assert_eq!((stream.since_ns, stream.seams, stream.missing), (NOW_NS + 1, 2, 70));
        assert_eq!(text(tp_name(TP_NAMES_STREAM_STATE, stream.state)), "live");
        let mut number = 0;
        assert_eq!(tp_number(TP_NAMES_STREAM_COUNTER, c"backfilled".as_ptr(), &raw mut number), TP_OK);
        assert_eq!(stream.counters[number as usize], 5);
        assert_eq!(tp_streams(plane, c"binance".as_ptr(), 2, streams.as_mut_ptr(), &raw mut count), TP_OK);
        assert_eq!((count, streams[0]), (1, stream));
        assert_eq!((tp_streams(plane, c"binance".as_ptr(), 0, null_mut(), &raw mut count), count), (TP_OK, 1));
        assert_eq!(tp_streams(plane, c"okx".as_ptr(), 0, null_mut(), &raw mut count), TP_ENOEXCHANGE);
        assert_eq!(tp_streams(plane, c"nowhere".as_ptr(), 0, null_mut(), &raw mut count), TP_EKEY);
        tp_instrument_release(instrument);
        tp_close(plane);
    }
}

#[test]
fn connections_tell_how_they_are() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.connection.set_state(ConnectionState::Live);
    writer.connection.connected(NOW_NS + 3);
    writer.connection.attempted(NOW_NS + 2);
    (0..4).for_each(|_| writer.connection.trade(NOW_NS + 9));
    let plane = open(&scratch);
    // SAFETY: an open plane, and locals for results.
    unsafe {
        let (mut found, mut count): ([Connection; 2], usize) = (zeroed(), 0);
        assert_eq!((tp_connections(plane, 0, null_mut(), &raw mut count), count), (TP_OK, 1));
        assert_eq!((tp_connections(plane, 2, found.as_mut_ptr(), &raw mut count), count), (TP_OK, 1));
        let [connection, _] = found;
        assert_eq!(CStr::from_ptr(connection.label.as_ptr()), c"binance-0");
        assert_eq!(text(tp_name(TP_NAMES_EXCHANGE, connection.exchange)), "binance");
        assert_eq!(text(tp_name(TP_NAMES_CONNECTION_STATE, connection.state)), "live");
        assert_eq!((connection.connected_at_ns, connection.last_attempt_ns), (NOW_NS + 3, NOW_NS + 2));
        assert_eq!((connection.attempts, connection.last_data_ns), (1, NOW_NS + 9));
        assert_eq!(connection.last_close, TP_CLOSE_NONE);
        let mut number = 0;
        assert_eq!(tp_number(TP_NAMES_CONNECTION_COUNTER, c"trades".as_ptr(), &raw mut number), TP_OK);
        assert_eq!(connection.counters[number as usize], 4);
        tp_close(plane);
    }
}

#[test]
fn names_and_numbers_are_each_others() {
    for list in 1..=TP_NAMES_STREAM_COUNTER {
        let mut names = 0;
        for number in 0..100 {
            let name = tp_name(list, number);
            if !name.is_null() {
                let mut back = u32::MAX;
                // SAFETY: a text of the library, and room.
                assert_eq!(unsafe { tp_number(list, name, &raw mut back) }, TP_OK);
                assert_eq!(back, number, "{}", text(name));
                names += 1;
            }
        }
        assert!(names > 4, "list {list}");
    }
    assert_eq!(text(tp_name(TP_NAMES_TIMEFRAME, Timeframe::M1 as u32)), "1m");
    assert_eq!(text(tp_name(TP_NAMES_EVENT, EventKind::Stream as u32)), "stream");
    assert!(tp_name(0, 1).is_null() && tp_name(99, 1).is_null() && tp_name(TP_NAMES_EXCHANGE, u32::MAX).is_null());
    let mut number = 0;
    // SAFETY: terminated texts, and room.
    unsafe {
        assert_eq!(tp_number(TP_NAMES_EXCHANGE, c"nowhere".as_ptr(), &raw mut number), TP_ENOKEY);
        assert_eq!(tp_number(TP_NAMES_EXCHANGE, c"".as_ptr(), &raw mut number), TP_ENOKEY);
        assert_eq!(tp_number(0, c"binance".as_ptr(), &raw mut number), TP_EINVAL);
    }
}
