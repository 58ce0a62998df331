//! All indicators of one series, with checkpoints to go back to when a row is revised.

use tickplane_model::Candle;

use crate::engine::Engine;
use crate::input::Input;
use crate::past::{Mark, Past, Pasts};
use crate::spec::IndicatorSpec;
use crate::talib::UNDEFINED;

/// Rows from one checkpoint to the next.
pub const CHECKPOINT_ROWS: u64 = 64;

/// Checkpoints kept.
const CHECKPOINTS: usize = 4;

/// How far behind the newest row [`IndicatorSet::rewind`] reaches at least, once so many rows were taken.
pub const REACH_ROWS: u64 = CHECKPOINT_ROWS * (CHECKPOINTS as u64 - 1);

/// Rows taken between the oldest checkpoint and the one that will replace it: the past before a checkpoint must stand
/// as long as the checkpoint does.
const PAST_ROWS: usize = CHECKPOINT_ROWS as usize * CHECKPOINTS;

/// The indicators of a series after the rows they were given. The same rows from the same first row give the same
/// bits, rewound or not, and so do the same rows in another process.
///
/// Everything is allocated at the beginning; [`Self::update`], [`Self::peek`] and [`Self::rewind`] allocate nothing.
/// (But for the 100,000 rows in every 99,000,000 during which a handle of TA-Lib has a successor beside it, see
/// `talib.rs`.)
#[derive(Clone, Debug)]
pub struct IndicatorSet {
    specs: Box<[IndicatorSpec]>,
    engines: Box<[Engine]>,
    pasts: Pasts,
    /// One for each output.
    progress: Box<[Progress]>,
    /// Whether every output is settled, so that nothing of `progress` is left to find out.
    is_settled: bool,
    /// Before the row divisible by [`CHECKPOINT_ROWS`], at `row / CHECKPOINT_ROWS % CHECKPOINTS`.
    checkpoints: [Checkpoint; CHECKPOINTS],
    /// The row to come.
    next: Option<u64>,
}

