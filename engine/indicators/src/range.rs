//! The average true range with TradingView's seed.

use crate::average::Average;
use crate::input::Input;

/// Wilder's average of true ranges, from the first row on. Rows without trades have no true range: there it is carried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    average: Average,
    /// The close before; NaN before the first row.
    close: f64,
}

impl Range {
    pub(crate) fn new(period: u16) -> Self {
        Self { average: Average::wilder(period), close: f64::NAN }
    }

    /// Takes a row and gives the average.
    #[inline]
    pub(crate) fn update(&mut self, input: &Input) -> f64 {
        if input.traded {
            // `max` and `min` pass over the NaN before the first row: there it is high - low.
            self.average.update(input.high.max(self.close) - input.low.min(self.close));
        }
        self.close = input.close;
        self.average.value()
    }
}
