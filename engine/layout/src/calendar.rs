//! How the row numbers of a series follow from time: the fourth number of its region's shape.
//!
//! ```text
//! bits  0..8   rule: 0 always open, 1 weekdays
//! bits  8..32  weekdays: when the session opens, in seconds from local midnight
//! bits 32..56  weekdays: when it closes
//! bits 56..64  weekdays: the zone, in quarter hours east of UTC, two's complement
//! ```

/// A calendar as it stands in a region's shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Calendar {
    /// Trading never stops: row r of a timeframe of length l opens at r × l, of weeks on Mondays.
    #[default]
    AlwaysOpen,
    /// One session on each weekday; rows are counted from its opening.
    Weekdays(Weekdays),
}

/// The session of a market that opens on weekdays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weekdays {
    /// When it opens, in seconds from local midnight.
    pub open_s: u32,
    /// When it closes: later, and at most a day.
    pub close_s: u32,
    /// Quarter hours by which local time is ahead of UTC.
    pub zone_quarters: i8,
}

const RULE_ALWAYS_OPEN: u64 = 0;
const RULE_WEEKDAYS: u64 = 1;
const OPEN_SHIFT: u32 = 8;
const CLOSE_SHIFT: u32 = 32;
const ZONE_SHIFT: u32 = 56;
const SECONDS_MASK: u64 = 0xff_ffff;
const SECONDS_PER_DAY: u64 = 86_400;

impl Calendar {
    /// The word of the shape.
    #[must_use]
    pub const fn pack(self) -> u64 {
        match self {
            Self::AlwaysOpen => RULE_ALWAYS_OPEN,
            Self::Weekdays(Weekdays { open_s, close_s, zone_quarters }) => {
                RULE_WEEKDAYS
                    | (open_s as u64 & SECONDS_MASK) << OPEN_SHIFT
                    | (close_s as u64 & SECONDS_MASK) << CLOSE_SHIFT
                    | (zone_quarters.cast_unsigned() as u64) << ZONE_SHIFT
            }
        }
    }

    /// The calendar of a word; `None` for a rule that this code does not know, or a session that cannot be.
    #[must_use]
    pub const fn unpack(word: u64) -> Option<Self> {
        let (open_s, close_s) = (word >> OPEN_SHIFT & SECONDS_MASK, word >> CLOSE_SHIFT & SECONDS_MASK);
        match word & 0xff {
            RULE_ALWAYS_OPEN => Some(Self::AlwaysOpen),
            RULE_WEEKDAYS if open_s < close_s && close_s <= SECONDS_PER_DAY => Some(Self::Weekdays(Weekdays {
                open_s: open_s as u32,
                close_s: close_s as u32,
                zone_quarters: ((word >> ZONE_SHIFT) as u8).cast_signed(),
            })),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendars_round_trip_and_nonsense_is_none() {
        let india = Weekdays { open_s: 33_300, close_s: 55_800, zone_quarters: 22 };
        let west = Weekdays { open_s: 0, close_s: 86_400, zone_quarters: -20 };
        for calendar in [Calendar::AlwaysOpen, Calendar::Weekdays(india), Calendar::Weekdays(west)] {
            assert_eq!(Calendar::unpack(calendar.pack()), Some(calendar));
        }
        assert_eq!(Calendar::Weekdays(india).pack(), 1 | 33_300 << 8 | 55_800 << 32 | 22 << 56);
        for word in [2, 1, 1 | 5 << 8 | 5 << 32, 1 | 86_401 << 32] {
            assert_eq!(Calendar::unpack(word), None, "{word:#x}");
        }
    }
}
