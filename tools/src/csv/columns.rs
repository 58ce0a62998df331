//! Which field of a line is which column.

use std::fmt;

use memchr::{memchr, memchr_iter};

use super::rejects::Reason;

const FEWER: Reason = Reason::of_line("fewer fields than the header");
const MORE: Reason = Reason::of_line("more fields than the header");
const QUOTES: Reason = Reason::of_line("a quoted field that does not end before a comma or in this line");

/// A column that is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Any of these names will do; the first of them that is there is taken.
    pub(crate) names: &'static [&'static str],
    /// Whether there is no going on without it.
    pub(crate) is_required: bool,
}

impl Wanted {
    /// There is no going on without it.
    pub(crate) const fn required(names: &'static [&'static str]) -> Self {
        Self { names, is_required: true }
    }

    /// Its fields are empty where it is absent.
    pub(crate) const fn optional(names: &'static [&'static str]) -> Self {
        Self { names, is_required: false }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names {
            [name, others @ ..] if !others.is_empty() => write!(f, "{name} (or {})", others.join(", ")),
            names => write!(f, "{}", names.concat()),
        }
    }
}

/// The places of `N` wanted columns.
#[derive(Clone, Debug)]
pub(crate) struct Columns<const N: usize> {
    /// For each field of a line, the wanted column that it is; `N` for those that are ignored.
    slots: Vec<usize>,
    /// The name found for each wanted column; empty where it is absent.
    found: [&'static str; N],
}

impl<const N: usize> Columns<N> {
    /// Finds the columns in the first line. Names are taken in any letter case.
    pub(crate) fn of_header(line: &[u8], wanted: &[Wanted; N]) -> Result<Self, String> {
        let mut header = Vec::new();
        fields(line, |_, field| header.push(String::from_utf8_lossy(field).trim().to_owned()))
            .map_err(|reason| reason.to_string())?;
        let mut columns = Self { slots: vec![N; header.len()], found: [""; N] };
        let mut missing = Vec::new();
        for (slot, wanted) in wanted.iter().enumerate() {
            let found = wanted.names.iter().map(|name| (*name, places(&header, name)));
            match found.into_iter().find(|(_, places)| !places.is_empty()) {
                Some((name, places)) if places.len() > 1 => {
                    return Err(format!("the column {name} stands there {} times", places.len()));
                }
                Some((name, places)) => {
                    columns.slots[places[0]] = slot;
                    columns.found[slot] = name;
                }
                None if wanted.is_required => missing.push(wanted.to_string()),
                None => {}
            }
        }
        if missing.is_empty() { Ok(columns) } else { Err(lacks(&missing, &header)) }
    }

    /// The wanted columns as a user would write them.
    pub(crate) fn names(wanted: &[Wanted; N]) -> String {
        wanted.iter().filter_map(|wanted| wanted.names.first().copied()).collect::<Vec<_>>().join(",")
    }

    /// The name under which a wanted column stands there; empty where it is absent.
    pub(crate) const fn name(&self, slot: usize) -> &'static str {
        self.found[slot]
    }

    /// The wanted fields of a line.
    #[inline]
    pub(crate) fn split<'l>(&self, line: &'l [u8]) -> Result<[&'l [u8]; N], Reason> {
        let mut wanted: [&[u8]; N] = [b""; N];
        let mut count = 0;
        fields(line, |at, field| {
            count = at + 1;
            if let Some(place) = self.slots.get(at).and_then(|slot| wanted.get_mut(*slot)) {
                *place = field;
            }
        })?;
        match count.cmp(&self.slots.len()) {
            std::cmp::Ordering::Equal => Ok(wanted),
            std::cmp::Ordering::Less => Err(FEWER),
            std::cmp::Ordering::Greater => Err(MORE),
        }
    }
}

/// Where a name stands in the header.
fn places(header: &[String], name: &str) -> Vec<usize> {
    (0..header.len()).filter(|at| header[*at].eq_ignore_ascii_case(name)).collect()
}

