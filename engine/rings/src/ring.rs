//! The ring and what travels in it.

use tickplane_model::{Trade, TradeId};

use crate::Sender;

/// Losses that wait on their way back to the shard. One more stays lost.
const LOSSES_MAX: usize = 64;

/// What a worker is told. `slot` is the number under which the worker knows the instrument.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum WorkerEvent {
    /// A trade, already published as number `seq` of the instrument's trade ring.
    Trade {
        /// The instrument.
        slot: u32,
        /// Its number in the trade ring.
        seq: u64,
        /// The trade.
        trade: Trade,
    },
    /// This ring was full: read the trades `from..=to` in the instrument's trade ring.
    CatchUp {
        /// The instrument.
        slot: u32,
        /// First sequence number to read.
        from: u64,
        /// Last sequence number to read.
        to: u64,
    },
    /// The instrument's stream went down at this local time.
    Down {
        /// The instrument.
        slot: u32,
        /// Local time of the loss.
        at_ns: i64,
    },
    /// The instrument's stream is up again since this local time.
    Up {
        /// The instrument.
        slot: u32,
        /// Local time of the recovery.
        at_ns: i64,
    },
    /// Messages of the stream were lost just before this local time.
    Lost {
        /// The instrument.
        slot: u32,
        /// Local time of the discovery.
        at_ns: i64,
    },
    /// Trades are missing between two others.
    Missing {
        /// The instrument.
        slot: u32,
        /// Venue time of the last trade before them.
        from_ns: i64,
        /// Venue time of the first trade after them.
        to_ns: i64,
    },
    /// Nothing is missing in a span of venue time any more: what was comes before this.
    Filled {
        /// The instrument.
        slot: u32,
        /// Where the span begins, `i64::MIN` for always.
        from_ns: i64,
        /// Where it ends; `i64::MAX` while it has no end.
        to_ns: i64,
    },
    /// A trade that was [`Overwritten`], fetched anew. The trade ring has had it.
    Again {
        /// The instrument.
        slot: u32,
        /// The trade.
        trade: Trade,
    },
    /// What was [`Overwritten`] is dealt with: all of its trades came before this, or some never will.
    Repaid {
        /// The instrument.
        slot: u32,
        /// Venue times between which trades are lost for good; `None` when none is.
        lost: Option<(i64, i64)>,
    },
}

/// Trades of an instrument that a worker did not get: its ring was full, and the trade ring had gone on when it came to
/// read them there. Until it is told [`WorkerEvent::Repaid`], it believes no [`WorkerEvent::Filled`] of the instrument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overwritten {
    /// The instrument.
    pub slot: u32,
    /// The first number in the trade ring that is missing.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// Id and venue time of the trade `from - 1`.
    pub after: (TradeId, i64),
    /// Id and venue time of the trade `to + 1`.
    pub before: (TradeId, i64),
}

/// Makes a ring of `capacity` events.
#[must_use]
pub fn ring(capacity: usize) -> (Sender, Receiver) {
    let (producer, consumer) = rtrb::RingBuffer::new(capacity);
    let (losses, lost) = rtrb::RingBuffer::new(LOSSES_MAX);
    (Sender::new(producer, lost), Receiver { events: consumer, losses })
}

/// The worker's end.
#[derive(Debug)]
pub struct Receiver {
    events: rtrb::Consumer<WorkerEvent>,
    /// The way back.
    losses: rtrb::Producer<Overwritten>,
}

impl Receiver {
    /// Takes up to `limit` events in order; returns how many.
    pub fn drain(&mut self, limit: usize, mut take: impl FnMut(WorkerEvent)) -> usize {
        let count = self.events.slots().min(limit);
        if let Ok(chunk) = self.events.read_chunk(count) {
            chunk.into_iter().for_each(&mut take);
        }
        count
    }

    /// Takes the next event, if there is one.
    pub fn pop(&mut self) -> Option<WorkerEvent> {
        self.events.pop().ok()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Tells the shard what was overwritten; `false` when that cannot be told, and so stays lost.
    pub fn report(&mut self, loss: Overwritten) -> bool {
        self.losses.push(loss).is_ok()
    }
}
