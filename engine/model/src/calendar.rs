//! When a venue trades, and the row number of every interval.

use crate::{NS_PER_DAY, Timeframe};

/// A venue's calendar: which intervals exist. A row number is the ordinal of an interval since the calendar's
/// origin, so that row `r` is the same time in every symbol of the venue and a restart finds its place by arithmetic.
///
/// Venues with sessions and holidays get their own variant; callers never compute rows themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Calendar {
    /// Trading never stops: every interval of UTC exists. Row 0 opens at the epoch, for weeks on Monday 1970-01-05.
    #[default]
    AlwaysOpen,
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

    /// The row whose interval holds `time_ns`; times before the origin belong to row 0.
    #[must_use]
    pub const fn row(self, timeframe: Timeframe, time_ns: i64) -> u64 {
        let since = time_ns - Self::origin_ns(timeframe);
        if since <= 0 { 0 } else { (since / timeframe.length_ns()) as u64 }
    }

    /// When the interval of `row` opens.
    #[must_use]
    pub const fn open_time_ns(self, timeframe: Timeframe, row: u64) -> i64 {
        Self::origin_ns(timeframe) + row as i64 * timeframe.length_ns()
    }

    /// When the interval of `row` ends: the first instant that no longer belongs to it.
    #[must_use]
    pub const fn end_time_ns(self, timeframe: Timeframe, row: u64) -> i64 {
        self.open_time_ns(timeframe, row) + timeframe.length_ns()
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
