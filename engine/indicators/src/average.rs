//! Moving averages seeded by the mean of their first values, as TradingView has them.

/// An exponential moving average: `value += weight * (x - value)`, the form with the least rounding error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Average {
    period: u32,
    weight: f64,
    /// Values taken so far, as far as the seed.
    taken: u32,
    /// The sum of the values taken, then the average.
    value: f64,
}

impl Average {
    /// Exponential with weight 2 / (period + 1).
    pub(crate) fn exponential(period: u16) -> Self {
        Self::new(period, 2.0 / (f64::from(period) + 1.0))
    }

    /// Wilder's, with weight 1 / period.
    pub(crate) fn wilder(period: u16) -> Self {
        Self::new(period, 1.0 / f64::from(period))
    }

    fn new(period: u16, weight: f64) -> Self {
        Self { period: u32::from(period), weight, taken: 0, value: 0.0 }
    }

    /// Takes a value.
    pub(crate) fn update(&mut self, x: f64) {
        if self.taken == self.period {
            self.value += self.weight * (x - self.value);
            return;
        }
        self.value += x;
        self.taken += 1;
        if self.taken == self.period {
            self.value /= f64::from(self.period);
        }
    }

    /// The average; NaN before it has taken as many values as its period.
    pub(crate) fn value(&self) -> f64 {
        if self.taken == self.period { self.value } else { f64::NAN }
    }
}
