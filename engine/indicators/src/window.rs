//! Mean and variance of the last closes, for ever as exact as if computed afresh.
//!
//! Running sums of values and squares lose digits with every row, and all of them after one print that is a million
//! times too large (TA-Lib's own simple moving average is off by 7e-9 then, plain sums of squares by 2000 %). So the
//! sums here are of distances from a price near the window's own, and are made anew from the rows themselves every
//! [`FRESH_PERIODS`] periods, and at once when what is left of them is small against what they held: then the digits
//! that would remain are those of the print that left.

use crate::past::Past;

/// Periods after which the sums are made anew: often enough to forget rounding, seldom enough to cost nothing.
const FRESH_PERIODS: u32 = 32;

/// The variance, relative to the greatest mean square since the sums were made, below which they are made anew: at
/// least twelve of their sixteen digits are always good.
const TRUST: f64 = 1e-3;

/// The sums over a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    period: u32,
    /// Rows since the sums were made; 0 while the window is not full.
    rows: u32,
    /// What distances are measured from.
    origin: f64,
    /// Of the distances.
    sum: f64,
    /// Of their squares.
    squares: f64,
    /// The greatest `squares` since the sums were made, the row that left included.
    peak: f64,
}

impl Window {
    pub(crate) fn new(period: u16) -> Self {
        Self { period: u32::from(period), rows: 0, origin: 0.0, sum: 0.0, squares: 0.0, peak: 0.0 }
    }

    /// The window after one more close.
    #[inline]
    pub(crate) fn next(&self, close: f64, closes: &Past<1>) -> Self {
        let period = self.period as usize;
        if closes.taken() < period as u64 {
            return if closes.taken() + 1 < period as u64 { *self } else { self.fresh(close, closes) };
        }
        let ([leaving], origin) = (closes.ago(period), self.origin);
        let (enters, leaves) = (close - origin, leaving - origin);
        let both = self.squares + enters * enters;
        let slid = Self {
            rows: self.rows + 1,
            sum: self.sum + (enters - leaves),
            squares: both - leaves * leaves,
            peak: self.peak.max(both),
            ..*self
        };
        if slid.is_good() { slid } else { self.fresh(close, closes) }
    }

    #[inline]
    fn is_good(&self) -> bool {
        let square = self.peak / f64::from(self.period);
        self.rows < FRESH_PERIODS * self.period && (square == 0.0 || self.spread() >= TRUST * square)
    }

    /// The sums made anew, from distances to the mean itself: in a market that stands still they are exactly 0.
    #[cold]
    fn fresh(&self, close: f64, closes: &Past<1>) -> Self {
        let count = f64::from(self.period);
        let older = closes.last(self.period as usize - 1).map(|[x]| x);
        let origin = close + older.clone().map(|x| x - close).sum::<f64>() / count;
        let distance = close - origin;
        let start = (distance, distance * distance);
        let (sum, squares) = older.map(|x| x - origin).fold(start, |(sum, squares), x| (sum + x, squares + x * x));
        Self { rows: 1, origin, sum, squares, peak: squares, ..*self }
    }

    /// NaN while the window is not full.
    #[inline]
    pub(crate) fn mean(&self) -> f64 {
        if self.rows == 0 { f64::NAN } else { self.origin + self.sum / f64::from(self.period) }
    }

    /// The variance as the sums have it.
    #[inline]
    fn spread(&self) -> f64 {
        let (mean, count) = (self.sum / f64::from(self.period), f64::from(self.period));
        self.squares / count - mean * mean
    }

    /// The standard deviation of the whole population; it means something where the mean does.
    #[inline]
    pub(crate) fn deviation(&self) -> f64 {
        self.spread().max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However calm the market, rounding never adds up over more than so many periods.
    #[test]
    fn sums_are_never_old() {
        let (mut window, mut closes) = (Window::new(5), Past::new(5));
        let mut oldest = 0;
        for n in 0..10_000 {
            let close = 100.0 + (f64::from(n) * 0.7).sin();
            window = window.next(close, &closes);
            closes.push([close]);
            oldest = oldest.max(window.rows);
        }
        assert_eq!(oldest, FRESH_PERIODS * 5 - 1);
    }
}
