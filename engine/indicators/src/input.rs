//! What a row says to indicators.

use tickplane_model::{Candle, Quality};

/// Prices and volumes beyond this are no prices: the row feeds nothing, like a gap. Below it no sum or square of any
/// indicator leaves the range of an `f64`.
const SIZE_MAX: f64 = 1e150;

/// A row that is not a gap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input {
    pub(crate) open_time_ns: i64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    /// In base currency.
    pub(crate) volume: f64,
    /// Whether there were trades: without them a row has its close, but no true range and no volume.
    pub(crate) traded: bool,
}

impl Input {
    /// `None` for a gap.
    #[inline]
    pub(crate) fn of(row: &Candle) -> Option<Self> {
        let good = |x: f64| x.abs() <= SIZE_MAX;
        (good(row.high) && good(row.low) && good(row.close) && good(row.volume)).then_some(Self {
            open_time_ns: row.open_time_ns,
            high: row.high,
            low: row.low,
            close: row.close,
            volume: row.volume,
            traded: !row.quality.contains(Quality::SYNTHETIC),
        })
    }

    #[inline]
    pub(crate) fn bar(&self) -> [f64; 3] {
        [self.high, self.low, self.close]
    }
}
