//! The directory of a segment: an append-only array of entries, counted by a word in the header.
//!
//! ```text
//! byte  0  kind (8) | exchange (8) | timeframe (8) | 0        8  offset of the region, bytes
//!      16  bytes of the region                               24  generation of the key, from 1
//!      32  state: 1 live, 2 moved                            40  successor: entry that took over, or all ones
//!      48  created_ns                                        56  checksum of the other words but state, successor
//!      64  name, 64 bytes: symbol, connection label or thread name
//! ```
//!
//! An entry is written whole before the count covers it, and then only its state changes: when a key's region is
//! replaced by one of another shape, the new entry is published first and the old one becomes `moved`.

use crate::LINE_WORDS;
use crate::region::{RegionKind, checksum};
use crate::sync::{Ordering, Site, Word, order};

/// Words of an entry.
pub const ENTRY_WORDS: usize = 16;
/// Bytes of an entry.
pub const ENTRY_BYTES: u64 = ENTRY_WORDS as u64 * 8;
/// Words of an entry's name.
pub const NAME_WORDS: usize = 8;
/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = NAME_WORDS * 8;

/// Word of the region's place.
pub const ENTRY_OFFSET: usize = 1;
/// Word of the region's length.
pub const ENTRY_LENGTH: usize = 2;
/// Word of the generation of the key.
pub const ENTRY_GENERATION: usize = 3;
/// Word of the state.
pub const ENTRY_STATE: usize = 4;
/// Word of the entry that took over.
pub const ENTRY_SUCCESSOR: usize = 5;
/// Word of the time it was made.
pub const ENTRY_CREATED: usize = 6;
/// Word of the checksum.
pub const ENTRY_CHECKSUM: usize = 7;
/// First word of the name.
pub const ENTRY_NAME: usize = 8;
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(ENTRY_OFFSET * 8 == 8 && ENTRY_LENGTH * 8 == 16 && ENTRY_GENERATION * 8 == 24);
const _: () = assert!(ENTRY_STATE * 8 == 32 && ENTRY_SUCCESSOR * 8 == 40 && ENTRY_CREATED * 8 == 48);
const _: () = assert!(ENTRY_CHECKSUM * 8 == 56 && ENTRY_NAME * 8 == 64 && ENTRY_BYTES == 128);
const _: () = assert!(ENTRY_NAME + NAME_WORDS == ENTRY_WORDS && ENTRY_NAME.is_multiple_of(LINE_WORDS));

/// State of an entry whose region holds.
pub const LIVE: u64 = 1;
/// State of an entry whose region another one replaced.
pub const MOVED: u64 = 2;

/// One entry without its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What the region holds.
    pub kind: RegionKind,
    /// Number of the exchange, 0 if none.
    pub exchange: u8,
    /// Number of the timeframe, 0 if none.
    pub timeframe: u8,
    /// Where the region begins, in bytes from the start of the file.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
    /// How many regions this key has had, this one included.
    pub generation: u64,
    /// When it was made.
    pub created_ns: i64,
    /// Symbol, label or thread name, packed by [`crate::text::pack`].
    pub name: [u64; NAME_WORDS],
}

/// Whether an entry still holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryState {
    /// Its region is the one for its key.
    Live,
    /// The entry of this number took over.
    Moved(u64),
    /// Neither: the file is damaged.
    Damaged,
}

impl Entry {
    /// Whether two entries stand for the same key.
    #[must_use]
    pub fn same_key(&self, other: &Self) -> bool {
        (self.kind, self.exchange, self.timeframe, self.name)
            == (other.kind, other.exchange, other.timeframe, other.name)
    }

    fn pack(&self) -> [u64; ENTRY_WORDS] {
        let mut words = [0; ENTRY_WORDS];
        words[0] = self.kind as u64 | u64::from(self.exchange) << 8 | u64::from(self.timeframe) << 16;
        words[ENTRY_OFFSET] = self.offset;
        words[ENTRY_LENGTH] = self.bytes;
        words[ENTRY_GENERATION] = self.generation;
        words[ENTRY_CREATED] = self.created_ns.cast_unsigned();
        words[ENTRY_NAME..].copy_from_slice(&self.name);
        words[ENTRY_CHECKSUM] = checksum(&words);
        words[ENTRY_STATE] = LIVE;
        words[ENTRY_SUCCESSOR] = u64::MAX;
        words
    }

