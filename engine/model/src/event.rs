//! What one venue message says, in the words every venue shares. Events borrow from the message: nothing is copied.

use std::fmt;

use crate::{Candle, Quote, Timeframe, Trade};

/// The number a shard gives an instrument it owns; dense from 0.
pub type InstrumentIndex = u32;

/// An instrument as a message names it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Named<'a> {
    /// The venue's own ticker, as in the message.
    pub venue_symbol: &'a str,
    /// The instrument, if it is one of those the session was made for.
    pub instrument: Option<InstrumentIndex>,
}

/// One price level of a book: price and quantity (absolute; 0 deletes the level).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Level {
    /// Price in quote currency.
    pub price: f64,
    /// Quantity in base currency.
    pub quantity: f64,
}

/// What a venue tells of an instrument's last 24 hours. Unknown numbers are NaN.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ticker {
    /// When the venue says it was so; 0 where it does not say.
    pub exchange_ns: i64,
    /// Price of the last trade.
    pub last: f64,
    /// Traded, in base currency.
    pub volume: f64,
    /// Traded, in quote currency.
    pub quote_volume: f64,
}

/// One thing a venue message says. A message may say several.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Event<'a> {
    /// A trade. Within one message trades come in the order they happened.
    Trade {
        /// Of which instrument.
        of: Named<'a>,
        /// The trade.
        trade: Trade,
    },
    /// The best bid and ask changed.
    Quote {
        /// Of which instrument.
        of: Named<'a>,
        /// The new best bid and ask.
        quote: Quote,
    },
    /// The last 24 hours. Where such a message carries the best bid and ask, these come as a quote.
    Ticker {
        /// Of which instrument.
        of: Named<'a>,
        /// What the message tells; what it leaves unchanged is NaN.
        ticker: Ticker,
    },
    /// The venue's own candle.
    Candle {
        /// Of which instrument.
        of: Named<'a>,
        /// Its interval.
        timeframe: Timeframe,
        /// Its values; fields the venue does not give are NaN or 0.
        candle: Candle,
        /// Whether the venue says that it is closed; `None` where the venue does not say.
        closed: Option<bool>,
    },
    /// A change or snapshot of the order book.
    Book {
        /// Of which instrument.
        of: Named<'a>,
        /// Replaces the book rather than changing it.
        snapshot: bool,
        /// The venue's sequence number after this message, where it has one.
        sequence: Option<u64>,
        /// Bid levels as sent.
        bids: &'a [Level],
        /// Ask levels as sent.
        asks: &'a [Level],
    },
    /// The venue accepted a subscription.
    Ack {
        /// The symbol it is for; `None` stands for all that the connection asked for.
        venue_symbol: Option<&'a str>,
    },
    /// The venue refused a subscription or request.
    Refusal {
        /// The symbol it is for, where the venue says.
        venue_symbol: Option<&'a str>,
        /// The venue's words.
        reason: &'a str,
    },
    /// A sign of life that carries no data.
    Heartbeat,
    /// The venue speaks of its own state ("online", "maintenance").
    Status {
        /// The venue's words.
        text: &'a str,
    },
    /// The venue announced that it will close this connection.
    Closing,
    /// Something is to be sent at once: the answer to an application-level ping, or what the venue hears only after it
    /// spoke first.
    Reply {
        /// The text to send back.
        text: &'a str,
    },
    /// The connection's own sequence numbers show that messages were lost: every instrument on it may have a gap.
    SequenceGap {
        /// How many messages.
        lost: u64,
    },
    /// The message, or a part of it, could not be used. It is counted by reason; the connection is kept.
    Reject {
        /// Why.
        reason: RejectReason,
    },
}

/// Why a message was not used. The number indexes the counters in the segment's health records: append, never reorder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RejectReason {
    /// Not valid JSON (or not the venue's binary form).
    Malformed = 0,
    /// Nested too deeply or larger than the limits.
    TooLarge = 1,
    /// A field that the message must have is missing or of another type.
    MissingField = 2,
    /// A number that is none, not finite, negative or out of range.
    BadNumber = 3,
    /// A time that is none or out of range.
    BadTime = 4,
    /// A message of a kind this parser does not know.
    UnknownMessage = 5,
    /// A symbol that was not subscribed.
    UnknownSymbol = 6,
    /// A protocol version the venue has replaced.
    Superseded = 7,
    /// A binary message where text is due, or the reverse.
    WrongPayload = 8,
}

impl RejectReason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Malformed,
        Self::TooLarge,
        Self::MissingField,
        Self::BadNumber,
        Self::BadTime,
        Self::UnknownMessage,
        Self::UnknownSymbol,
        Self::Superseded,
        Self::WrongPayload,
    ];

    /// The word `status` and `decode` print.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::MissingField => "missing-field",
            Self::BadNumber => "bad-number",
            Self::BadTime => "bad-time",
            Self::UnknownMessage => "unknown-message",
            Self::UnknownSymbol => "unknown-symbol",
            Self::Superseded => "superseded",
            Self::WrongPayload => "wrong-payload",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Takes events as a parser finds them.
pub trait EventSink {
    /// Takes one event.
    fn event(&mut self, event: Event<'_>);
}

impl<F: FnMut(Event<'_>)> EventSink for F {
    fn event(&mut self, event: Event<'_>) {
        self(event);
    }
}
