//! The event region: what one writing thread of the plane announces.
//!
//! ```text
//! word 0  region header: kind 3, bytes, capacity (events)
//! word 8  events: broadcast ring
//!
//! event slot, 64 bytes
//!   0 seq        8 kind (8) | exchange (8) | file's generation (16) | directory entry (32)     16 row
//!  24 publish_ns                   32 detail                  40 reserved, 0 (3 words)
//! ```
//!
//! Entries are numbered anew when an exchange's file is built anew, and these rings live on: so an entry is named
//! together with the generation of the file whose directory counts it.

use crate::Word;
use crate::region::{HEADER_WORDS, RegionHeader, RegionKind, pages};
use crate::ring::{CAPACITY_MIN, Record, Ring};

/// The most events a ring may hold.
pub const EVENT_CAPACITY_MAX: u64 = 1 << 20;

/// Shape of an event region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventLayout {
    /// Events the ring holds.
    pub capacity: usize,
}

impl EventLayout {
    /// Words of the region.
    #[must_use]
    pub const fn words(&self) -> usize {
        HEADER_WORDS + Ring::words(self.capacity)
    }

    /// The region's header.
    #[must_use]
    pub const fn header(&self) -> RegionHeader {
        let bytes = pages(self.words() as u64 * 8);
        RegionHeader { kind: RegionKind::Events, bytes, shape: [self.capacity as u64, 0, 0, 0] }
    }

    /// The shape a header speaks of; `None` if no writer makes such a one.
    #[must_use]
    pub fn from_header(header: &RegionHeader) -> Option<Self> {
        let capacity = header.shape[0];
        let good = capacity.is_power_of_two() && (CAPACITY_MIN as u64..=EVENT_CAPACITY_MAX).contains(&capacity);
        let layout = Self { capacity: if good { capacity as usize } else { return None } };
        header.serves(&layout.header()).then_some(layout)
    }

    /// The events of a region.
    #[inline]
    #[must_use]
    pub fn events<'a>(&self, region: &'a [Word]) -> Ring<'a> {
        Ring::new(&region[HEADER_WORDS..self.words()])
    }
}

/// One event as it stands in a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRecord {
    /// Number of the kind.
    pub kind: u8,
    /// Number of the exchange.
    pub exchange: u8,
    /// Low 16 bits of the generation of the exchange's file; 0 where the event has no entry.
    pub generation: u16,
    /// Entry in that file's directory; all ones where the event has none.
    pub entry: u32,
    /// Row of the series, 0 where the event has none.
    pub row: u64,
    /// When it was published.
    pub publish_ns: i64,
    /// What else the kind says.
    pub detail: u64,
}

impl EventRecord {
    /// The words of a slot.
    #[must_use]
    pub const fn pack(&self) -> Record {
        let what =
            self.kind as u64 | (self.exchange as u64) << 8 | (self.generation as u64) << 16 | (self.entry as u64) << 32;
        [what, self.row, self.publish_ns.cast_unsigned(), self.detail, 0, 0, 0]
    }

    /// The event of a slot's words.
    #[must_use]
    pub const fn unpack(record: &Record) -> Self {
        Self {
            kind: record[0] as u8,
            exchange: (record[0] >> 8) as u8,
            generation: (record[0] >> 16) as u16,
            entry: (record[0] >> 32) as u32,
            row: record[1],
            publish_ns: record[2].cast_signed(),
            detail: record[3],
        }
    }
}
