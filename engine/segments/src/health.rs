//! Health records in the hands of their owners: counters and histograms without a system call or a lock.

use tickplane_layout::Word;
use tickplane_layout::health::{
    CONNECTION_ATTEMPTS, CONNECTION_CLOSES, CONNECTION_CONNECTED_AT, CONNECTION_COUNTERS, CONNECTION_HOLD,
    CONNECTION_LAST_ATTEMPT, CONNECTION_LAST_CLOSE, CONNECTION_LAST_DATA, CONNECTION_LAST_HEARTBEAT,
    CONNECTION_NEXT_ATTEMPT, CONNECTION_REJECTS, CONNECTION_REJECTS_MAX, CONNECTION_STATE, CONNECTION_WORDS, CloseKind,
    ConnectionCounter, ConnectionState, HoldKind, RECORD_EPOCH, Stage, THREAD_CORE, THREAD_COUNTERS, THREAD_RUNTIME,
    THREAD_WORDS, ThreadCounter, ThreadRuntime, stage_word,
};
use tickplane_layout::histogram::{HISTOGRAM_WORDS, Histogram, add};
use tickplane_layout::sync::Ordering;
use tickplane_model::RejectReason;

use crate::arena::Claim;

const _: () = assert!(RejectReason::ALL.len() <= CONNECTION_REJECTS_MAX);

/// The owner's side of a connection's health record.
#[derive(Debug)]
pub struct ConnectionHealth {
    claim: Claim,
}

impl ConnectionHealth {
    pub(crate) fn new(claim: Claim, epoch: u64) -> Self {
        begin(&claim.region.words()[..CONNECTION_WORDS], epoch);
        Self { claim }
    }

    #[inline]
    fn set(&self, word: usize, value: u64) {
        self.claim.region.words()[word].store(value, Ordering::Relaxed);
    }

    /// Adds to a counter.
    #[inline]
    pub fn count(&mut self, counter: ConnectionCounter, amount: u64) {
        add(&self.claim.region.words()[CONNECTION_COUNTERS + counter as usize], amount);
    }

    /// The connection's state changed.
    #[inline]
    pub fn set_state(&mut self, state: ConnectionState) {
        self.set(CONNECTION_STATE, state as u64);
    }

    /// The next attempt comes at this time, and what keeps it back until then.
    pub fn held(&mut self, next_attempt_ns: i64, hold: HoldKind) {
        self.set(CONNECTION_NEXT_ATTEMPT, next_attempt_ns.cast_unsigned());
        self.set(CONNECTION_HOLD, 1 + hold as u64);
    }

    /// Nothing keeps it back any more, or no attempt is to come.
    pub fn released(&mut self) {
        self.set(CONNECTION_NEXT_ATTEMPT, 0);
        self.set(CONNECTION_HOLD, 0);
    }

    /// An attempt to connect began.
    pub fn attempted(&mut self, now_ns: i64) {
        add(&self.claim.region.words()[CONNECTION_ATTEMPTS], 1);
        self.set(CONNECTION_LAST_ATTEMPT, now_ns.cast_unsigned());
    }

    /// The connection stands.
    pub fn connected(&mut self, now_ns: i64) {
        self.set(CONNECTION_CONNECTED_AT, now_ns.cast_unsigned());
    }

    /// Bytes were read from the socket.
    #[inline]
    pub fn received(&mut self, bytes: u64, receive_ns: i64) {
        self.count(ConnectionCounter::Bytes, bytes);
        self.set(CONNECTION_LAST_HEARTBEAT, receive_ns.cast_unsigned());
    }

    /// A message was complete.
    #[inline]
    pub fn message(&mut self) {
        self.count(ConnectionCounter::Messages, 1);
    }

    /// A trade was published.
    #[inline]
    pub fn trade(&mut self, receive_ns: i64) {
        self.count(ConnectionCounter::Trades, 1);
        self.set(CONNECTION_LAST_DATA, receive_ns.cast_unsigned());
    }

