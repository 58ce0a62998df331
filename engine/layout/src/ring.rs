//! The broadcast ring: records with dense sequence numbers that any number of readers follow, each told exactly what it lost.
//!
//! ```text
//! word 0        head: sequence of the newest announced record; 0 = none yet   (one line)
//! word 8 + 8*i  slot i: seq | 7 words                                         (one line each)
//! ```
//!
//! Record n (from 1) stands in slot `n % capacity`, capacity a power of two; its `seq` is n when the slot is whole and
//! 0 while it is written. One thread writes; a record is announced in `head` after its slot is committed. A reader who
//! knows what comes next looks at that slot alone: one cache line. The writer never waits.

use crate::LINE_WORDS;
use crate::sync::{Ordering, Site, Word, fence_at, order};

/// Words of a record beside its sequence.
pub const RECORD_WORDS: usize = LINE_WORDS - 1;

/// A record without its sequence.
pub type Record = [u64; RECORD_WORDS];

/// The smallest capacity.
pub const CAPACITY_MIN: usize = 2;

/// A ring over its words.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    head: &'a Word,
    slots: &'a [Word],
    capacity: u64,
}

/// What a ring holds under one sequence number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// The record, whole.
    Record(Record),
    /// Not published yet.
    NotYet,
    /// Overwritten, or being overwritten, by a later lap.
    Lapped,
}

impl<'a> Ring<'a> {
    /// Words that a ring of `capacity` records takes.
    #[must_use]
    pub const fn words(capacity: usize) -> usize {
        LINE_WORDS + capacity * LINE_WORDS
    }

    /// Looks at `words` as a ring.
    ///
    /// # Panics
    /// If the number of slots is not a power of two of at least [`CAPACITY_MIN`].
    #[inline]
    #[must_use]
    pub fn new(words: &'a [Word]) -> Self {
        let capacity = (words.len() / LINE_WORDS).saturating_sub(1);
        assert!(capacity.is_power_of_two() && capacity >= CAPACITY_MIN, "a ring has a power of two of slots");
        Self { head: &words[0], slots: &words[LINE_WORDS..], capacity: capacity as u64 }
    }

    /// Number of slots.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    #[inline]
    fn slot(&self, sequence: u64) -> &'a [Word] {
        let start = (sequence & (self.capacity - 1)) as usize * LINE_WORDS;
        &self.slots[start..start + LINE_WORDS]
    }

    /// Sequence of the newest announced record, 0 if there is none yet.
    #[inline]
    #[must_use]
    pub fn head(&self) -> u64 {
        // SYNC RingFind: a record announced here is committed in its slot; pairs with RingAnnounce.
        self.head.load(order(Site::RingFind, Ordering::Acquire))
    }

    /// Publishes the next record and gives its sequence. Writer only.
    #[inline]
    pub fn publish(&self, record: &Record) -> u64 {
        let sequence = self.head.load(Ordering::Relaxed).wrapping_add(1);
        self.write(sequence, record);
        // SYNC RingAnnounce: the slot's sequence before `head`: nothing announced is ever missing; pairs with RingFind.
        self.head.store(sequence, order(Site::RingAnnounce, Ordering::Release));
        sequence
    }

    #[inline]
    fn write(&self, sequence: u64, record: &Record) {
        let slot = self.slot(sequence);
        slot[0].store(0, Ordering::Relaxed);
        // SYNC RingOpen: seq = 0 before any new word; pairs with RingLeave.
        fence_at(Site::RingOpen, Ordering::Release);
        for (word, value) in slot[1..].iter().zip(record) {
            word.store(*value, Ordering::Relaxed);
        }
        // SYNC RingCommit: the words, and all the writer published before, before seq = n; pairs with RingEnter.
        slot[0].store(sequence, order(Site::RingCommit, Ordering::Release));
    }

    /// What stands under `sequence` (from 1).
    #[inline]
    #[must_use]
    pub fn read(&self, sequence: u64) -> Slot {
        let slot = self.slot(sequence);
        // SYNC RingEnter: seq = n before the words of record n; pairs with RingCommit.
        let mut found = slot[0].load(order(Site::RingEnter, Ordering::Acquire));
        if found < sequence {
            // The slot is older or open. Only `head` tells "not yet" from "being overwritten".
            if self.head() < sequence {
                return Slot::NotYet;
            }
            found = slot[0].load(order(Site::RingEnter, Ordering::Acquire));
        }
        if found != sequence {
            return Slot::Lapped;
        }
        let mut record = [0; RECORD_WORDS];
        for (value, word) in record.iter_mut().zip(&slot[1..]) {
            *value = word.load(Ordering::Relaxed);
        }
        // SYNC RingLeave: the words before the second look at seq; pairs with RingOpen.
        fence_at(Site::RingLeave, Ordering::Acquire);
        if slot[0].load(Ordering::Relaxed) == sequence { Slot::Record(record) } else { Slot::Lapped }
    }

    /// Takes over from a writer that may have died between commit and announcement. Writer only.
    ///
    /// A reader may have taken the committed record already, so it stays.
    pub fn recover(&self) {
        let next = self.head.load(Ordering::Relaxed).wrapping_add(1);
        if self.slot(next)[0].load(Ordering::Relaxed) == next {
            self.head.store(next, order(Site::RingAnnounce, Ordering::Release));
        }
    }

    /// Lets an empty ring go on from `head`, whose records up to there stand elsewhere. Writer only, before publication.
    pub fn start_after(&self, head: u64) {
        self.head.store(head, Ordering::Relaxed);
    }

    /// Puts a record copied from another ring in its place. Writer only, before publication.
    pub fn restore(&self, sequence: u64, record: &Record) {
        self.write(sequence, record);
    }
}

/// What a writer killed in mid-write leaves behind, for the models of recovery.
#[cfg(loom)]
impl Ring<'_> {
    /// Commits the next record and dies before it is announced.
    pub fn die_before_announce(&self, record: &Record) {
        self.write(self.head.load(Ordering::Relaxed) + 1, record);
    }
}

/// One reader's place in a ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor {
    next: u64,
    lost: u64,
}

/// What a cursor found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The next record and its sequence.
    Record(u64, Record),
    /// So many records were overwritten before they were read; the cursor stands after them.
    Lost(u64),
    /// Nothing new.
    Empty,
}

impl Cursor {
    /// A cursor whose next record is `sequence` (at least 1).
    #[must_use]
    pub const fn at(sequence: u64) -> Self {
        Self { next: if sequence == 0 { 1 } else { sequence }, lost: 0 }
    }

    /// The sequence it reads next.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// How many records it lost in all.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Takes the next record. Wait-free: a lapped cursor jumps half a ring behind the head and says how far it jumped.
    #[inline]
    pub fn poll(&mut self, ring: &Ring<'_>) -> Next {
        match ring.read(self.next) {
            Slot::Record(record) => {
                let sequence = self.next;
                self.next = self.next.saturating_add(1);
                Next::Record(sequence, record)
            }
            Slot::NotYet => Next::Empty,
            Slot::Lapped => {
                let target = ring.head().saturating_sub(ring.capacity / 2).max(self.next.saturating_add(1));
                let lost = target - self.next;
                self.next = target;
                self.lost = self.lost.saturating_add(lost);
                Next::Lost(lost)
            }
        }
    }
}
