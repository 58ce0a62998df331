//! MACD-V: the distance of two averages of the close in units of the average true range.

use tickplane_model::{Candle, Quality};

use crate::average::Average;

/// `(EMA fast - EMA slow) / ATR * 100`, its signal (an EMA of it) and their difference, after Spiroglou 2022.
///
/// The ATR is the informative one: rows without trades have no true range and leave it as it is. Forward-filled rows
/// would let it decay, and MACD-V explode, exactly where the market is thin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Macdv {
    fast: Average,
    slow: Average,
    range: Average,
    signal: Average,
    /// The close before; NaN before the first row.
    close: f64,
}

impl Macdv {
    pub(crate) fn new(fast: u16, slow: u16, range: u16, signal: u16) -> Self {
        Self {
            fast: Average::exponential(fast),
            slow: Average::exponential(slow),
            range: Average::wilder(range),
            signal: Average::exponential(signal),
            close: f64::NAN,
        }
    }

    /// Takes a row that is not a gap: line, signal, histogram.
    pub(crate) fn update(&mut self, candle: &Candle) -> [f64; 3] {
        self.fast.update(candle.close);
        self.slow.update(candle.close);
        if !candle.quality.contains(Quality::SYNTHETIC) {
            // `max` and `min` pass over the NaN before the first row: there it is high - low.
            self.range.update(candle.high.max(self.close) - candle.low.min(self.close));
        }
        self.close = candle.close;
        let line = normalised(self.fast.value() - self.slow.value(), self.range.value());
        if line.is_finite() {
            self.signal.update(line);
        }
        let signal = if line.is_finite() { self.signal.value() } else { f64::NAN };
        [line, signal, line - signal]
    }
}

/// In a market that has never moved a distance of 0 is 0; any other has no measure. Never floored, never capped.
fn normalised(distance: f64, range: f64) -> f64 {
    match (distance == 0.0, range == 0.0) {
        (true, true) => 0.0,
        (false, true) => f64::NAN,
        _ => distance / range * 100.0,
    }
}
