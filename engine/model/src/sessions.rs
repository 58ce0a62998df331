//! Markets that open once on each weekday.

use crate::{NS_PER_DAY, NS_PER_SECOND, Timeframe};

/// One session on each weekday, at the same time of the UTC day.
///
/// Rows of timeframes below a day are counted from each opening (an hour's rows of NSE open at 09:15, 10:15 ... 15:15 IST,
/// and the last one is a quarter of an hour long). A day's row is its session; a week's reaches from Monday's opening to
/// Friday's close. Holidays have rows too, whose market was closed: so a holiday that becomes known late moves no row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sessions {
    /// From midnight UTC to the opening.
    open_ns: i64,
    /// From midnight UTC to the close.
    close_ns: i64,
    /// Days since the epoch on which a weekday's session does not take place, ascending.
    holidays: &'static [i64],
}

const WEEKDAYS: i64 = 5;
/// 1970-01-01 was a Thursday: day 0 of weeks that begin on Mondays is three days before.
const MONDAY_TO_EPOCH: i64 = 3;
/// The first Monday after the epoch, 1970-01-05.
const FIRST_MONDAY: i64 = 4;

impl Sessions {
    /// India's National Stock Exchange: 09:15 to 15:30 IST, which is 03:45 to 10:00 UTC all year. Its holidays are
    /// declared year by year; without them a holiday's rows say that nothing traded.
    pub const NSE: Self = Self::new((3 * 3_600 + 45 * 60) * NS_PER_SECOND, 10 * 3_600 * NS_PER_SECOND, &[]);

    /// Sessions from `open_ns` to `close_ns` after midnight UTC, but for `holidays`: days since the epoch, ascending.
    ///
    /// # Panics
    /// If the session is empty or reaches beyond its UTC day.
    #[must_use]
    pub const fn new(open_ns: i64, close_ns: i64, holidays: &'static [i64]) -> Self {
        assert!(0 <= open_ns && open_ns < close_ns && close_ns <= NS_PER_DAY, "a session lies within one UTC day");
        Self { open_ns, close_ns, holidays }
    }

    /// The same sessions with other holidays: days since the epoch, ascending.
    #[must_use]
    pub const fn with_holidays(self, holidays: &'static [i64]) -> Self {
        Self { holidays, ..self }
    }

    /// From midnight UTC to the opening.
    #[must_use]
    pub const fn open_ns(self) -> i64 {
        self.open_ns
    }

    /// From midnight UTC to the close.
    #[must_use]
    pub const fn close_ns(self) -> i64 {
        self.close_ns
    }

    /// The rows of one day; meaningless for weeks.
    const fn rows_per_day(self, timeframe: Timeframe) -> i64 {
        let length_ns = timeframe.length_ns();
        (self.close_ns - self.open_ns + length_ns - 1) / length_ns
    }

    pub(crate) const fn row(self, timeframe: Timeframe, time_ns: i64) -> u64 {
        let day = time_ns.div_euclid(NS_PER_DAY);
        let at_ns = time_ns.rem_euclid(NS_PER_DAY);
        let row = if matches!(timeframe, Timeframe::W1) {
            let since = day - FIRST_MONDAY;
            let weekday = since.rem_euclid(7);
            let is_over = weekday > WEEKDAYS - 1 || (weekday == WEEKDAYS - 1 && at_ns >= self.close_ns);
            since.div_euclid(7) + is_over as i64
        } else {
            let is_over = is_weekday(day) && at_ns >= self.close_ns;
            let within = if is_weekday(day) && !is_over && at_ns >= self.open_ns {
                (at_ns - self.open_ns) / timeframe.length_ns()
            } else {
                0
            };
            (ordinal(day) + is_over as i64) * self.rows_per_day(timeframe) + within
        };
        if row > 0 { row as u64 } else { 0 }
    }

    /// Start and end of a row.
    pub(crate) const fn span_ns(self, timeframe: Timeframe, row: u64) -> (i64, i64) {
        if matches!(timeframe, Timeframe::W1) {
            let monday = FIRST_MONDAY + row as i64 * 7;
            return (monday * NS_PER_DAY + self.open_ns, (monday + WEEKDAYS - 1) * NS_PER_DAY + self.close_ns);
        }
        let per_day = self.rows_per_day(timeframe);
        let midnight_ns = day_of(row as i64 / per_day) * NS_PER_DAY;
        let start_ns = self.open_ns + row as i64 % per_day * timeframe.length_ns();
        let end_ns = start_ns + timeframe.length_ns();
        (midnight_ns + start_ns, midnight_ns + if end_ns < self.close_ns { end_ns } else { self.close_ns })
    }

    pub(crate) const fn is_open(self, time_ns: i64) -> bool {
        let at_ns = time_ns.rem_euclid(NS_PER_DAY);
        is_weekday(time_ns.div_euclid(NS_PER_DAY)) && self.open_ns <= at_ns && at_ns < self.close_ns
    }

    pub(crate) const fn is_closed(self, timeframe: Timeframe, row: u64) -> bool {
        let first = self.span_ns(timeframe, row).0.div_euclid(NS_PER_DAY);
        let days = if matches!(timeframe, Timeframe::W1) { WEEKDAYS } else { 1 };
        let mut day = first;
        while day < first + days {
            if !self.is_holiday(day) {
                return false;
            }
            day += 1;
        }
        true
    }

