//! What a plane says about the streams of an exchange.

use tickplane_layout::Word;
use tickplane_layout::stream::{
    STREAM_COUNTERS, STREAM_LAST_TRADE, STREAM_MISSING, STREAM_SEAMS, STREAM_SINCE, STREAM_STATE, StreamCounter,
    StreamState,
};
use tickplane_layout::sync::Ordering;
use tickplane_model::Symbol;

/// The health of one instrument's stream of trades.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamStatus {
    /// The instrument.
    pub symbol: Symbol,
    /// Its state.
    pub state: StreamState,
    /// When it entered that state, 0 if it never changed.
    pub since_ns: i64,
    /// When its newest trade was read from the socket, 0 if none was.
    pub last_trade_ns: i64,
    /// Places in its tape where trades are missing and being fetched.
    pub seams: u64,
    /// Trades missing there, where the venue's ids tell.
    pub missing: u64,
    /// Its counters, in the order of [`StreamCounter::ALL`].
    pub counters: Vec<(StreamCounter, u64)>,
}

impl StreamStatus {
    pub(crate) fn read(symbol: Symbol, words: &[Word]) -> Self {
        let load = |at: usize| words[at].load(Ordering::Relaxed);
        let counter = |of: &StreamCounter| (*of, load(STREAM_COUNTERS + *of as usize));
        Self {
            symbol,
            state: StreamState::from_number(load(STREAM_STATE)),
            since_ns: load(STREAM_SINCE).cast_signed(),
            last_trade_ns: load(STREAM_LAST_TRADE).cast_signed(),
            seams: load(STREAM_SEAMS),
            missing: load(STREAM_MISSING),
            counters: StreamCounter::ALL.iter().map(counter).collect(),
        }
    }

    /// One counter.
    #[must_use]
    pub fn count(&self, counter: StreamCounter) -> u64 {
        self.counters.iter().find(|(of, _)| *of == counter).map_or(0, |(_, count)| *count)
    }
}
