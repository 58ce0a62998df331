//! Sleeping on a word of a mapping, and waking who sleeps.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use rustix::thread::futex::{self, Flags, Timespec};
use tickplane_layout::Word;

/// The half of a word the kernel looks at: the lower one, which stands first on the little-endian machines the format
/// is for.
fn low_half(word: &Word) -> &AtomicU32 {
    // SAFETY: the first four bytes of an aligned, live 64-bit word; only the kernel reads through the result.
    unsafe { AtomicU32::from_ptr(word.as_ptr().cast()) }
}

/// Sleeps while the word is still `seen`, at most so long.
pub(crate) fn wait(word: &Word, seen: u64, timeout: Duration) {
    let timeout = Timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: i64::from(timeout.subsec_nanos()),
    };
    // Woken, changed, timed out or interrupted: the caller looks at the word again in any case.
    let _ = futex::wait(low_half(word), Flags::empty(), seen as u32, Some(&timeout));
}

/// Wakes everyone who sleeps on the word.
pub(crate) fn wake(word: &Word) {
    // Waking fails only for an address that is none.
    let _ = futex::wake(low_half(word), Flags::empty(), i32::MAX as u32);
}
