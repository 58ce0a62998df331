//! Indicators against golden values, against themselves, over years and over rows without trades.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod allocation;
mod batch;
mod golden;
mod properties;
mod quiet;
mod set;
mod windows;

use tickplane_indicators::{IndicatorSet, IndicatorSpec};
use tickplane_model::{Candle, Quality};

/// Every kind, at its usual parameters and at odd ones.
pub(crate) const NAMES: [&str; 25] = [
    "sma_20",
    "sma_2",
    "ema_20",
    "ema_2",
    "ema_12",
    "rma_14",
    "rma_2",
    "rsi_14",
    "rsi_2",
    "atr_14",
    "atr_1",
    "atr_14_tv",
    "atr_1_tv",
    "macd_12_26_9",
    "macd_2_3_2",
    "macd_12_26_9_tv",
    "macd_2_3_2_tv",
    "bbands_20_2",
    "bbands_2_0.5",
    "macdv_12_26_26_9",
    "macdv_2_9_3_4",
    "macdv_3_5_20_2",
    "vwap_session",
    "obv",
    "obv_tv",
];

/// An indicator that has a series for itself.
#[derive(Clone)]
pub(crate) struct Alone {
    pub(crate) spec: IndicatorSpec,
    pub(crate) set: IndicatorSet,
    row: u64,
}

impl Alone {
    pub(crate) fn new(name: &str) -> Self {
        let spec: IndicatorSpec = name.parse().unwrap_or_else(|error| panic!("{error}"));
        Self { spec, set: IndicatorSet::new(&[spec]), row: 0 }
    }

    pub(crate) fn update(&mut self, row: &Candle) -> Vec<f64> {
        let mut values = vec![f64::INFINITY; self.set.outputs()];
        self.set.update(self.row, row, &mut values);
        self.row += 1;
        values
    }

    pub(crate) fn peek(&self, row: &Candle) -> Vec<f64> {
        let mut values = vec![f64::INFINITY; self.set.outputs()];
        self.set.peek(row, &mut values);
        values
    }
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
