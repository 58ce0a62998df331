//! Exact decimal text of integer ticks and lots.

use std::fmt;

/// `value` × 10^-`decimals`, printed exactly; never a float on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decimal {
    value: i128,
    decimals: u32,
    places: Option<u32>,
}

impl Decimal {
    /// Printed with as many fraction digits as the step has.
    pub(crate) fn new(value: impl Into<i128>, decimals: u32) -> Self {
        Self { value: value.into(), decimals, places: Some(decimals) }
    }

    /// Printed with exactly `places` fraction digits; digits beyond are cut.
    pub(crate) fn places(self, places: u32) -> Self {
        Self { places: Some(places), ..self }
    }

    /// Printed without trailing zeros, as Coinbase does.
    pub(crate) fn trimmed(self) -> Self {
        Self { places: None, ..self }
    }

    /// The nearest `f64`: the standard library's parser rounds once and correctly.
    pub(crate) fn nearest(self) -> f64 {
        format!("{}e-{}", self.value, self.decimals).parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_i128.pow(self.decimals);
        let magnitude = self.value.abs();
        let whole = magnitude / scale;
        let digits = format!("{:0width$}", magnitude % scale, width = self.decimals as usize);
        let mut fraction = if self.decimals == 0 { String::new() } else { digits };
        match self.places {
            None => fraction.truncate(fraction.trim_end_matches('0').len()),
            Some(places) => {
                let places = places as usize;
                fraction.truncate(places);
                while fraction.len() < places {
                    fraction.push('0');
                }
            }
        }
        let sign = if self.value < 0 { "-" } else { "" };
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_every_digit_and_no_other() {
        for (decimal, text) in [
            (Decimal::new(8_374_430_i64, 2).places(8), "83744.30000000"),
            (Decimal::new(44_780_i64, 8), "0.00044780"),
            (Decimal::new(44_780_i64, 8).trimmed(), "0.0004478"),
            (Decimal::new(100_i64, 2).trimmed(), "1"),
            (Decimal::new(7_i64, 0), "7"),
            (Decimal::new(7_i64, 0).places(2), "7.00"),
            (Decimal::new(-4_293_i64, 1), "-429.3"),
            (Decimal::new(-5_i64, 2), "-0.05"),
            (Decimal::new(123_456_789_i64, 9).places(4), "0.1234"),
        ] {
            assert_eq!(decimal.to_string(), text);
        }
    }

    #[test]
    fn the_nearest_float_is_rounded_once() {
        assert_eq!(Decimal::new(1_i64, 1).nearest(), 0.1);
        // 2^53 + 1 over ten: dividing two rounded floats would land one step away.
        assert_eq!(Decimal::new(9_007_199_254_740_993_i64, 1).nearest(), "900719925474099.3".parse::<f64>().unwrap());
    }
}
