//! The rows of a recording, read one by one: the file may be larger than memory.
#![allow(clippy::disallowed_methods, reason = "this file reads a capture that the user named")]

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde_json::Value;
use tickplane_model::{NS_PER_SECOND, days_from_civil};

use super::CaptureError;

/// Bytes a row may have.
const ROW_MAX: u64 = 64 << 20;
/// Bytes of a row that an error shows.
const SHOWN: usize = 60;

/// A message that came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    /// When it was recorded.
    pub(super) time_ns: i64,
    pub(super) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// `1723161253937085768 {…}`
    Local,
    /// `2024-08-08T23:54:13.937085Z {…}`
    Stamped,
    /// `{"t":"1633998512.06","dir":"in","raw":"…"}`
    Session,
}

/// A recording being read.
pub(super) struct Rows {
    path: PathBuf,
    lines: Box<dyn BufRead + Send>,
    line: u64,
    form: Option<Form>,
}

impl Rows {
    /// Opens a recording; gzip is known by its first bytes (RFC 1952, 2.3.1).
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        let unreadable = |source| CaptureError::Unreadable { path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let packed = file.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
        let lines: Box<dyn BufRead + Send> =
            if packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
        Ok(Self { path: path.to_owned(), lines, line: 0, form: None })
    }

    /// The next message that came in; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, CaptureError> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = (&mut self.lines).take(ROW_MAX).read_until(b'\n', &mut bytes);
            let unreadable = |source| CaptureError::Unreadable { path: self.path.clone(), source };
            if read.map_err(unreadable)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| unreadable(io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text")))?
                .trim();
            if text.is_empty() {
                continue;
            }
            let form = self.form.or_else(|| form(text));
            let row = form.and_then(|form| message(form, text));
            let Some(row) = row else { return Err(self.unknown(text)) };
            self.form = form;
            if let Some((time_ns, text)) = row {
                return Ok(Some(Row { line: self.line, time_ns, text }));
            }
        }
    }

    fn unknown(&self, text: &str) -> CaptureError {
        let text = text.chars().take(SHOWN).collect();
        CaptureError::Row { path: self.path.clone(), line: self.line, text }
    }
}

fn form(text: &str) -> Option<Form> {
    [Form::Local, Form::Stamped, Form::Session].into_iter().find(|form| message(*form, text).is_some())
}

/// Time and text of a row; nothing for a row of another direction.
fn message(form: Form, text: &str) -> Option<Option<(i64, String)>> {
    if form == Form::Session {
        return session(text);
    }
    let (time, message) = text.split_once(' ')?;
    let time_ns = if form == Form::Local { local_ns(time)? } else { stamp_ns(time)? };
    message.starts_with(['{', '[']).then(|| Some((time_ns, message.to_owned())))
}

fn session(text: &str) -> Option<Option<(i64, String)>> {
    let row: Value = text.parse().ok()?;
    if row.get("dir")?.as_str()? != "in" {
        return Some(None);
    }
    let time_ns = seconds_ns(row.get("t")?.as_str()?)?;
    // Binary messages stand under another name, and no simulated venue speaks them.
    Some(row.get("raw").and_then(Value::as_str).map(|raw| (time_ns, raw.to_owned())))
}

/// Nanoseconds since the epoch: 19 digits in our age.
fn local_ns(text: &str) -> Option<i64> {
    (text.len() == 19 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `1633998512.0633569`
fn seconds_ns(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    Some(seconds.parse::<i64>().ok()? * NS_PER_SECOND + fraction_ns(fraction)?)
}

fn fraction_ns(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}")[..9].parse().ok()
}

/// RFC 3339 in UTC: `2024-08-08T23:54:13.937085Z`, also of Kraken's and Coinbase's messages.
pub(super) fn stamp_ns(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| text.as_bytes().get(*at) == Some(mark)) {
        return None;
    }
    let days = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let seconds = days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    let fraction = text.get(19..)?;
    let fraction = fraction.strip_prefix('.').or_else(|| fraction.is_empty().then_some(""))?;
    Some(seconds * NS_PER_SECOND + fraction_ns(fraction)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_its_time_and_text() {
        let text = r#"{"a":1}"#.to_owned();
        for (row, time_ns) in [
            (r#"1723161253937085768 {"a":1}"#, 1_723_161_253_937_085_768),
            (r#"2024-08-08T23:54:13.9370857Z {"a":1}"#, 1_723_161_253_937_085_700),
            (r#"2024-08-08T23:54:13Z {"a":1}"#, 1_723_161_253_000_000_000),
            (r#"{"t":"1723161253.93","dir":"in","raw":"{\"a\":1}"}"#, 1_723_161_253_930_000_000),
        ] {
            let form = form(row).unwrap_or_else(|| panic!("{row}"));
            assert_eq!(message(form, row), Some(Some((time_ns, text.clone()))), "{row}");
        }
        assert_eq!(message(Form::Session, r#"{"t":"1.5","dir":"out","raw":"{}"}"#), Some(None));
        assert_eq!(message(Form::Session, r#"{"dir":"config","raw":"{}"}"#), Some(None));
    }

    #[test]
    fn other_rows_are_not_taken_for_these() {
        for row in ["1723161253937 {}", "time,price", "2024-08-08 23:54:13 {}", r#"{"a":1}"#, "1723161253937085768 x"] {
            assert_eq!(form(row), None, "{row}");
        }
    }
}
