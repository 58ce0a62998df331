//! REST answers: JSON read once, on the cold path.

use tickplane_model::{Instrument, RejectReason};
use tickplane_scan::{Array, JsonReader, Object, Value};

use crate::AnswerError;
use crate::field::unsigned;

/// The largest answer: full listings run to tens of megabytes.
const ANSWER_BYTES_MAX: usize = 256 << 20;
const ANSWER_DEPTH_MAX: usize = 32;

/// Reads one answer.
pub(crate) fn read<R>(
    answer: &[u8],
    visit: impl FnOnce(Value<'_>) -> Result<R, AnswerError>,
) -> Result<R, AnswerError> {
    let mut reader = JsonReader::new(ANSWER_BYTES_MAX, ANSWER_DEPTH_MAX);
    let document = reader.read(answer).map_err(|error| {
        let start = String::from_utf8_lossy(&answer[..answer.len().min(120)]).into_owned();
        AnswerError::Unexpected(format!("{error}: {start}"))
    })?;
    visit(document.root())
}

/// What was expected and did not come.
pub(crate) fn unexpected(what: &str) -> AnswerError {
    AnswerError::Unexpected(what.to_owned())
}

/// The value as an object.
pub(crate) fn object<'a>(value: Option<Value<'a>>, what: &str) -> Result<Object<'a>, AnswerError> {
    value.and_then(Value::object).ok_or_else(|| unexpected(&format!("no object {what}")))
}

/// The value as an array.
pub(crate) fn array<'a>(value: Option<Value<'a>>, what: &str) -> Result<Array<'a>, AnswerError> {
    value.and_then(Value::array).ok_or_else(|| unexpected(&format!("no array {what}")))
}

/// One field of an object; a key that stands twice counts as absent.
pub(crate) fn field<'a>(object: Object<'a>, key: &str) -> Option<Value<'a>> {
    object.field(key).ok().flatten()
}

/// Every element of an array through `row`; the first that fails names its place.
pub(crate) fn rows<'a, T>(
    rows: Array<'a>,
    row: impl Fn(Value<'a>) -> Result<T, RejectReason>,
) -> Result<Vec<T>, AnswerError> {
    let read = |(index, value)| row(value).map_err(|reason| AnswerError::Unexpected(format!("row {index}: {reason}")));
    rows.items().enumerate().map(read).collect()
}

/// A number above 0, or NaN: unknown.
pub(crate) fn positive_or_nan(value: Option<Value<'_>>) -> f64 {
    unsigned(value).ok().filter(|value| *value > 0.0).unwrap_or(f64::NAN)
}

/// A number from 0 up, or NaN: unknown.
pub(crate) fn volume_or_nan(value: Option<Value<'_>>) -> f64 {
    unsigned(value).unwrap_or(f64::NAN)
}

/// A listing that holds something.
pub(crate) fn listed(instruments: Vec<Instrument>) -> Result<Vec<Instrument>, AnswerError> {
    if instruments.is_empty() { Err(unexpected("no instrument in the listing")) } else { Ok(instruments) }
}
