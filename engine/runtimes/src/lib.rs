//! Runs shards and workers on threads: TCP sockets, waiting, the clock and pinning. Nothing else in tickplane opens a
//! venue's socket, and nothing else on the data path reads a clock.
#![forbid(unsafe_code)]

mod choice;
mod clock;
mod liveness;
mod probe;
mod resolver;
#[cfg(feature = "glommio")]
mod ring;
mod ringer;
mod sockets;
mod thread;
mod turns;

pub use choice::{Choice, Runtime, UnknownRuntime, choose, cores};
pub use clock::SystemClock;
pub use probe::probe;
pub use resolver::{Booking, Gate, Resolver};
pub use ringer::{Ringer, RingerSleep};
pub use thread::{Command, Fetcher, Notice, Thread, ThreadSpec, Waking, spawn};
