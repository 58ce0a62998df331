//! Fields into numbers and times, by the readers of the live path.

use tickplane_model::{NS_PER_MS, NS_PER_SECOND, NS_PER_US};
use tickplane_scan::{NumberError, TimeError, integer, nanoseconds, unsigned_decimal};

use super::rejects::Reason;

/// Nanoseconds of the unit that the name of a time column ends with.
pub(crate) fn unit_ns(column: &str) -> i64 {
    match column.rsplit('_').next() {
        Some("us") => NS_PER_US,
        Some("ms") => NS_PER_MS,
        Some("s") => NS_PER_SECOND,
        _ => 1,
    }
}

/// A time of `unit_ns` nanoseconds each since the epoch, with or without a fraction. What is below a nanosecond is cut
/// off.
#[inline]
pub(crate) fn time_ns(column: &'static str, field: &[u8], unit_ns: i64) -> Result<i64, Reason> {
    let field = text(field);
    let time = if unit_ns == 1 {
        integer(field).map_err(time_error).and_then(nanoseconds)
    } else {
        coarse_time_ns(field, unit_ns)
    };
    time.map_err(|error| {
        Reason::new(
            column,
            match error {
                TimeError::Malformed if field.is_empty() => "empty",
                TimeError::Malformed => "not a time",
                TimeError::OutOfRange => "time out of range",
            },
        )
    })
}

fn coarse_time_ns(field: &[u8], unit_ns: i64) -> Result<i64, TimeError> {
    let point = field.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = point.map_or((field, &b""[..]), |at| (&field[..at], &field[at + 1..]));
    if point.is_some() && fraction.is_empty() {
        return Err(TimeError::Malformed);
    }
    let whole = integer(whole).map_err(time_error)?;
    let whole_ns = i64::try_from(whole).ok().and_then(|whole| whole.checked_mul(unit_ns));
    let (mut fraction_ns, mut weight_ns) = (0, unit_ns);
    for digit in fraction {
        if !digit.is_ascii_digit() {
            return Err(TimeError::Malformed);
        }
        weight_ns /= 10;
        fraction_ns += i64::from(digit - b'0') * weight_ns;
    }
    whole_ns.and_then(|whole_ns| whole_ns.checked_add(fraction_ns)).ok_or(TimeError::OutOfRange)
}

const fn time_error(error: NumberError) -> TimeError {
    match error {
        NumberError::TooLarge => TimeError::OutOfRange,
        NumberError::Malformed | NumberError::Negative => TimeError::Malformed,
    }
}

/// A price, a quantity or a volume.
#[inline]
pub(crate) fn price(column: &'static str, field: &[u8]) -> Result<f64, Reason> {
    let field = text(field);
    unsigned_decimal(field).map_err(|error| {
        Reason::new(
            column,
            match error {
                NumberError::Malformed if field.is_empty() => "empty",
                NumberError::Malformed => "not a number",
                NumberError::TooLarge => "number out of range",
                NumberError::Negative => "negative number",
            },
        )
    })
}

/// A field without the spaces around it.
#[inline]
pub(crate) fn text(field: &[u8]) -> &[u8] {
    match field {
        [first, .., last] if !first.is_ascii_whitespace() && !last.is_ascii_whitespace() => field,
        _ => field.trim_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_unit_are_exact() {
        for (column, field, expected) in [
            ("time_ns", "1514764802610000001", 1_514_764_802_610_000_001),
            ("time_us", "1514764802610000", 1_514_764_802_610_000_000),
            ("time_ms", "1514764802610", 1_514_764_802_610_000_000),
            ("open_time_ms", "1514764802610.25", 1_514_764_802_610_250_000),
            ("time_s", "1688669597.8277369", 1_688_669_597_827_736_900),
            ("time_s", "1688669597.8277369999", 1_688_669_597_827_736_999),
            ("time_s", " 0 ", 0),
        ] {
            assert_eq!(time_ns("", field.as_bytes(), unit_ns(column)), Ok(expected), "{column} {field}");
        }
    }

    #[test]
    fn what_is_no_time_is_told() {
        for (column, field, what) in [
            ("time_ns", "", "empty"),
            ("time_ns", "-1", "not a time"),
            ("time_ns", "1.5", "not a time"),
            ("time_ns", "9223372036854775808", "time out of range"),
            ("time_ns", "99999999999999999999", "time out of range"),
            ("time_s", "9223372037", "time out of range"),
            ("time_s", "1.", "not a time"),
            ("time_s", ".5", "not a time"),
            ("time_s", "1.-5", "not a time"),
            ("time_ms", "2018-01-01T00:00:00Z", "not a time"),
        ] {
            assert_eq!(time_ns("t", field.as_bytes(), unit_ns(column)), Err(Reason::new("t", what)), "{field}");
        }
    }

    #[test]
    fn numbers_may_stand_between_spaces() {
        assert_eq!(price("p", b" 1.5\t"), Ok(1.5));
        for (field, what) in [
            ("", "empty"),
            (" ", "empty"),
            ("NaN", "not a number"),
            ("inf", "not a number"),
            ("1 5", "not a number"),
            ("-1", "negative number"),
            ("1e999", "number out of range"),
        ] {
            assert_eq!(price("p", field.as_bytes()), Err(Reason::new("p", what)), "{field}");
        }
    }
}
