//! All indicators of a series: going back to a checkpoint and on again, and since when values can be used.

use proptest::prelude::*;
use tickplane_indicators::{CHECKPOINT_ROWS, IndicatorSet, IndicatorSpec, REACH_ROWS};
use tickplane_model::Candle;

use crate::properties::rows;
use crate::{Alone, NAMES, bits, gap, row, synthetic};

fn specs() -> Vec<IndicatorSpec> {
    NAMES.iter().map(|name| name.parse().unwrap()).collect()
}

/// A series as its worker has it: rows, their values, and the set behind them.
struct Series {
    set: IndicatorSet,
    first_row: u64,
    rows: Vec<Candle>,
    values: Vec<Vec<u64>>,
}

impl Series {
    fn new(first_row: u64) -> Self {
        Self { set: IndicatorSet::new(&specs()), first_row, rows: Vec::new(), values: Vec::new() }
    }

    fn of(first_row: u64, rows: &[Candle]) -> Self {
        let mut series = Self::new(first_row);
        rows.iter().for_each(|row| series.append(*row));
        series
    }

    fn append(&mut self, row: Candle) {
        self.rows.push(row);
        self.replay(self.rows.len() - 1);
    }

    /// Gives the rows again from a place on.
    fn replay(&mut self, from: usize) {
        self.values.truncate(from);
        for (n, row) in self.rows.iter().enumerate().skip(from) {
            let mut values = vec![f64::INFINITY; self.set.outputs()];
            self.set.update(self.first_row + n as u64, row, &mut values);
            self.values.push(bits(&values));
        }
    }

    fn revise(&mut self, place: usize, row: Candle) {
        self.rows[place] = row;
        match self.set.rewind(self.first_row + place as u64) {
            Some(from) => self.replay((from - self.first_row) as usize),
            None => {
                self.set.restart();
                self.replay(0);
            }
        }
    }

    fn known(&self) -> Vec<(Option<u64>, Option<u64>)> {
        (0..self.set.outputs()).map(|output| (self.set.defined(output), self.set.settled(output))).collect()
    }

    fn peek(&self, open: &Candle) -> Vec<u64> {
        let mut values = vec![f64::INFINITY; self.set.outputs()];
        self.set.peek(open, &mut values);
        bits(&values)
    }
}

