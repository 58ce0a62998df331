//! The word and the orderings of every protocol, each under a name that a loom model can weaken.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicU64 as Word, Ordering};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicU64 as Word, Ordering};

#[cfg(not(loom))]
use core::sync::atomic::fence;
#[cfg(loom)]
use loom::sync::atomic::fence;

macro_rules! sites {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The place of one ordering that is stronger than relaxed. The `// SYNC` comment of that name says what it is for.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Site {
            $($(#[$doc])* $name,)*
        }

        #[cfg(loom)]
        impl Site {
            /// Every place.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

sites! {
    /// Double slot: fence between opening the slot and its words.
    DoubleSlotOpen,
    /// Double slot: `latest` after the slot's words and sequence.
    DoubleSlotAnnounce,
    /// Double slot: a reader's load of `latest`.
    DoubleSlotFind,
    /// Double slot: fence between the words and the second load of the sequence.
    DoubleSlotLeave,
    /// Ring: fence between opening the slot and its words.
    RingOpen,
    /// Ring: the slot's sequence after its words.
    RingCommit,
    /// Ring: `head` after the slot's sequence.
    RingAnnounce,
    /// Ring: a reader's load of `head`.
    RingFind,
    /// Ring: a reader's first load of the slot's sequence.
    RingEnter,
    /// Ring: fence between the words and the second load of the sequence.
    RingLeave,
    /// Table: fence between `begin` and the words of a new row.
    AppendOpen,
    /// Table: `head` after the words of a new row.
    AppendPublish,
    /// Table: `first_row` after the words of an older row.
    PrependPublish,
    /// Table: fence between opening the journal and its words.
    JournalOpen,
    /// Table: the journal's sequence after its words.
    JournalCommit,
    /// Table: fence between `revise_begin` and the changed words.
    ReviseOpen,
    /// Table: `revise_end` after the changed words.
    ReviseClose,
    /// Table: a reader's load of `revise_end`.
    ViewRevision,
    /// Table: a reader's load of the journal's sequence.
    ViewJournal,
    /// Table: a reader's load of `head`.
    ViewHead,
    /// Table: a reader's load of `first_row`.
    ViewFirst,
    /// Table: fence between the words and the loads that validate them.
    ViewLeave,
    /// Directory: `count` after the words of an entry.
    DirectoryPublish,
    /// Directory: a reader's load of `count`.
    DirectoryCount,
    /// Directory: `state` of an entry after its successor is published.
    EntryMove,
    /// Directory: a reader's load of an entry's `state`.
    EntryState,
    /// Header: the version word after everything else.
    HeaderReady,
    /// Header: a reader's load of the version word.
    HeaderVersion,
    /// Bell: the bump after the data.
    BellMark,
    /// Bell: a sleeper's load before it looks at the data.
    BellSeen,
}

/// The ordering to use at a site: the given one, unless a loom model weakened this site.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn order(site: Site, order: Ordering) -> Ordering {
    pass(site);
    order
}

/// The fence of a site.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn fence_at(site: Site, order: Ordering) {
    pass(site);
    fence(order);
}

/// Where a test of the feature `fail-points` stops a process: before the ordering takes effect. Nothing without it.
#[cfg(not(loom))]
#[inline(always)]
fn pass(_site: Site) {
    #[cfg(feature = "fail-points")]
    crate::fail_point::pass(_site as u32);
}

#[cfg(loom)]
pub use weakened::weaken;
#[cfg(loom)]
pub(crate) use weakened::{fence_at, order};

/// Under loom one site at a time can be weakened at run time, so that one build tries every mutant.
#[cfg(loom)]
mod weakened {
    use super::{Ordering, Site, fence};
    use std::cell::Cell;

    std::thread_local! {
        static WEAKENED: Cell<Option<Site>> = const { Cell::new(None) };
    }

    /// Weakens one site for models run by this thread: an ordering becomes relaxed, a fence disappears.
    pub fn weaken(site: Option<Site>) {
        WEAKENED.set(site);
    }

    pub(crate) fn order(site: Site, order: Ordering) -> Ordering {
        if WEAKENED.get() == Some(site) { Ordering::Relaxed } else { order }
    }

    pub(crate) fn fence_at(site: Site, order: Ordering) {
        if WEAKENED.get() != Some(site) {
            fence(order);
        }
    }
}
