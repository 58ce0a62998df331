//! Shapes: planned sizes, limits, and regions that move when a shape changes.

use tickplane_model::{Calendar, ExchangeId, Sessions, Timeframe};
use tickplane_segments::{
    ArenaShape, InstrumentShape, Next, Plane, PlaneShape, PlaneWriter, ReadError, SegmentError, SeriesShape,
};

use crate::fixture::*;

#[test]
fn rows_and_columns_move_by_name() {
    let scratch = Scratch::new("moved");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(50, &["ema_9", "rsi_14"])).unwrap();
    series.begin_at(100);
    for row in 100..140 {
        series.append(&candle(row), &[row as f64 + 0.1, row as f64 + 0.2]);
    }
    series.set_seed_row(1, Some(114));
    series.publish_live(140, 9, 8, &candle(140), &[0.1, 0.2]);
    let plane = Plane::open(&scratch.instance).unwrap();
    let reader = plane.series(&candles_key()).unwrap();
    drop(series);

    // Less depth, one column gone, one new, another order.
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(30, &["rsi_14", "atr_14"])).unwrap();
    assert_eq!(reader.candles(1), Err(ReadError::Moved));
    assert_eq!(reader.live(), Err(ReadError::Moved));
    assert_eq!(reader.view(1).err(), Some(ReadError::Moved));
    assert_eq!(series.rows(), 110..140);
    let reader = plane.series(&candles_key()).unwrap();
    let copy = reader.candles(99).unwrap();
    assert_eq!((copy.first_row, copy.candles), (110, (110..140).map(candle).collect()));
    let mut values = [0.0; 30];
    reader.column("rsi_14", &mut values).unwrap();
    assert_eq!(values.to_vec(), (110..140).map(|row| f64::from(row) + 0.2).collect::<Vec<_>>());
    reader.column("atr_14", &mut values).unwrap();
    assert!(values.iter().all(|value| value.is_nan()), "a new column has no values");
    let columns = reader.columns();
    assert_eq!((columns[10].seed_row, columns[11].seed_row), (Some(114), None));
    let live = reader.live().unwrap();
    assert_eq!((live.row, live.trade_seq, live.publish_ns, live.candle), (140, 9, 8, candle(140)));
    assert!(live.indicators[0] == 0.2 && live.indicators[1].is_nan());
    assert_eq!(series.append(&candle(140), &[]), 140);
}

#[test]
fn rows_of_another_calendar_do_not_come_along() {
    let scratch = Scratch::new("calendar");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let shape = series_shape(20, &["ema_9"]);
    let mut series = exchange.series(&symbol(), Timeframe::M1, &shape).unwrap();
    series.begin_at(100);
    series.append(&candle(100), &[1.0]);
    let plane = Plane::open(&scratch.instance).unwrap();
    let reader = plane.series(&candles_key()).unwrap();
    assert_eq!(reader.calendar(), Some(Calendar::AlwaysOpen));
    drop(series);

    let calendar = Calendar::Sessions(Sessions::NSE);
    exchange.keep_calendar(calendar);
    let series = exchange.series(&symbol(), Timeframe::M1, &shape).unwrap();
    assert!(series.rows().is_empty(), "row 100 is another time now");
    assert_eq!(reader.candles(1), Err(ReadError::Moved));
    assert_eq!(plane.series(&candles_key()).unwrap().calendar(), Some(calendar));
    drop(series);
    // Holidays are no part of it: they move no row.
    const HOLIDAYS: [i64; 1] = [20_775];
    exchange.keep_calendar(Calendar::Sessions(Sessions::NSE.with_holidays(&HOLIDAYS)));
    exchange.series(&symbol(), Timeframe::M1, &shape).unwrap();
    assert!(!plane.series(&candles_key()).unwrap().is_moved());
    assert_eq!(plane.keys().iter().filter(|key| **key == candles_key()).count(), 1);
}

