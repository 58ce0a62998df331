//! The indicator columns of one series: values of closed rows and of the open one, and anew after a revision.
//!
//! A revised candle changes the values of its own row and of those after it. Its row is only marked; once per publication
//! the indicators go back to the checkpoint before the oldest marked row and take the table's own rows again, a few at a
//! time. Meanwhile every row can be read: those the replay has not reached show their old values.

use tickplane_indicators::{IndicatorSet, IndicatorSpec};
use tickplane_model::Candle;
use tickplane_segments::SeriesWriter;

/// The indicators of a series and what of them its region shows.
pub(crate) struct Columns {
    set: IndicatorSet,
    /// One value per output, in the order of the region's columns.
    values: Box<[f64]>,
    /// The values a row shows.
    shown: Box<[f64]>,
    /// The seed row that each column shows.
    seeds: Box<[Option<u64>]>,
    /// The oldest row whose candle changed after the rows behind it were computed.
    changed: Option<u64>,
    replay: Option<Replay>,
}

/// Rows are given to the indicators again.
#[derive(Clone, Copy)]
struct Replay {
    /// The next one.
    next: u64,
    /// The oldest row whose candle changed.
    changed: u64,
    /// The indicators began anew with the table's first row, because no checkpoint reached back to the changed one.
    is_anew: bool,
}

impl Columns {
    pub(crate) fn new(specs: &[IndicatorSpec]) -> Self {
        let set = IndicatorSet::new(specs);
        let outputs = set.outputs();
        Self {
            set,
            values: vec![f64::NAN; outputs].into_boxed_slice(),
            shown: vec![f64::NAN; outputs].into_boxed_slice(),
            seeds: vec![None; outputs].into_boxed_slice(),
            changed: None,
            replay: None,
        }
    }

    /// Bytes on the heap for these indicators.
    pub(crate) fn heap_bytes(specs: &[IndicatorSpec]) -> usize {
        let outputs: usize = specs.iter().map(|spec| spec.outputs().len()).sum();
        let of_output = 2 * size_of::<f64>() + size_of::<Option<u64>>();
        IndicatorSet::bytes(specs) - size_of::<IndicatorSet>() + outputs * of_output
    }

    /// Takes up the rows an earlier process left: computes their values anew, and writes those whose bits differ.
    pub(crate) fn take_up(&mut self, writer: &mut SeriesWriter) {
        for (output, seed) in self.seeds.iter_mut().enumerate() {
            *seed = writer.seed_row(output);
        }
        for row in writer.rows() {
            let Some(candle) = writer.candle(row) else { continue };
            self.set.update(row, &candle, &mut self.values);
            self.rewrite(row, u64::MAX, writer);
        }
        self.tell_seeds(writer, u64::MAX);
    }

    /// Writes the values computed for a row by indicators that began anew. Before the first changed candle a row keeps
    /// what it shows until the new value is settled: the old one knew rows that are gone.
    fn rewrite(&mut self, row: u64, changed: u64, writer: &mut SeriesWriter) {
        if row < changed {
            writer.values(row, &mut self.shown);
            for (output, (value, shown)) in self.values.iter_mut().zip(&self.shown).enumerate() {
                let is_settled = self.set.settled(output).is_some_and(|settled| settled <= row);
                if !is_settled && shown.is_finite() {
                    *value = *shown;
                }
            }
        }
        writer.revise_values(row, &self.values);
    }

    /// Values of one row: those last computed.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Computes the values of a row that closes; while rows are replayed it has none, the replay will come to it.
    pub(crate) fn close(&mut self, row: u64, candle: &Candle, writer: &mut SeriesWriter) {
        if self.replay.is_some() {
            self.values.fill(f64::NAN);
            return;
        }
        self.set.update(row, candle, &mut self.values);
        if self.seeds.contains(&None) {
            self.tell_seeds(writer, u64::MAX);
        }
    }

    /// Computes the provisional values of the open candle; there are none while rows are replayed.
    pub(crate) fn peek(&mut self, candle: &Candle) {
        if self.replay.is_some() {
            self.values.fill(f64::NAN);
        } else {
            self.set.peek(candle, &mut self.values);
        }
    }

    /// The candle of a row in the table changed, or came before all others.
    pub(crate) fn mark(&mut self, row: u64) {
        let comes_anyway = self.replay.is_some_and(|replay| replay.next <= row);
        if !comes_anyway && !self.values.is_empty() {
            self.changed = Some(self.changed.map_or(row, |changed| changed.min(row)));
        }
    }

    /// The table was emptied.
    pub(crate) fn restart(&mut self, writer: &mut SeriesWriter) {
        self.set.restart();
        (self.changed, self.replay) = (None, None);
        for (output, seed) in self.seeds.iter_mut().enumerate() {
            *seed = None;
            writer.set_seed_row(output, None);
        }
    }

    /// Whether rows show values of candles that have changed since.
    pub(crate) const fn is_behind(&self) -> bool {
        self.changed.is_some() || self.replay.is_some()
    }

    /// Replays some rows; `false` when nothing is left to do.
    pub(crate) fn replay(&mut self, writer: &mut SeriesWriter, rows: u32) -> bool {
        if let Some(changed) = self.changed.take() {
            self.go_back(changed, writer.rows().start);
        }
        let Some(mut replay) = self.replay else { return false };
        for _ in 0..rows {
            let held = writer.rows();
            if replay.next >= held.end {
                self.replay = None;
                self.tell_seeds(writer, replay.changed);
                return false;
            }
            if replay.next < held.start {
                // The table moved on over rows that were still to come.
                self.set.restart();
                (replay.next, replay.is_anew) = (held.start, true);
            }
            let Some(candle) = writer.candle(replay.next) else { break };
            self.set.update(replay.next, &candle, &mut self.values);
            if replay.is_anew || replay.next >= replay.changed {
                self.rewrite(replay.next, replay.changed, writer);
            }
            replay.next += 1;
        }
        self.replay = Some(replay);
        true
    }

    /// Brings the indicators to a row at or before `changed` from which the table can go on.
    fn go_back(&mut self, changed: u64, first: u64) {
        let changed = self.replay.map_or(changed, |replay| replay.changed.min(changed));
        let reached = self.set.rewind(changed).filter(|next| *next >= first);
        if reached.is_none() {
            self.set.restart();
        }
        self.replay = Some(Replay { next: reached.unwrap_or(first), changed, is_anew: reached.is_none() });
    }

    /// Shows from where on values are settled. Where the indicators began anew but rows before `changed` kept their
    /// values, those stay settled.
    fn tell_seeds(&mut self, writer: &mut SeriesWriter, changed: u64) {
        for (output, seed) in self.seeds.iter_mut().enumerate() {
            let settled = self.set.settled(output);
            let kept = seed.filter(|seed| settled.is_some_and(|settled| *seed < settled && settled <= changed));
            let told = kept.or(settled);
            if *seed != told {
                *seed = told;
                writer.set_seed_row(output, told);
            }
        }
    }
}
