//! Venue times into `i64` nanoseconds since the epoch.

use std::fmt;

/// Why text or a number is not a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeError {
    /// Not of the form that was asked for.
    Malformed,
    /// Before 1677 or after 2262: beyond `i64` nanoseconds.
    OutOfRange,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Malformed => "not a time",
            Self::OutOfRange => "time out of range",
        })
    }
}

impl std::error::Error for TimeError {}

const NS_PER_SECOND: i64 = 1_000_000_000;

/// Seconds since the epoch.
///
/// # Errors
/// [`TimeError::OutOfRange`].
#[inline]
pub const fn seconds(value: u64) -> Result<i64, TimeError> {
    scaled(value, NS_PER_SECOND)
}

/// Milliseconds since the epoch.
///
/// # Errors
/// [`TimeError::OutOfRange`].
#[inline]
pub const fn milliseconds(value: u64) -> Result<i64, TimeError> {
    scaled(value, 1_000_000)
}

/// Microseconds since the epoch.
///
/// # Errors
/// [`TimeError::OutOfRange`].
#[inline]
pub const fn microseconds(value: u64) -> Result<i64, TimeError> {
    scaled(value, 1_000)
}

/// Nanoseconds since the epoch.
///
/// # Errors
/// [`TimeError::OutOfRange`].
#[inline]
pub const fn nanoseconds(value: u64) -> Result<i64, TimeError> {
    scaled(value, 1)
}

const fn scaled(value: u64, unit_ns: i64) -> Result<i64, TimeError> {
    if value > (i64::MAX / unit_ns) as u64 { Err(TimeError::OutOfRange) } else { Ok(value as i64 * unit_ns) }
}

/// Seconds since the epoch with a fraction, such as 1688669597.8277369, to 100 ns: an `f64` holds no more at this size.
///
/// # Errors
/// [`TimeError::OutOfRange`], also for what is no number.
pub fn fractional_seconds(value: f64) -> Result<i64, TimeError> {
    let whole = value.trunc();
    if !(0.0..=9.2e9).contains(&whole) {
        return Err(TimeError::OutOfRange);
    }
    Ok(whole as i64 * NS_PER_SECOND + ((value - whole) * 1e7).round() as i64 * 100)
}

/// RFC 3339 with 0 to 9 fraction digits: `2026-09-30T01:41:27.834Z`, `2026-09-30T02:37:14.08981798Z`,
/// `2021-05-31T09:59:59+02:00`. A space may stand for the `T`.
///
/// # Errors
/// [`TimeError::Malformed`] for another form or an impossible date; [`TimeError::OutOfRange`] beyond `i64` ns.
#[inline]
pub fn rfc3339(text: &[u8]) -> Result<i64, TimeError> {
    let Some((head, rest)) = text.split_first_chunk::<19>() else {
        return Err(TimeError::Malformed);
    };
    let whole = civil_seconds(head)?;
    let (fraction_ns, zone) = fraction(rest)?;
    let utc = whole - zone_seconds(zone)?;
    utc.checked_mul(NS_PER_SECOND).and_then(|ns| ns.checked_add(fraction_ns)).ok_or(TimeError::OutOfRange)
}

/// Seconds since the epoch of `YYYY-MM-DDTHH:MM:SS`. A leap second counts as the second after it.
fn civil_seconds(text: &[u8; 19]) -> Result<i64, TimeError> {
    let separators = [text[4], text[7], text[13], text[16]];
    if separators != *b"--::" || !matches!(text[10], b'T' | b't' | b' ') {
        return Err(TimeError::Malformed);
    }
    let year = pair(text, 0)? * 100 + pair(text, 2)?;
    let (month, day) = (pair(text, 5)?, pair(text, 8)?);
    let (hour, minute, second) = (pair(text, 11)?, pair(text, 14)?, pair(text, 17)?);
    if month == 0
        || month > 12
        || day == 0
        || day > days_in_month(year, month)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return Err(TimeError::Malformed);
    }
    Ok(days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[inline]
fn pair(text: &[u8; 19], at: usize) -> Result<i64, TimeError> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    if tens < 10 && ones < 10 { Ok(i64::from(tens) * 10 + i64::from(ones)) } else { Err(TimeError::Malformed) }
}

