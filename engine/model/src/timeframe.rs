//! The sixteen candle intervals.

use std::fmt;
use std::str::FromStr;

use crate::NS_PER_SECOND;

/// A candle interval. The number is part of the segment format: append, never reorder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say their length")]
pub enum Timeframe {
    S1 = 1,
    S5 = 2,
    S15 = 3,
    M1 = 4,
    M3 = 5,
    M5 = 6,
    M15 = 7,
    M30 = 8,
    H1 = 9,
    H2 = 10,
    H4 = 11,
    H6 = 12,
    H8 = 13,
    H12 = 14,
    D1 = 15,
    W1 = 16,
}

impl Timeframe {
    /// All sixteen, finest first.
    pub const ALL: [Self; 16] = [
        Self::S1,
        Self::S5,
        Self::S15,
        Self::M1,
        Self::M3,
        Self::M5,
        Self::M15,
        Self::M30,
        Self::H1,
        Self::H2,
        Self::H4,
        Self::H6,
        Self::H8,
        Self::H12,
        Self::D1,
        Self::W1,
    ];

    /// What `run` builds when the config names none.
    pub const DEFAULT: [Self; 7] = [Self::S1, Self::M1, Self::M5, Self::M15, Self::H1, Self::H4, Self::D1];

    /// What `demo` builds.
    pub const DEMO: [Self; 4] = [Self::S1, Self::S5, Self::M1, Self::M5];

    /// Text of keys, config and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S1 => "1s",
            Self::S5 => "5s",
            Self::S15 => "15s",
            Self::M1 => "1m",
            Self::M3 => "3m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::M30 => "30m",
            Self::H1 => "1h",
            Self::H2 => "2h",
            Self::H4 => "4h",
            Self::H6 => "6h",
            Self::H8 => "8h",
            Self::H12 => "12h",
            Self::D1 => "1d",
            Self::W1 => "1w",
        }
    }

    /// Length in seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::S1 => 1,
            Self::S5 => 5,
            Self::S15 => 15,
            Self::M1 => 60,
            Self::M3 => 180,
            Self::M5 => 300,
            Self::M15 => 900,
            Self::M30 => 1_800,
            Self::H1 => 3_600,
            Self::H2 => 7_200,
            Self::H4 => 14_400,
            Self::H6 => 21_600,
            Self::H8 => 28_800,
            Self::H12 => 43_200,
            Self::D1 => 86_400,
            Self::W1 => 604_800,
        }
    }

    /// Length in nanoseconds.
    #[must_use]
    pub const fn length_ns(self) -> i64 {
        self.seconds() * NS_PER_SECOND
    }

    /// The timeframe with this number, as stored in a segment.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|timeframe| *timeframe as u8 == number)
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no timeframe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimeframeError(String);

impl fmt::Display for TimeframeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown timeframe \"{}\"; known are:", self.0)?;
        for timeframe in Timeframe::ALL {
            write!(f, " {timeframe}")?;
        }
        Ok(())
    }
}

impl std::error::Error for TimeframeError {}

impl FromStr for Timeframe {
    type Err = TimeframeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|timeframe| timeframe.as_str() == text)
            .ok_or_else(|| TimeframeError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_round_trip_and_lengths_grow() {
        for pair in Timeframe::ALL.windows(2) {
            assert!(pair[0].seconds() < pair[1].seconds());
        }
        for timeframe in Timeframe::ALL {
            assert_eq!(timeframe.as_str().parse(), Ok(timeframe));
            assert_eq!(Timeframe::from_number(timeframe as u8), Some(timeframe));
        }
        assert!("7m".parse::<Timeframe>().unwrap_err().to_string().contains("unknown timeframe \"7m\""));
    }
}
