//! One indicator over one series.

use tickplane_model::Candle;

use crate::set::IndicatorSet;
use crate::spec::IndicatorSpec;

/// An indicator by itself: a set of one whose rows need no numbers.
#[derive(Clone, Debug)]
pub struct Indicator {
    spec: IndicatorSpec,
    set: IndicatorSet,
    row: u64,
}

impl Indicator {
    /// An indicator that has seen nothing.
    #[must_use]
    pub fn new(spec: &IndicatorSpec) -> Self {
        Self { spec: *spec, set: IndicatorSet::new(&[*spec]), row: 0 }
    }

    /// What it is.
    #[must_use]
    pub fn spec(&self) -> &IndicatorSpec {
        &self.spec
    }

    /// How many values a row gives.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.set.outputs()
    }

    /// Takes a closed row, see [`IndicatorSet::update`].
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::outputs`].
    pub fn update(&mut self, row: &Candle, out: &mut [f64]) {
        self.set.update(self.row, row, out);
        self.row += 1;
    }

    /// Looks at the open candle, see [`IndicatorSet::peek`].
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::outputs`].
    pub fn peek(&self, open: &Candle, out: &mut [f64]) {
        self.set.peek(open, out);
    }
}
