//! The health of one instrument's stream of trades, behind the trades in the instrument region.
//!
//! ```text
//! word 0  state     1 since_ns (epoch)     2 last_trade_ns (epoch)     3 seams open     4 trades missing in them
//! word 5  reserved, 0 (3 words)
//! word 8  counters, in the order of StreamCounter
//! ```
//!
//! As in the health records, every word stands for itself and is stored relaxed.

use crate::LINE_WORDS;
use crate::health::counters;

counters! {
    /// What is counted per stream. The number is part of the format: append, never reorder.
    StreamCounter {
        /// Questions asked by REST.
        Asks = 0 "asks",
        /// Questions that got no usable answer.
        Failures = 1 "failures",
        /// Times the stream was found stale.
        Stale = 2 "stale",
        /// Times the subscription was taken anew.
        Resubscribes = 3 "resubscribes",
        /// Times the connection was given up for the stream's sake.
        Reconnects = 4 "reconnects",
        /// Trades fetched by REST.
        Backfilled = 5 "backfilled",
        /// Seams given up: what is missing in them is lost.
        SeamsLost = 6 "seams-lost",
        /// Trades of those seams, where ids tell.
        Lost = 7 "lost",
        /// Trades whose exchange time was not believed.
        Unbelieved = 8 "unbelieved",
        /// Times a jump of the exchange time lasted, and was believed.
        TimeMoves = 9 "time-moves",
        /// Times the venue began to number its trades anew.
        Renumbered = 10 "renumbered",
        /// Trades fetched anew for a worker that had fallen behind too far.
        Refetched = 11 "refetched",
        /// Times quotes stood still while trades moved away from them.
        StaleQuotes = 12 "stale-quotes",
    }
}

/// State of a stream. The number is part of the format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u64)]
pub enum StreamState {
    /// No connection carries it.
    Closed = 0,
    /// Its connection is being opened, or its subscription is not confirmed.
    Connecting = 1,
    /// The venue confirmed the subscription; no trade came yet.
    Subscribed = 2,
    /// Trades come.
    Live = 3,
    /// Silent beyond its rhythm, and the venue has nothing newer.
    Quiet = 4,
    /// Silent while the venue has newer trades: being cured.
    Stale = 5,
}

impl StreamState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::Closed, Self::Connecting, Self::Subscribed, Self::Live, Self::Quiet, Self::Stale];

    /// The state of a number; unknown ones read as closed.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self::ALL.into_iter().find(|state| *state as u64 == number).unwrap_or(Self::Closed)
    }

    /// The word tables print.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Connecting => "connecting",
            Self::Subscribed => "subscribed",
            Self::Live => "live",
            Self::Quiet => "quiet",
            Self::Stale => "stale",
        }
    }
}

/// Word of the state.
pub const STREAM_STATE: usize = 0;
/// Word of the time it entered that state.
pub const STREAM_SINCE: usize = 1;
/// Word of the time its newest trade was read from the socket.
pub const STREAM_LAST_TRADE: usize = 2;
/// Word of the number of open seams.
pub const STREAM_SEAMS: usize = 3;
/// Word of the number of trades missing in them, where ids tell.
pub const STREAM_MISSING: usize = 4;
/// First word of its counters.
pub const STREAM_COUNTERS: usize = LINE_WORDS;
/// Room for counters.
pub const STREAM_COUNTERS_MAX: usize = 16;
/// Words of the record.
pub const STREAM_WORDS: usize = STREAM_COUNTERS + STREAM_COUNTERS_MAX;
const _: () = assert!(StreamCounter::ALL.len() <= STREAM_COUNTERS_MAX);
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(STREAM_STATE == 0 && STREAM_SINCE * 8 == 8 && STREAM_LAST_TRADE * 8 == 16);
const _: () = assert!(STREAM_SEAMS * 8 == 24 && STREAM_MISSING * 8 == 32 && STREAM_COUNTERS * 8 == 64);
const _: () = assert!(STREAM_WORDS * 8 == 192);
