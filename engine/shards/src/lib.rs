//! The state machine of one core: its connections (TLS, frames, venue sessions), its instruments, and the worker
//! that builds candles. No I/O, no threads, no clock: time, bytes and answers come in as arguments.
//!
//! ```text
//! bytes ─► Link (TLS, frames) ─► Session (venue) ─► Shard: de-duplicate, publish ─► Sender ═► Worker: candles, indicators
//! ```
#![forbid(unsafe_code)]

mod backoff;
mod budget;
mod close_reason;
mod connection;
#[cfg(test)]
mod failures;
mod feed;
mod fetch;
mod instrument;
mod link;
mod now;
mod questions;
mod reading;
mod repair;
mod rhythm;
mod shard;
mod streams;
mod tape;
mod tls;
mod watch;
mod worker;

pub use close_reason::CloseReason;
pub use connection::ConnectionSpec;
pub use feed::Feed;
pub use fetch::{Fetch, FetchError};
pub use instrument::{OwnedInstrument, Route};
pub use link::{Address, LinkError};
pub use now::{Clock, Now};
pub use shard::{Action, ConnectionId, Happening, Report, Shard};
pub use worker::{SymbolFeeds, Worker};