/// What to say when columns are missing.
fn lacks(missing: &[String], header: &[String]) -> String {
    let has = header.join(", ");
    let numbers = header.iter().any(|name| name.parse::<f64>().is_ok());
    let hint = if numbers { "; is the header missing?" } else { "" };
    let word = if missing.len() == 1 { "column" } else { "columns" };
    format!("no {word} {}; there are: {has}{hint}", missing.join(", "))
}

/// Gives each field of a line without its quotes. Doubled quotes inside one stay doubled: no column that is read has
/// any.
#[inline]
fn fields<'l>(line: &'l [u8], mut give: impl FnMut(usize, &'l [u8])) -> Result<(), Reason> {
    if memchr(b'"', line).is_some() {
        return quoted_fields(line, give);
    }
    let (mut at, mut start) = (0, 0);
    for comma in memchr_iter(b',', line) {
        give(at, &line[start..comma]);
        (at, start) = (at + 1, comma + 1);
    }
    give(at, &line[start..]);
    Ok(())
}

/// The same where there are quotes (RFC 4180, except that a field ends with its line).
#[cold]
fn quoted_fields<'l>(line: &'l [u8], mut give: impl FnMut(usize, &'l [u8])) -> Result<(), Reason> {
    let mut rest = line;
    for at in 0.. {
        let (field, after) = match rest.strip_prefix(b"\"") {
            Some(quoted) => {
                let end = closing_quote(quoted).ok_or(QUOTES)?;
                (&quoted[..end], &quoted[end + 1..])
            }
            None => rest.split_at(memchr(b',', rest).unwrap_or(rest.len())),
        };
        give(at, field);
        match after {
            [] => break,
            [b',', next @ ..] => rest = next,
            _ => return Err(QUOTES),
        }
    }
    Ok(())
}

/// Where a quoted field ends: at the first quote that is not doubled.
fn closing_quote(quoted: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(b'"', &quoted[at..])?;
        if quoted.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: [Wanted; 3] =
        [Wanted::required(&["time_ns", "time_ms"]), Wanted::required(&["price"]), Wanted::optional(&["id"])];

    fn columns(header: &str) -> Result<Columns<3>, String> {
        Columns::of_header(header.as_bytes(), &WANTED)
    }

    #[test]
    fn columns_stand_in_any_order_among_others() {
        let columns = columns("id, Price ,venue,\"time_ms\"").unwrap();
        assert_eq!(columns.name(0), "time_ms");
        let fields: [&[u8]; 3] = [b"5", b"1.5", b"7"];
        for line in ["7,1.5,x,5", "\"7\",\"1.5\",\"a,\"\"b\"\"\",5", "7,1.5,,\"5\""] {
            assert_eq!(columns.split(line.as_bytes()), Ok(fields), "{line}");
        }
        let finest = self::columns("time_ms,time_ns,price").unwrap();
        let fields: [&[u8]; 3] = [b"2", b"3", b""];
        assert_eq!((finest.name(0), finest.split(b"1,2,3")), ("time_ns", Ok(fields)));
    }

    #[test]
    fn headers_that_do_not_do_are_told_with_what_is_there() {
        for (header, says) in [
            ("timestamp,price", "no column time_ns (or time_ms); there are: timestamp, price"),
            ("a", "no columns time_ns (or time_ms), price; there are: a"),
            (
                "1514764802610,13873",
                "no columns time_ns (or time_ms), price; there are: 1514764802610, 13873; is the header missing?",
            ),
            ("time_ns,price,price", "the column price stands there 2 times"),
            ("time_ns,\"price", "a quoted field that does not end before a comma or in this line"),
        ] {
            assert_eq!(columns(header).unwrap_err(), says);
        }
    }

    #[test]
    fn lines_have_as_many_fields_as_the_header() {
        let columns = columns("time_ns,price,id").unwrap();
        for (line, reason) in
            [("1,2", FEWER), ("1,2,3,4", MORE), ("1,2,\"3", QUOTES), ("1,\"2\"x,3", QUOTES), ("1,2,\"3\"\"", QUOTES)]
        {
            assert_eq!(columns.split(line.as_bytes()), Err(reason), "{line}");
        }
    }
}
