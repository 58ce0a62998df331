//! Calls the bell's thread when it sleeps: a data thread pays for that once per quiet spell.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_utils::sync::{Parker, Unparker};

/// The data threads' end; clones call the same thread.
#[derive(Clone, Debug)]
pub struct Ringer {
    is_asleep: Arc<AtomicBool>,
    unparker: Unparker,
}

/// The end of the thread that rings the bell.
#[derive(Debug)]
pub struct RingerSleep {
    is_asleep: Arc<AtomicBool>,
    parker: Parker,
}

impl Ringer {
    /// Both ends.
    #[must_use]
    pub fn new() -> (Self, RingerSleep) {
        let parker = Parker::new();
        let is_asleep = Arc::new(AtomicBool::new(false));
        let ringer = Self { is_asleep: is_asleep.clone(), unparker: parker.unparker().clone() };
        (ringer, RingerSleep { is_asleep, parker })
    }

    /// Ends the sleep, if there is one: called after the bell was marked. One load while the thread is awake.
    pub fn call(&self) {
        // SYNC ringer: relaxed, the flag guards no data. A thread that falls asleep at this very moment may be missed; it
        // looks at the bell again when its sleep is over, which is why that has an end.
        if self.is_asleep.load(Ordering::Relaxed) && self.is_asleep.swap(false, Ordering::Relaxed) {
            self.unparker.unpark();
        }
    }
}

impl RingerSleep {
    /// Sleeps until called, at most so long. `has_work` is asked once more before.
    pub fn sleep(&self, timeout: Duration, has_work: impl FnOnce() -> bool) {
        self.is_asleep.store(true, Ordering::Relaxed);
        if !has_work() {
            self.parker.park_timeout(timeout);
        }
        self.is_asleep.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a thread that sleeps and one that calls it")]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_call_ends_the_sleep_and_none_is_made_of_one_who_is_awake() {
        let (ringer, sleep) = Ringer::new();
        ringer.call();
        let start = Instant::now();
        let calling = std::thread::spawn(move || {
            while !ringer.is_asleep.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(20));
            ringer.call();
        });
        sleep.sleep(Duration::from_secs(20), || false);
        let slept = start.elapsed();
        assert!(slept >= Duration::from_millis(20) && slept < Duration::from_secs(10), "{slept:?}");
        calling.join().unwrap();
        sleep.sleep(Duration::from_secs(20), || true);
        assert!(start.elapsed() < Duration::from_secs(10), "work keeps it awake");
    }
}
