//! Row by row gives what TA-Lib's own batch calls give over the whole, for every period.

use proptest::prelude::*;
use ta_lib::{Core, MAType, OutRange, RetCode};
use tickplane_model::Candle;

use crate::{Alone, row};

/// The columns that TA-Lib takes.
#[derive(Debug)]
struct Market {
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

impl Market {
    fn rows(&self) -> Vec<Candle> {
        let candle = |n: usize| Candle { volume: self.volume[n], ..row(self.high[n], self.low[n], self.close[n]) };
        (0..self.close.len()).map(candle).collect()
    }

    /// The outputs of a batch call in whole columns; NaN before the first value.
    fn batch<const N: usize>(
        &self,
        call: impl FnOnce(&Core, usize, &mut [Vec<f64>; N]) -> Result<OutRange, RetCode>,
    ) -> Vec<Vec<f64>> {
        let rows = self.close.len();
        let mut outputs = [(); N].map(|()| vec![f64::NAN; rows]);
        let range = call(&Core::new(), rows - 1, &mut outputs).expect("TA-Lib computes it");
        let column = |values: Vec<f64>| [vec![f64::NAN; range.beg_idx], values[..range.count].to_vec()].concat();
        outputs.map(column).into()
    }
}

/// Enough for a value of every indicator here.
const ROWS_MIN: usize = 80;

/// Prices in cents and volumes in thousandths, as venues send them.
fn market() -> impl Strategy<Value = Market> {
    let one = (5_000_u32..50_000, 0_u32..300, 0_u32..300, 1_u32..1_000_000);
    prop::collection::vec(one, ROWS_MIN..400).prop_map(|rows| {
        let price = |cents: u32| f64::from(cents) / 100.0;
        Market {
            high: rows.iter().map(|(close, up, _, _)| price(close + up)).collect(),
            low: rows.iter().map(|(close, _, down, _)| price(close - down)).collect(),
            close: rows.iter().map(|(close, ..)| price(*close)).collect(),
            volume: rows.iter().map(|(.., volume)| f64::from(*volume) / 1e3).collect(),
        }
    })
}

/// `tolerance` is relative to `size`, or the bits are the same where it is 0.
fn same(name: &str, market: &Market, expected: &[Vec<f64>], tolerance: f64, size: f64) -> Result<(), TestCaseError> {
    let mut alone = Alone::new(name);
    for (n, row) in market.rows().iter().enumerate() {
        for (ours, column) in alone.update(row).into_iter().zip(expected) {
            let expected = column[n];
            let same = if ours.is_nan() || expected.is_nan() || tolerance == 0.0 {
                ours.to_bits() == expected.to_bits() || (ours.is_nan() && expected.is_nan())
            } else {
                (ours - expected).abs() <= tolerance * size.max(expected.abs())
            };
            prop_assert!(same, "{} row {}: {} for {}", name, n, ours, expected);
        }
    }
    Ok(())
}

proptest! {
    /// The library's own handles promise the bits.
    #[test]
    fn recurrences_have_the_bits_of_talib(m in market(), period in 2_u16..40, slower in 1_u16..20, signal in 2_u16..12) {
        let n = i32::from(period);
        let (slow, third) = (period + slower, i32::from(signal));
        let name = |kind: &str| format!("{kind}_{period}");
        let [high, low, close] = [&m.high, &m.low, &m.close];
        same(&name("ema"), &m, &m.batch(|core, end, [out]| core.ema(0, end, close, n, out)), 0.0, 0.0)?;
        same(&name("rma"), &m, &m.batch(|core, end, [out]| core.rma(0, end, close, n, out)), 0.0, 0.0)?;
        same(&name("rsi"), &m, &m.batch(|core, end, [out]| core.rsi(0, end, close, n, out)), 0.0, 0.0)?;
        same(&name("atr"), &m, &m.batch(|core, end, [out]| core.atr(0, end, high, low, close, n, out)), 0.0, 0.0)?;
        let macd = m.batch(|core, end, [macd, line, hist]| {
            core.macd(0, end, close, n, i32::from(slow), third, macd, line, hist)
        });
        same(&format!("macd_{period}_{slow}_{signal}"), &m, &macd, 0.0, 0.0)?;
    }

    /// Ours are computed otherwise, so that they stay exact for years.
    #[test]
    fn windows_and_totals_agree_with_talib(m in market(), period in 2_u16..60, hundredths in 1_u16..500) {
        let n = i32::from(period);
        let [high, low, close, volume] = [&m.high, &m.low, &m.close, &m.volume];
        same(&format!("sma_{period}"), &m, &m.batch(|core, end, [out]| core.sma(0, end, close, n, out)), 1e-12, 0.0)?;
        let deviations = f64::from(hundredths) / 100.0;
        let bands = m.batch(|core, end, [upper, middle, lower]| {
            core.bbands(0, end, close, n, deviations, deviations, MAType::SMA, upper, middle, lower)
        });
        // A band may come near zero; its parts do not.
        same(&format!("bbands_{period}_{deviations}"), &m, &bands, 1e-11, 100.0)?;
        same("obv", &m, &m.batch(|core, end, [out]| core.obv(0, end, close, volume, out)), 1e-12, 1e6)?;
        let vwap = m.batch(|core, end, [out]| core.vwap(0, end, high, low, close, volume, out));
        same("vwap_cumulative", &m, &vwap, 1e-12, 0.0)?;
    }
}
