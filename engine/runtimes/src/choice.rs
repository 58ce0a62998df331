//! Which runtime, how many threads, and which cores: what fits the machine.

use std::fmt;
use std::str::FromStr;

/// How a thread waits for its sockets and rings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runtime {
    /// Reads every socket over and over: 4-5 µs from the peer's write to us, and a whole core each.
    Poll,
    /// Sleeps in the kernel until something happens: 30-35 µs, and next to no CPU when idle.
    Park,
    /// Sleeps in an io_uring that glommio drives: for many sockets on few cores. A thread bound to a core spins a
    /// little before it sleeps, so that a busy market is read as `poll` reads it.
    Glommio,
}

impl Runtime {
    /// Those that this build holds.
    pub const BUILT: &[Self] =
        if cfg!(feature = "glommio") { &[Self::Poll, Self::Park, Self::Glommio] } else { &[Self::Poll, Self::Park] };

    /// `poll`, `park` or `glommio`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Park => "park",
            Self::Glommio => "glommio",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no runtime.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown runtime \"{0}\"; known are: auto poll park glommio")]
pub struct UnknownRuntime(String);

impl FromStr for Runtime {
    type Err = UnknownRuntime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "poll" => Ok(Self::Poll),
            "park" => Ok(Self::Park),
            "glommio" => Ok(Self::Glommio),
            _ => Err(UnknownRuntime(text.to_owned())),
        }
    }
}

/// What the plane's threads look like. `None` asks for a value that fits the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// How to wait.
    pub runtime: Option<Runtime>,
    /// Threads that hold sockets.
    pub shards: Option<usize>,
    /// Threads that build candles; 0 builds them on the shards' threads.
    pub workers: Option<usize>,
}

/// Fills in what `wanted` leaves open for a machine with `cores` usable cores (affinity mask and cgroup quota counted).
///
/// `poll` is chosen when every thread has a core for itself and one is left for the rest of the host; with fewer cores
/// spinning threads only take time from each other and from the consumers. `glommio` is never chosen, only wanted.
#[must_use]
pub fn choose(wanted: Choice, cores: usize) -> (Runtime, usize, usize) {
    let shards = wanted.shards.unwrap_or(if cores >= 8 { 2 } else { 1 }).max(1);
    let workers = wanted.workers.unwrap_or(match cores {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    });
    let fits = cores > shards + workers && cores > 2;
    let runtime = wanted.runtime.unwrap_or(if fits { Runtime::Poll } else { Runtime::Park });
    (runtime, shards, workers)
}

/// The cores this process may use, by the number threads are pinned with.
#[must_use]
pub fn cores() -> Vec<usize> {
    core_affinity::get_core_ids().unwrap_or_default().into_iter().map(|core| core.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spins_only_where_every_thread_has_a_core() {
        let auto = Choice::default();
        assert_eq!(choose(auto, 1), (Runtime::Park, 1, 0));
        assert_eq!(choose(auto, 2), (Runtime::Park, 1, 0));
        assert_eq!(choose(auto, 4), (Runtime::Poll, 1, 1));
        assert_eq!(choose(auto, 16), (Runtime::Poll, 2, 2));
        assert_eq!(choose(Choice { workers: Some(4), ..auto }, 4), (Runtime::Park, 1, 4));
        assert_eq!(choose(Choice { runtime: Some(Runtime::Poll), ..auto }, 1), (Runtime::Poll, 1, 0));
    }
}