/// The state before a row.
#[derive(Clone, Debug)]
struct Checkpoint {
    /// None: it holds nothing.
    row: Option<u64>,
    engines: Box<[Engine]>,
    closes: Mark,
    bars: Mark,
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
        let engines: Box<[Engine]> = specs.iter().map(Engine::new).collect();
        let checkpoint =
            Checkpoint { row: None, engines: engines.clone(), closes: Mark::default(), bars: Mark::default() };
        let (closes, bars) = past_rows(specs);
        Self {
            specs: specs.into(),
            engines,
            pasts: Pasts { closes: Past::new(closes), bars: Past::new(bars) },
            progress: vec![Progress::default(); outputs(specs)].into_boxed_slice(),
            is_settled: false,
            checkpoints: [(); CHECKPOINTS].map(|()| checkpoint.clone()),
            next: None,
        }
    }

    /// The memory that the set of these indicators takes, itself included.
    #[must_use]
    pub fn bytes(specs: &[IndicatorSpec]) -> usize {
        let (closes, bars) = past_rows(specs);
        size_of::<Self>()
            + size_of_val(specs)
            + (1 + CHECKPOINTS) * specs.len() * size_of::<Engine>()
            + Past::<1>::bytes(closes)
            + Past::<3>::bytes(bars)
            + outputs(specs) * size_of::<Progress>()
    }

    /// How many values a row gives: the outputs of every indicator, in order.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.progress.len()
    }

    /// Takes the closed row `row`, the one after the last, and writes its values; NaN while undefined and in gap rows.
    /// Before a row divisible by [`CHECKPOINT_ROWS`] it keeps a checkpoint.
    ///
    /// # Panics
    /// If `values` is shorter than [`Self::outputs`].
    pub fn update(&mut self, row: u64, candle: &Candle, values: &mut [f64]) {
        debug_assert!(self.next.is_none_or(|next| next == row), "rows come one after the other: {:?} {row}", self.next);
        self.next = Some(row + 1);
        if row.is_multiple_of(CHECKPOINT_ROWS) {
            self.keep(row);
        }
        let values = &mut values[..self.progress.len()];
        let Some(input) = Input::of(candle) else {
            values.fill(f64::NAN);
            return;
        };
        let mut rest = &mut *values;
        for (spec, engine) in self.specs.iter().zip(&mut self.engines) {
            rest = write(spec, &engine.update(&input, &self.pasts), rest);
        }
        self.pasts.closes.push([input.close]);
        if input.traded {
            self.pasts.bars.push(input.bar());
        }
        if !self.is_settled {
            self.note(row, values);
        }
    }

    /// Writes the values the open candle would have if it closed as it is: what [`Self::update`] would write, bit for
    /// bit, without taking it.
    ///
    /// # Panics
    /// If `values` is shorter than [`Self::outputs`].
    pub fn peek(&self, open: &Candle, values: &mut [f64]) {
        let mut rest = &mut values[..self.progress.len()];
        let input = Input::of(open);
        for (spec, engine) in self.specs.iter().zip(&self.engines) {
            let of_row = input.as_ref().map_or(UNDEFINED, |input| engine.peek(input, &self.pasts));
            rest = write(spec, &of_row, rest);
        }
    }

    /// Goes back to the newest checkpoint at or before `row` and names its row: the caller gives the rows again from
    /// that one on. `None` if no checkpoint reaches so far: then [`Self::restart`] and give all rows again.
    pub fn rewind(&mut self, row: u64) -> Option<u64> {
        let rows = self.checkpoints.iter().filter_map(|checkpoint| checkpoint.row);
        let reached = rows.filter(|at| *at <= row).max()?;
        let checkpoint = &self.checkpoints[slot(reached)];
        self.engines.clone_from_slice(&checkpoint.engines);
        self.pasts.closes.rewind(checkpoint.closes);
        self.pasts.bars.rewind(checkpoint.bars);
        for checkpoint in &mut self.checkpoints {
            checkpoint.row = checkpoint.row.filter(|at| *at <= reached);
        }
        for progress in &mut self.progress {
            progress.defined = progress.defined.filter(|at| *at < reached);
            progress.settled = progress.settled.filter(|at| *at < reached);
        }
        self.is_settled = false;
        self.next = Some(reached);
        Some(reached)
    }

    /// Forgets every row.
    pub fn restart(&mut self) {
        for (spec, engine) in self.specs.iter().zip(&mut self.engines) {
            *engine = Engine::new(spec);
        }
        self.pasts.closes.rewind(Mark::default());
        self.pasts.bars.rewind(Mark::default());
        self.checkpoints.iter_mut().for_each(|checkpoint| checkpoint.row = None);
        self.progress.fill(Progress::default());
        self.is_settled = false;
        self.next = None;
    }

    /// The first row in which this output has a value, once there is one.
    #[must_use]
    pub fn defined(&self, output: usize) -> Option<u64> {
        self.progress[output].defined
    }

    /// The first row from which this output no longer depends, to four digits, on where the rows began; once there is
    /// one. It is the row that makes [`IndicatorSpec::settled_rows`] of those that feed the indicator: gaps feed none,
    /// rows without trades none that wait for true ranges. A session's average also waits for a session that the rows
    /// hold from its beginning.
    #[must_use]
    pub fn settled(&self, output: usize) -> Option<u64> {
        self.progress[output].settled
    }

    fn keep(&mut self, row: u64) {
        let checkpoint = &mut self.checkpoints[slot(row)];
        checkpoint.row = Some(row);
        checkpoint.engines.clone_from_slice(&self.engines);
        checkpoint.closes = self.pasts.closes.mark();
        checkpoint.bars = self.pasts.bars.mark();
    }

    /// Notes the outputs that this row was the first to define or settle.
    #[cold]
    fn note(&mut self, row: u64, values: &[f64]) {
        let mut outputs = self.progress.iter_mut().zip(values);
        for (spec, engine) in self.specs.iter().zip(&self.engines) {
            let fed = if spec.kind().ranges() { self.pasts.bars.taken() } else { self.pasts.closes.taken() };
            let is_settled = fed >= spec.settled_rows() as u64 && engine.is_whole();
            for (progress, value) in outputs.by_ref().take(spec.outputs().len()) {
                progress.defined = progress.defined.or((!value.is_nan()).then_some(row));
                progress.settled = progress.settled.or(is_settled.then_some(row));
            }
        }
        self.is_settled = self.progress.iter().all(|of| of.defined.is_some() && of.settled.is_some());
    }
}

/// Writes an indicator's values and gives the room behind them.
#[inline]
fn write<'a>(spec: &IndicatorSpec, values: &[f64], room: &'a mut [f64]) -> &'a mut [f64] {
    let (out, rest) = room.split_at_mut(spec.outputs().len());
    let count = out.len();
    out.copy_from_slice(&values[..count]);
    rest
}

fn outputs(specs: &[IndicatorSpec]) -> usize {
    specs.iter().map(|spec| spec.outputs().len()).sum()
}

/// The closes and the bars to keep; none where nothing looks back to them.
fn past_rows(specs: &[IndicatorSpec]) -> (usize, usize) {
    let most = |of: fn((usize, usize)) -> usize| specs.iter().map(|spec| of(Engine::looks_back(spec))).max();
    let room = |most: Option<usize>| most.filter(|rows| *rows > 0).map_or(0, |rows| rows + PAST_ROWS);
    (room(most(|(closes, _)| closes)), room(most(|(_, bars)| bars)))
}

fn slot(row: u64) -> usize {
    (row / CHECKPOINT_ROWS % CHECKPOINTS as u64) as usize
}
