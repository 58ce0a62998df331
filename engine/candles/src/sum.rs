//! Sums of quantities and of price times quantity, exact in decimal until they are read.
//!
//! The promise is the `f64` nearest the exact sum of the decimals that the venue sent, whatever the order. No sum of
//! binary numbers keeps it: the `f64` of 0.1 and of 0.2 add up, exactly, to what reads 0.30000000000000004. So a sum is
//! a wide integer of the finest decimal place seen: addition is associative, and the one rounding happens when the sum
//! is read.
//!
//! ```text
//! limb      L-1            ...     1      0
//! weight    2^(64 (L-1))   ...     2^64   1        value = limbs as one integer * 10^-places
//! ```
//!
//! Nearly all sums live in the lower two limbs. The others make room for every number that [`is_summable`]: 39 places
//! and 25 digits before the point are 2^210 units, and the product of two such numbers 2^420.

use crate::decimal::{Decimal, EXACT_PLACES, POWERS};

/// The least price or quantity other than 0 that can be summed exactly: 2^-76, about 1.3e-23.
pub const NUMBER_MIN: f64 = f64::from_bits((1023 - 76) << 52);
/// Prices and quantities stay below this: 2^80, about 1.2e24.
pub const NUMBER_MAX: f64 = f64::from_bits((1023 + 80) << 52);

const SIGNIFICAND_BITS: u32 = 52;

/// The most places a power of ten in one limb can move.
const STEP_PLACES: i32 = 19;

/// Limbs below the point that keep a quotient's leading 64 bits, whatever the places: 78 are 2^260.
const LOWER_LIMBS: usize = 6;
const LIMBS_MAX: usize = 8;

/// Whether `x` is a number that sums take: 0, or between [`NUMBER_MIN`] and [`NUMBER_MAX`]. False for NaN, infinities
/// and negative numbers.
#[must_use]
#[inline]
pub fn is_summable(x: f64) -> bool {
    (NUMBER_MIN..NUMBER_MAX).contains(&x) || x == 0.0
}

/// An exact sum in `LIMBS` words. `Sum<4>` holds 2^40 summable numbers, `Sum<8>` as many products of two.
#[derive(Clone, Copy, Debug)]
pub struct Sum<const LIMBS: usize> {
    limbs: [u64; LIMBS],
    /// Decimal places of the unit: the most of any addend, never negative.
    places: i32,
}

impl<const LIMBS: usize> Default for Sum<LIMBS> {
    fn default() -> Self {
        const { assert!(LIMBS == 4 || LIMBS == LIMBS_MAX, "four limbs for numbers, eight for products") };
        Self { limbs: [0; LIMBS], places: 0 }
    }
}

impl<const LIMBS: usize> Sum<LIMBS> {
    /// The sum whose published value is `x`: the shortest decimal that reads as it. What no sum of trades can be
    /// (negative, not finite, too small or too large) counts as 0.
    #[must_use]
    pub fn of(x: f64) -> Self {
        let (least, limit) = (2f64.powi(-19 * LIMBS as i32), 2f64.powi(28 * LIMBS as i32));
        let mut sum = Self::default();
        if (least..limit).contains(&x) {
            sum.add(Decimal::shortest(x));
        }
        sum
    }

    /// Adds the decimal of a summable number; to eight limbs also the product of two.
    #[inline]
    pub fn add(&mut self, addend: Decimal) {
        if addend.places == self.places {
            self.add_digits(addend.digits);
        } else {
            self.add_elsewhere(addend);
        }
    }

    /// The `f64` nearest the sum; of two equally near, the one whose last bit is 0.
    #[must_use]
    #[inline]
    pub fn nearest(&self) -> f64 {
        let low = self.low();
        if self.limbs[2..].iter().any(|limb| *limb != 0) || self.places > EXACT_PLACES {
            return self.nearest_wide();
        }
        if low >> (SIGNIFICAND_BITS + 1) == 0 {
            // Both are exact, so the division rounds once.
            return low as u64 as f64 / POWERS[self.places as usize];
        }
        if self.places <= STEP_PLACES { ratio(low, power(self.places)) } else { self.nearest_wide() }
    }

    fn low(&self) -> u128 {
        u128::from(self.limbs[1]) << 64 | u128::from(self.limbs[0])
    }

    #[inline]
    fn add_digits(&mut self, digits: u128) {
        let (low, mut carry) = self.low().overflowing_add(digits);
        (self.limbs[0], self.limbs[1]) = (low as u64, (low >> 64) as u64);
        for limb in &mut self.limbs[2..] {
            if !carry {
                break;
            }
            (*limb, carry) = limb.overflowing_add(1);
        }
        debug_assert!(!carry, "the sum is full");
    }

