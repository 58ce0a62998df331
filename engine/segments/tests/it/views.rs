//! Views and copies: exact about what was overwritten, whole through revisions.

use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{Plane, PlaneWriter, ReadError, SeriesReader, SeriesWriter};

use crate::fixture::*;

const DEPTH: u64 = 24;
/// DEPTH + 8 slack, a multiple of 8.
const CAPACITY: u64 = 32;

fn with_series(name: &str, test: impl FnOnce(&mut SeriesWriter, &SeriesReader)) {
    let scratch = Scratch::new(name);
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(DEPTH, &["ema_9"])).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    test(&mut series, &plane.series(&candles_key()).unwrap());
}

#[test]
fn a_view_is_valid_until_the_very_append_that_overwrites_it() {
    with_series("lapping", |series, reader| {
        for start in 0..CAPACITY {
            for n in [1, 2, DEPTH - 1, DEPTH] {
                while series.rows().end < start + 3 * DEPTH {
                    series.append(&candle(series.rows().end), &[]);
                }
                let head = series.rows().end;
                let view = reader.view(n as usize).unwrap();
                assert_eq!(view.rows(), head - n..head);
                let due: Vec<f64> = view.rows().map(|row| candle(row).close).collect();
                for appended in 1..=CAPACITY - n {
                    series.append(&candle(series.rows().end), &[]);
                    assert_eq!(view.values(4).collect::<Vec<_>>(), due, "rows are one contiguous piece");
                    assert!(view.validate(), "{n} rows lost after {appended} of {CAPACITY}");
                }
                series.append(&candle(series.rows().end), &[]);
                assert!(!view.validate(), "an overwritten view of {n} rows passes");
                assert_ne!(view.values(4).next(), due.first().copied(), "the first row is the overwritten one");
            }
        }
    });
}

#[test]
fn a_revision_invalidates_views_and_shows_in_copies() {
    with_series("revised", |series, reader| {
        for row in 0..30 {
            series.append(&candle(row), &[row as f64]);
        }
        let view = reader.view(10).unwrap();
        assert!(view.validate());
        assert!(series.revise(25, &candle(77), &[-1.0]));
        assert!(!view.validate());
        assert!(series.revise_candle(26, &candle(78)), "the indicator stays");
        let copy = reader.rows(24..28).unwrap();
        assert_eq!(copy.candles, vec![candle(24), candle(77), candle(78), candle(27)]);
        let mut values = [0.0; 5];
        assert_eq!(reader.column("ema_9", &mut values).unwrap(), 25..30);
        assert_eq!(values, [-1.0, 26.0, 27.0, 28.0, 29.0]);
        assert!(!series.revise(5, &candle(0), &[]), "row 5 is beyond the depth");
        assert!(!series.revise(30, &candle(0), &[]), "row 30 does not exist");
        assert_eq!(series.candle(25), Some(candle(77)));
        assert_eq!(series.candle(5), None);
    });
}

#[test]
fn late_history_goes_before_the_first_row() {
    with_series("prepended", |series, reader| {
        series.begin_at(100);
        series.append(&candle(100), &[]);
        let view = reader.view(1).unwrap();
        for row in (100 - DEPTH + 1..100).rev() {
            assert_eq!(series.prepend(&candle(row), &[row as f64]), Some(row));
        }
        assert_eq!(series.prepend(&candle(0), &[]), None, "the depth is full");
        assert!(view.validate(), "older rows disturb nobody");
        assert_eq!((reader.first_row(), reader.head()), (Ok(77), Ok(101)));
        assert_eq!(reader.candles(99).unwrap().candles, (77..=100).map(candle).collect::<Vec<_>>());
        let mut values = [0.0; DEPTH as usize];
        reader.column("ema_9", &mut values).unwrap();
        assert_eq!((values[0], values[22]), (77.0, 99.0));

        series.begin_at(5000);
        assert!(!view.validate());
        assert_eq!(reader.candles(9), Err(ReadError::Empty));
        assert_eq!(reader.view(9).err(), Some(ReadError::Empty));
        assert_eq!((series.append(&candle(5000), &[]), series.rows()), (5000, 5000..5001));
        assert_eq!(reader.rows(0..u64::MAX).unwrap().candles, vec![candle(5000)]);
        assert_eq!(reader.rows(0..5000), Err(ReadError::Empty));
    });
}
