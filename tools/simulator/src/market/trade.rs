//! What the market does: trades and quotes, in ticks and lots.

use crate::fault::Outgoing;

/// One fill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MarketTrade {
    /// When, in whole microseconds; fills of one order share it.
    pub(crate) time_ns: i64,
    /// Counts up by one per instrument.
    pub(crate) id: u64,
    /// Shared by the fills of one order at one price; counts up by one per instrument.
    pub(crate) aggregate: u64,
    /// Ticks.
    pub(crate) price: i64,
    /// Lots, at least one.
    pub(crate) quantity: i64,
    /// Whether the taker bought.
    pub(crate) buy: bool,
}

impl MarketTrade {
    /// The same trade by a clock that is wrong by so much.
    pub(crate) fn shifted(self, skew_ns: i64) -> Self {
        Self { time_ns: self.time_ns + skew_ns, ..self }
    }
}

/// Best bid and ask: bid < ask always.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MarketQuote {
    pub(crate) time_ns: i64,
    /// Counts up by one per change of the instrument's book.
    pub(crate) update_id: u64,
    pub(crate) bid: i64,
    pub(crate) bid_quantity: i64,
    pub(crate) ask: i64,
    pub(crate) ask_quantity: i64,
}

/// One thing that happened, to the instrument of this index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MarketEvent {
    Trade(u32, MarketTrade),
    Quote(u32, MarketQuote),
    /// A trade that the venue has and does not send.
    Lost(u32),
}

impl Outgoing for MarketEvent {
    fn trade_of(&self) -> Option<u32> {
        match self {
            Self::Trade(index, _) => Some(*index),
            Self::Quote(..) | Self::Lost(_) => None,
        }
    }

    fn lost(&self, index: u32) -> Self {
        Self::Lost(index)
    }
}
