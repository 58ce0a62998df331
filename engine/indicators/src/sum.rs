//! A running sum that keeps what rounding would drop.

/// A compensated sum, after Neumaier 1974: its error does not grow with the number of terms.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Sum {
    rounded: f64,
    dropped: f64,
}

impl Sum {
    #[inline]
    pub(crate) fn add(&mut self, x: f64) {
        let sum = self.rounded + x;
        let (larger, smaller) = if self.rounded.abs() >= x.abs() { (self.rounded, x) } else { (x, self.rounded) };
        self.dropped += (larger - sum) + smaller;
        self.rounded = sum;
    }

    #[inline]
    pub(crate) fn value(self) -> f64 {
        self.rounded + self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_a_large_one() {
        let mut sum = Sum::default();
        for x in [1.0, 1e100, 0.25, -1e100, 0.5] {
            sum.add(x);
        }
        assert_eq!(sum.value(), 1.75);
        let mut tenths = Sum::default();
        (0..1_000_000).for_each(|_| tenths.add(0.1));
        assert_eq!(tenths.value(), 100_000.0, "a million times the f64 nearest 0.1 is less than half a digit more");
    }
}
