//! Exact decimal sums with big integers and the standard library's parser: slow, and nothing like the code under test.

use num_bigint::BigInt;

/// Every number here, and every product of two, is a multiple of 10^-PLACES.
const PLACES: usize = 200;

/// The number written as `text`, `123.45` or `1.2345e2`, times 10^PLACES.
pub(crate) fn written(text: &str) -> BigInt {
    let (number, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().expect("digits");
    let zeros = PLACES as i32 + exponent.parse::<i32>().expect("an exponent") - fraction.len() as i32;
    digits * BigInt::from(10).pow(zeros.try_into().expect("a multiple of 10^-PLACES"))
}

/// The shortest decimal that reads as `x`, times 10^PLACES.
pub(crate) fn shortest(x: f64) -> BigInt {
    written(&format!("{x:e}"))
}

/// The product of two numbers times 10^PLACES each, times 10^PLACES.
pub(crate) fn product(x: &BigInt, y: &BigInt) -> BigInt {
    x * y / BigInt::from(10).pow(PLACES as u32)
}

/// The `f64` nearest `sum * 10^-PLACES`.
pub(crate) fn nearest(sum: &BigInt) -> f64 {
    format!("{sum}e-{PLACES}").parse().expect("a decimal")
}
