//! Places at which a test stops a writing process for good, to kill it right there. Only with the feature `fail-points`.
//!
//! A place is a number: that of a [`Site`](crate::sync::Site), or one that a user of this crate gives its own places.
//! One place is armed at a time. Whoever comes to it stays there, and [`is_reached`] tells the thread that kills.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Place 0 is none: [`Site`](crate::sync::Site) numbers are kept one higher.
static ARMED: AtomicU32 = AtomicU32::new(0);
static PASSES: AtomicU32 = AtomicU32::new(0);
static REACHED: AtomicBool = AtomicBool::new(false);

/// Stops the thread that comes to this place at the `time`th time from now on, counted from 1.
pub fn arm(place: u32, time: u32) {
    PASSES.store(time, Ordering::Relaxed);
    ARMED.store(place + 1, Ordering::Relaxed);
}

/// Whether a thread stands at the armed place.
#[must_use]
pub fn is_reached() -> bool {
    REACHED.load(Ordering::Relaxed)
}

/// A thread is at a place.
#[inline]
pub fn pass(place: u32) {
    if ARMED.load(Ordering::Relaxed) == place + 1 && PASSES.fetch_sub(1, Ordering::Relaxed) == 1 {
        REACHED.store(true, Ordering::Relaxed);
        loop {
            core::hint::spin_loop();
        }
    }
}
