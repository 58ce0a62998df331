//! Exact sums with big integers: slow, and nothing like the code under test.

use num_bigint::BigInt;

/// Every finite `f64`, and every product of two, is a multiple of 2^-SCALE.
const SCALE: i32 = 2_200;

/// `x * 2^SCALE`, exactly.
pub(crate) fn scaled(x: f64) -> BigInt {
    let bits = x.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let significand = if exponent == 0 { bits << 1 } else { 1 << 52 | bits } & ((1 << 53) - 1);
    BigInt::from(significand) << (exponent - 1075 + SCALE) as usize
}

/// `x * y * 2^SCALE`, exactly.
pub(crate) fn scaled_product(x: f64, y: f64) -> BigInt {
    (scaled(x) * scaled(y)) >> SCALE as usize
}

/// The `f64` nearest `sum * 2^-SCALE`: the best of the neighbours of a guess, the even one of two equals.
pub(crate) fn nearest(sum: &BigInt, guess: f64) -> f64 {
    let distance = |x: f64| (scaled(x) - sum).magnitude().clone();
    let mut best = guess + 0.0; // the sum of no floats is -0.0
    loop {
        let better = [best.next_down(), best.next_up()].into_iter().filter(|x| *x >= 0.0).find(|x| {
            let (theirs, ours) = (distance(*x), distance(best));
            theirs < ours || (theirs == ours && x.to_bits() & 1 == 0 && best.to_bits() & 1 == 1)
        });
        match better {
            Some(x) => best = x,
            None => return best,
        }
    }
}
