//! What holds for every indicator over every run of rows.

use proptest::prelude::*;
use tickplane_model::Candle;

use crate::{Alone, NAMES, bits, gap, row, synthetic};

/// Rows of any mixture of traded, synthetic and gap; a synthetic row stands at the close before it.
pub(crate) fn rows() -> impl Strategy<Value = Vec<Candle>> {
    let one = (0_u32..12, 100_u32..100_000, 0_u32..500, 0_u32..500);
    prop::collection::vec(one, 1..120).prop_map(|rows| {
        let mut close = 10.0;
        let candle = |(n, (kind, ticks, up, down)): (usize, (u32, u32, u32, u32))| {
            let candle = match kind {
                0 => gap(),
                1 | 2 => synthetic(close),
                _ => {
                    close = f64::from(ticks + 500) / 100.0;
                    let (high, low) = (close + f64::from(up) / 100.0, close - f64::from(down) / 100.0);
                    Candle { volume: f64::from(up * down) / 1e3, ..row(high, low, close) }
                }
            };
            Candle { open_time_ns: n as i64 * 3_600_000_000_000, ..candle }
        };
        rows.into_iter().enumerate().map(candle).collect()
    })
}

fn scaled(row: &Candle, factor: f64) -> Candle {
    Candle { high: row.high * factor, low: row.low * factor, close: row.close * factor, ..*row }
}

/// Whether `f(c x)` is `f(x)`; otherwise it is `c f(x)`.
fn is_scale_free(name: &str) -> bool {
    ["rsi", "macdv", "obv"].iter().any(|kind| name.starts_with(kind))
}

proptest! {
    #[test]
    fn a_peek_is_the_update_to_come_and_changes_nothing(name in prop::sample::select(&NAMES), rows in rows()) {
        let (mut peeked, mut alone) = (Alone::new(name), Alone::new(name));
        for candle in &rows {
            peeked.peek(&scaled(candle, 1.5));
            let ahead = peeked.peek(candle);
            prop_assert_eq!(bits(&ahead), bits(&peeked.update(candle)));
            prop_assert_eq!(bits(&ahead), bits(&alone.update(candle)));
        }
    }

    #[test]
    fn a_clone_goes_on_by_itself_bit_for_bit(name in prop::sample::select(&NAMES), rows in rows(), at in 0_usize..120) {
        let mut first = Alone::new(name);
        let at = at.min(rows.len());
        for candle in &rows[..at] {
            first.update(candle);
        }
        let mut second = first.clone();
        let theirs: Vec<_> = rows[at..].iter().map(|candle| bits(&second.update(candle))).collect();
        let ours: Vec<_> = rows[at..].iter().map(|candle| bits(&first.update(candle))).collect();
        prop_assert_eq!(ours, theirs);
    }

    /// By a power of two nothing is rounded differently, so the bits are the same; no guard has a fixed size.
    #[test]
    fn prices_in_another_unit_give_the_same_values(
        name in prop::sample::select(&NAMES),
        rows in rows(),
        power in -60_i32..60,
    ) {
        let factor = 2f64.powi(power);
        let (mut plain, mut other) = (Alone::new(name), Alone::new(name));
        for candle in &rows {
            let ours = other.update(&scaled(candle, factor));
            let expected: Vec<f64> = plain.update(candle)
                .into_iter()
                .map(|value| if is_scale_free(name) { value } else { value * factor })
                .collect();
            prop_assert_eq!(bits(&ours), bits(&expected));
        }
    }

    /// By 1e-9 and 1e9 the prices themselves are rounded anew; what is left of that is far below any use.
    #[test]
    fn tokens_at_a_billionth_give_the_same_values(name in prop::sample::select(&NAMES), rows in rows()) {
        for factor in [1e-9, 1e9] {
            let (mut plain, mut other) = (Alone::new(name), Alone::new(name));
            for candle in &rows {
                let ours = other.update(&scaled(candle, factor));
                for (ours, expected) in ours.into_iter().zip(plain.update(candle)) {
                    let ours = if is_scale_free(name) { ours } else { ours / factor };
                    prop_assert_eq!(ours.is_nan(), expected.is_nan());
                    let size = expected.abs().max(100.0);
                    prop_assert!(expected.is_nan() || (ours - expected).abs() <= 1e-10 * size, "{} {}", ours, expected);
                }
            }
        }
    }

    #[test]
    fn values_are_defined_from_the_stated_row_on(name in prop::sample::select(&NAMES), closes in prop::collection::vec(100_u32..200, 60)) {
        let mut indicator = Alone::new(name);
        let defined = indicator.spec.defined_rows();
        for (n, close) in closes.iter().enumerate() {
            let close = f64::from(*close);
            let values = indicator.update(&row(close + 1.0, close - 1.0, close));
            prop_assert_eq!(n + 1 >= defined, values.iter().all(|value| value.is_finite()));
        }
    }
}

/// The count of `settled_rows`: from there on the first row no longer matters to four digits.
#[test]
fn settled_values_have_forgotten_their_first_row() {
    let walk = |n: usize| {
        let x = n as f64;
        let close = 100.0 + (x * 0.37).sin() * 4.0 + (x * 0.05).cos() * 11.0;
        row(close + 1.0 + (x * 0.9).sin(), close - 1.5 - (x * 0.7).cos(), close)
    };
    for name in [
        "sma_20",
        "ema_20",
        "rma_14",
        "rsi_14",
        "atr_14",
        "atr_14_tv",
        "macd_12_26_9",
        "macd_12_26_9_tv",
        "bbands_20_2",
        "macdv_12_26_26_9",
    ] {
        for start in [37, 101, 160] {
            let (mut full, mut late) = (Alone::new(name), Alone::new(name));
            (0..start).for_each(|n| drop(full.update(&walk(n))));
            let settled = late.spec.settled_rows();
            for n in start..start + settled + 50 {
                let (ours, theirs) = (late.update(&walk(n)), full.update(&walk(n)));
                let apart = (ours[0] - theirs[0]).abs();
                assert!(n < start + settled || apart < 1e-4 * theirs[0].abs().max(1.0), "{name} row {n}: {apart}");
            }
        }
    }
}
