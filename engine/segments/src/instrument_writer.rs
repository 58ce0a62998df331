//! What an instrument's shard writes: trades, quotes and the health of their stream.

use tickplane_layout::histogram::add;
use tickplane_layout::instrument::InstrumentLayout;
use tickplane_layout::ring::Slot;
use tickplane_layout::stream::{
    STREAM_COUNTERS, STREAM_LAST_TRADE, STREAM_MISSING, STREAM_SEAMS, STREAM_SINCE, STREAM_STATE, StreamCounter,
    StreamState,
};
use tickplane_layout::sync::Ordering;
use tickplane_model::{Quote, Trade};

use crate::arena::Claim;
use crate::{EntryId, TradeReader, convert};

/// Publishes the trades and quotes of one instrument. One per instrument, moved to its owner's thread.
#[derive(Debug)]
pub struct InstrumentWriter {
    claim: Claim,
    layout: InstrumentLayout,
}

impl InstrumentWriter {
    pub(crate) fn new(claim: Claim, layout: InstrumentLayout) -> Self {
        let words = claim.region.words();
        layout.trades(words).recover();
        layout.quote(words).recover();
        layout.stream(words).iter().for_each(|word| word.store(0, Ordering::Relaxed));
        Self { claim, layout }
    }

    /// Publishes a trade and gives its dense sequence number.
    #[inline]
    pub fn publish_trade(&mut self, trade: &Trade, publish_ns: i64) -> u64 {
        self.layout.trades(self.claim.region.words()).publish(&convert::trade_words(trade, publish_ns))
    }

    /// Publishes a quote and gives its dense sequence number.
    #[inline]
    pub fn publish_quote(&mut self, quote: &Quote, publish_ns: i64) -> u64 {
        self.layout.quote(self.claim.region.words()).publish(convert::quote_words(quote, publish_ns).into_iter())
    }

    /// The newest published trade, also one that an earlier process published.
    #[must_use]
    pub fn last_trade(&self) -> Option<Trade> {
        let ring = self.layout.trades(self.claim.region.words());
        match ring.read(ring.head()) {
            Slot::Record(record) if ring.head() > 0 => Some(convert::trade(&record).0),
            _ => None,
        }
    }

    /// Sequence of the newest published trade, 0 if there is none.
    #[must_use]
    pub fn trade_seq(&self) -> u64 {
        self.layout.trades(self.claim.region.words()).head()
    }

    /// Its entry in the exchange's directory, by which stream events name it.
    #[must_use]
    pub fn entry(&self) -> EntryId {
        EntryId::of(&self.claim.region)
    }

    /// A reader of the trades, standing after the newest: for a worker that must catch up.
    #[must_use]
    pub fn trades(&self) -> TradeReader {
        TradeReader::new(self.claim.region.clone(), self.layout)
    }

    #[inline]
    fn set(&self, word: usize, value: u64) {
        self.layout.stream(self.claim.region.words())[word].store(value, Ordering::Relaxed);
    }

    /// The stream's state changed.
    pub fn set_stream_state(&mut self, state: StreamState, now_ns: i64) {
        self.set(STREAM_STATE, state as u64);
        self.set(STREAM_SINCE, now_ns.cast_unsigned());
    }

    /// The newest trade of the stream was read from its socket then.
    pub fn set_last_trade_ns(&mut self, receive_ns: i64) {
        self.set(STREAM_LAST_TRADE, receive_ns.cast_unsigned());
    }

    /// So many seams are open, and so many trades missing in them, where ids tell.
    pub fn set_seams(&mut self, seams: usize, missing: u64) {
        self.set(STREAM_SEAMS, seams as u64);
        self.set(STREAM_MISSING, missing);
    }

    /// Adds to a counter of the stream.
    pub fn count_stream(&mut self, counter: StreamCounter, amount: u64) {
        add(&self.layout.stream(self.claim.region.words())[STREAM_COUNTERS + counter as usize], amount);
    }
}
