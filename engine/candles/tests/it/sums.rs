//! Sums are the `f64` nearest the exact decimal sum, whatever the order.

use num_bigint::BigInt;
use proptest::prelude::*;
use tickplane_candles::{Decimal, NUMBER_MAX, NUMBER_MIN, Sum, is_summable};

use crate::exact::{nearest, product, shortest};

/// Numbers as exchanges send them, numbers anywhere in the range, and powers of two, which make ties.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (1_u64..10_000_000, -12_i32..6).prop_map(|(digits, power)| format!("{digits}e{power}").parse().unwrap()),
        (-76_i32..80, 0_u64..1 << 52).prop_map(|(power, bits)| f64::from_bits(((1023 + power) as u64) << 52 | bits)),
        (-76_i32..80).prop_map(|power| 2f64.powi(power)),
        Just(0.0),
    ]
}

fn sum_of(numbers: impl Iterator<Item = f64>) -> Sum<4> {
    let mut sum = Sum::default();
    numbers.for_each(|x| sum.add(Decimal::shortest(x)));
    sum
}

fn sum_of_products<'a>(pairs: impl Iterator<Item = &'a (f64, f64)>) -> Sum<8> {
    let mut sum = Sum::default();
    pairs.for_each(|(x, y)| sum.add(Decimal::shortest(*x).times(Decimal::shortest(*y))));
    sum
}

proptest! {
    #[test]
    fn a_sum_is_nearest_and_has_no_order(numbers in prop::collection::vec(number(), 0..40)) {
        let exact: BigInt = numbers.iter().map(|x| shortest(*x)).sum();
        let expected = nearest(&exact).to_bits();
        prop_assert_eq!(sum_of(numbers.iter().copied()).nearest().to_bits(), expected);
        prop_assert_eq!(sum_of(numbers.iter().rev().copied()).nearest().to_bits(), expected);
    }

    #[test]
    fn a_sum_of_products_is_nearest_and_has_no_order(pairs in prop::collection::vec((number(), number()), 0..40)) {
        let exact: BigInt = pairs.iter().map(|(x, y)| product(&shortest(*x), &shortest(*y))).sum();
        let expected = nearest(&exact).to_bits();
        prop_assert_eq!(sum_of_products(pairs.iter()).nearest().to_bits(), expected);
        prop_assert_eq!(sum_of_products(pairs.iter().rev()).nearest().to_bits(), expected);
    }

    /// Every number of digits and places that is read by a way of its own: in one division of floating point, in one
    /// of integers, in a long one.
    #[test]
    fn any_decimal_is_read_to_the_nearest(digits in any::<u128>(), length in 0_u32..128, places in 0_i32..=78) {
        let digits = digits >> length;
        let mut sum = Sum::<8>::default();
        sum.add(Decimal { digits, places });
        let expected: f64 = format!("{digits}e-{places}").parse().unwrap();
        prop_assert_eq!(sum.nearest().to_bits(), expected.to_bits());
    }

    #[test]
    fn a_published_sum_is_taken_up_again_exactly(x in number(), y in number()) {
        prop_assert_eq!(Sum::<4>::of(x).nearest().to_bits(), x.to_bits());
        let product = sum_of_products([(x, y)].iter()).nearest();
        prop_assert_eq!(Sum::<8>::of(product).nearest().to_bits(), product.to_bits());
    }
}

#[test]
fn sums_are_those_of_the_digits_not_of_their_floats() {
    for (addends, expected) in [
        (vec![0.1, 0.2], 0.3),
        (vec![0.1; 10], 1.0),
        (vec![0.1; 10_000], 1_000.0),
        (vec![0.07, 0.096_59], 0.166_59),
        (vec![1e24, 1e-12], 1e24),
        (vec![NUMBER_MIN; 2], 2.646_977_960_169_688_6e-23), // twice the digits of 1.3234889800848443e-23
    ] {
        assert_eq!(sum_of(addends.iter().copied()).nearest(), expected, "{addends:?}");
    }
    let pairs = [(3.3, 1.1), (2.2, 0.7), (1e12, 1e-12)];
    assert_eq!(sum_of_products(pairs.iter()).nearest(), 6.17);
}

