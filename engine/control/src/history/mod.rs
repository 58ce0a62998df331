//! History, healing and reconciliation: what the venues are asked for by way of candles.
//!
//! ```text
//! rows in shared memory ─► look ─► Planner ─► requests ─► answers ─► Planner ─► whole series to fill, rows to compare
//! ```
//!
//! What is missing is decided from the rows themselves, again and again: at the start, after an outage, after a restart.
//! So nothing has to be remembered over a restart, and only holes are asked for.
#![allow(clippy::single_range_in_vec_init, reason = "ranges of rows stand alone as often as in company")]

mod comparison;
mod job;
mod look;
mod planner;
mod tries;

pub use comparison::{Comparison, compare};
pub use job::source_of;
pub use look::{Look, Missing, Standing, Wish, is_comparable, look};
pub use planner::{Action, Answer, Input, Planner, Progress, Unanswered};

use tickplane_model::Timeframe;

/// A series of a planner: the place of its instrument in the planner's list, and its timeframe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeriesId {
    /// The instrument's place, the most important first.
    pub rank: u32,
    /// The timeframe.
    pub timeframe: Timeframe,
}
