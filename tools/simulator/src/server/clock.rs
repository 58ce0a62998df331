//! The clock of the simulation: wall time that never steps back.
#![allow(clippy::disallowed_methods, reason = "this file is the clock of the simulator")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the epoch: the wall clock at start, and the monotonic clock from there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start_ns: i64,
    start: Instant,
}

impl Clock {
    /// Reads the wall clock once.
    pub(crate) fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start_ns: since_epoch.as_nanos() as i64, start: Instant::now() }
    }

    /// Now.
    pub(crate) fn now_ns(&self) -> i64 {
        self.start_ns + self.start.elapsed().as_nanos() as i64
    }
}
