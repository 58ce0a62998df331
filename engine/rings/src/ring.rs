//! The ring and what travels in it.

use tickplane_model::Trade;

use crate::Sender;

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
}

/// Makes a ring of `capacity` events.
#[must_use]
pub fn ring(capacity: usize) -> (Sender, Receiver) {
    let (producer, consumer) = rtrb::RingBuffer::new(capacity);
    (Sender::new(producer), Receiver(consumer))
}

/// The worker's end.
#[derive(Debug)]
pub struct Receiver(rtrb::Consumer<WorkerEvent>);

impl Receiver {
    /// Takes up to `limit` events in order; returns how many.
    pub fn drain(&mut self, limit: usize, mut take: impl FnMut(WorkerEvent)) -> usize {
        let count = self.0.slots().min(limit);
        if let Ok(chunk) = self.0.read_chunk(count) {
            chunk.into_iter().for_each(&mut take);
        }
        count
    }

    /// Takes the next event, if there is one.
    pub fn pop(&mut self) -> Option<WorkerEvent> {
        self.0.pop().ok()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
