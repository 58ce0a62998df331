//! What the machine takes from a thread that only spins: without it nobody can tell the plane's tail from the host's.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock; its threads are its own")]

use std::hint::spin_loop;
use std::thread::scope;
use std::time::{Duration, Instant};

use core_affinity::CoreId;
use hdrhistogram::Histogram;

use crate::samples::{histogram, ns};

/// A gap between two readings of the clock beyond this is time that something else took.
const GAP_NS_MIN: u64 = 1_000;

/// What one core lost while a thread did nothing but read the clock.
#[derive(Clone, Debug)]
pub struct Hiccups {
    /// The core.
    pub core: usize,
    /// How long the thread spun, in nanoseconds.
    pub duration_ns: u64,
    /// Gaps of more than 1 µs, in nanoseconds.
    pub gaps: Histogram<u64>,
    /// All gaps together, in nanoseconds.
    pub lost_ns: u64,
}

impl Hiccups {
    /// The lost part of the time, in percent.
    #[must_use]
    pub fn lost_percent(&self) -> f64 {
        100.0 * self.lost_ns as f64 / self.duration_ns.max(1) as f64
    }
}

/// Spins on each of these cores at once.
#[must_use]
pub fn hiccups(cores: &[usize], duration: Duration) -> Vec<Hiccups> {
    scope(|scope| {
        let threads: Vec<_> = cores.iter().map(|core| scope.spawn(move || spin(*core, duration))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

fn spin(core: usize, duration: Duration) -> Hiccups {
    core_affinity::set_for_current(CoreId { id: core });
    let mut gaps = histogram();
    let mut lost_ns = 0;
    let start = Instant::now();
    let mut last = start;
    while last - start < duration {
        let now = Instant::now();
        let gap_ns = ns(now - last);
        if gap_ns > GAP_NS_MIN {
            gaps.saturating_record(gap_ns);
            lost_ns += gap_ns;
        }
        last = now;
        spin_loop();
    }
    Hiccups { core, duration_ns: ns(last - start), gaps, lost_ns }
}
