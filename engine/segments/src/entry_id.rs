//! The name of a directory entry that lives longer than its file.

use crate::region::Region;

/// An entry of an exchange's directory, as events and records name it.
///
/// Entries are numbered anew when an exchange's file is built anew, and the rings of events live on in the plane's: so the
/// number counts only together with the generation of the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EntryId {
    generation: u16,
    number: u32,
}

impl EntryId {
    /// Of events that are about no entry.
    pub const NONE: Self = Self { generation: 0, number: u32::MAX };

    /// The entry of a number in the file of a generation, of which the low 16 bits count.
    #[must_use]
    pub const fn new(generation: u64, number: u32) -> Self {
        Self { generation: generation as u16, number }
    }

    pub(crate) fn of(region: &Region) -> Self {
        Self::new(region.segment().identity().generation, region.entry() as u32)
    }

    /// The low 16 bits of the generation of the exchange's file.
    #[must_use]
    pub const fn generation(self) -> u16 {
        self.generation
    }

    /// Its number in that file's directory; all ones for none.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// As a history record keeps it, one more than the number so that 0 is none.
    pub(crate) const fn to_word(self) -> u64 {
        (self.generation as u64) << 48 | (self.number as u64 + 1)
    }

    pub(crate) const fn from_word(word: u64) -> Option<Self> {
        let one_more = word & 0xffff_ffff_ffff;
        if one_more == 0 || one_more > u32::MAX as u64 + 1 {
            return None;
        }
        Some(Self { generation: (word >> 48) as u16, number: (one_more - 1) as u32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_entries_round_trip() {
        for id in [EntryId::new(0x7_0003, 0), EntryId::new(1, 77), EntryId::NONE] {
            assert_eq!(EntryId::from_word(id.to_word()), Some(id));
        }
        assert_eq!(EntryId::new(0x7_0003, 0).to_word(), 3 << 48 | 1);
        assert_eq!((EntryId::from_word(0), EntryId::from_word(1 << 33)), (None, None));
    }
}
