//! Runs shards and workers on threads: TCP sockets, waiting, the clock and pinning. Nothing else in tickplane opens a
//! venue's socket, and nothing else on the data path reads a clock.
#![forbid(unsafe_code)]

mod choice;
mod clock;
mod resolver;
mod sockets;
mod thread;

pub use choice::{Choice, Runtime, UnknownRuntime, choose, cores};
pub use clock::SystemClock;
pub use resolver::Resolver;
pub use thread::{Command, Notice, Thread, ThreadSpec, Waking, spawn};