/// Nanoseconds of a fraction, if one stands there, and what follows it.
fn fraction(text: &[u8]) -> Result<(i64, &[u8]), TimeError> {
    let Some(digits) = text.strip_prefix(b".") else {
        return Ok((0, text));
    };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 || count > 9 {
        return Err(TimeError::Malformed);
    }
    let value = digits[..count].iter().fold(0_i64, |value, b| value * 10 + i64::from(b - b'0'));
    Ok((value * 10_i64.pow(9 - count as u32), &digits[count..]))
}

/// How far a zone is ahead of UTC.
fn zone_seconds(zone: &[u8]) -> Result<i64, TimeError> {
    let (sign, digits) = match zone {
        b"Z" | b"z" => return Ok(0),
        [b'+', h1, h0, b':', m1, m0] => (1, [*h1, *h0, *m1, *m0]),
        [b'-', h1, h0, b':', m1, m0] => (-1, [*h1, *h0, *m1, *m0]),
        _ => return Err(TimeError::Malformed),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(TimeError::Malformed);
    }
    let [h1, h0, m1, m0] = digits.map(|b| i64::from(b - b'0'));
    let (hours, minutes) = (h1 * 10 + h0, m1 * 10 + m0);
    if hours > 23 || minutes > 59 {
        return Err(TimeError::Malformed);
    }
    Ok(sign * (hours * 3_600 + minutes * 60))
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_790_732_487; // 2026-09-30T01:41:27Z by `date -u +%s`

    #[test]
    fn fractions_of_every_length_are_read() {
        for (text, fraction_ns) in [
            ("2026-09-30T01:41:27Z", 0),
            ("2026-09-30T01:41:27.8Z", 800_000_000),
            ("2026-09-30T01:41:27.834Z", 834_000_000),
            ("2026-09-30T01:41:27.375232Z", 375_232_000),
            ("2026-09-30T01:41:27.08981798Z", 89_817_980),
            ("2026-09-30T01:41:27.057895263Z", 57_895_263),
            ("2026-09-30 01:41:27.000000001z", 1),
            ("2026-09-30T03:41:27+02:00", 0),
            ("2026-09-29T20:11:27-05:30", 0),
        ] {
            assert_eq!(rfc3339(text.as_bytes()), Ok(SECOND * NS_PER_SECOND + fraction_ns), "{text}");
        }
        assert_eq!(rfc3339(b"1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(rfc3339(b"1969-12-31T23:59:59.5Z"), Ok(-500_000_000));
        assert_eq!(rfc3339(b"2024-02-29T00:00:00Z"), Ok(1_709_164_800 * NS_PER_SECOND));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-09-30",
            "2026-09-30T01:41:27",
            "2026-09-30T01:41:27.Z",
            "2026-09-30T01:41:27.1234567890Z",
            "2026-09-30T01:41:27.8",
            "2026-13-30T01:41:27Z",
            "2026-02-29T01:41:27Z",
            "2026-00-10T01:41:27Z",
            "2026-09-30T24:41:27Z",
            "2026-09-30T01:41:27+0200",
            "2026-09-30T01:41:27+24:00",
            "2026/09/30T01:41:27Z",
            "20a6-09-30T01:41:27Z",
            "2026-09-30T01:41:27Z ",
            "\u{b2}026-09-30T01:41:2Z",
        ] {
            assert_eq!(rfc3339(text.as_bytes()), Err(TimeError::Malformed), "{text}");
        }
        assert_eq!(rfc3339(b"0001-01-01T00:00:00.000000Z"), Err(TimeError::OutOfRange));
        assert_eq!(rfc3339(b"9999-01-01T00:00:00Z"), Err(TimeError::OutOfRange));
    }

    #[test]
    fn integers_scale_and_never_overflow() {
        assert_eq!(milliseconds(1_633_998_513_469), Ok(1_633_998_513_469_000_000));
        assert_eq!(microseconds(1_633_998_513_469_001), Ok(1_633_998_513_469_001_000));
        assert_eq!(nanoseconds(7), Ok(7));
        assert_eq!(seconds(1_688_998_200), Ok(1_688_998_200_000_000_000));
        for scaled in [seconds, milliseconds, microseconds, nanoseconds] {
            assert_eq!(scaled(u64::MAX), Err(TimeError::OutOfRange));
        }
        assert_eq!(fractional_seconds(1_688_669_597.5), Ok(1_688_669_597_500_000_000));
        assert_eq!(fractional_seconds(f64::NAN), Err(TimeError::OutOfRange));
        assert_eq!(fractional_seconds(-1.0), Err(TimeError::OutOfRange));
        assert_eq!(fractional_seconds(1e300), Err(TimeError::OutOfRange));
    }
}
