//! Trades into candles: when a row closes, what revises it, and what it says of silence, outages and losses.
//!
//! A [`Series`] is a state machine over one symbol and one timeframe. It reads no clock: time comes with the trades,
//! with [`Series::advance`] and with the stream's outages. Rows leave through [`Rows`]; every interval between the
//! first row and the open one is published exactly once as closed, in order, and again each time it is revised.
//! Volumes and quote volumes are the `f64` nearest the exact decimal sum, whatever the order of arrival.
//!
//! | file | noun |
//! |---|---|
//! | `series.rs` | the open row, and when it closes |
//! | `closed.rs` | the rows that a late trade can still revise |
//! | `row.rs` | one row under construction |
//! | `prepared.rs` | a trade with its decimals, for all timeframes |
//! | `decimal.rs` | the decimal behind an `f64` |
//! | `sum.rs` | exact decimal sums |
//! | `outage.rs` | when the stream was down |
//! | `skew.rs` | local time into venue time |
//! | `roll_up.rs` | rows of a coarser timeframe from finer ones |
//! | `venue.rs` | rows that the venue's own candles make |
#![forbid(unsafe_code)]

mod closed;
mod decimal;
mod outage;
mod prepared;
mod roll_up;
mod row;
mod series;
mod skew;
mod sum;
mod venue;

pub use decimal::Decimal;
pub use prepared::{Decimals, Prepared};
pub use roll_up::roll_up;
pub use series::{AHEAD_MAX_NS, BEHIND_MAX_NS, Outcome, Rows, Series, SeriesConfig};
pub use skew::Skew;
pub use sum::{NUMBER_MAX, NUMBER_MIN, Sum, is_summable};
pub use venue::{gap_row, is_usable, quiet_row, venue_row};
