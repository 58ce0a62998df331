//! One trade as the venue reported it.

use std::fmt;

/// Who crossed the spread. Always the taker's side: parsers turn the venue's reading into this one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// The taker bought.
    Buy,
    /// The taker sold.
    Sell,
}

impl Side {
    /// `buy` or `sell`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }

    /// The other side; for venues that report the maker's.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// How the 128 bits of a [`TradeId`] are to be read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum IdForm {
    /// The venue gave no id.
    None = 0,
    /// An unsigned number (up to 28 digits at one venue).
    Number = 1,
    /// A UUID, most significant byte first.
    Uuid = 2,
    /// A hash of what the venue gives instead of an id.
    Hash = 3,
}

/// A venue's trade id: 128 bits and the form they take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TradeId {
    /// The upper 64 bits.
    pub high: u64,
    /// The lower 64 bits.
    pub low: u64,
    /// How to read and print the bits.
    pub form: IdForm,
}

impl TradeId {
    /// No id.
    pub const NONE: Self = Self { high: 0, low: 0, form: IdForm::None };

    /// A numeric id.
    #[must_use]
    pub const fn number(value: u128) -> Self {
        Self { high: (value >> 64) as u64, low: value as u64, form: IdForm::Number }
    }

    /// The 128 bits as one integer.
    #[must_use]
    pub const fn bits(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

impl fmt::Display for TradeId {
    /// As the venue writes it; empty without an id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            IdForm::None => Ok(()),
            IdForm::Number => write!(f, "{}", self.bits()),
            IdForm::Hash => write!(f, "{:032x}", self.bits()),
            IdForm::Uuid => {
                let hex = format!("{:032x}", self.bits());
                write!(f, "{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
            }
        }
    }
}

/// What else is known of a trade, as bits. They are part of the segment format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct TradeFlags(pub u32);

impl TradeFlags {
    /// The taker sold; clear means the taker bought.
    pub const SELL: Self = Self(1);
    /// Sent by the venue as history on subscribe.
    pub const HISTORY: Self = Self(1 << 1);
    /// Fetched by REST after a loss.
    pub const BACKFILLED: Self = Self(1 << 2);
    /// Stands for several fills (an aggregate trade).
    pub const AGGREGATE: Self = Self(1 << 3);
    /// The quantity counts contracts because the instrument's contract size is unknown.
    pub const CONTRACTS: Self = Self(1 << 4);
    /// Derived from another message rather than reported as a trade.
    pub const DERIVED: Self = Self(1 << 5);

    /// Where the count of an aggregate's fills stands.
    const FILLS_SHIFT: u32 = 8;

    /// Says how many fills an aggregate stands for where the venue numbers them: its id is the last one's, and the first
    /// one's is so many less. What is beyond 65,536 is lost.
    #[must_use]
    pub const fn with_fills(self, fills: u64) -> Self {
        let others = fills.saturating_sub(1);
        let others = if others > 0xffff { 0xffff } else { others as u32 };
        Self(self.0 & 0xff | others << Self::FILLS_SHIFT)
    }

    /// How many fills it stands for, as far as told: 1 for an ordinary trade.
    #[must_use]
    pub const fn fills(self) -> u64 {
        (self.0 >> Self::FILLS_SHIFT & 0xffff) as u64 + 1
    }

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One trade. Prices and quantities are the `f64` nearest to the digits the venue sent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Trade {
    /// When the venue says it happened.
    pub exchange_ns: i64,
    /// When its bytes were read from the socket, once per read.
    pub receive_ns: i64,
    /// Price in quote currency.
    pub price: f64,
    /// Quantity in base currency (in contracts if flagged so).
    pub quantity: f64,
    /// The venue's id.
    pub id: TradeId,
    /// Side and origin.
    pub flags: TradeFlags,
}

impl Trade {
    /// The taker's side.
    #[must_use]
    pub const fn side(&self) -> Side {
        if self.flags.contains(TradeFlags::SELL) { Side::Sell } else { Side::Buy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_keeps_how_many_fills_it_stands_for() {
        let flags = TradeFlags::AGGREGATE.with(TradeFlags::SELL);
        for (fills, told) in [(0, 1), (1, 1), (2, 2), (65_536, 65_536), (u64::MAX, 65_536)] {
            let with = flags.with_fills(fills);
            assert_eq!((with.fills(), with.contains(flags)), (told, true));
        }
        assert_eq!(flags.with_fills(7).with_fills(3).fills(), 3);
    }

    #[test]
    fn ids_print_as_the_venue_writes_them() {
        let huge = 1_234_567_890_123_456_789_012_345_678_u128;
        assert_eq!(TradeId::number(huge).to_string(), "1234567890123456789012345678");
        assert_eq!(TradeId::NONE.to_string(), "");
        let uuid = TradeId { high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210, form: IdForm::Uuid };
        assert_eq!(uuid.to_string(), "01234567-89ab-cdef-fedc-ba9876543210");
    }
}
