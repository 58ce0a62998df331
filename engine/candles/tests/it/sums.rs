//! Sums are the `f64` nearest the exact sum, whatever the order.

use num_bigint::BigInt;
use proptest::prelude::*;
use tickplane_candles::{NUMBER_MAX, NUMBER_MIN, Sum, is_summable};

use crate::exact::{nearest, scaled, scaled_product};

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
    numbers.for_each(|x| sum.add(x));
    sum
}

proptest! {
    #[test]
    fn a_sum_is_nearest_and_has_no_order(numbers in prop::collection::vec(number(), 0..40)) {
        let exact: BigInt = numbers.iter().map(|x| scaled(*x)).sum();
        let sum = sum_of(numbers.iter().copied());
        let expected = nearest(&exact, numbers.iter().sum());
        prop_assert_eq!(sum.nearest().to_bits(), expected.to_bits());
        prop_assert_eq!(sum, sum_of(numbers.iter().rev().copied()));
    }

    #[test]
    fn a_sum_of_products_is_nearest_and_has_no_order(pairs in prop::collection::vec((number(), number()), 0..40)) {
        let exact: BigInt = pairs.iter().map(|(x, y)| scaled_product(*x, *y)).sum();
        let (mut forth, mut back) = (Sum::<8>::default(), Sum::<8>::default());
        pairs.iter().for_each(|(x, y)| forth.add_product(*x, *y));
        pairs.iter().rev().for_each(|(x, y)| back.add_product(*y, *x));
        let expected = nearest(&exact, pairs.iter().map(|(x, y)| x * y).sum());
        prop_assert_eq!(forth.nearest().to_bits(), expected.to_bits());
        prop_assert_eq!(forth, back);
    }

    #[test]
    fn a_published_sum_is_taken_up_again_exactly(x in number(), y in number()) {
        prop_assert_eq!(Sum::<4>::of(x).nearest().to_bits(), x.to_bits());
        let mut product = Sum::<8>::default();
        product.add_product(x, y);
        prop_assert_eq!(Sum::<8>::of(product.nearest()).nearest().to_bits(), product.nearest().to_bits());
    }
}

#[test]
fn ties_go_to_even_and_a_hair_decides_them() {
    let one = 2f64.powi(53);
    for (addends, expected) in [
        (vec![one, 1.0], one),
        (vec![one, 1.0, NUMBER_MIN], one + 2.0),
        (vec![one + 2.0, 1.0], one + 4.0),
        (vec![one, 1.0, 1.0], one + 2.0),
        (vec![one - 1.0, 0.5], one),
        (vec![0.1; 10], 1.0),
        (vec![NUMBER_MIN; 3], 3.0 * NUMBER_MIN),
    ] {
        assert_eq!(sum_of(addends.iter().copied()).nearest(), expected, "{addends:?}");
    }
}

/// Why this is not double-double: there the hair above is lost once the error term has no room for it.
#[test]
fn carries_run_through_every_limb() {
    let mut sum = Sum::<4>::default();
    let big = 2f64.powi(79);
    sum.add(big.next_down());
    sum.add(2f64.powi(26));
    assert_eq!(sum.nearest(), big);
    let mut small = Sum::<4>::default();
    for power in -76..64 {
        small.add(2f64.powi(power));
    }
    small.add(NUMBER_MIN);
    assert_eq!(small.nearest(), 2f64.powi(64), "a row of ones and one more");
}

#[test]
fn the_range_has_ends() {
    for x in [0.0, -0.0, NUMBER_MIN, NUMBER_MAX.next_down(), 1e-12, 1e18] {
        assert!(is_summable(x), "{x}");
    }
    for x in [NUMBER_MIN.next_down(), NUMBER_MAX, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE] {
        assert!(!is_summable(x), "{x}");
        if x != NUMBER_MAX {
            assert!(Sum::<4>::of(x).nearest() == 0.0 || x == NUMBER_MIN.next_down(), "{x}");
        }
    }
}