    const fn is_holiday(self, day: i64) -> bool {
        let (mut low, mut high) = (0, self.holidays.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.holidays[middle] == day {
                return true;
            }
            if self.holidays[middle] < day {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        false
    }
}

const fn is_weekday(day: i64) -> bool {
    (day + MONDAY_TO_EPOCH).rem_euclid(7) < WEEKDAYS
}

/// How many weekdays lie between the epoch and a day; for a weekend that of the Monday after it.
const fn ordinal(day: i64) -> i64 {
    let since = day + MONDAY_TO_EPOCH;
    let weekday = since.rem_euclid(7);
    since.div_euclid(7) * WEEKDAYS + if weekday < WEEKDAYS { weekday } else { WEEKDAYS } - MONDAY_TO_EPOCH
}

/// The weekday of an ordinal.
const fn day_of(ordinal: i64) -> i64 {
    let since = ordinal + MONDAY_TO_EPOCH;
    since / WEEKDAYS * 7 + since % WEEKDAYS - MONDAY_TO_EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Calendar, days_from_civil};

    /// 2026-11-18 (a Wednesday) as if it were a holiday, and a whole week in December.
    const HOLIDAYS: [i64; 6] = [20_775, 20_794, 20_795, 20_796, 20_797, 20_798];
    const NSE: Calendar = Calendar::Sessions(Sessions::NSE.with_holidays(&HOLIDAYS));

    /// A time of day in India.
    fn ist(day: i64, hour: i64, minute: i64) -> i64 {
        day * NS_PER_DAY + ((hour * 60 + minute) * 60 - 19_800) * NS_PER_SECOND
    }

    #[test]
    fn the_rows_of_a_day_are_counted_from_its_opening() {
        let friday = days_from_civil(2026, 11, 20);
        for (timeframe, rows, last_minutes) in [
            (Timeframe::M1, 375, 1),
            (Timeframe::M5, 75, 5),
            (Timeframe::M30, 13, 15),
            (Timeframe::H1, 7, 15),
            (Timeframe::H2, 4, 15),
            (Timeframe::H4, 2, 135),
            (Timeframe::D1, 1, 375),
        ] {
            let first = NSE.row(timeframe, ist(friday, 9, 15));
            assert_eq!(NSE.open_time_ns(timeframe, first), ist(friday, 9, 15), "{timeframe}");
            let last = first + rows - 1;
            assert_eq!(NSE.end_time_ns(timeframe, last), ist(friday, 15, 30), "{timeframe}");
            let length_ns = NSE.end_time_ns(timeframe, last) - NSE.open_time_ns(timeframe, last);
            assert_eq!(length_ns, last_minutes * 60 * NS_PER_SECOND, "{timeframe}");
            assert_eq!(NSE.open_time_ns(timeframe, last + 1), ist(friday + 3, 9, 15), "{timeframe}: Monday follows");
            assert_eq!(NSE.row(timeframe, ist(friday, 15, 30)), last + 1, "{timeframe}: the close belongs to no row");
        }
    }

    #[test]
    fn a_week_reaches_from_monday_to_friday() {
        let monday = days_from_civil(2026, 11, 16);
        let row = NSE.row(Timeframe::W1, ist(monday + 2, 12, 0));
        let span = (NSE.open_time_ns(Timeframe::W1, row), NSE.end_time_ns(Timeframe::W1, row));
        assert_eq!(span, (ist(monday, 9, 15), ist(monday + 4, 15, 30)));
        assert_eq!(NSE.row(Timeframe::W1, ist(monday + 4, 15, 30)), row + 1);
        assert_eq!(NSE.row(Timeframe::W1, ist(monday, 9, 14)), row, "the week that opens next");
    }

    #[test]
    fn rows_go_on_without_holes_and_hold_their_own_times() {
        for timeframe in Timeframe::ALL {
            let mut row = NSE.row(timeframe, ist(days_from_civil(2026, 11, 13), 15, 0));
            let mut end_ns = NSE.open_time_ns(timeframe, row);
            for _ in 0..800 {
                let (open_ns, next_ns) = (NSE.open_time_ns(timeframe, row), NSE.end_time_ns(timeframe, row));
                assert!(end_ns <= open_ns && open_ns < next_ns);
                assert_eq!([NSE.row(timeframe, open_ns), NSE.row(timeframe, next_ns - 1)], [row; 2]);
                assert!(NSE.is_open(open_ns) && NSE.is_open(next_ns - 1));
                if end_ns < open_ns {
                    assert!(!NSE.is_open(end_ns) && !NSE.is_open(open_ns - 1));
                    assert_eq!([NSE.row(timeframe, end_ns), NSE.row(timeframe, open_ns - 1)], [row; 2]);
                }
                (row, end_ns) = (row + 1, next_ns);
            }
        }
        assert_eq!(NSE.row(Timeframe::M1, 0), 0);
        assert_eq!(NSE.row(Timeframe::M1, i64::MIN), 0);
    }

    #[test]
    fn holidays_have_rows_whose_market_was_closed() {
        let wednesday = days_from_civil(2026, 11, 18);
        assert_eq!(wednesday, HOLIDAYS[0]);
        for (hour, day, closed) in
            [(9, wednesday, false), (10, wednesday, true), (15, wednesday, true), (16, wednesday, false)]
        {
            let row = NSE.row(Timeframe::M5, ist(day, hour, 0));
            let opens_later = hour == 9 || hour == 16;
            assert_eq!(NSE.is_closed(Timeframe::M5, row), closed || (hour == 9 && opens_later), "{hour}");
        }
        let week = NSE.row(Timeframe::W1, ist(wednesday, 12, 0));
        assert!(!NSE.is_closed(Timeframe::W1, week), "a week with one holiday");
        assert!(NSE.is_closed(Timeframe::W1, NSE.row(Timeframe::W1, ist(HOLIDAYS[1], 12, 0))));
        assert!(!Calendar::AlwaysOpen.is_closed(Timeframe::D1, wednesday as u64));
    }
}
