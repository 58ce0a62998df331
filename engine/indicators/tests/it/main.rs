//! Indicators against golden values, against themselves, and over rows without trades.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod golden;
mod properties;
mod quiet;
mod set;

use tickplane_indicators::{Indicator, IndicatorSpec, OUTPUTS_MAX};
use tickplane_model::{Candle, Quality};

/// Every kind, at its usual parameters and at odd ones.
pub(crate) const NAMES: [&str; 12] = [
    "ema_20",
    "ema_2",
    "ema_12",
    "rsi_14",
    "rsi_2",
    "atr_14",
    "atr_1",
    "macd_12_26_9",
    "macd_2_3_2",
    "macdv_12_26_26_9",
    "macdv_2_9_3_4",
    "macdv_3_5_20_2",
];

pub(crate) fn indicator(name: &str) -> Indicator {
    Indicator::new(&name.parse::<IndicatorSpec>().unwrap_or_else(|error| panic!("{error}")))
}

pub(crate) fn update(indicator: &mut Indicator, row: &Candle) -> Vec<f64> {
    let mut out = [f64::NAN; OUTPUTS_MAX];
    indicator.update(row, &mut out);
    out[..indicator.outputs()].to_vec()
}

pub(crate) fn peek(indicator: &Indicator, row: &Candle) -> Vec<f64> {
    let mut out = [f64::NAN; OUTPUTS_MAX];
    indicator.peek(row, &mut out);
    out[..indicator.outputs()].to_vec()
}

pub(crate) fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A traded row.
pub(crate) fn row(high: f64, low: f64, close: f64) -> Candle {
    Candle {
        open_time_ns: 0,
        open: close,
        high,
        low,
        close,
        volume: 1.0,
        quote_volume: close,
        taker_buy_volume: 0.0,
        trade_count: 1,
        quality: Quality::FINAL,
    }
}

/// A row without trades at the close before it.
pub(crate) fn synthetic(close: f64) -> Candle {
    Candle { volume: 0.0, trade_count: 0, quality: Quality::FINAL.with(Quality::SYNTHETIC), ..row(close, close, close) }
}

/// A row of an outage.
pub(crate) fn gap() -> Candle {
    let none = row(f64::NAN, f64::NAN, f64::NAN);
    Candle { volume: 0.0, trade_count: 0, quality: Quality::FINAL.with_gap_ms(60_000), ..none }
}
