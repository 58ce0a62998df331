//! The first line of every region: what it is and the shape from which all its places follow.
//!
//! ```text
//! word 0  kind        the region's kind, as in its directory entry
//! word 1  bytes       length of the region, a multiple of the page
//! word 2  shape 0     series: capacity (rows)     instrument, events: capacity (records)
//! word 3  shape 1     series: depth (rows)
//! word 4  shape 2     series: columns
//! word 5  shape 3     series: calendar
//! word 6  reserved, 0
//! word 7  checksum    FNV-1a over words 0..7
//! ```
//!
//! Nothing in a region is found by a stored offset: places are computed from the shape, and the shape is checked once
//! against the length. Written before the directory entry is published, never changed. A later minor may make a region
//! longer than its shape needs, or use what is reserved here: readers take the part they know.

use crate::LINE_WORDS;

/// Words of a region's header.
pub const HEADER_WORDS: usize = LINE_WORDS;
/// Word of the kind.
pub const WORD_KIND: usize = 0;
/// Word of the length.
pub const WORD_BYTES: usize = 1;
/// First of the four words of the shape.
pub const WORD_SHAPE: usize = 2;
/// Word of the checksum.
pub const WORD_CHECKSUM: usize = 7;
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(WORD_KIND == 0 && WORD_BYTES * 8 == 8 && WORD_SHAPE * 8 == 16 && WORD_CHECKSUM * 8 == 56);
const _: () = assert!(HEADER_WORDS * 8 == 64);

/// Regions begin and end on pages of this many bytes.
pub const PAGE_BYTES: u64 = 4096;

/// What a region holds. The number is part of the format: append, never reorder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RegionKind {
    /// Facts, last quote and trades of an instrument.
    Instrument = 1,
    /// A candle series.
    Series = 2,
    /// The plane events of one writing thread.
    Events = 3,
    /// The health of one thread.
    Thread = 4,
    /// The health of one connection.
    Connection = 5,
    /// What was fetched of an exchange's candles.
    History = 6,
    /// What was asked of a host by REST.
    Rest = 7,
}

impl RegionKind {
    /// The kind with this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Instrument),
            2 => Some(Self::Series),
            3 => Some(Self::Events),
            4 => Some(Self::Thread),
            5 => Some(Self::Connection),
            6 => Some(Self::History),
            7 => Some(Self::Rest),
            _ => None,
        }
    }
}

/// A region's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegionHeader {
    /// What the region holds.
    pub kind: RegionKind,
    /// Its length in bytes.
    pub bytes: u64,
    /// The numbers its places follow from.
    pub shape: [u64; 4],
}

/// 64-bit FNV-1a over the little-endian bytes of words (draft-eastlake-fnv, section 5).
#[must_use]
pub fn checksum(words: &[u64]) -> u64 {
    words
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Rounds bytes up to whole pages; saturates.
#[must_use]
pub const fn pages(bytes: u64) -> u64 {
    bytes.saturating_add(PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES
}

impl RegionHeader {
    /// Whether a reader that needs a region like `needed` can read one with this header.
    #[must_use]
    pub fn serves(&self, needed: &Self) -> bool {
        self.kind == needed.kind && self.bytes >= needed.bytes
    }

    /// The words of the header.
    #[must_use]
    pub fn pack(&self) -> [u64; HEADER_WORDS] {
        let [a, b, c, d] = self.shape;
        let mut words = [self.kind as u64, self.bytes, a, b, c, d, 0, 0];
        words[WORD_CHECKSUM] = checksum(&words[..WORD_CHECKSUM]);
        words
    }

    /// Reads a header; `None` if it is damaged.
    #[must_use]
    pub fn unpack(words: &[u64; HEADER_WORDS]) -> Option<Self> {
        let kind = RegionKind::from_number(words[0])?;
        let shape = [words[2], words[3], words[4], words[5]];
        (checksum(&words[..WORD_CHECKSUM]) == words[WORD_CHECKSUM]).then_some(Self { kind, bytes: words[1], shape })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_round_trips_and_any_flipped_bit_is_refused() {
        let header = RegionHeader { kind: RegionKind::Series, bytes: 8192, shape: [520, 512, 12, 0] };
        let words = header.pack();
        assert_eq!(RegionHeader::unpack(&words), Some(header));
        for bit in 0..512 {
            let mut damaged = words;
            damaged[bit / 64] ^= 1 << (bit % 64);
            assert_eq!(RegionHeader::unpack(&damaged), None, "bit {bit}");
        }
    }

    #[test]
    fn the_checksum_is_fnv_1a() {
        // The published vector for "foobar" is 0x85944171f73967e8; here the bytes must fill words.
        let reference = b"foobar\0\0".iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        assert_eq!(checksum(&[u64::from_le_bytes(*b"foobar\0\0")]), reference);
    }
}
