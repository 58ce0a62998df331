//! The decimal a venue sent, found again from the `f64` it was read into.
//!
//! Venues send decimals; a [`Trade`](tickplane_model::Trade) carries the `f64` nearest each. A decimal of up to 15
//! significant digits is the shortest one that reads as its `f64`, so it can be found again exactly. Of a longer one
//! the shortest that reads the same is taken: it differs from what was sent by less than the reading did.
//!
//! ```text
//! n = round(x * 10^d)        as an f64: exact whenever x is some n / 10^d with n < 2^51
//! n / 10^d == x              one correctly rounded division, since n < 2^53 and 10^d is an f64 for d <= 22:
//!                            then n / 10^d is that decimal, and no other with d places reads as x
//! ```
//!
//! The number of places hardly changes within an instrument, so a [`Places`] remembers it and one multiplication and
//! one division answer. Only where they do not, the shortest decimal is searched.

use std::fmt::{self, Write};

/// The greatest power of ten that is exactly an `f64`.
pub(crate) const EXACT_PLACES: i32 = 22;

/// `10^index`, each exactly.
pub(crate) const POWERS: [f64; EXACT_PLACES as usize + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Below this the rounded product is off by at most a quarter before it is rounded to an integer: 2^51, above 10^15.
const QUICK_MAX: f64 = (1_u64 << 51) as f64;

/// 2^52: an `f64` in `2^52..2^53` has no fraction, and its lower 52 bits are the integer above 2^52.
const ROUNDER: f64 = (1_u64 << 52) as f64;

/// A decimal number that is not negative: `digits * 10^-places`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    /// The digits as an integer; at most 17 of them in a decimal found from one `f64`.
    pub digits: u128,
    /// How many of the digits stand behind the point; negative where zeros stand before it.
    pub places: i32,
}

impl Decimal {
    /// The shortest decimal that reads as `x`, the nearest to it of equally short ones. A sign is ignored, and what is
    /// no number is 0.
    #[must_use]
    #[cold]
    pub fn shortest(x: f64) -> Self {
        let mut reading = Reading::default();
        // Writing into `Reading` cannot fail. Nothing is allocated.
        let _ = write!(reading, "{x:e}");
        let exponent = if reading.is_small { -reading.exponent } else { reading.exponent };
        Self { digits: u128::from(reading.digits), places: reading.places - exponent }
    }

    /// The exact product of two decimals of at most 19 digits each.
    #[must_use]
    #[inline]
    pub fn times(self, other: Self) -> Self {
        debug_assert!(self.digits.max(other.digits) <= u128::from(u64::MAX), "too many digits to multiply");
        Self { digits: self.digits * other.digits, places: self.places + other.places }
    }
}

/// How many decimal places the numbers of a stream have, as far as seen.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Places(u8);

impl Places {
    /// The decimal that reads as `x`, which must be neither negative nor NaN. It is the same number whatever was read
    /// before; only its trailing zeros differ.
    #[inline]
    pub(crate) fn read(&mut self, x: f64) -> Decimal {
        let power = POWERS[usize::from(self.0)];
        let shifted = x * power + ROUNDER;
        let whole = shifted - ROUNDER;
        if whole < QUICK_MAX && whole / power == x {
            let digits = shifted.to_bits() & ((1 << 52) - 1);
            return Decimal { digits: u128::from(digits), places: i32::from(self.0) };
        }
        self.search(x)
    }

    /// Reads a number that does not fit, and takes on its places if that makes it fit. So they grow to the most there
    /// are, and shrink again only when a number is too large to be written with as many.
    #[cold]
    fn search(&mut self, x: f64) -> Decimal {
        let decimal = Decimal::shortest(x);
        let places = decimal.places.max(0);
        if places <= EXACT_PLACES && x * POWERS[places as usize] < QUICK_MAX {
            self.0 = places as u8;
        }
        decimal
    }
}

/// Reads what `{:e}` writes, `d.ddde-dd`, as it is written.
#[derive(Default)]
struct Reading {
    digits: u64,
    places: i32,
    exponent: i32,
    is_fraction: bool,
    is_exponent: bool,
    /// The exponent is negative.
    is_small: bool,
}

impl Write for Reading {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' if self.is_exponent => self.exponent = self.exponent * 10 + i32::from(byte - b'0'),
                b'0'..=b'9' => {
                    self.digits = self.digits * 10 + u64::from(byte - b'0');
                    self.places += i32::from(self.is_fraction);
                }
                b'.' => self.is_fraction = true,
                b'e' => self.is_exponent = true,
                b'-' => self.is_small = self.is_exponent,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(digits: u128, places: i32) -> Decimal {
        Decimal { digits, places }
    }

    #[test]
    fn the_shortest_decimal_is_the_one_that_was_written() {
        for (x, expected) in [
            (0.0, decimal(0, 0)),
            (-0.0, decimal(0, 0)),
            (1.0, decimal(1, 0)),
            (0.16659, decimal(16_659, 5)),
            (18_355.744_319_5, decimal(183_557_443_195, 7)),
            (1e-12, decimal(1, 12)),
            (3e15, decimal(3, -15)),
            (0.300_000_000_000_000_04, decimal(30_000_000_000_000_004, 17)),
            (f64::NAN, decimal(0, 0)),
            (f64::INFINITY, decimal(0, 0)),
        ] {
            assert_eq!(Decimal::shortest(x), expected, "{x}");
        }
    }

    #[test]
    fn places_follow_the_stream_and_a_reading_does_not_depend_on_them() {
        let mut places = Places::default();
        for (x, expected, then) in [
            (7.0, decimal(7, 0), 0),
            (0.5, decimal(5, 1), 1),
            (0.125, decimal(125, 3), 3),
            (20.0, decimal(20_000, 3), 3),
            (1e-12, decimal(1, 12), 12),
            (3e15, decimal(3, -15), 12), // too large for any number of places
            (5_000.5, decimal(50_005, 1), 1),
            (0.300_000_000_000_000_04, decimal(30_000_000_000_000_004, 17), 1),
            (0.5, decimal(5, 1), 1),
        ] {
            assert_eq!(places.read(x), expected, "{x}");
            assert_eq!(places.0, then, "{x}");
        }
    }

    #[test]
    fn the_quick_way_finds_what_the_search_finds_up_to_its_limit() {
        let trimmed = |mut decimal: Decimal| {
            while decimal.digits != 0 && decimal.digits.is_multiple_of(10) {
                decimal = Decimal { digits: decimal.digits / 10, places: decimal.places - 1 };
            }
            (decimal.digits, decimal.places)
        };
        for places in 0..=EXACT_PLACES as u8 {
            for digits in [1_u64, 3, 10, 999_999_999_999_999, 1_000_000_000_000_001, (1 << 51) - 1, 1 << 51] {
                for digits in digits.max(4) - 3..digits + 3 {
                    let x: f64 = format!("{digits}e-{places}").parse().unwrap();
                    let read = Places(places).read(x);
                    assert_eq!(trimmed(read), trimmed(Decimal::shortest(x)), "{digits}e-{places}");
                }
            }
        }
    }
}
