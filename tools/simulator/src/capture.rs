//! Recorded sessions in place of the made market.
//!
//! The frames of a venue's own sockets are played to whoever subscribed their streams, as they were recorded; REST
//! lists the symbols they name and answers from the trades played so far; the account is made of these trades.

mod binance;
mod coinbase;
mod kraken;
mod message;
mod playback;
mod rows;
mod survey;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use tickplane_model::ExchangeId;

pub(crate) use coinbase::renumbered;
pub(crate) use message::Message;
pub(crate) use playback::{Playback, Played, prepare};
pub(crate) use survey::Survey;

/// A recording to play, as [`crate::SimulationConfig::capture`].
///
/// Rows, gzipped or not: `local_ns JSON` (hftbacktest), `ISO-timestamp JSON` (Tardis), or
/// `{"t","dir":"in","raw"}` (cryptofeed; rows of another `dir` are passed over). The messages say which venue it is.
#[derive(Clone, PartialEq, Debug)]
pub struct Capture {
    /// The file.
    pub path: PathBuf,
    /// How fast.
    pub speed: Speed,
}

/// How fast a recording is played. The slowest reader holds it up: nobody is dropped and nothing is lost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Speed {
    /// By the recorded times, so many times as fast: above 0, at most 1,000,000.
    Factor(f64),
    /// As fast as clients read; without clients it waits.
    Max,
}

impl Default for Speed {
    fn default() -> Self {
        Self::Factor(1.0)
    }
}

/// The text is no speed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("speed `{0}` must be `max` or a number above 0 and at most 1000000, as in 1 or 0.5")]
pub struct SpeedError(String);

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let factor = text.parse().ok().filter(|factor| *factor > 0.0 && *factor <= 1e6);
        factor.map(Self::Factor).ok_or_else(|| SpeedError(text.to_owned()))
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factor(factor) => factor.fmt(f),
            Self::Max => f.write_str("max"),
        }
    }
}

/// What a recording holds, by a first reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaptureSummary {
    /// The venue it is of.
    pub exchange: ExchangeId,
    /// Messages that can be played.
    pub messages: u64,
    /// Rows of other things: acks, heartbeats, REST answers.
    pub passed_over: u64,
    /// Trades in it, each counted once.
    pub trades: u64,
    /// Best bids and asks in it: Binance's `bookTicker`.
    pub quotes: u64,
    /// When the first message was recorded, by the clock of whoever recorded.
    pub from_ns: i64,
    /// When the last one was.
    pub to_ns: i64,
}

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file cannot be opened, read or unpacked.
    #[error("cannot read the capture {}: {source}; give a file that is readable, gzipped or not", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A row has none of the known forms, or not that of the first row.
    #[error(
        "{}:{line}: not a row of a capture: `{text}`; known are `local_ns JSON`, `ISO-timestamp JSON` and {{\"t\",\"dir\",\"raw\"}}, one form in a file",
        path.display()
    )]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Its beginning.
        text: String,
    },
    /// A number of a message that cannot be kept exactly.
    #[error("{}:{line}: the message holds `{text}`, which is no decimal of at most 18 digits", path.display())]
    Number {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The number.
        text: String,
    },
    /// The recording is of a venue that is not simulated.
    #[error("the capture {} is of {found}, and simulated are: {simulated}; choose --venues to match", path.display())]
    Venue {
        /// The file.
        path: PathBuf,
        /// Whose messages they are.
        found: String,
        /// The venues of the configuration.
        simulated: String,
    },
    /// Nothing in it can be played.
    #[error(
        "the capture {} holds no market data that simulated venues speak (Binance spot streams, Coinbase Advanced Trade, Kraken v2) in {rows} rows",
        path.display()
    )]
    Nothing {
        /// The file.
        path: PathBuf,
        /// Messages that came in.
        rows: u64,
    },
}
