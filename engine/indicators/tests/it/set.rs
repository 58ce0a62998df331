//! All indicators of a series: going back to a checkpoint and on again.

use tickplane_indicators::IndicatorSet;
use tickplane_model::Candle;

use crate::{NAMES, bits, row};

fn set() -> IndicatorSet {
    IndicatorSet::new(&NAMES.map(|name| name.parse().unwrap()))
}

fn candle(n: u64) -> Candle {
    let close = 100.0 + (n as f64 * 0.37).sin() * 9.0;
    row(close + 1.0, close - 1.5, close)
}

#[test]
fn a_rewind_reaches_the_checkpoint_before_the_row() {
    let mut set = set();
    let mut values = vec![0.0; set.outputs()];
    (10..300).for_each(|n| set.update(n, &candle(n), &mut values));
    let ahead = bits(&values);
    assert_eq!(set.rewind(63), None);
    assert_eq!(set.rewind(127), Some(64));
    (64..300).for_each(|n| set.update(n, &candle(n), &mut values));
    assert_eq!(bits(&values), ahead);
}
