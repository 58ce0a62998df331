//! Plane events: announced by the writing threads, merged by followers.

use std::sync::Arc;

use tickplane_layout::directory::NAME_WORDS;
use tickplane_layout::event::{EventLayout, EventRecord};
use tickplane_layout::region::RegionKind;
use tickplane_layout::ring::{Cursor, Next as RingNext, Ring};
use tickplane_model::ExchangeId;

use crate::arena::{Claim, open_region};
use crate::lineage::continues;
use crate::region::Region;
use crate::segment::Segment;
use crate::{EntryId, Next};

/// What happened. The number is part of the format: append, never reorder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum EventKind {
    /// A candle closed: its row is readable.
    CandleClose = 1,
    /// A closed candle was revised.
    CandleRevise = 2,
    /// A connection of the exchange came or went; `detail` is its [`ConnectionState`](crate::ConnectionState).
    Lifecycle = 3,
    /// An alert fired.
    Alert = 4,
    /// A stream came, went, fell silent or died, or its numbers or times did what they should not: `entry` is its instrument's
    /// ([`Plane::symbol_of`](crate::Plane::symbol_of)), `detail` its [`StreamState`](crate::StreamState).
    Stream = 5,
}

impl EventKind {
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::CandleClose),
            2 => Some(Self::CandleRevise),
            3 => Some(Self::Lifecycle),
            4 => Some(Self::Alert),
            5 => Some(Self::Stream),
            _ => None,
        }
    }
}

/// One event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaneEvent {
    /// What happened.
    pub kind: EventKind,
    /// On which exchange.
    pub exchange: ExchangeId,
    /// The series' entry in the exchange's directory, for candle events; see [`Plane::key_of`](crate::Plane::key_of). For
    /// stream events that of the instrument; [`EntryId::NONE`] for the others.
    pub entry: EntryId,
    /// Row of the series, for candle events. For stream events the number of the
    /// [`StreamCounter`](crate::StreamCounter) that counts what happened; 0 if only the state changed.
    pub row: u64,
    /// When it was announced.
    pub publish_ns: i64,
    /// What else the kind says.
    pub detail: u64,
}

impl PlaneEvent {
    fn record(&self) -> EventRecord {
        let Self { kind, exchange, entry, row, publish_ns, detail } = *self;
        let (generation, entry) = (entry.generation(), entry.number());
        EventRecord { kind: kind as u8, exchange: exchange as u8, generation, entry, row, publish_ns, detail }
    }

    fn from_record(record: &EventRecord) -> Option<Self> {
        let EventRecord { kind, exchange, generation, entry, row, publish_ns, detail } = *record;
        let kind = EventKind::from_number(kind)?;
        let entry = EntryId::new(generation.into(), entry);
        Some(Self { kind, exchange: ExchangeId::from_number(exchange)?, entry, row, publish_ns, detail })
    }
}

/// Announces the events of one thread.
#[derive(Debug)]
pub struct EventWriter {
    claim: Claim,
    layout: EventLayout,
}

impl EventWriter {
    pub(crate) fn new(claim: Claim, layout: EventLayout) -> Self {
        layout.events(claim.region.words()).recover();
        Self { claim, layout }
    }

    /// Announces an event, after what it speaks of was published, and gives its dense sequence number.
    #[inline]
    pub fn publish(&mut self, event: &PlaneEvent) -> u64 {
        self.layout.events(self.claim.region.words()).publish(&event.record().pack())
    }
}

/// An event as a follower met it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Announced {
    /// Which ring it came from; sequence numbers are dense within one.
    pub ring: u32,
    /// Its number in that ring.
    pub seq: u64,
    /// The event.
    pub event: PlaneEvent,
}

/// Follows the events of every writing thread of a plane. In order within a thread, in no promised order between them.
#[derive(Debug)]
pub struct EventFollower {
    segment: Arc<Segment>,
    scanned: u64,
    rings: Vec<Followed>,
    turn: usize,
    /// What rings lost that are no longer followed.
    lost_before: u64,
}

#[derive(Debug)]
struct Followed {
    name: [u64; NAME_WORDS],
    region: Region,
    layout: EventLayout,
    cursor: Cursor,
}

