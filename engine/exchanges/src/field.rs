//! Fields of a message as checked values: each failure is a reject reason.

use tickplane_model::{Level, RejectReason};
use tickplane_scan::{Array, JsonError, NumberError, Object, TimeError, Value, milliseconds, rfc3339};

/// The reason that stands for a JSON error.
pub(crate) const fn json_reason(error: JsonError) -> RejectReason {
    match error {
        JsonError::TooLarge | JsonError::TooDeep => RejectReason::TooLarge,
        JsonError::Malformed | JsonError::DuplicateKey => RejectReason::Malformed,
    }
}

/// Several fields of an object in one pass.
#[inline]
pub(crate) fn pick<'a, const N: usize>(
    object: Object<'a>,
    keys: [&str; N],
) -> Result<[Option<Value<'a>>; N], RejectReason> {
    object.pick(keys).map_err(json_reason)
}

/// A field that must be an object.
#[inline]
pub(crate) fn object(value: Option<Value<'_>>) -> Result<Object<'_>, RejectReason> {
    value.and_then(Value::object).ok_or(RejectReason::MissingField)
}

/// A field that must be an array.
#[inline]
pub(crate) fn array(value: Option<Value<'_>>) -> Result<Array<'_>, RejectReason> {
    value.and_then(Value::array).ok_or(RejectReason::MissingField)
}

/// A field that must be a string.
#[inline]
pub(crate) fn text(value: Option<Value<'_>>) -> Result<&str, RejectReason> {
    value.and_then(Value::text).ok_or(RejectReason::MissingField)
}

/// A field that must be a truth value.
#[inline]
pub(crate) fn truth(value: Option<Value<'_>>) -> Result<bool, RejectReason> {
    value.and_then(Value::truth).ok_or(RejectReason::MissingField)
}

/// An unsigned integer with every digit.
#[inline]
pub(crate) fn integer(value: Option<Value<'_>>) -> Result<u64, RejectReason> {
    number(value.and_then(Value::integer))
}

/// A finite number that is not negative: volumes, and quantities where 0 means something.
#[inline]
pub(crate) fn unsigned(value: Option<Value<'_>>) -> Result<f64, RejectReason> {
    number(value.and_then(Value::unsigned_decimal))
}

/// A finite number above zero: prices and quantities of trades.
#[inline]
pub(crate) fn positive(value: Option<Value<'_>>) -> Result<f64, RejectReason> {
    let value = unsigned(value)?;
    if value > 0.0 { Ok(value) } else { Err(RejectReason::BadNumber) }
}

/// A number the venue may leave out: NaN then.
#[inline]
pub(crate) fn unsigned_or_nan(value: Option<Value<'_>>) -> Result<f64, RejectReason> {
    if value.is_none_or(Value::is_null) { Ok(f64::NAN) } else { unsigned(value) }
}

#[inline]
fn number<T>(value: Option<Result<T, NumberError>>) -> Result<T, RejectReason> {
    value.ok_or(RejectReason::MissingField)?.map_err(|_| RejectReason::BadNumber)
}

/// Milliseconds since the epoch.
#[inline]
pub(crate) fn time_ms(value: Option<Value<'_>>) -> Result<i64, RejectReason> {
    let value = value.and_then(Value::integer).ok_or(RejectReason::MissingField)?;
    value.map_err(|_| RejectReason::BadTime).and_then(|ms| time(milliseconds(ms)))
}

/// An RFC 3339 string.
#[inline]
pub(crate) fn time_text(value: Option<Value<'_>>) -> Result<i64, RejectReason> {
    time(rfc3339(text(value)?.as_bytes()))
}

/// A time that was read, or the reason that it was not.
#[inline]
pub(crate) fn time(time: Result<i64, TimeError>) -> Result<i64, RejectReason> {
    time.map_err(|_| RejectReason::BadTime)
}

/// One side of a quote. A venue writes 0 or nothing for a side that is empty: NaN.
#[inline]
pub(crate) fn quote_side(price: Option<Value<'_>>, quantity: Option<Value<'_>>) -> Result<(f64, f64), RejectReason> {
    if price.and_then(Value::text).is_some_and(str::is_empty) {
        return Ok((f64::NAN, f64::NAN));
    }
    let price = unsigned_or_nan(price)?;
    Ok(if price > 0.0 { (price, unsigned_or_nan(quantity)?) } else { (f64::NAN, f64::NAN) })
}

/// Levels sent as `[price, quantity]` pairs, into a scratch list.
pub(crate) fn level_pairs(side: Array<'_>, levels: &mut Vec<Level>) -> Result<(), RejectReason> {
    levels.clear();
    for pair in side.items() {
        let pair = pair.array().and_then(Array::first::<2>).ok_or(RejectReason::MissingField)?;
        levels.push(Level { price: unsigned(Some(pair[0]))?, quantity: unsigned(Some(pair[1]))? });
    }
    Ok(())
}
