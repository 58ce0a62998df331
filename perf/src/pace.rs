//! When the next message is due: a schedule laid out in advance, so that a stall delays no intention.
#![allow(clippy::disallowed_methods, reason = "a schedule of the wall clock")]

use std::hint::spin_loop;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// Intended times, each some time after the last.
pub(crate) struct Pace {
    due: Instant,
    pause_us: RangeInclusive<u64>,
    random: u64,
}

impl Pace {
    /// A schedule that begins now.
    pub(crate) fn new(pause_us: RangeInclusive<u64>, seed: u64) -> Self {
        Self { due: Instant::now(), pause_us, random: seed }
    }

    /// Spins until the next message is due, or not at all if that is past, and gives the time it was due.
    pub(crate) fn wait(&mut self) -> Instant {
        let pause = Duration::from_nanos(self.pause_ns());
        self.due += pause;
        while Instant::now() < self.due {
            spin_loop();
        }
        self.due
    }

    /// A linear congruential generator (Knuth, MMIX).
    fn pause_ns(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (start, end) = (self.pause_us.start() * 1_000, self.pause_us.end() * 1_000);
        start + (self.random >> 33) % (end.saturating_sub(start) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_in_their_range_and_a_late_call_catches_up() {
        let mut pace = Pace::new(10..=30, 7);
        let mut last = pace.due;
        for _ in 0..1_000 {
            let due = pace.wait();
            assert!((10..=30).contains(&(due - last).as_micros()));
            assert!(Instant::now() >= due);
            last = due;
        }
        std::thread::sleep(Duration::from_millis(2));
        let late = pace.wait();
        assert!(late - last <= Duration::from_micros(30), "the schedule does not move with the caller");
    }
}
