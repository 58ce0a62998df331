//! The double slot: the newest value of something, always whole, also when its writer dies in the middle of a write.
//!
//! ```text
//! word 0            latest: sequence of the newest value; 0 = none yet        (one line)
//! word 8            slot 0: seq, payload ...                                  (whole lines)
//! word 8 + stride   slot 1: seq, payload ...
//! ```
//!
//! Value n stands in slot `n % 2`; its `seq` is n when the slot is whole and 0 while it is written. One thread writes.
//! A reader fails only if two publications overtook its one attempt, because value n leaves value n - 1 alone.

use crate::sync::{Ordering, Site, Word, fence_at, order};
use crate::{Busy, LINE_WORDS, TRIES_MAX, lines};

/// A double slot over its words.
#[derive(Clone, Copy, Debug)]
pub struct DoubleSlot<'a> {
    latest: &'a Word,
    slots: &'a [Word],
    stride: usize,
}

impl<'a> DoubleSlot<'a> {
    /// Words that a double slot of `payload` words takes.
    #[must_use]
    pub const fn words(payload: usize) -> usize {
        LINE_WORDS + 2 * lines(1 + payload)
    }

    /// Looks at `words` as a double slot of `payload` words.
    ///
    /// # Panics
    /// If `words` is not exactly [`words`](Self::words)`(payload)` long.
    #[inline]
    #[must_use]
    pub fn new(words: &'a [Word], payload: usize) -> Self {
        assert!(words.len() == Self::words(payload), "a double slot's words have its exact size");
        Self { latest: &words[0], slots: &words[LINE_WORDS..], stride: lines(1 + payload) }
    }

    #[inline]
    fn slot(&self, sequence: u64) -> &'a [Word] {
        let start = (sequence & 1) as usize * self.stride;
        &self.slots[start..start + self.stride]
    }

    /// Sequence of the newest value, 0 if there is none yet.
    #[inline]
    #[must_use]
    pub fn latest(&self) -> u64 {
        // SYNC DoubleSlotFind: the slot of a sequence seen here is whole, unless a later value is in it already; pairs
        // with DoubleSlotAnnounce.
        self.latest.load(order(Site::DoubleSlotFind, Ordering::Acquire))
    }

    /// Publishes the next value and gives its sequence. Writer only.
    ///
    /// Words beyond the end of `payload` keep what they held two values before.
    #[inline]
    pub fn publish(&self, payload: impl Iterator<Item = u64>) -> u64 {
        let sequence = self.latest.load(Ordering::Relaxed).wrapping_add(1);
        self.write(sequence, payload);
        // SYNC DoubleSlotAnnounce: the slot's words and sequence, and all the writer published before, before `latest`;
        // pairs with DoubleSlotFind.
        self.latest.store(sequence, order(Site::DoubleSlotAnnounce, Ordering::Release));
        sequence
    }

    /// The slot's part of [`publish`](Self::publish): everything but the announcement.
    #[inline]
    fn write(&self, sequence: u64, payload: impl Iterator<Item = u64>) {
        let slot = self.slot(sequence);
        slot[0].store(0, Ordering::Relaxed);
        // SYNC DoubleSlotOpen: seq = 0 before any new word: a reader who met a new word sees that the slot was
        // opened; pairs with DoubleSlotLeave.
        fence_at(Site::DoubleSlotOpen, Ordering::Release);
        for (word, value) in slot[1..].iter().zip(payload) {
            word.store(value, Ordering::Relaxed);
        }
        // Relaxed: readers come here only by `latest`, which is released after it.
        slot[0].store(sequence, Ordering::Relaxed);
    }

    /// One attempt to copy the newest value into `out` (its first words, if `out` is shorter). Gives its sequence, or
    /// 0 if nothing was ever published.
    ///
    /// # Errors
    /// [`Busy`] if the writer published twice meanwhile.
    #[inline]
    pub fn try_read(&self, out: &mut [u64]) -> Result<u64, Busy> {
        self.try_with(|words| {
            for (value, word) in out.iter_mut().zip(words) {
                *value = word.load(Ordering::Relaxed);
            }
        })
    }

    /// [`try_read`](Self::try_read) of a value whose tail is numbers: the first words into `head`, what follows into
    /// `tail`.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    #[inline]
    pub fn try_read_parts<const N: usize>(&self, head: &mut [u64; N], tail: &mut [f64]) -> Result<u64, Busy> {
        self.try_with(|words| {
            // A known number of words is copied without a loop. A slot that is shorter leaves `head` as it was.
            let Some((first, rest)) = words.split_first_chunk::<N>() else { return };
            for (value, word) in head.iter_mut().zip(first) {
                *value = word.load(Ordering::Relaxed);
            }
            for (value, word) in tail.iter_mut().zip(rest) {
                *value = f64::from_bits(word.load(Ordering::Relaxed));
            }
        })
    }

    #[inline]
    fn try_with(&self, copy: impl FnOnce(&'a [Word])) -> Result<u64, Busy> {
        let sequence = self.latest();
        if sequence == 0 {
            return Ok(0);
        }
        let slot = self.slot(sequence);
        if slot[0].load(Ordering::Relaxed) != sequence {
            return Err(Busy);
        }
        copy(&slot[1..]);
        // SYNC DoubleSlotLeave: the words before the second look at seq; pairs with DoubleSlotOpen.
        fence_at(Site::DoubleSlotLeave, Ordering::Acquire);
        if slot[0].load(Ordering::Relaxed) == sequence { Ok(sequence) } else { Err(Busy) }
    }

    /// [`try_read`](Self::try_read), a bounded number of times.
    ///
    /// # Errors
    /// [`Busy`] if every attempt was overtaken.
    #[inline]
    pub fn read(&self, out: &mut [u64]) -> Result<u64, Busy> {
        for _ in 0..TRIES_MAX {
            if let Ok(sequence) = self.try_read(out) {
                return Ok(sequence);
            }
            core::hint::spin_loop();
        }
        Err(Busy)
    }

    /// Takes the newest value of another double slot over, with its sequence. Writer only, before publication.
    pub fn copy_from(&self, other: &Self) {
        let sequence = other.latest.load(Ordering::Relaxed);
        self.write(sequence, other.slot(sequence)[1..].iter().map(|word| word.load(Ordering::Relaxed)));
        self.latest.store(sequence, Ordering::Relaxed);
    }

    /// Takes over from a writer that may have died between commit and announcement. Writer only.
    pub fn recover(&self) {
        let next = self.latest.load(Ordering::Relaxed).wrapping_add(1);
        if self.slot(next)[0].load(Ordering::Relaxed) == next {
            self.latest.store(next, order(Site::DoubleSlotAnnounce, Ordering::Release));
        }
    }
}

/// What a writer killed in mid-write leaves behind, for the models of recovery.
#[cfg(loom)]
impl DoubleSlot<'_> {
    /// Writes the next value's slot and dies before it is announced.
    pub fn die_before_announce(&self, payload: impl Iterator<Item = u64>) {
        self.write(self.latest.load(Ordering::Relaxed) + 1, payload);
    }

    /// Opens the next value's slot, writes one word and dies.
    pub fn die_in_write(&self, word: u64) {
        let slot = self.slot(self.latest.load(Ordering::Relaxed) + 1);
        slot[0].store(0, Ordering::Relaxed);
        fence_at(Site::DoubleSlotOpen, Ordering::Release);
        slot[1].store(word, Ordering::Relaxed);
    }
}
