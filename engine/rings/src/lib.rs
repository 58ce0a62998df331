//! Events from the shard that owns an instrument to the worker that builds its candles.
//!
//! ```text
//! shard ── Sender ──► rtrb ring ──► Receiver ── worker
//!             └─ when the ring is full: one "catch up from seq" per instrument, sent as soon as there is room
//!       ◄── a second, small ring ◄── what had been overwritten when the worker came to read it
//! ```
//!
//! Every trade is in the instrument's shared trade ring before it comes here, so a full ring loses nothing: the
//! worker is told which sequence numbers to read there. Order per instrument is kept.
#![forbid(unsafe_code)]

mod ring;
mod sender;

pub use ring::{Overwritten, Receiver, WorkerEvent, ring};
pub use sender::Sender;
