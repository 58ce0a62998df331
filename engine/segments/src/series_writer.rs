//! What a series' worker writes: rows, revisions and the live candle.

use std::ops::Range;

use tickplane_layout::Word;
use tickplane_layout::series::{
    CANDLE_COLUMNS, CANDLE_WORDS, COLUMN_NAME_WORDS, COLUMN_SEED_ROW, COLUMN_TYPE, ColumnType, LIVE_HEAD_WORDS,
    SEED_NONE, SeriesLayout,
};
use tickplane_layout::sync::Ordering;
use tickplane_layout::table::Table;
use tickplane_layout::text;
use tickplane_model::Candle;

use crate::EntryId;
use crate::arena::Claim;
use crate::convert::{candle, row_words};

/// Writes one series. One per series, moved to its worker's thread.
#[derive(Debug)]
pub struct SeriesWriter {
    claim: Claim,
    layout: SeriesLayout,
}

impl SeriesWriter {
    pub(crate) fn new(claim: Claim, layout: SeriesLayout) -> Self {
        let words = claim.region.words();
        layout.table(words).recover();
        layout.live(words).recover();
        Self { claim, layout }
    }

    #[inline]
    fn table(&self) -> Table<'_> {
        self.layout.table(self.claim.region.words())
    }

    /// Its entry in the exchange's directory, by which events name it.
    #[must_use]
    pub fn entry(&self) -> EntryId {
        EntryId::of(&self.claim.region)
    }

    /// The rows the series holds; empty when it is new.
    #[must_use]
    pub fn rows(&self) -> Range<u64> {
        self.table().rows()
    }

    /// A row it holds.
    #[must_use]
    pub fn candle(&self, row: u64) -> Option<Candle> {
        let table = self.table();
        table.rows().contains(&row).then(|| candle(&std::array::from_fn(|column| table.cell(row, column))))
    }

    /// The indicator values of a row it holds, copied into `values`; says whether it holds the row.
    pub fn values(&self, row: u64, values: &mut [f64]) -> bool {
        let table = self.table();
        let holds = table.rows().contains(&row);
        if holds {
            for (column, value) in (CANDLE_WORDS..table.columns()).zip(values) {
                *value = f64::from_bits(table.cell(row, column));
            }
        }
        holds
    }

    /// Empties the series; the next append is `row`. Views that are open become invalid.
    pub fn begin_at(&mut self, row: u64) {
        self.table().reset(row);
    }

    /// Appends the next row and gives its number. Missing indicator values are NaN.
    #[inline]
    pub fn append(&mut self, candle: &Candle, indicators: &[f64]) -> u64 {
        self.table().append(row_words(candle, indicators))
    }

    /// Puts an older row before the first and gives its number; `None` when the series is full to its depth.
    pub fn prepend(&mut self, candle: &Candle, indicators: &[f64]) -> Option<u64> {
        self.table().prepend(row_words(candle, indicators))
    }

    /// Replaces a row; says whether the series holds it.
    pub fn revise(&mut self, row: u64, candle: &Candle, indicators: &[f64]) -> bool {
        self.table().revise(row, row_words(candle, indicators))
    }

    /// Replaces the candle of a row and leaves its indicator values; says whether the series holds it.
    pub fn revise_candle(&mut self, row: u64, candle: &Candle) -> bool {
        let table = self.table();
        let kept = (CANDLE_WORDS..table.columns()).map(|column| table.cell(row, column));
        table.revise(row, row_words(candle, &[]).take(CANDLE_WORDS).chain(kept))
    }

    /// Replaces the indicator values of a row where their bits differ; says whether any did.
    pub fn revise_values(&mut self, row: u64, values: &[f64]) -> bool {
        let table = self.table();
        let columns = CANDLE_WORDS..table.columns();
        let differs = |(column, value): (usize, &f64)| table.cell(row, column) != value.to_bits();
        if !table.rows().contains(&row) || !columns.zip(values).any(differs) {
            return false;
        }
        let kept = (0..CANDLE_WORDS).map(|column| table.cell(row, column));
        table.revise(row, kept.chain(values.iter().map(|value| value.to_bits())))
    }

    /// Publishes the forming candle: `row` is its row, `trade_seq` the newest trade it contains (0 if none).
    #[inline]
    pub fn publish_live(&mut self, row: u64, trade_seq: u64, publish_ns: i64, candle: &Candle, indicators: &[f64]) {
        let head: [u64; LIVE_HEAD_WORDS] = [row, trade_seq, publish_ns.cast_unsigned()];
        let words = head.into_iter().chain(row_words(candle, indicators));
        self.layout.live(self.claim.region.words()).publish(words.take(LIVE_HEAD_WORDS + self.layout.columns));
    }

    /// Says from which row on an indicator's values are settled, if any are; `column` counts the indicator columns from 0.
    pub fn set_seed_row(&mut self, column: usize, row: Option<u64>) {
        self.seed_word(column).store(row.unwrap_or(SEED_NONE), Ordering::Relaxed);
    }

    /// The row from which on an indicator's values are settled, as last said.
    #[must_use]
    pub fn seed_row(&self, column: usize) -> Option<u64> {
        Some(self.seed_word(column).load(Ordering::Relaxed)).filter(|row| *row != SEED_NONE)
    }

    /// One word that stands for itself: it names a row, and rows are read under the table's protocol.
    fn seed_word(&self, column: usize) -> &Word {
        &self.layout.column_entry(self.claim.region.words(), CANDLE_WORDS + column)[COLUMN_SEED_ROW]
    }
}

