//! The bell thread: makes the system call that wakes sleeping readers, so that no data thread has to.
#![allow(clippy::disallowed_methods, reason = "the bell is a thread that sleeps")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tickplane_segments::Bell;

/// How often the bell is looked at: the most that a sleeping reader is woken late.
const PERIOD: Duration = Duration::from_millis(1);
/// How often once nothing was published for a second: an idle plane should cost nothing.
const PERIOD_QUIET: Duration = Duration::from_millis(10);
const QUIET_AFTER: u32 = 1_000;

/// The running thread; dropped, it ends.
pub(crate) struct BellThread {
    is_ending: Arc<AtomicBool>,
    handle: Option<JoinHandle<()>>,
}

impl BellThread {
    pub(crate) fn start(bell: Bell) -> std::io::Result<Self> {
        let is_ending = Arc::new(AtomicBool::new(false));
        let told = is_ending.clone();
        let handle = std::thread::Builder::new().name("bell".to_owned()).spawn(move || {
            let mut quiet = 0_u32;
            // SYNC bell-end: relaxed, the flag guards no data.
            while !told.load(Ordering::Relaxed) {
                quiet = if bell.ring() { 0 } else { quiet.saturating_add(1) };
                std::thread::sleep(if quiet < QUIET_AFTER { PERIOD } else { PERIOD_QUIET });
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
