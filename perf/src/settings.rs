//! What one run measures.

use std::ops::RangeInclusive;

use tickplane_runtimes::{Runtime, cores};

use crate::PerfError;

/// What one run measures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How the plane's threads, and the relay, wait.
    pub runtime: Runtime,
    /// Worker threads: 0 builds candles on the shard's thread, 1 on a thread of its own.
    pub workers: usize,
    /// Whether the venue speaks TLS (the relay never does).
    pub is_tls: bool,
    /// Messages measured through the plane, and as many through the relay.
    pub messages: u64,
    /// Blocks they are divided into; plane and relay take turns.
    pub blocks: u64,
    /// Time from one intended send to the next, in microseconds: drawn evenly.
    pub pause_us: RangeInclusive<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { runtime: Runtime::Poll, workers: 0, is_tls: false, messages: 20_000, blocks: 10, pause_us: 100..=300 }
    }
}

/// Which core each thread is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pins {
    /// The venue, which spins all the time.
    pub(crate) venue: usize,
    /// The shard, or the relay.
    pub(crate) shard: usize,
    /// The worker, if it has a thread of its own.
    pub(crate) worker: usize,
}

impl Settings {
    /// The run in one line.
    #[must_use]
    pub fn title(&self) -> String {
        let tls = if self.is_tls { ", TLS" } else { "" };
        format!("{}, workers {}{tls}", self.runtime, self.workers)
    }

    /// Where the threads go. Every spinning thread needs a core; parked ones share what is left of them.
    pub(crate) fn pins(&self) -> Result<Pins, PerfError> {
        let cores = cores();
        let is_spinning = self.runtime == Runtime::Poll;
        let needed = if is_spinning { 2 + self.workers } else { 2 };
        match cores[..] {
            [venue, .., worker, shard] if cores.len() >= needed => Ok(Pins { venue, shard, worker }),
            [venue, shard] if needed == 2 => Ok(Pins { venue, shard, worker: shard }),
            _ => Err(PerfError::Cores { needed, available: cores.len() }),
        }
    }
}
