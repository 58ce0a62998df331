//! The bell: one word that data threads bump and sleepers wait on.
//!
//! A sleeper loads the word, looks at the data, and if there is nothing new asks the kernel to sleep while the word's
//! low half is still what it loaded. The kernel compares the low 32 bits; waking is the bell thread's business.

use crate::sync::{Ordering, Site, Word, order};

/// The bell over its word.
#[derive(Clone, Copy, Debug)]
pub struct BellWord<'a>(pub &'a Word);

impl BellWord<'_> {
    /// Says that something was published. Any thread of the writing process, at most once a turn.
    #[inline]
    pub fn mark(&self) {
        // SYNC BellMark: what was published before this bump is seen by whoever sees the bump; pairs with BellSeen.
        self.0.fetch_add(1, order(Site::BellMark, Ordering::Release));
    }

    /// The word now; load it before looking at the data.
    #[inline]
    #[must_use]
    pub fn seen(&self) -> u64 {
        // SYNC BellSeen: the data of every bump counted here is visible; pairs with BellMark.
        self.0.load(order(Site::BellSeen, Ordering::Acquire))
    }
}