    fn unpack(words: &[u64; ENTRY_WORDS]) -> Option<Self> {
        let mut covered = *words;
        (covered[ENTRY_STATE], covered[ENTRY_SUCCESSOR], covered[ENTRY_CHECKSUM]) = (0, 0, 0);
        if checksum(&covered) != words[ENTRY_CHECKSUM] || words[0] >> 24 != 0 {
            return None;
        }
        let mut name = [0; NAME_WORDS];
        name.copy_from_slice(&words[ENTRY_NAME..]);
        Some(Self {
            kind: RegionKind::from_number(words[0] & 0xff)?,
            exchange: (words[0] >> 8) as u8,
            timeframe: (words[0] >> 16) as u8,
            offset: words[ENTRY_OFFSET],
            bytes: words[ENTRY_LENGTH],
            generation: words[ENTRY_GENERATION],
            created_ns: words[ENTRY_CREATED].cast_signed(),
            name,
        })
    }
}

/// A directory over its count and its array.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    count: &'a Word,
    entries: &'a [Word],
}

/// The directory has no room for another entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DirectoryFull;

impl<'a> Directory<'a> {
    /// Looks at a count and an array of entries as a directory.
    #[must_use]
    pub const fn new(count: &'a Word, entries: &'a [Word]) -> Self {
        Self { count, entries }
    }

    /// Room for so many entries.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        (self.entries.len() / ENTRY_WORDS) as u64
    }

    /// Published entries, at most [`capacity`](Self::capacity).
    #[must_use]
    pub fn count(&self) -> u64 {
        // SYNC DirectoryCount: every entry counted is whole, and so is its region; pairs with DirectoryPublish.
        self.count.load(order(Site::DirectoryCount, Ordering::Acquire)).min(self.capacity())
    }

    fn words(&self, index: u64) -> Option<&'a [Word]> {
        let start = usize::try_from(index).ok()?.checked_mul(ENTRY_WORDS)?;
        self.entries.get(start..start.checked_add(ENTRY_WORDS)?)
    }

    /// The entry of a number below [`count`](Self::count); `None` if it is damaged.
    #[must_use]
    pub fn entry(&self, index: u64) -> Option<Entry> {
        let source = self.words(index)?;
        let mut words = [0; ENTRY_WORDS];
        for (value, word) in words.iter_mut().zip(source) {
            *value = word.load(Ordering::Relaxed);
        }
        Entry::unpack(&words)
    }

    /// Whether the entry of a published number still holds.
    #[inline]
    #[must_use]
    pub fn state(&self, index: u64) -> EntryState {
        let Some(words) = self.words(index) else {
            return EntryState::Damaged;
        };
        // SYNC EntryState: an entry seen moved has its successor published; pairs with EntryMove.
        match words[ENTRY_STATE].load(order(Site::EntryState, Ordering::Acquire)) {
            LIVE => EntryState::Live,
            MOVED => EntryState::Moved(words[ENTRY_SUCCESSOR].load(Ordering::Relaxed)),
            _ => EntryState::Damaged,
        }
    }

    /// Publishes an entry whose region is initialised, and gives its number. Writer only.
    ///
    /// # Errors
    /// [`DirectoryFull`].
    pub fn publish(&self, entry: &Entry) -> Result<u64, DirectoryFull> {
        let index = self.count.load(Ordering::Relaxed);
        let words = self.words(index).ok_or(DirectoryFull)?;
        for (word, value) in words.iter().zip(entry.pack()) {
            word.store(value, Ordering::Relaxed);
        }
        // SYNC DirectoryPublish: the region and the entry before the count; pairs with DirectoryCount.
        self.count.store(index + 1, order(Site::DirectoryPublish, Ordering::Release));
        Ok(index)
    }

    /// Marks an entry as moved to a published one. Writer only.
    pub fn move_to(&self, index: u64, successor: u64) {
        if let Some(words) = self.words(index) {
            words[ENTRY_SUCCESSOR].store(successor, Ordering::Relaxed);
            // SYNC EntryMove: the successor's entry, and its number, before the state; pairs with EntryState.
            words[ENTRY_STATE].store(MOVED, order(Site::EntryMove, Ordering::Release));
        }
    }
}
