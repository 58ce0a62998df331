//! The venue's own candles for one series, as its REST answers gave them.

use tickplane_model::{Candle, Timeframe};

/// Closed candles of the venue for one series of a worker.
///
/// From the first to the last of them the venue is taken at its word: an interval between two of them that has none had
/// no trade. So is one whose candle has no volume. Rows before the series' first are put before it as far as its depth
/// reaches; those that exist are replaced as [`Purpose`] says; the open row and later ones are left to the trades.
#[derive(Clone, PartialEq, Debug)]
pub struct History {
    /// The symbol, by the slot it has in its worker.
    pub slot: u32,
    /// Which of its series.
    pub timeframe: Timeframe,
    /// Closed candles, oldest first, their open times aligned to the venue's calendar; others are passed over. Of their
    /// quality only [`Quality::DERIVED`](tickplane_model::Quality::DERIVED) is kept; values the venue does not give are 0
    /// or NaN.
    pub candles: Vec<Candle>,
    /// What they are for.
    pub purpose: Purpose,
}

/// What the venue's candles are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To fill what is missing: rows with a gap, with a partial start, or without trades where the venue had some. Rows
    /// that are whole stay as the trades made them.
    Fill,
    /// To replace rows found to differ: each row that has a candle here takes it.
    Repair,
}
