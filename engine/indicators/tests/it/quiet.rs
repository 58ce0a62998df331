//! Rows without trades: what synthetic rows feed, and that gaps feed nothing.

use tickplane_model::{Candle, Quality};

use crate::{NAMES, bits, gap, indicator, peek, row, synthetic, update};

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
        let (mut with, mut without) = (indicator(name), indicator(name));
        for (n, row) in rows().iter().enumerate() {
            if n % 7 == 3 {
                assert!(peek(&with, &gap()).iter().all(|value| value.is_nan()), "{name}");
                assert!(update(&mut with, &gap()).iter().all(|value| value.is_nan()), "{name}");
            }
            assert_eq!(bits(&update(&mut with, row)), bits(&update(&mut without, row)), "{name} row {n}");
        }
    }
}

#[test]
fn synthetic_rows_feed_no_true_range_and_the_atr_is_carried() {
    let (mut with, mut without) = (indicator("atr_14"), indicator("atr_14"));
    for (n, row) in rows().iter().enumerate() {
        let value = update(&mut without, row);
        assert_eq!(bits(&update(&mut with, row)), bits(&value), "row {n}");
        let quiet = synthetic(row.close);
        assert_eq!(bits(&peek(&with, &quiet)), bits(&value), "row {n}");
        assert_eq!(bits(&update(&mut with, &quiet)), bits(&value), "row {n}");
    }
}

#[test]
fn synthetic_rows_feed_their_close() {
    for name in ["ema_20", "rsi_14", "macd_12_26_9"] {
        let (mut flagged, mut traded) = (indicator(name), indicator(name));
        for row in rows() {
            for quiet in [row, synthetic(row.close)] {
                let same = Candle { quality: Quality::FINAL, ..quiet };
                assert_eq!(bits(&update(&mut flagged, &quiet)), bits(&update(&mut traded, &same)), "{name}");
            }
        }
    }
}

#[test]
fn a_market_that_never_moved_has_a_macdv_of_zero() {
    let mut macdv = indicator("macdv_2_3_2_2");
    let flat: Vec<_> = (0..6).map(|_| update(&mut macdv, &row(5.0, 5.0, 5.0))).collect();
    assert!(flat[0][0].is_nan() && flat[1][0].is_nan());
    assert_eq!(flat[5], [0.0, 0.0, 0.0]);
    // A step in closes alone, with an ATR that knows no range: no measure rather than an infinite one.
    let step = update(&mut macdv, &synthetic(6.0));
    assert!(step.iter().all(|value| value.is_nan()), "{step:?}");
}

#[test]
fn an_rsi_without_any_change_is_neutral() {
    let mut rsi = indicator("rsi_2");
    let values: Vec<_> = (0..4).map(|_| update(&mut rsi, &row(5.0, 5.0, 5.0))[0]).collect();
    assert!(values[1].is_nan());
    assert_eq!(values[2..], [50.0, 50.0]);
}
