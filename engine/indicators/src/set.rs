//! All indicators of one series, with checkpoints to go back to when a row is revised.

use tickplane_model::Candle;

use crate::indicator::Indicator;
use crate::spec::{IndicatorSpec, OUTPUTS_MAX};

/// Rows from one checkpoint to the next.
pub const CHECKPOINT_ROWS: u64 = 64;

/// Checkpoints kept.
const CHECKPOINTS: usize = 4;

/// How far behind the newest row [`IndicatorSet::rewind`] reaches at least, once so many rows were taken.
pub const REACH_ROWS: u64 = CHECKPOINT_ROWS * (CHECKPOINTS as u64 - 1);

/// The indicators of a series after the rows they were given. The same rows from the same first row give the same
/// bits, rewound or not.
#[derive(Clone, Debug)]
pub struct IndicatorSet {
    state: State,
    /// The state before a row divisible by [`CHECKPOINT_ROWS`], at `row / CHECKPOINT_ROWS % CHECKPOINTS`.
    checkpoints: [Option<(u64, State)>; CHECKPOINTS],
}

#[derive(Clone, Debug)]
struct State {
    indicators: Vec<Indicator>,
    progress: Vec<Progress>,
    /// Rows that were not gaps.
    fed_rows: u64,
}

/// Since when an output can be used.
#[derive(Clone, Copy, Default, Debug)]
struct Progress {
    defined: Option<u64>,
    settled: Option<u64>,
}

impl IndicatorSet {
    /// Indicators that have seen nothing.
    #[must_use]
    pub fn new(specs: &[IndicatorSpec]) -> Self {
        let indicators: Vec<Indicator> = specs.iter().map(Indicator::new).collect();
        let progress = vec![Progress::default(); indicators.iter().map(Indicator::outputs).sum()];
        Self { state: State { indicators, progress, fed_rows: 0 }, checkpoints: [const { None }; CHECKPOINTS] }
    }

    /// How many values a row gives.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.state.progress.len()
    }

    /// Takes the closed row `row`, the one after the last, and writes its values; NaN while undefined and in gap rows.
    ///
    /// # Panics
    /// If `values` is shorter than [`Self::outputs`].
    pub fn update(&mut self, row: u64, candle: &Candle, values: &mut [f64]) {
        if row.is_multiple_of(CHECKPOINT_ROWS) {
            self.checkpoints[slot(row)] = Some((row, self.state.clone()));
        }
        self.state.update(row, candle, values);
    }

    /// Writes the values the open candle would have if it closed as it is, without taking it.
    ///
    /// # Panics
    /// If `values` is shorter than [`Self::outputs`].
    pub fn peek(&self, open: &Candle, values: &mut [f64]) {
        let mut rest = values;
        for indicator in &self.state.indicators {
            let (out, after) = rest.split_at_mut(indicator.outputs());
            indicator.peek(open, out);
            rest = after;
        }
    }

    /// Goes back to the newest checkpoint at or before `row` and names its row: the caller gives the rows again from
    /// that one on. `None` if no checkpoint reaches so far: then [`Self::restart`] and give all rows again.
    pub fn rewind(&mut self, row: u64) -> Option<u64> {
        let reached = self.checkpoints.iter().flatten().map(|(at, _)| *at).filter(|at| *at <= row).max()?;
        for checkpoint in &mut self.checkpoints {
            match checkpoint {
                Some((at, state)) if *at == reached => self.state = state.clone(),
                Some((at, _)) if *at > reached => *checkpoint = None,
                _ => {}
            }
        }
        Some(reached)
    }

    /// Forgets every row.
    pub fn restart(&mut self) {
        let specs: Vec<IndicatorSpec> = self.state.indicators.iter().map(|indicator| *indicator.spec()).collect();
        *self = Self::new(&specs);
    }

    /// The first row in which this output has a value, once there is one.
    #[must_use]
    pub fn defined(&self, output: usize) -> Option<u64> {
        self.state.progress[output].defined
    }

    /// The first row in which this output no longer depends on where the rows began, to four digits; once there is one.
    #[must_use]
    pub fn settled(&self, output: usize) -> Option<u64> {
        self.state.progress[output].settled
    }
}

impl State {
    fn update(&mut self, row: u64, candle: &Candle, values: &mut [f64]) {
        self.fed_rows += u64::from(candle.close.is_finite());
        let mut at = 0;
        for indicator in &mut self.indicators {
            let mut out = [f64::NAN; OUTPUTS_MAX];
            indicator.update(candle, &mut out);
            let outputs = indicator.outputs();
            values[at..at + outputs].copy_from_slice(&out[..outputs]);
            let settled = self.fed_rows >= indicator.spec().settled_rows() as u64;
            for (progress, value) in self.progress[at..at + outputs].iter_mut().zip(out) {
                if value.is_finite() {
                    progress.defined.get_or_insert(row);
                }
                if settled {
                    progress.settled.get_or_insert(row);
                }
            }
            at += outputs;
        }
    }
}

fn slot(row: u64) -> usize {
    (row / CHECKPOINT_ROWS % CHECKPOINTS as u64) as usize
}
