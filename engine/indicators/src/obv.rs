//! On-balance volume.

use crate::input::Input;
use crate::sum::Sum;

/// Volume added where the close rose and taken away where it fell.
///
/// It is a total since the first row: its level means nothing, its changes do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Obv {
    /// Whether the first row's volume counts.
    counts_first: bool,
    /// The close before; NaN before the first row.
    close: f64,
    total: Sum,
}

impl Obv {
    /// TA-Lib's, which begins at the first row's volume.
    pub(crate) fn talib() -> Self {
        Self { counts_first: true, close: f64::NAN, total: Sum::default() }
    }

    /// TradingView's, which has no value in the first row.
    pub(crate) fn tv() -> Self {
        Self { counts_first: false, ..Self::talib() }
    }

    #[inline]
    pub(crate) fn update(&mut self, input: &Input) -> f64 {
        let is_first = self.close.is_nan();
        let volume = if input.traded { input.volume } else { 0.0 };
        if input.close > self.close || (is_first && self.counts_first) {
            self.total.add(volume);
        } else if input.close < self.close {
            self.total.add(-volume);
        }
        self.close = input.close;
        if is_first && !self.counts_first { f64::NAN } else { self.total.value() }
    }
}
