//! The clock. This is the only file of the data path that reads one.
#![allow(clippy::disallowed_methods, reason = "this file is the clock of the data path")]

use std::cell::Cell;

use rustix::time::{ClockId, clock_gettime};
use tickplane_shards::{Clock, Now};

const NS_PER_SECOND: u64 = 1_000_000_000;

/// The system's clocks. Durations come from the monotonic one; epoch time is monotonic time plus an offset that is
/// measured anew each second, so that stamps never run backwards within a second and still follow NTP.
#[derive(Debug)]
pub struct SystemClock {
    offset_ns: Cell<i64>,
    measured_ns: Cell<u64>,
}

impl SystemClock {
    /// A clock with a fresh offset.
    #[must_use]
    pub fn new() -> Self {
        let clock = Self { offset_ns: Cell::new(0), measured_ns: Cell::new(0) };
        clock.measure(read(ClockId::Monotonic));
        clock
    }

    fn measure(&self, monotonic_ns: u64) {
        self.offset_ns.set(read(ClockId::Realtime) as i64 - monotonic_ns as i64);
        self.measured_ns.set(monotonic_ns);
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let monotonic_ns = read(ClockId::Monotonic);
        if monotonic_ns - self.measured_ns.get() >= NS_PER_SECOND {
            self.measure(monotonic_ns);
        }
        Now { monotonic_ns, epoch_ns: monotonic_ns as i64 + self.offset_ns.get() }
    }
}

fn read(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    time.tv_sec as u64 * NS_PER_SECOND + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epoch_time_follows_the_wall_clock_and_never_runs_backwards() {
        let clock = SystemClock::new();
        let mut last = clock.now();
        for _ in 0..100_000 {
            let now = clock.now();
            assert!(now.monotonic_ns >= last.monotonic_ns && now.epoch_ns >= last.epoch_ns);
            last = now;
        }
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as i64;
        assert!((wall - clock.now().epoch_ns).abs() < 50_000_000);
    }
}
