//! When a venue trades, and the row number of every interval.

use crate::sessions::Sessions;
use crate::{NS_PER_DAY, Timeframe};

/// A venue's calendar: which intervals exist. A row number is the ordinal of an interval since the calendar's
/// origin, so that row `r` is the same time in every symbol of the venue and a restart finds its place by arithmetic.
///
/// Callers never compute rows themselves: where there are sessions, a row does not end where the next one opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Calendar {
    /// Trading never stops: every interval of UTC exists. Row 0 opens at the epoch, for weeks on Monday 1970-01-05.
    #[default]
    AlwaysOpen,
    /// One session on each weekday: rows are counted from its opening, and the last one of a day ends with it.
    Sessions(Sessions),
}

/// 1970-01-01 was a Thursday; weeks open on Mondays.
const FIRST_MONDAY_NS: i64 = 4 * NS_PER_DAY;

impl Calendar {
    const fn origin_ns(timeframe: Timeframe) -> i64 {
        match timeframe {
            Timeframe::W1 => FIRST_MONDAY_NS,
            _ => 0,
        }
    }

    /// The row whose interval holds `time_ns`; outside of every session the first one that opens later; row 0 for times
    /// before the origin.
    #[must_use]
    #[inline]
    pub const fn row(self, timeframe: Timeframe, time_ns: i64) -> u64 {
        match self {
            Self::AlwaysOpen => {
                let since = time_ns.saturating_sub(Self::origin_ns(timeframe));
                if since <= 0 { 0 } else { (since / timeframe.length_ns()) as u64 }
            }
            Self::Sessions(sessions) => sessions.row(timeframe, time_ns),
        }
    }

    /// When the interval of `row` opens.
    #[must_use]
    #[inline]
    pub const fn open_time_ns(self, timeframe: Timeframe, row: u64) -> i64 {
        match self {
            Self::AlwaysOpen => Self::origin_ns(timeframe) + row as i64 * timeframe.length_ns(),
            Self::Sessions(sessions) => sessions.span_ns(timeframe, row).0,
        }
    }

    /// When the interval of `row` ends: the first instant that no longer belongs to it.
    #[must_use]
    #[inline]
    pub const fn end_time_ns(self, timeframe: Timeframe, row: u64) -> i64 {
        match self {
            Self::AlwaysOpen => self.open_time_ns(timeframe, row) + timeframe.length_ns(),
            Self::Sessions(sessions) => sessions.span_ns(timeframe, row).1,
        }
    }

    /// Whether `time_ns` lies in a session, of a holiday too: a market that trades on one has rows for it.
    #[must_use]
    #[inline]
    pub const fn is_open(self, time_ns: i64) -> bool {
        match self {
            Self::AlwaysOpen => true,
            Self::Sessions(sessions) => sessions.is_open(time_ns),
        }
    }

    /// Whether the market was closed for all of `row`: a holiday, or a week of them.
    #[must_use]
    #[inline]
    pub const fn is_closed(self, timeframe: Timeframe, row: u64) -> bool {
        match self {
            Self::AlwaysOpen => false,
            Self::Sessions(sessions) => sessions.is_closed(timeframe, row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NS_PER_SECOND, days_from_civil};

    #[test]
    fn boundaries_belong_to_the_interval_they_open() {
        let calendar = Calendar::AlwaysOpen;
        for timeframe in Timeframe::ALL {
            let row = calendar.row(timeframe, 1_763_650_039 * NS_PER_SECOND);
            let open = calendar.open_time_ns(timeframe, row);
            assert_eq!(calendar.row(timeframe, open), row);
            assert_eq!(calendar.row(timeframe, open - 1), row - 1);
            assert_eq!(calendar.end_time_ns(timeframe, row), calendar.open_time_ns(timeframe, row + 1));
        }
    }

    #[test]
    fn weeks_open_on_monday() {
        let calendar = Calendar::AlwaysOpen;
        let monday = days_from_civil(2026, 11, 16) * NS_PER_DAY;
        let friday = days_from_civil(2026, 11, 20) * NS_PER_DAY;
        let row = calendar.row(Timeframe::W1, friday);
        assert_eq!(calendar.open_time_ns(Timeframe::W1, row), monday);
    }
}
