//! The bell thread: makes the system call that wakes sleeping readers, so that no data thread has to.
#![allow(clippy::disallowed_methods, reason = "the bell is a thread that sleeps")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tickplane_runtimes::RingerSleep;
use tickplane_segments::Bell;

/// How often the bell is looked at while something happens: the most that a sleeping reader is woken late. It costs 2 % of
/// a core on a virtual machine, so after a quiet spell the thread sleeps until a data thread calls it.
const PERIOD: Duration = Duration::from_millis(1);
/// Periods without a mark that make a quiet spell.
const QUIET_PERIODS: u32 = 50;
/// The longest sleep without a call.
const SLEEP_MAX: Duration = Duration::from_millis(20);

/// The running thread; dropped, it ends.
pub(crate) struct BellThread {
    is_ending: Arc<AtomicBool>,
    handle: Option<JoinHandle<()>>,
}

impl BellThread {
    pub(crate) fn start(bell: Bell, sleep: RingerSleep) -> std::io::Result<Self> {
        let is_ending = Arc::new(AtomicBool::new(false));
        let told = is_ending.clone();
        let handle = std::thread::Builder::new().name("bell".to_owned()).spawn(move || {
            let mut quiet_periods = 0;
            // SYNC bell-end: relaxed, the flag guards no data.
            while !told.load(Ordering::Relaxed) {
                quiet_periods = if bell.ring() { 0 } else { quiet_periods + 1 };
                if quiet_periods < QUIET_PERIODS {
                    std::thread::sleep(PERIOD);
                } else {
                    sleep.sleep(SLEEP_MAX, || bell.ring());
                }
            }
            bell.ring();
        })?;
        Ok(Self { is_ending, handle: Some(handle) })
    }
}

impl Drop for BellThread {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
        if let Some(handle) = self.handle.take() {
            // The thread has nothing that could fail.
            let _ = handle.join();
        }
    }
}