#[test]
fn trades_move_with_their_sequence() {
    let scratch = Scratch::new("ring");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    for (capacity, first) in [(8, 1), (32, 101), (4, 201)] {
        let mut btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: capacity }).unwrap();
        assert_eq!(btc.last_trade(), (first > 1).then(|| trade(first - 1)));
        for n in first..first + 100 {
            assert_eq!(btc.publish_trade(&trade(n), 0), n);
            assert_eq!(btc.publish_quote(&quote(n), 0), n);
        }
    }
    let plane = Plane::open(&scratch.instance).unwrap();
    let mut trades = plane.trades(&trades_key()).unwrap();
    trades.rewind(u64::MAX);
    for n in 298..=300 {
        let Next::Item(record) = trades.poll() else { panic!("trade {n} is missing") };
        assert_eq!((record.seq, record.trade), (n, trade(n)));
    }
    assert_eq!(plane.quote(&quote_key()).unwrap().read().unwrap().seq, 300);
}

#[test]
fn planned_bytes_are_what_is_taken() {
    use std::os::unix::fs::MetadataExt;
    let scratch = Scratch::new("planned");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    writer.events("a").unwrap();
    writer.events("b").unwrap();
    writer.thread("t").unwrap();
    writer.connection(ExchangeId::Binance, "1").unwrap();
    writer.connection(ExchangeId::Binance, "2").unwrap();
    writer.history(ExchangeId::Binance).unwrap();
    writer.history(ExchangeId::Kraken).unwrap();
    for host in ["api.binance.com", "fapi.binance.com", "api.kraken.com"] {
        writer.rest(ExchangeId::Binance, host).unwrap();
    }
    let taken = |file: &str| std::fs::metadata(scratch.path(file)).unwrap().blocks() * 512;
    assert_eq!(taken("plane.seg"), PLANE.bytes());

    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let (trades, rows) = (InstrumentShape { trade_capacity: 100 }, series_shape(100, &["ema_9"]));
    exchange.instrument(&instrument(), &trades).unwrap();
    exchange.series(&symbol(), Timeframe::M1, &rows).unwrap();
    assert_eq!(taken("binance.seg"), ARENA.bytes() + trades.bytes() + rows.bytes());
}

#[test]
fn the_demo_fits_what_a_container_has() {
    // Three venues, 20 symbols each, four timeframes, ten indicator columns, in Docker's 64 MiB.
    let columns = (0..10).map(|n| format!("indicator_{n}")).collect();
    let series = SeriesShape { depth: 500, slack: 8, indicators: columns };
    let venue = ArenaShape { bytes_max: 64 << 20, entries_max: 256 }.bytes()
        + 20 * InstrumentShape { trade_capacity: 2048 }.bytes()
        + 80 * series.bytes();
    let total = PlaneShape::default().bytes() + 3 * venue;
    assert!(total < 60 << 20, "{total} bytes");
}

#[test]
fn limits_are_named() {
    let scratch = Scratch::new("limits");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let tiny = ArenaShape { bytes_max: 256 << 10, entries_max: 3 };
    let mut exchange = writer.exchange(ExchangeId::Okx, &tiny).unwrap();
    let mut series = |timeframe, depth, columns: &[&str]| {
        exchange.series(&symbol(), timeframe, &series_shape(depth, columns)).map(|_| ()).map_err(|e| e.to_string())
    };
    let long = "x".repeat(49);
    for (columns, reason) in [(vec!["a", "a"], "appears twice"), (vec![""], "must have 1"), (vec![&long], "1 to 48")] {
        let error = series(Timeframe::M1, 10, &columns).unwrap_err();
        assert!(error.contains(reason) && error.contains("BTC-USDT 1m"), "{error}");
    }
    assert!(series(Timeframe::M1, 0, &[]).unwrap_err().contains("depth must be"));
    assert!(series(Timeframe::M1, u64::MAX, &[]).unwrap_err().contains("depth must be"));
    assert!(series(Timeframe::M1, 100_000, &[]).unwrap_err().contains("is full: "));
    for timeframe in [Timeframe::M1, Timeframe::M3, Timeframe::M5] {
        series(timeframe, 10, &[]).unwrap();
    }
    assert!(series(Timeframe::H1, 10, &[]).unwrap_err().contains("okx.seg is full (3 keys)"));
    let nonsense = ArenaShape { bytes_max: 4096, entries_max: 1000 };
    assert!(matches!(writer.exchange(ExchangeId::Htx, &nonsense), Err(SegmentError::Shape { .. })));
    let long = tickplane_model::Instrument { venue_symbol: "x".repeat(65), ..instrument() };
    assert!(exchange.instrument(&long, &InstrumentShape::default()).is_err());
}