    /// A quote was published.
    #[inline]
    pub fn quote(&mut self, receive_ns: i64) {
        self.count(ConnectionCounter::Quotes, 1);
        self.set(CONNECTION_LAST_DATA, receive_ns.cast_unsigned());
    }

    /// A trade had been seen before.
    #[inline]
    pub fn duplicate(&mut self) {
        self.count(ConnectionCounter::Duplicates, 1);
    }

    /// Messages or trades were lost: one gap, and how many where the venue's numbers tell (else 0).
    pub fn gap(&mut self, lost: u64) {
        self.count(ConnectionCounter::Gaps, 1);
        self.count(ConnectionCounter::Lost, lost);
    }

    /// The venue refused a subscription.
    pub fn refusal(&mut self) {
        self.count(ConnectionCounter::Refusals, 1);
    }

    /// A sign of life without data.
    #[inline]
    pub fn heartbeat(&mut self, receive_ns: i64) {
        self.count(ConnectionCounter::Heartbeats, 1);
        self.set(CONNECTION_LAST_HEARTBEAT, receive_ns.cast_unsigned());
    }

    /// The connection ended.
    pub fn closed(&mut self, kind: CloseKind) {
        add(&self.claim.region.words()[CONNECTION_CLOSES + kind as usize], 1);
        self.set(CONNECTION_LAST_CLOSE, 1 + kind as u64);
    }

    /// A message or a part of it could not be used.
    #[inline]
    pub fn reject(&mut self, reason: RejectReason) {
        add(&self.claim.region.words()[CONNECTION_REJECTS + reason as usize], 1);
    }
}

/// The owner's side of a thread's health record.
#[derive(Debug)]
pub struct ThreadHealth {
    claim: Claim,
}

impl ThreadHealth {
    pub(crate) fn new(claim: Claim, epoch: u64) -> Self {
        begin(&claim.region.words()[..THREAD_WORDS], epoch);
        Self { claim }
    }

    /// Says how the thread waits, and which core it is bound to.
    pub fn runs(&mut self, runtime: ThreadRuntime, core: Option<usize>) {
        let words = self.claim.region.words();
        words[THREAD_RUNTIME].store(1 + runtime as u64, Ordering::Relaxed);
        words[THREAD_CORE].store(core.map_or(0, |core| 1 + core as u64), Ordering::Relaxed);
    }

    /// Records one duration; a negative one, which differing clocks can give, counts as 0.
    #[inline]
    pub fn record(&mut self, stage: Stage, duration_ns: i64) {
        let start = stage_word(stage);
        let words = &self.claim.region.words()[start..start + HISTOGRAM_WORDS];
        Histogram::new(words).record(u64::try_from(duration_ns).unwrap_or(0));
    }

    /// Adds to a counter.
    #[inline]
    pub fn count(&mut self, counter: ThreadCounter, amount: u64) {
        add(&self.claim.region.words()[THREAD_COUNTERS + counter as usize], amount);
    }

    /// A turn of the loop ended, with or without work.
    #[inline]
    pub fn turn(&mut self, was_busy: bool) {
        self.count(ThreadCounter::Turns, 1);
        self.count(ThreadCounter::BusyTurns, u64::from(was_busy));
    }

    /// A socket was not read because a ring was full.
    #[inline]
    pub fn stalled(&mut self) {
        self.count(ThreadCounter::RingFull, 1);
    }

    /// Candles closed.
    #[inline]
    pub fn closed(&mut self, candles: u64) {
        self.count(ThreadCounter::Closes, candles);
    }

    /// A trade was older than every row that may still be revised.
    #[inline]
    pub fn too_late(&mut self) {
        self.count(ThreadCounter::TooLate, 1);
    }

    /// Trades were overwritten before they were caught up.
    #[inline]
    pub fn lost(&mut self, trades: u64) {
        self.count(ThreadCounter::Lost, trades);
    }
}

/// Zeroes a record for a new owner.
fn begin(words: &[Word], epoch: u64) {
    for word in &words[RECORD_EPOCH + 1..] {
        word.store(0, Ordering::Relaxed);
    }
    words[RECORD_EPOCH].store(epoch, Ordering::Relaxed);
}
