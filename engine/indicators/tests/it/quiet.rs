//! Rows without trades: what synthetic rows feed, and that gaps feed nothing.

use tickplane_model::{Candle, Quality};

use crate::{Alone, NAMES, bits, gap, row, synthetic};

/// Some rows of a market that moves.
fn rows() -> Vec<Candle> {
    (0..120)
        .map(|n| {
            let close = 50.0 + (f64::from(n) * 0.7).sin() * 5.0;
            row(close + 1.0 + f64::from(n % 3), close - 1.5, close)
        })
        .collect()
}

#[test]
fn a_gap_has_no_value_and_leaves_no_trace() {
    for name in NAMES {
        let (mut with, mut without) = (Alone::new(name), Alone::new(name));
        for (n, row) in rows().iter().enumerate() {
            if n % 7 == 3 {
                assert!(with.peek(&gap()).iter().all(|value| value.is_nan()), "{name}");
                assert!(with.update(&gap()).iter().all(|value| value.is_nan()), "{name}");
            }
            assert_eq!(bits(&with.update(row)), bits(&without.update(row)), "{name} row {n}");
        }
    }
}

#[test]
fn synthetic_rows_feed_no_true_range_and_no_volume_and_the_value_is_carried() {
    for name in ["atr_14", "atr_14_tv", "vwap_session", "vwap_cumulative", "obv", "obv_tv"] {
        let (mut with, mut without) = (Alone::new(name), Alone::new(name));
        for (n, row) in rows().iter().enumerate() {
            let mut value = without.update(row);
            assert_eq!(bits(&with.update(row)), bits(&value), "{name} row {n}");
            if name == "obv_tv" && n == 0 {
                value = vec![0.0];
            }
            // A volume where nothing was traded is no volume.
            let quiet = Candle { volume: 7.0, ..synthetic(row.close) };
            assert_eq!(bits(&with.peek(&quiet)), bits(&value), "{name} row {n}");
            assert_eq!(bits(&with.update(&quiet)), bits(&value), "{name} row {n}");
        }
    }
}

#[test]
fn synthetic_rows_feed_their_close() {
    for name in ["sma_20", "ema_20", "rma_14", "rsi_14", "macd_12_26_9", "macd_12_26_9_tv", "bbands_20_2"] {
        let (mut flagged, mut traded) = (Alone::new(name), Alone::new(name));
        for row in rows() {
            for quiet in [row, synthetic(row.close)] {
                let same = Candle { quality: Quality::FINAL, ..quiet };
                assert_eq!(bits(&flagged.update(&quiet)), bits(&traded.update(&same)), "{name}");
            }
        }
    }
}

#[test]
fn a_market_that_never_moved_has_a_macdv_of_zero() {
    let mut macdv = Alone::new("macdv_2_3_2_2");
    let flat: Vec<_> = (0..6).map(|_| macdv.update(&row(5.0, 5.0, 5.0))).collect();
    assert!(flat[0][0].is_nan() && flat[1][0].is_nan());
    assert_eq!(flat[5], [0.0, 0.0, 0.0]);
    // A step in closes alone, with an ATR that knows no range: no measure rather than an infinite one.
    let step = macdv.update(&synthetic(6.0));
    assert!(step.iter().all(|value| value.is_nan()), "{step:?}");
}

#[test]
fn an_rsi_without_any_change_is_neutral() {
    let mut rsi = Alone::new("rsi_2");
    let values: Vec<_> = (0..4).map(|_| rsi.update(&row(5.0, 5.0, 5.0))[0]).collect();
    assert!(values[1].is_nan());
    assert_eq!(values[2..], [50.0, 50.0]);
}

#[test]
fn a_market_that_stands_still_has_bands_of_no_width() {
    let mut bands = Alone::new("bbands_20_2");
    // An active market before it must leave nothing behind.
    rows().iter().for_each(|row| drop(bands.update(row)));
    let values: Vec<_> = (0..25).map(|_| bands.update(&row(0.1, 0.1, 0.1))).collect();
    assert!(values[18][0] > values[18][2]);
    values[19..].iter().for_each(|values| assert_eq!(values[..], [0.1, 0.1, 0.1]));
}

#[test]
fn a_session_begins_its_average_at_midnight_whatever_was_traded_before() {
    let hour = |n: i64, price: f64, volume: f64| Candle {
        open_time_ns: n * 3_600_000_000_000,
        volume,
        ..row(price + 1.0, price - 1.0, price)
    };
    let mut vwap = Alone::new("vwap_session");
    assert_eq!(vwap.update(&hour(22, 100.0, 3.0)), [100.0]);
    assert_eq!(vwap.update(&hour(23, 200.0, 1.0)), [125.0]);
    assert_eq!((vwap.set.defined(0), vwap.set.settled(0)), (Some(0), None), "the day began without us");
    // The first hour of the day is quiet: there is no average yet.
    let quiet = Candle { open_time_ns: 24 * 3_600_000_000_000, ..synthetic(200.0) };
    assert!(vwap.peek(&quiet)[0].is_nan() && vwap.update(&quiet)[0].is_nan());
    assert_eq!(vwap.set.settled(0), Some(2));
    assert_eq!(vwap.peek(&hour(25, 50.0, 0.5)), [50.0]);
    assert_eq!(vwap.update(&hour(25, 40.0, 1.0)), [40.0]);
    // The next session begins behind a gap.
    assert!(vwap.update(&gap())[0].is_nan());
    assert_eq!(vwap.update(&hour(49, 60.0, 1.0)), [60.0]);
    assert_eq!(vwap.update(&hour(50, 30.0, 2.0)), [40.0]);
}

/// The rows began the day before, so the session is all there is of it, whenever its first trade came.
#[test]
fn a_session_that_opens_late_is_settled() {
    let mut vwap = Alone::new("vwap_session");
    for (hour, settled) in [(22, None), (25, Some(1)), (26, Some(1))] {
        vwap.update(&Candle { open_time_ns: hour * 3_600_000_000_000, ..row(2.0, 1.0, 2.0) });
        assert_eq!(vwap.set.settled(0), settled);
    }
}

#[test]
fn volume_is_added_where_the_close_rises_and_taken_where_it_falls() {
    let mut obv = Alone::new("obv");
    let mut tv = Alone::new("obv_tv");
    for (close, volume, total) in
        [(10.0, 5.0, 5.0), (11.0, 2.0, 7.0), (11.0, 9.0, 7.0), (10.5, 3.0, 4.0), (10.6, 0.25, 4.25)]
    {
        let row = Candle { volume, ..row(close, close, close) };
        assert_eq!(obv.update(&row), [total]);
        let value = tv.update(&row)[0];
        assert!(value == total - 5.0 || (value.is_nan() && total == 5.0));
    }
}
