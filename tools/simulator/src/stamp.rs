//! Times as the venues write them.

use std::fmt::Write as _;

use tickplane_model::{NS_PER_DAY, NS_PER_SECOND, civil_from_days};

fn civil(time_ns: i64) -> (i64, i64, i64, i64, i64, i64, i64) {
    let (year, month, day) = civil_from_days(time_ns.div_euclid(NS_PER_DAY));
    let of_day = time_ns.rem_euclid(NS_PER_DAY);
    let second = of_day / NS_PER_SECOND;
    (year, month, day, second / 3_600, second / 60 % 60, second % 60, of_day % NS_PER_SECOND)
}

/// `2026-09-25T17:48:26.844359Z` with `digits` (0 to 9) fraction digits.
pub(crate) fn rfc3339(time_ns: i64, digits: usize) -> String {
    let (year, month, day, h, m, s, ns) = civil(time_ns);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}");
    if digits > 0 {
        let fraction = format!("{ns:09}");
        let _ = write!(text, ".{}", &fraction[..digits]);
    }
    text.push('Z');
    text
}

/// RFC 3339 in nanoseconds with trailing zeros cut, as Go prints it: Coinbase's fractions vary in length.
pub(crate) fn rfc3339_trimmed(time_ns: i64) -> String {
    let full = rfc3339(time_ns, 9);
    let body = full.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    format!("{body}Z")
}

/// Go's default text of a time: `2026-09-30 02:37:15.057778606 +0000 UTC m=+21697.195984854`.
pub(crate) fn go(time_ns: i64, since_start_ns: i64) -> String {
    let text = rfc3339(time_ns, 9).replace('T', " ").replace('Z', "");
    let (seconds, ns) = (since_start_ns / NS_PER_SECOND, since_start_ns % NS_PER_SECOND);
    format!("{text} +0000 UTC m=+{seconds}.{ns:09}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_recorded_forms() {
        let time_ns = 1_790_358_506_844_359_566;
        assert_eq!(rfc3339(time_ns, 6), "2026-09-25T17:48:26.844359Z");
        assert_eq!(rfc3339(time_ns, 9), "2026-09-25T17:48:26.844359566Z");
        assert_eq!(rfc3339(time_ns, 0), "2026-09-25T17:48:26Z");
        assert_eq!(rfc3339_trimmed(1_790_358_506_080_000_000), "2026-09-25T17:48:26.08Z");
        assert_eq!(rfc3339_trimmed(1_790_358_506_000_000_000), "2026-09-25T17:48:26Z");
        assert_eq!(go(time_ns, 1_500_000_000), "2026-09-25 17:48:26.844359566 +0000 UTC m=+1.500000000");
    }
}
