//! What is traded, and the venue's facts about it.

use std::fmt;
use std::str::FromStr;

use crate::{ExchangeId, Symbol};

/// The kind of contract.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Product {
    /// The asset itself.
    Spot = 1,
    /// A perpetual contract settled in the quote currency.
    Perpetual = 2,
    /// A perpetual contract settled in the base currency.
    InversePerpetual = 3,
    /// A contract with an expiry date.
    Dated = 4,
}

impl Product {
    /// Text of commands: `spot`, `perp`, `perp-inv`, `dated`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Perpetual => "perp",
            Self::InversePerpetual => "perp-inv",
            Self::Dated => "dated",
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Product {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Spot, Self::Perpetual, Self::InversePerpetual, Self::Dated]
            .into_iter()
            .find(|product| product.as_str() == text)
            .ok_or_else(|| format!("unknown product \"{text}\"; known are: spot perp perp-inv dated"))
    }
}

/// Whether an instrument can be traded now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum InstrumentStatus {
    /// Trading normally.
    Trading = 1,
    /// Listed, but some or all trading is suspended.
    Restricted = 2,
    /// No longer trading.
    Closed = 3,
}

/// One instrument and the venue's facts about it. Unknown numbers are NaN, never guessed.
#[derive(Clone, PartialEq, Debug)]
pub struct Instrument {
    /// The venue.
    pub exchange: ExchangeId,
    /// The canonical symbol.
    pub symbol: Symbol,
    /// The venue's own ticker, exactly as it appears in the venue's messages.
    pub venue_symbol: String,
    /// The kind of contract.
    pub product: Product,
    /// Smallest price step, in quote currency.
    pub tick_size: f64,
    /// Smallest quantity step, in base currency (contracts for derivatives).
    pub lot_size: f64,
    /// Base currency per contract; 1 for spot.
    pub contract_size: f64,
    /// Traded in the last 24 hours, in quote currency; what "top N by volume" sorts by.
    pub quote_volume_24h: f64,
    /// Whether it can be traded.
    pub status: InstrumentStatus,
}
