//! Contracts into base quantity, correctly rounded.

/// The base quantity of one contract, as a decimal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct ContractSize {
    /// `digits` at `places` decimals; `None` where they would not be exact.
    decimal: Option<(f64, usize)>,
    size: f64,
}

/// Whole numbers below this are exact, and so are their products.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Powers of ten, each exact.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Decimals that a contract size or a number of contracts has at most.
const PLACES_MAX: usize = 11;

impl ContractSize {
    /// `None` for a size that is unknown or none.
    pub(crate) fn new(size: f64) -> Option<Self> {
        (size.is_finite() && size > 0.0).then(|| Self { decimal: decimal(size), size })
    }

    /// The `f64` nearest to contracts times size, both as the decimals that they print as: 3 contracts of 0.1 are 0.3,
    /// where the product of the two `f64` is 0.30000000000000004.
    pub(crate) fn base(self, contracts: f64) -> f64 {
        let exact = self.decimal.zip(decimal(contracts)).and_then(|((size, a), (count, b))| {
            let digits = size * count;
            // Both operands of the division are exact, so it rounds once.
            (digits < EXACT_MAX).then(|| digits / POWERS[a + b])
        });
        exact.unwrap_or(self.size * contracts)
    }
}

/// A number of few decimals as digits and their places: the fewest that give it back.
fn decimal(number: f64) -> Option<(f64, usize)> {
    (0..=PLACES_MAX).find_map(|places| {
        let digits = (number * POWERS[places]).round();
        (digits < EXACT_MAX && digits / POWERS[places] == number).then_some((digits, places))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_prints_as_the_decimals_multiply() {
        for (size, contracts, expected) in [
            (0.1, 3.0, 0.3),
            (0.01, 12.34, 0.1234),
            (0.001, 7.0, 0.007),
            (10.0, 0.7, 7.0),
            (1.0, 0.1, 0.1),
            (100_000.0, 17.0, 1_700_000.0),
            (0.000_1, 123_456_789.0, 12_345.678_9),
            (0.0, 1.0, f64::NAN),
            (f64::NAN, 1.0, f64::NAN),
        ] {
            let base = ContractSize::new(size).map_or(f64::NAN, |size| size.base(contracts));
            assert!(base == expected || base.is_nan() && expected.is_nan(), "{contracts} x {size} = {base}");
        }
    }

    #[test]
    fn a_hundred_thousand_products_are_the_nearest_to_the_exact_one() {
        // What the standard library reads of the exact digits is the nearest.
        for number in 1..100_000_u64 {
            let (size, contracts) = (0.01, (number * 7_919) as f64 / 1_000.0);
            let exact = number * 7_919;
            let expected: f64 = format!("{}.{:05}", exact / 100_000, exact % 100_000).parse().unwrap();
            assert_eq!(ContractSize::new(size).unwrap().base(contracts), expected, "{contracts}");
        }
    }

    #[test]
    fn what_is_too_fine_to_be_exact_is_the_plain_product() {
        let third = 1.0 / 3.0;
        assert_eq!(ContractSize::new(third).unwrap().base(5.0), third * 5.0);
        assert_eq!(ContractSize::new(0.1).unwrap().base(1e16), 1e15);
    }
}
