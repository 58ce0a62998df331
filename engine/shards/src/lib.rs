//! The state machine of one core: its connections (TLS, frames, venue sessions), its instruments, and the worker
//! that builds candles. No I/O, no threads, no clock: time, bytes and answers come in as arguments.
//!
//! ```text
//! bytes ─► Link (TLS, frames) ─► Session (venue) ─► Shard: de-duplicate, publish ─► Sender ═► Worker: candles, indicators
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `tape.rs`, `seams.rs`, `recent.rs` | which trades of an instrument were seen, and between which ones some are missing |
//! | `numbering.rs`, `times.rs` | whether ids go on, and times can be |
//! | `watch.rs`, `quotes.rs`, `rhythm.rs` | whether a stream and its quotes live, by their own rhythm |
//! | `questions.rs`, `repair.rs` | what venues are asked by REST, and how often |
//! | `owed.rs`, `runs.rs` | what a worker that fell behind did not get, and how it gets it after all |
//! | `streams.rs` | what the shard does about all that |
//! | `feed.rs`, `columns.rs` | one series, and its indicator values |
//! | `history.rs`, `past.rs` | the venue's own candles, and their way into a series |
//! | `report.rs` | what a shard asks of its runtime, and tells people |
//! | `granting.rs`, `hosts.rs` | addresses that venues hand out, and which of several is tried |
//! | `allowance.rs`, `permit.rs` | how often venues let us subscribe, and speak |
//! | `close_reason.rs` | why a connection ended |
#![forbid(unsafe_code)]

mod allowance;
mod backoff;
mod close_reason;
mod columns;
mod connection;
#[cfg(test)]
mod failures;
mod feed;
mod fetch;
mod granting;
mod history;
mod hosts;
mod instrument;
mod link;
mod now;
mod numbering;
mod owed;
mod past;
mod permit;
mod questions;
mod quotes;
mod reading;
mod recent;
mod repair;
mod report;
mod rhythm;
mod runs;
mod seams;
mod shard;
mod streams;
mod tape;
mod times;
mod tls;
mod verdict;
mod watch;
mod worker;

pub use close_reason::{CloseReason, StayAway};
pub use connection::{ConnectionSpec, TRIAL_MS};
pub use feed::Feed;
pub use fetch::{Fetch, FetchError};
pub use history::{History, Purpose};
pub use instrument::{OwnedInstrument, Route};
pub use link::{Address, LinkError};
pub use now::{Clock, Now};
pub use report::{Action, Happening, Report, StreamChange};
pub use shard::{ConnectionId, Shard};
pub use worker::{SymbolFeeds, Worker};