#[test]
fn ties_go_to_even_and_a_hair_decides_them() {
    let one = 2f64.powi(53);
    for (addends, expected) in [
        (vec![one, 1.0], one),
        (vec![one, 1.0, NUMBER_MIN], one + 2.0),
        (vec![one, 1.0, 0.001], one + 2.0),
        (vec![one + 2.0, 1.0], one + 4.0),
        (vec![one, 1.0, 1.0], one + 2.0),
        (vec![one - 1.0, 0.5], one),
    ] {
        assert_eq!(sum_of(addends.iter().copied()).nearest(), expected, "{addends:?}");
    }
}

/// A tie that one unit of the last place decides, read by each of the ways a sum is read.
#[test]
fn a_hair_decides_however_far_behind_the_point() {
    let even = 2f64.powi(53);
    for places in 0..=78 {
        let mut sum = Sum::<8>::default();
        sum.add(Decimal { digits: (1 << 53) + 1, places: 0 });
        sum.add(Decimal { digits: 0, places });
        assert_eq!(sum.nearest(), even, "{places}");
        sum.add(Decimal { digits: 1, places });
        assert_eq!(sum.nearest(), even + 2.0, "{places}");
    }
    // Here the hair is the 65th bit.
    for places in 0..=19 {
        let mut sum = Sum::<8>::default();
        sum.add(Decimal { digits: ((1 << 64) + (1 << 11) + 1) * 10_u128.pow(places), places: places as i32 });
        assert_eq!(sum.nearest(), 2f64.powi(64) + 2f64.powi(12), "{places}");
    }
    // Here it is the 156th, and nothing follows: 5^55 * 10^-55 is 2^-55.
    let mut sum = Sum::<8>::default();
    sum.add(Decimal { digits: (1 << 100) + (1 << 47), places: 0 });
    sum.add(Decimal { digits: 5_u128.pow(55), places: 55 });
    assert_eq!(sum.nearest(), 2f64.powi(100) + 2f64.powi(48));
}

#[test]
fn carries_run_through_the_limbs() {
    // 2^128 - 1 units of 10^-39 and one more: the lower limbs are 0, and the third counts.
    let (full, one) = (Decimal { digits: u128::MAX, places: 39 }, Decimal { digits: 1, places: 39 });
    let mut sum = Sum::<4>::default();
    for times in 1..=1_000_u32 {
        sum.add(full);
        sum.add(one);
        let exact = (BigInt::from(u128::MAX) + 1) * times;
        assert_eq!(sum.nearest(), format!("{exact}e-39").parse::<f64>().unwrap(), "{times}");
    }
}

#[test]
fn the_range_has_ends() {
    for x in [0.0, -0.0, NUMBER_MIN, NUMBER_MAX.next_down(), 1e-12, 1e18] {
        assert!(is_summable(x), "{x}");
    }
    for x in [NUMBER_MIN.next_down(), NUMBER_MAX, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE] {
        assert!(!is_summable(x), "{x}");
    }
    for x in [-1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, f64::MAX] {
        assert_eq!(Sum::<4>::of(x).nearest(), 0.0, "{x}");
        assert_eq!(Sum::<8>::of(x).nearest(), 0.0, "{x}");
    }
    // The widest addends at the finest places, many times.
    let (finest, widest) = (Decimal::shortest(NUMBER_MIN), Decimal::shortest(NUMBER_MAX.next_down()));
    let (mut sum, mut products) = (Sum::<4>::default(), Sum::<8>::default());
    sum.add(finest);
    products.add(finest.times(finest));
    for _ in 0..10_000 {
        sum.add(widest);
        products.add(widest.times(widest));
    }
    let exact = shortest(NUMBER_MAX.next_down());
    assert_eq!(sum.nearest(), nearest(&(&exact * 10_000 + shortest(NUMBER_MIN))));
    assert_eq!(products.nearest(), nearest(&(product(&exact, &exact) * 10_000 + 1)));
}
