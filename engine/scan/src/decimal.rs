//! Decimal text into `f64` and integers.

use std::fmt;

/// Why text is not the number that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumberError {
    /// Not a decimal number, or not an integer where one is due.
    Malformed,
    /// Larger than the type holds.
    TooLarge,
    /// Negative where a quantity or price is due.
    Negative,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Malformed => "not a number",
            Self::TooLarge => "number out of range",
            Self::Negative => "negative number",
        })
    }
}

impl std::error::Error for NumberError {}

/// The `f64` nearest to a decimal such as `-12.50`, `0.00044780` or `9.2E-7`, ties to even.
///
/// `inf`, `nan`, a leading `+`, and text before or after the number are malformed: venues never mean them.
///
/// # Errors
/// [`NumberError::Malformed`], or [`NumberError::TooLarge`] beyond the range of `f64`.
#[inline]
pub fn decimal(text: &[u8]) -> Result<f64, NumberError> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    // What fast-float takes beyond decimals (inf, nan, "+1", ".5", "1.") starts or ends with something else.
    if !digits.first().is_some_and(u8::is_ascii_digit) || !digits.last().is_some_and(u8::is_ascii_digit) {
        return Err(NumberError::Malformed);
    }
    let value: f64 = fast_float2::parse(text).map_err(|_| NumberError::Malformed)?;
    if value.is_finite() { Ok(value) } else { Err(NumberError::TooLarge) }
}

/// As [`decimal`], for what cannot be negative: prices, quantities, volumes.
///
/// # Errors
/// [`NumberError::Negative`] for a leading minus, otherwise as [`decimal`].
#[inline]
pub fn unsigned_decimal(text: &[u8]) -> Result<f64, NumberError> {
    if text.first() == Some(&b'-') { Err(NumberError::Negative) } else { decimal(text) }
}

/// An unsigned integer: decimal digits only.
///
/// # Errors
/// [`NumberError::Malformed`], or [`NumberError::TooLarge`] beyond 64 bits.
#[inline]
pub fn integer(text: &[u8]) -> Result<u64, NumberError> {
    if text.is_empty() {
        return Err(NumberError::Malformed);
    }
    let mut value = 0_u64;
    for byte in text {
        let digit = digit(*byte)?;
        value = value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(NumberError::TooLarge)?;
    }
    Ok(value)
}

/// As [`integer`] with 128 bits: trade ids of one venue have 28 digits.
///
/// # Errors
/// [`NumberError::Malformed`], or [`NumberError::TooLarge`] beyond 128 bits.
pub fn integer128(text: &[u8]) -> Result<u128, NumberError> {
    if text.len() < 20 {
        return integer(text).map(u128::from);
    }
    let mut value = 0_u128;
    for byte in text {
        let digit = u128::from(digit(*byte)?);
        value = value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(NumberError::TooLarge)?;
    }
    Ok(value)
}

#[inline]
fn digit(byte: u8) -> Result<u64, NumberError> {
    let digit = byte.wrapping_sub(b'0');
    if digit < 10 { Ok(u64::from(digit)) } else { Err(NumberError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_the_nearest_f64() {
        for (text, value) in [
            ("0.00044780", 0.000_447_8),
            ("83744.3", 83744.3),
            ("9.2E-7", 9.2e-7),
            ("1e12", 1e12),
            ("-4.5", -4.5),
            ("0", 0.0),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("9007199254740993.00000000000000000001", 9_007_199_254_740_994.0),
            ("1e-400", 0.0),
        ] {
            assert_eq!(decimal(text.as_bytes()), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in [
            "", "-", "nan", "NaN", "inf", "-inf", "infinity", "+1", ".5", "1.", "1 ", " 1", "0x10", "1_0", "0.-1",
            "--1",
        ] {
            assert_eq!(decimal(text.as_bytes()), Err(NumberError::Malformed), "{text}");
        }
        assert_eq!(decimal(b"1e400"), Err(NumberError::TooLarge));
        assert_eq!(unsigned_decimal(b"-1"), Err(NumberError::Negative));
        assert_eq!(unsigned_decimal(b"-0"), Err(NumberError::Negative));
    }

    #[test]
    fn integers_keep_every_digit() {
        assert_eq!(integer(b"18125794168470749634"), Ok(18_125_794_168_470_749_634));
        assert_eq!(integer(b"18446744073709551616"), Err(NumberError::TooLarge));
        assert_eq!(integer128(b"1234567890123456789012345678"), Ok(1_234_567_890_123_456_789_012_345_678));
        assert_eq!(integer128(b"340282366920938463463374607431768211456"), Err(NumberError::TooLarge));
        for text in ["", "-1", "1.0", "1e3", "0x1"] {
            assert_eq!(integer(text.as_bytes()), Err(NumberError::Malformed), "{text}");
            assert_eq!(integer128(text.as_bytes()), Err(NumberError::Malformed), "{text}");
        }
    }
}
