//! The end-to-end latency harness: how long a trade takes from the venue's socket into another reader's hands.
//!
//! ```text
//! venue thread ── send ──► loopback TCP ──► shard: (TLS) frames, parse, publish ─► worker: candles, indicators
//!      ▲                                                       │                            │
//!      └────────── spins on the public reader ◄── trade ring ◄─┴──── live 1m candle ◄───────┘
//! ```
//!
//! The venue thread is the consumer too, so both ends of a measurement are read from one clock. In the same run, in
//! blocks that alternate with the plane's, a bare relay does the least that any such system can do: it receives the
//! same bytes from a loopback socket, waits in the same way, and stores one word that the sender spins on. What the
//! plane adds is the ratio of the two.
//!
//! | file | noun |
//! |---|---|
//! | `settings.rs` | what one run measures |
//! | `run.rs` | the blocks of a run |
//! | `venue.rs` | the server's end of a WebSocket, and the frames it sends |
//! | `plane.rs` | a data plane of one connection and one instrument, put together by hand |
//! | `relay.rs` | the bare relay |
//! | `pace.rs` | when the next message is due |
//! | `hiccup.rs` | what the machine takes from a thread that only spins |
//! | `samples.rs` | latencies and their percentiles |
//! | `machine.rs` | where and with what it was measured |
//! | `benches.rs` | the medians of the criterion benches |
//! | `record.rs` | the committed record |
#![allow(clippy::disallowed_methods, reason = "a harness measures time and has threads and sockets of its own")]
#![forbid(unsafe_code)]

mod benches;
mod error;
mod frame;
mod hiccup;
mod machine;
mod pace;
mod plane;
mod record;
mod relay;
mod run;
mod samples;
mod settings;
mod tls;
mod venue;

pub use benches::{Median, run_benches};
pub use error::PerfError;
pub use hiccup::{Hiccups, hiccups};
pub use machine::Machine;
pub use record::{Record, table};
pub use run::{Outcome, run};
pub use samples::Samples;
pub use settings::Settings;