fn column_names(indicators: &[String]) -> impl Iterator<Item = &str> {
    CANDLE_COLUMNS.into_iter().chain(indicators.iter().map(String::as_str))
}

/// Writes the column table of a new region.
pub(crate) fn name_columns(layout: SeriesLayout, words: &[Word], indicators: &[String]) {
    for (column, name) in column_names(indicators).enumerate() {
        let entry = layout.column_entry(words, column);
        let name: [u64; COLUMN_NAME_WORDS] = text::pack(name).unwrap_or_default();
        for (word, value) in entry.iter().zip(name) {
            word.store(value, Ordering::Relaxed);
        }
        let seed = if column < CANDLE_WORDS { 0 } else { SEED_NONE };
        entry[COLUMN_SEED_ROW].store(seed, Ordering::Relaxed);
        entry[COLUMN_TYPE].store(ColumnType::of_column(column) as u64, Ordering::Relaxed);
    }
}

fn column_name(layout: SeriesLayout, words: &[Word], column: usize) -> [u64; COLUMN_NAME_WORDS] {
    let entry = layout.column_entry(words, column);
    std::array::from_fn(|word| entry[word].load(Ordering::Relaxed))
}

/// Whether a region of this layout has these indicator columns, in this order and of the types that are written.
pub(crate) fn has_columns(layout: SeriesLayout, words: &[Word], indicators: &[String]) -> bool {
    column_names(indicators).enumerate().all(|(column, name)| {
        text::pack(name) == Some(column_name(layout, words, column)) && has_own_type(layout, words, column)
    })
}

fn has_own_type(layout: SeriesLayout, words: &[Word], column: usize) -> bool {
    layout.column_entry(words, column)[COLUMN_TYPE].load(Ordering::Relaxed) == ColumnType::of_column(column) as u64
}

/// Copies the newest rows and the live candle of a region into one of another shape that nobody reads yet, column by
/// column by name.
pub(crate) fn copy_rows(old: SeriesLayout, old_words: &[Word], new: SeriesLayout, new_words: &[Word]) {
    let source_of = |column: usize| {
        let name = column_name(new, new_words, column);
        let is_same = |at: &usize| {
            column_name(old, old_words, *at) == name
                && old.column_type(old_words, *at) == Some(ColumnType::of_column(column))
        };
        (0..old.columns).find(is_same)
    };
    let sources: Vec<Option<usize>> = (0..new.columns).map(source_of).collect();
    let (source, target) = (old.table(old_words), new.table(new_words));
    source.recover();
    old.live(old_words).recover();

    let rows = source.rows();
    let first = rows.start.max(rows.end.saturating_sub(new.depth as u64));
    target.reset(first);
    for row in first..rows.end {
        let cell = |column: &Option<usize>| column.map_or(f64::NAN.to_bits(), |column| source.cell(row, column));
        target.append(sources.iter().map(cell));
    }
    for (column, from) in sources.iter().enumerate().skip(CANDLE_WORDS) {
        let seed =
            from.map_or(SEED_NONE, |from| old.column_entry(old_words, from)[COLUMN_SEED_ROW].load(Ordering::Relaxed));
        new.column_entry(new_words, column)[COLUMN_SEED_ROW].store(seed, Ordering::Relaxed);
    }

    let mut live = vec![0; LIVE_HEAD_WORDS + old.columns];
    if matches!(old.live(old_words).read(&mut live), Ok(sequence) if sequence > 0) {
        let value = |column: &Option<usize>| column.map_or(f64::NAN.to_bits(), |column| live[LIVE_HEAD_WORDS + column]);
        let head = live[..LIVE_HEAD_WORDS].iter().copied();
        new.live(new_words).publish(head.chain(sources.iter().map(value)));
    }
}