impl Followed {
    #[inline]
    fn ring(&self) -> Ring<'_> {
        self.layout.events(self.region.words())
    }

    /// The next event; what a newer writer announces and this release does not know is passed over, at most a ring of it.
    #[inline]
    fn poll(&mut self) -> Next<Announced> {
        for _ in 0..self.layout.capacity {
            let next = self.cursor.poll(&self.layout.events(self.region.words()));
            match next {
                RingNext::Empty => break,
                RingNext::Lost(lost) => return Next::Lost(lost),
                RingNext::Record(seq, record) => {
                    if let Some(event) = PlaneEvent::from_record(&EventRecord::unpack(&record)) {
                        return Next::Item(Announced { ring: self.region.entry() as u32, seq, event });
                    }
                }
            }
        }
        Next::Empty
    }

    fn is_read(&self) -> bool {
        self.cursor.next_sequence() > self.ring().head()
    }
}

impl EventFollower {
    /// Follows from now on.
    pub(crate) fn new(segment: &Arc<Segment>) -> Self {
        let mut follower = Self::from_first(segment);
        for ring in &mut follower.rings {
            ring.cursor = Cursor::at(ring.ring().head().saturating_add(1));
        }
        follower
    }

    fn from_first(segment: &Arc<Segment>) -> Self {
        let segment = Arc::clone(segment);
        let mut follower = Self { segment, scanned: 0, rings: Vec::new(), turn: 0, lost_before: 0 };
        follower.scan();
        follower
    }

    /// Goes back to the oldest events that the plane's rings still hold.
    pub fn rewind(&mut self) {
        self.lost_before = self.lost();
        // Rings of a plane that is no more were kept to be read to their end, once.
        self.rings.retain(|ring| Arc::ptr_eq(ring.region.segment(), &self.segment));
        for followed in &mut self.rings {
            let ring = followed.layout.events(followed.region.words());
            // The oldest slot may be overwritten at any moment.
            followed.cursor = Cursor::at(ring.head().saturating_add(2).saturating_sub(ring.capacity()));
        }
    }

    /// Goes on in the segment that took the place of this one. Rings of the same thread go on from the same event; what
    /// a ring that did not come along still holds is read first. The count of what was lost goes on.
    pub(crate) fn go_on_in(&mut self, segment: &Arc<Segment>) {
        if segment.identity() == self.segment.identity() {
            return;
        }
        let mut successor = Self::from_first(segment);
        for fresh in &mut successor.rings {
            let old = self.rings.iter().rposition(|old| old.name == fresh.name);
            if let Some(at) = old
                && continues((&self.rings[at].region, self.rings[at].ring()), (&fresh.region, fresh.ring()))
            {
                fresh.cursor = self.rings.remove(at).cursor;
            }
        }
        for read in self.rings.extract_if(.., |ring| ring.is_read()) {
            self.lost_before = self.lost_before.saturating_add(read.cursor.lost());
        }
        self.rings.append(&mut successor.rings);
        (self.segment, self.scanned, self.turn) = (successor.segment, successor.scanned, 0);
    }

    /// Takes up rings that appeared since the last look, from their first event.
    fn scan(&mut self) {
        let directory = self.segment.directory();
        let count = directory.count();
        for index in self.scanned..count {
            let opened = open_region(&self.segment, index).filter(|(_, header)| header.kind == RegionKind::Events);
            let ring = opened.and_then(|(region, header)| {
                let (name, layout) = (directory.entry(index)?.name, EventLayout::from_header(&header)?);
                Some(Followed { name, region, layout, cursor: Cursor::at(1) })
            });
            self.rings.extend(ring);
        }
        self.scanned = count;
    }

    /// The next event of any ring. Wait-free; several rings take turns.
    pub fn poll(&mut self) -> Next<Announced> {
        self.scan();
        for _ in 0..self.rings.len() {
            self.turn = (self.turn + 1) % self.rings.len();
            let next = self.rings[self.turn].poll();
            if next != Next::Empty {
                return next;
            }
        }
        Next::Empty
    }

    /// How many events it lost in all.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.rings.iter().map(|ring| ring.cursor.lost()).fold(self.lost_before, u64::saturating_add)
    }
}
