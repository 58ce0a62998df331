//! Time as `i64` nanoseconds since the Unix epoch, and its calendar form for people.

/// Nanoseconds in a microsecond.
pub const NS_PER_US: i64 = 1_000;
/// Nanoseconds in a millisecond.
pub const NS_PER_MS: i64 = 1_000_000;
/// Nanoseconds in a second.
pub const NS_PER_SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a day of UTC.
pub const NS_PER_DAY: i64 = 86_400 * NS_PER_SECOND;

/// Days since 1970-01-01 of a proleptic Gregorian date.
///
/// Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
#[must_use]
pub const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The (year, month, day) of a number of days since 1970-01-01: the inverse of [`days_from_civil`].
#[must_use]
pub const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// `2026-11-20 14:47:19.123` in UTC: what tables and logs show.
#[must_use]
pub fn format_time(time_ns: i64) -> String {
    let (year, month, day) = civil_from_days(time_ns.div_euclid(NS_PER_DAY));
    let of_day = time_ns.rem_euclid(NS_PER_DAY);
    let ms = of_day / NS_PER_MS;
    let (h, m, s, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000);
    format!("{year:04}-{month:02}-{day:02} {h:02}:{m:02}:{s:02}.{ms:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_dates_round_trip() {
        for (date, days) in [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2026, 11, 20), 20_777), ((1969, 12, 29), -3)]
        {
            assert_eq!(days_from_civil(date.0, date.1, date.2), days);
            assert_eq!(civil_from_days(days), date);
        }
        for days in (-800_000..800_000).step_by(37) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }

    #[test]
    fn formats_in_utc_with_milliseconds() {
        assert_eq!(format_time(1_723_161_265_123_456_789), "2024-08-08 23:54:25.123");
        assert_eq!(format_time(-1), "1969-12-31 23:59:59.999");
    }
}
