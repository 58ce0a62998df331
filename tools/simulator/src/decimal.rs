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

/// The digits of a decimal's text, kept exactly; zeros at the end of the fraction do not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Digits {
    value: i64,
    decimals: u32,
}

impl Digits {
    /// Reads `61837.63000000`: not negative, no exponent, at most 18 digits.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let value = if digits.is_empty() { Some(0) } else { digits.parse().ok().filter(|_| digits.len() <= 18) };
        Some(Self { value: value?, decimals: fraction.len() as u32 })
    }

    /// Fraction digits.
    pub(crate) fn decimals(self) -> u32 {
        self.decimals
    }

    /// The number × 10^`decimals`, if that is whole and not too large.
    pub(crate) fn scaled(self, decimals: u32) -> Option<i64> {
        self.value.checked_mul(10_i64.checked_pow(decimals.checked_sub(self.decimals)?)?)
    }

    /// The nearest `f64`.
    pub(crate) fn nearest(self) -> f64 {
        Decimal::new(self.value, self.decimals).nearest()
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

    #[test]
    fn digits_are_kept_as_sent() {
        for (text, decimals, scaled) in [
            ("61837.63000000", 2, Some(61_837_630)),
            ("0.00000001", 8, None),
            ("7", 0, Some(7_000)),
            ("0.000", 0, Some(0)),
            ("900719925474099.3", 1, Some(900_719_925_474_099_300)),
            ("900719925474099.325", 3, Some(900_719_925_474_099_325)),
            ("100000000000000000", 0, None),
        ] {
            let digits = Digits::new(text).unwrap();
            assert_eq!((digits.decimals(), digits.scaled(3)), (decimals, scaled), "{text}");
        }
        for text in ["", ".5", "-1", "1e5", "1.2.3", "1234567890123456789"] {
            assert_eq!(Digits::new(text), None, "{text}");
        }
    }
}
