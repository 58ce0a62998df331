//! Follows the trades of one instrument.

use tickplane_layout::instrument::InstrumentLayout;
use tickplane_layout::ring::{Cursor, Next as RingNext, Ring, Slot};
use tickplane_model::Trade;

use crate::convert;
use crate::lineage::continues;
use crate::region::Region;

/// What a follower found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next<T> {
    /// The next one.
    Item(T),
    /// So many were overwritten before they were read: the exact number. The follower stands after them.
    Lost(u64),
    /// Nothing new.
    Empty,
}

/// A trade as it stands in shared memory.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TradeRecord {
    /// Its dense sequence number, from 1.
    pub seq: u64,
    /// When the plane published it.
    pub publish_ns: i64,
    /// The trade.
    pub trade: Trade,
}

impl TradeRecord {
    #[inline]
    fn new(seq: u64, words: &tickplane_layout::ring::Record) -> Self {
        let (trade, publish_ns) = convert::trade(words);
        Self { seq, publish_ns, trade }
    }
}

/// Reads the trades of one instrument, oldest first, from a place of its own. Never blocks, never makes the writer wait.
#[derive(Clone, Debug)]
pub struct TradeReader {
    region: Region,
    layout: InstrumentLayout,
    cursor: Cursor,
    /// What was lost before the cursor was set anew.
    lost_before: u64,
}

impl TradeReader {
    /// Stands after the newest trade.
    pub(crate) fn new(region: Region, layout: InstrumentLayout) -> Self {
        let mut reader = Self { region, layout, cursor: Cursor::at(1), lost_before: 0 };
        reader.seek(reader.head().saturating_add(1));
        reader
    }

    #[inline]
    fn ring(&self) -> Ring<'_> {
        self.layout.trades(self.region.words())
    }

    /// Sequence of the newest trade, 0 if there is none.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.ring().head()
    }

    /// Trades the ring holds.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.ring().capacity()
    }

    /// Goes to a sequence number; it is read next.
    pub fn seek(&mut self, seq: u64) {
        self.lost_before = self.lost();
        self.cursor = Cursor::at(seq);
    }

    /// Goes back so that the last `n` trades (or what the ring still holds of them) are read next.
    pub fn rewind(&mut self, n: u64) {
        // The oldest slot may be overwritten at any moment.
        let held = self.capacity() - 1;
        self.seek(self.head().saturating_add(1).saturating_sub(n.min(held)));
    }

    /// The next trade. Wait-free: one cache line when there is one.
    #[inline]
    pub fn poll(&mut self) -> Next<TradeRecord> {
        let ring = self.layout.trades(self.region.words());
        match self.cursor.poll(&ring) {
            RingNext::Record(seq, record) => Next::Item(TradeRecord::new(seq, &record)),
            RingNext::Lost(lost) => Next::Lost(lost),
            RingNext::Empty => Next::Empty,
        }
    }

    /// The trade of a sequence number, whatever the reader's place; `None` if it is overwritten or not yet published.
    #[inline]
    #[must_use]
    pub fn trade(&self, seq: u64) -> Option<Trade> {
        match self.ring().read(seq) {
            Slot::Record(record) if seq > 0 => Some(convert::trade(&record).0),
            _ => None,
        }
    }

    /// How many trades it lost in all.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost_before.saturating_add(self.cursor.lost())
    }

    /// Goes on in the ring that took this one's place, from the same trade. Where the numbers begin anew, because the
    /// plane's files were made anew, it stands before the first trade, and what was not read yet counts as lost: read
    /// to the end first. The count of what was lost goes on. Says whether the numbers went on.
    pub fn go_on_in(&mut self, successor: Self) -> bool {
        let goes_on = continues((&self.region, self.ring()), (&successor.region, successor.ring()));
        if !goes_on {
            let unread = self.head().saturating_add(1).saturating_sub(self.next_seq());
            self.lost_before = self.lost().saturating_add(unread);
            self.cursor = Cursor::at(1);
        }
        (self.region, self.layout) = (successor.region, successor.layout);
        goes_on
    }

    /// Whether the instrument's region was replaced: find the key again and [go on](Self::go_on_in) in its ring.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        self.region.check_current().is_err()
    }

    /// The sequence number it reads next.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.cursor.next_sequence()
    }
}
