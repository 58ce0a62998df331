//! What is asked of venues by way of candles.

use std::str::FromStr;

/// How much history each series is filled with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum HistoryRows {
    /// None: series begin when the plane begins to listen, and gaps that trades cannot close stay.
    Off,
    /// As much as a series keeps.
    #[default]
    Depth,
    /// So many rows, at most what a series keeps.
    Rows(usize),
}

impl HistoryRows {
    /// Rows that a series of this depth should hold; 0 for none.
    #[must_use]
    pub fn of_depth(self, depth: usize) -> u64 {
        match self {
            Self::Off => 0,
            Self::Depth => depth as u64,
            Self::Rows(rows) => rows.min(depth) as u64,
        }
    }
}

/// What is done about closed candles and the venue's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reconcile {
    /// They are not compared.
    Off,
    /// Those that are equal and those that differ are counted.
    #[default]
    Count,
    /// Those that differ are replaced by the venue's too.
    Repair,
}

/// The text names no way to reconcile.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown reconcile \"{0}\"; known are: off count repair")]
pub struct UnknownReconcile(String);

impl FromStr for Reconcile {
    type Err = UnknownReconcile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "count" => Ok(Self::Count),
            "repair" => Ok(Self::Repair),
            _ => Err(UnknownReconcile(text.to_owned())),
        }
    }
}