/// Enough rows for several checkpoints.
fn many_rows() -> impl Strategy<Value = Vec<Candle>> {
    prop::collection::vec(rows(), 1..12).prop_map(|runs| {
        let hours = |(n, row): (usize, Candle)| Candle { open_time_ns: n as i64 * 3_600_000_000_000, ..row };
        runs.concat().into_iter().enumerate().map(hours).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Rows that were revised while others came give the bits of a run that had them right from the beginning.
    #[test]
    fn revised_rows_give_the_values_of_a_fresh_run(
        rows in many_rows(),
        first_row in 0_u64..200,
        revisions in prop::collection::vec((0_usize..700, 0_usize..300, 50.0_f64..900.0), 0..12),
    ) {
        let mut series = Series::new(first_row);
        for (n, candle) in rows.iter().enumerate() {
            series.append(*candle);
            for (_, back, close) in revisions.iter().filter(|(at, back, _)| *at == n && *back <= n) {
                let open_time_ns = series.rows[n - back].open_time_ns;
                series.revise(n - back, Candle { open_time_ns, ..row(close + 2.0, close - 1.0, *close) });
            }
        }
        let fresh = Series::of(first_row, &series.rows);
        prop_assert_eq!(&series.values, &fresh.values);
        prop_assert_eq!(series.known(), fresh.known());
        let open = row(321.0, 300.0, 311.0);
        prop_assert_eq!(series.peek(&open), fresh.peek(&open));
    }

    /// Going back and giving the same rows again changes nothing, how often and how far ever.
    #[test]
    fn rewinds_leave_no_trace(rows in many_rows(), backs in prop::collection::vec(0_usize..260, 1..8)) {
        let mut series = Series::of(7, &rows);
        let before = (series.values.clone(), series.known());
        for back in backs {
            let place = rows.len().saturating_sub(1 + back);
            series.revise(place, rows[place]);
            prop_assert_eq!(&before, &(series.values.clone(), series.known()));
        }
    }

    #[test]
    fn a_peek_is_the_update_to_come(rows in many_rows()) {
        let mut series = Series::new(0);
        for candle in rows {
            series.peek(&gap());
            let ahead = series.peek(&candle);
            series.append(candle);
            prop_assert_eq!(Some(&ahead), series.values.last());
        }
    }

    #[test]
    fn a_set_is_its_indicators_side_by_side(rows in rows()) {
        let series = Series::of(0, &rows);
        let mut alone: Vec<Alone> = NAMES.iter().map(|name| Alone::new(name)).collect();
        for (row, values) in rows.iter().zip(&series.values) {
            let expected: Vec<f64> = alone.iter_mut().flat_map(|alone| alone.update(row)).collect();
            prop_assert_eq!(values, &bits(&expected));
        }
    }
}

fn candle(n: u64) -> Candle {
    let close = 100.0 + (n as f64 * 0.37).sin() * 9.0;
    row(close + 1.0, close - 1.5, close)
}

#[test]
fn a_rewind_reaches_as_far_as_promised() {
    assert_eq!((CHECKPOINT_ROWS, REACH_ROWS), (64, 192));
    for newest in 1_000..1_130 {
        let mut set = IndicatorSet::new(&specs());
        let mut values = vec![0.0; set.outputs()];
        (100..=newest).for_each(|row| set.update(row, &candle(row), &mut values));
        let revised = newest - REACH_ROWS;
        assert_eq!(set.rewind(revised), Some(revised / CHECKPOINT_ROWS * CHECKPOINT_ROWS), "from {newest}");
        assert_eq!(set.rewind(500), None);
    }
}

#[test]
fn before_the_first_checkpoint_there_is_only_the_beginning() {
    let mut series = Series::of(10, &(0..100).map(candle).collect::<Vec<_>>());
    assert_eq!(series.set.rewind(63), None);
    series.set.restart();
    assert_eq!(series.set.rewind(u64::MAX), None, "a restart keeps no checkpoint");
    assert!(series.known().iter().all(|known| *known == (None, None)));
    let before = series.values.clone();
    series.replay(0);
    assert_eq!(series.values, before);
    assert_eq!(series.set.rewind(u64::MAX), Some(64));
}

/// What was kept of rows that are to come again is gone.
#[test]
fn a_rewind_forgets_the_checkpoints_after_it() {
    let mut series = Series::of(0, &(0..200).map(candle).collect::<Vec<_>>());
    assert_eq!(series.set.rewind(70), Some(64));
    assert_eq!(series.set.rewind(199), Some(64));
}

/// Rows that feed an indicator are counted, others are not; each output has its own first row.
#[test]
fn defined_and_settled_count_the_rows_that_feed() {
    let specs: Vec<IndicatorSpec> = ["ema_5", "atr_5", "macd_3_5_4_tv"].map(|name| name.parse().unwrap()).to_vec();
    let mut set = IndicatorSet::new(&specs);
    let mut values = vec![0.0; set.outputs()];
    // Of three rows one is traded, one synthetic, one a gap.
    for n in 0..600 {
        let row = [candle(n), synthetic(candle(n).close), gap()][n as usize % 3];
        set.update(1_000 + n, &row, &mut values);
    }
    let known: Vec<_> = (0..5).map(|output| (set.defined(output).unwrap(), set.settled(output).unwrap())).collect();
    // The n-th traded row is 3 (n - 1); the n-th with a close 3 (n - 1) / 2.
    let closes = |n: u64| 1_000 + (n - 1) / 2 * 3 + (n - 1) % 2;
    let traded = |n: u64| 1_000 + (n - 1) * 3;
    assert_eq!(known[0], (closes(5), closes(30)));
    assert_eq!(known[1], (traded(6), traded(6 + 45)));
    let settled = closes(8 + 5 * 9);
    assert_eq!(known[2..], [(closes(5), settled), (closes(8), settled), (closes(8), settled)]);
}

/// A price beyond every number feeds nothing rather than leaving infinities behind.
#[test]
fn a_price_beyond_every_number_is_a_gap() {
    let (mut with, mut without) = (Series::new(0), Series::new(0));
    for n in 0..100 {
        if n % 10 == 3 {
            let huge = [f64::MAX, f64::INFINITY, 1e200][n as usize / 10 % 3];
            with.append(row(huge, 1.0, 1.0));
            assert!(with.values.last().unwrap().iter().all(|value| f64::from_bits(*value).is_nan()));
        }
        with.append(candle(n));
        without.append(candle(n));
        assert_eq!(with.values.last(), without.values.last());
    }
}