    /// Adds a decimal of other places than the sum has: both are brought to the finer ones.
    #[inline(never)]
    fn add_elsewhere(&mut self, addend: Decimal) {
        if self.limbs == [0; LIMBS] {
            self.places = addend.places.max(0);
        }
        self.refine(addend.places);
        let mut aligned = Self { places: addend.places, ..Self::default() };
        aligned.add_digits(addend.digits);
        aligned.refine(self.places);
        let mut carry = 0;
        for (limb, add) in self.limbs.iter_mut().zip(aligned.limbs) {
            let sum = u128::from(*limb) + u128::from(add) + carry;
            (*limb, carry) = (sum as u64, sum >> 64);
        }
        debug_assert!(carry == 0, "the sum is full");
    }

    /// Counts in units of at least `places` decimal places.
    fn refine(&mut self, places: i32) {
        while self.places < places {
            let step = (places - self.places).min(STEP_PLACES);
            let (factor, mut carry) = (u128::from(power(step)), 0);
            for limb in &mut self.limbs {
                let product = u128::from(*limb) * factor + carry;
                (*limb, carry) = (product as u64, product >> 64);
            }
            debug_assert!(carry == 0, "the sum is full");
            self.places += step;
        }
    }

    /// The same for any sum: long division, with limbs enough below the point that 64 bits of the quotient are exact.
    #[cold]
    fn nearest_wide(&self) -> f64 {
        let mut quotient = [0; LOWER_LIMBS + LIMBS_MAX];
        quotient[LOWER_LIMBS..][..LIMBS].copy_from_slice(&self.limbs);
        let (mut places, mut sticky) = (self.places, false);
        while places > 0 {
            let step = places.min(STEP_PLACES);
            sticky |= divide(&mut quotient, power(step)) != 0;
            places -= step;
        }
        let Some(top) = quotient.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        let zeros = quotient[top].leading_zeros();
        let window = (u128::from(quotient[top]) << 64 | u128::from(quotient[top - 1])) << zeros;
        sticky |= window as u64 != 0 || quotient[..top - 1].iter().any(|limb| *limb != 0);
        rounded((window >> 64) as u64, sticky, 64 * (top as i32 - LOWER_LIMBS as i32) - zeros as i32)
    }
}

/// `10^places` for `0..=19` places.
#[inline]
fn power(places: i32) -> u64 {
    const POWERS: [u64; STEP_PLACES as usize + 1] = {
        let mut powers = [1; STEP_PLACES as usize + 1];
        let mut places = 1;
        while places < powers.len() {
            powers[places] = 10 * powers[places - 1];
            places += 1;
        }
        powers
    };
    POWERS[places as usize]
}

/// The `f64` nearest `n / d`, neither of them 0. Both are shifted to fill their words, so the quotient has 64 bits or
/// 65, and one division and its remainder say all that rounding needs.
fn ratio(n: u128, d: u64) -> f64 {
    let (n_zeros, d_zeros) = (n.leading_zeros(), d.leading_zeros());
    let (n, d) = (n << n_zeros, u128::from(d << d_zeros));
    let (quotient, exact) = (n / d, n % d == 0);
    let extra = (quotient >> 64) as u32;
    let sticky = !exact || (extra == 1 && quotient & 1 == 1);
    rounded((quotient >> extra) as u64, sticky, (d_zeros + extra) as i32 - n_zeros as i32)
}

/// Divides in place, the least limb first; returns the remainder.
fn divide(limbs: &mut [u64], by: u64) -> u64 {
    let mut remainder = 0;
    for limb in limbs.iter_mut().rev() {
        let part = u128::from(remainder) << 64 | u128::from(*limb);
        (*limb, remainder) = ((part / u128::from(by)) as u64, (part % u128::from(by)) as u64);
    }
    remainder
}

/// `bits * 2^exponent` to 53 bits, to nearest, ties to even. The top bit is set; `sticky` says that bits below are not
/// all 0.
fn rounded(bits: u64, sticky: bool, exponent: i32) -> f64 {
    let (kept, cut) = (bits >> 11, bits & 0x7ff);
    let up = cut > 0x400 || (cut == 0x400 && (sticky || kept & 1 == 1));
    (kept + u64::from(up)) as f64 * f64::from_bits(((1023 + 11 + exponent) as u64) << SIGNIFICAND_BITS)
}
