//! Sums of quantities and of price times quantity, exact until they are read.
//!
//! The promise is the `f64` nearest the exact sum, whatever the order. Double-double arithmetic keeps that only
//! almost always: its error term is itself rounded, so the last bit can depend on the order and fall on the wrong side
//! of a tie. A wide integer does not round at all: each addend is its 53-bit significand (106 bits for a product)
//! shifted to its place, addition is associative, and the one rounding happens when the sum is read.
//!
//! ```text
//! limb      L-1        ...        1            0
//! weight    2^(64 (L-1) - 32 L)   2^(64-32L)   2^(-32 L)      value = limbs as one integer * 2^(-32 L)
//! ```

/// The least price or quantity other than 0 that can be summed exactly: 2^-76, about 1.3e-23.
pub const NUMBER_MIN: f64 = f64::from_bits((1023 - 76) << 52);
/// Prices and quantities stay below this: 2^80, about 1.2e24.
pub const NUMBER_MAX: f64 = f64::from_bits((1023 + 80) << 52);

const SIGNIFICAND_BITS: u32 = 52;

/// Whether `x` is a number that sums take: 0, or between [`NUMBER_MIN`] and [`NUMBER_MAX`]. False for NaN, infinities
/// and negative numbers.
#[must_use]
#[inline]
pub fn is_summable(x: f64) -> bool {
    (NUMBER_MIN..NUMBER_MAX).contains(&x) || x == 0.0
}

/// An exact sum in `LIMBS` words. `Sum<4>` holds 2^48 summable numbers, `Sum<8>` as many products of two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sum<const LIMBS: usize>([u64; LIMBS]);

impl<const LIMBS: usize> Default for Sum<LIMBS> {
    fn default() -> Self {
        Self([0; LIMBS])
    }
}

impl<const LIMBS: usize> Sum<LIMBS> {
    /// Bits below the binary point.
    const FRACTION_BITS: i32 = 32 * LIMBS as i32;

    /// The sum that is `x`. What no sum of trades can be (negative, not finite, too large) counts as 0.
    #[must_use]
    pub fn of(x: f64) -> Self {
        let mut sum = Self::default();
        let limit = 2f64.powi(Self::FRACTION_BITS - 8);
        if x >= 2f64.powi(SIGNIFICAND_BITS as i32 - Self::FRACTION_BITS) && x < limit {
            sum.add(x);
        }
        sum
    }

    /// Adds a summable number.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let (significand, exponent) = parts(x);
        if significand != 0 {
            self.add_shifted(u128::from(significand), exponent + Self::FRACTION_BITS);
        }
    }

    /// Adds the exact product of two summable numbers. Needs eight limbs.
    #[inline]
    pub fn add_product(&mut self, x: f64, y: f64) {
        const { assert!(LIMBS >= 8, "a product of two summable numbers reaches below 2^-128") };
        let ((x, x_exponent), (y, y_exponent)) = (parts(x), parts(y));
        if x != 0 && y != 0 {
            self.add_shifted(u128::from(x) * u128::from(y), x_exponent + y_exponent + Self::FRACTION_BITS);
        }
    }

    #[inline]
    fn add_shifted(&mut self, significand: u128, shift: i32) {
        debug_assert!(shift >= 0, "below the last bit of the sum");
        let (index, bits) = (shift as usize / 64, shift as u32 % 64);
        let low = significand << bits;
        let high = if bits == 0 { 0 } else { (significand >> (128 - bits)) as u64 };
        let mut carry = false;
        for (limb, add) in self.0[index..].iter_mut().zip([low as u64, (low >> 64) as u64, high]) {
            (*limb, carry) = add_with_carry(*limb, add, carry);
        }
        for limb in &mut self.0[(index + 3).min(LIMBS)..] {
            if !carry {
                break;
            }
            (*limb, carry) = add_with_carry(*limb, 0, true);
        }
        debug_assert!(!carry, "the sum is full");
    }

    /// The `f64` nearest the sum; of two equally near, the one whose last bit is 0.
    #[must_use]
    pub fn nearest(&self) -> f64 {
        let Some(top) = self.0.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        let zeros = self.0[top].leading_zeros();
        let below = if top == 0 { 0 } else { self.0[top - 1] };
        let window = (u128::from(self.0[top]) << 64 | u128::from(below)) << zeros;
        let lower = &self.0[..top.saturating_sub(1)];
        let sticky = window as u64 != 0 || lower.iter().any(|limb| *limb != 0);
        let exponent = 64 * top as i32 + 63 - zeros as i32 - SIGNIFICAND_BITS as i32 - Self::FRACTION_BITS;
        round((window >> 64) as u64, sticky) as f64 * f64::from_bits(((1023 + exponent) as u64) << SIGNIFICAND_BITS)
    }
}

/// The 53-bit significand and exponent of a number that is not subnormal: `x = significand * 2^exponent`.
#[inline]
fn parts(x: f64) -> (u64, i32) {
    if x == 0.0 {
        return (0, 0);
    }
    let bits = x.to_bits();
    let significand = bits & ((1 << SIGNIFICAND_BITS) - 1) | 1 << SIGNIFICAND_BITS;
    (significand, (bits >> SIGNIFICAND_BITS & 0x7ff) as i32 - 1075)
}

#[inline]
fn add_with_carry(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(u64::from(carry));
    (sum, first | second)
}

/// The upper 53 of 64 bits, rounded to nearest, ties to even; `sticky` says that bits below are not all 0.
fn round(bits: u64, sticky: bool) -> u64 {
    let (kept, cut) = (bits >> 11, bits & 0x7ff);
    let up = cut > 0x400 || (cut == 0x400 && (sticky || kept & 1 == 1));
    kept + u64::from(up)
}
