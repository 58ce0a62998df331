//! What a shard asks of its runtime, and what it tells people.

use tickplane_model::{ExchangeId, Symbol};
use tickplane_segments::StreamCounter;

use crate::close_reason::CloseReason;
use crate::fetch::Fetch;
use crate::shard::ConnectionId;

/// What a shard asks of its runtime.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Resolve the host and open a TCP connection, then call [`Shard::connected`] or [`Shard::closed`].
    Connect {
        /// For which connection.
        connection: ConnectionId,
        /// Which attempt: an answer that comes after a later attempt began is to be dropped.
        attempt: u64,
        /// Host name or IP.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Ask when the connection may say something, where the venue counts what all connections from an IP say together;
    /// then call [`Shard::permitted`].
    AskToSpeak {
        /// Which connection.
        connection: ConnectionId,
        /// Which attempt: an answer that comes after a later attempt began is to be dropped.
        attempt: u64,
        /// Where it goes.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Drop the TCP connection; no call back is due.
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// Ask the venue by REST; the answer comes back by [`Shard::fetched`].
    Fetch(Fetch),
    /// Tell people what happened.
    Report(Report),
}

/// Something about a connection or a stream that people want to read.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// The venue.
    pub exchange: ExchangeId,
    /// What happened.
    pub what: Happening,
}

/// What happened to a connection or a stream.
#[derive(Clone, PartialEq, Debug)]
pub enum Happening {
    /// The WebSocket is open and the subscriptions are on their way.
    Connected {
        /// Host and port.
        host: String,
        /// Instruments it carries.
        instruments: usize,
    },
    /// The connection ended.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Milliseconds until the next attempt; `None` when stopped.
        retry_ms: Option<u64>,
    },
    /// The venue refused a request.
    Refused {
        /// The venue's words, with the symbol where it says.
        text: String,
    },
    /// A stream changed in a way that people want to read.
    Stream {
        /// Whose.
        symbol: Symbol,
        /// How.
        change: StreamChange,
    },
}

/// How a stream changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StreamChange {
    /// Trades stay away while the venue has newer ones. Told once, until it speaks again.
    #[error("trades stay away while the venue has newer ones")]
    Stale,
    /// It was stale and brings trades again.
    #[error("trades come again")]
    Recovered,
    /// The venue began to number its trades anew.
    #[error("the venue numbers its trades anew; what it numbered before and we missed is lost")]
    Renumbered,
    /// Exchange times jumped and stayed there for a minute: they are believed now.
    #[error("exchange times jumped, and stayed there for a minute; they are believed now")]
    TimeMoved,
    /// Quotes stand still while trades move away from them.
    #[error("quotes stand still while trades move away from them")]
    StaleQuotes,
}

impl StreamChange {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::StaleQuotes as usize + 1;

    /// What counts it in shared memory, and names it in an event where the state alone does not tell.
    pub(crate) const fn counter(self) -> Option<StreamCounter> {
        match self {
            Self::Stale | Self::Recovered => None,
            Self::Renumbered => Some(StreamCounter::Renumbered),
            Self::TimeMoved => Some(StreamCounter::TimeMoves),
            Self::StaleQuotes => Some(StreamCounter::StaleQuotes),
        }
    }
}
