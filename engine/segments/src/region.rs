//! A region: some words of a segment, together with what keeps their mapping alive.

use std::ptr::NonNull;
use std::sync::Arc;

use tickplane_layout::Word;
use tickplane_layout::directory::EntryState;
use tickplane_layout::header::LifeState;

use crate::ReadError;
use crate::segment::Segment;

/// The words of one directory entry's region. Cheap to clone; holds its mapping.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    segment: Arc<Segment>,
    entry: u64,
    first: NonNull<Word>,
    count: usize,
}

// SAFETY: a region is a shared reference to atomics in a mapping that its `Arc` keeps alive.
unsafe impl Send for Region {}
// SAFETY: as above; atomics may be shared.
unsafe impl Sync for Region {}

impl Region {
    /// The region of so many words at an offset of a segment; `None` where it does not fit.
    pub(crate) fn new(segment: &Arc<Segment>, entry: u64, offset: u64, count: usize) -> Option<Self> {
        let words = segment.words(offset, count)?;
        Some(Self { first: NonNull::from(words).cast(), count, entry, segment: Arc::clone(segment) })
    }

    /// Its words.
    #[inline]
    pub(crate) fn words(&self) -> &[Word] {
        // SAFETY: `first` and `count` came from a slice of the mapping that `segment` keeps alive.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }

    /// The number of its directory entry.
    pub(crate) const fn entry(&self) -> u64 {
        self.entry
    }

    /// The segment it is in.
    pub(crate) const fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Refuses a region that another one has taken the place of.
    #[inline]
    pub(crate) fn check_current(&self) -> Result<(), ReadError> {
        let is_live = self.segment.directory().state(self.entry) == EntryState::Live;
        if is_live && self.segment.header().state() != LifeState::Replaced { Ok(()) } else { Err(ReadError::Moved) }
    }
}
