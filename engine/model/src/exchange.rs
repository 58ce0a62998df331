//! The thirteen exchanges and the ids by which users, keys and files name them.

use std::fmt;
use std::str::FromStr;

/// An exchange tickplane knows. The number is part of the segment format: append, never reorder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the exchanges' own")]
pub enum ExchangeId {
    Binance = 1,
    Coinbase = 2,
    Kraken = 3,
    Bybit = 4,
    Okx = 5,
    Mexc = 6,
    Hyperliquid = 7,
    Kucoin = 8,
    Bitget = 9,
    Htx = 10,
    Gate = 11,
    Delta = 12,
    Fyers = 13,
}

impl ExchangeId {
    /// Every exchange, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::Binance,
        Self::Coinbase,
        Self::Kraken,
        Self::Bybit,
        Self::Okx,
        Self::Mexc,
        Self::Hyperliquid,
        Self::Kucoin,
        Self::Bitget,
        Self::Htx,
        Self::Gate,
        Self::Delta,
        Self::Fyers,
    ];

    /// The id used in keys, file names, config and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Binance => "binance",
            Self::Coinbase => "coinbase",
            Self::Kraken => "kraken",
            Self::Bybit => "bybit",
            Self::Okx => "okx",
            Self::Mexc => "mexc",
            Self::Hyperliquid => "hyperliquid",
            Self::Kucoin => "kucoin",
            Self::Bitget => "bitget",
            Self::Htx => "htx",
            Self::Gate => "gate",
            Self::Delta => "delta",
            Self::Fyers => "fyers",
        }
    }

    /// The exchange with this number, as stored in a segment.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|id| *id as u8 == number)
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no exchange.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownExchange(pub String);

impl fmt::Display for UnknownExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown exchange \"{}\"; known are:", self.0)?;
        for id in ExchangeId::ALL {
            write!(f, " {id}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownExchange {}

impl FromStr for ExchangeId {
    type Err = UnknownExchange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|id| id.as_str() == text).ok_or_else(|| UnknownExchange(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_as_text_and_number() {
        for id in ExchangeId::ALL {
            assert_eq!(id.as_str().parse(), Ok(id));
            assert_eq!(ExchangeId::from_number(id as u8), Some(id));
        }
        assert_eq!(ExchangeId::from_number(0), None);
        let error = "bitstamp".parse::<ExchangeId>().unwrap_err().to_string();
        assert!(error.starts_with("unknown exchange \"bitstamp\"; known are: binance"));
    }
}
