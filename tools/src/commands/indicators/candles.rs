//! A line of CSV into a candle.

use tickplane_model::{Candle, Quality};
use tickplane_scan::integer;

use crate::csv::{Reason, Wanted, price, text, time_ns};

/// What a candle is made of, in the order [`candle`] takes it.
pub(super) const WANTED: [Wanted; 10] = [
    Wanted::required(&["open_time_ns", "open_time_us", "open_time_ms", "open_time_s"]),
    Wanted::required(&["open"]),
    Wanted::required(&["high"]),
    Wanted::required(&["low"]),
    Wanted::required(&["close"]),
    Wanted::required(&["volume"]),
    Wanted::optional(&["quote_volume"]),
    Wanted::optional(&["taker_buy_volume"]),
    Wanted::optional(&["trade_count"]),
    Wanted::optional(&["quality"]),
];

const PRICES: [&str; 4] = ["open", "high", "low", "close"];
const HIGH: Reason = Reason::new("high", "below the low");
const COUNT: Reason = Reason::new("trade_count", "not a whole number");
const QUALITY: Reason = Reason::new("quality", "not a quality such as final|gap=1200ms|revised=2");

/// The candle of a line. What is absent or empty is unknown; without a quality the row is a traded one.
pub(super) fn candle(fields: &[&[u8]; 10], time_column: &'static str, unit_ns: i64) -> Result<Candle, Reason> {
    let [time, prices @ .., volume, quote_volume, taker_buy_volume, trade_count, quality] = fields;
    let open_time_ns = time_ns(time_column, time, unit_ns)?;
    let [open, high, low, close] = self::prices(prices)?;
    if high < low {
        return Err(HIGH);
    }
    Ok(Candle {
        open_time_ns,
        open,
        high,
        low,
        close,
        volume: price("volume", volume)?,
        quote_volume: known("quote_volume", quote_volume)?,
        taker_buy_volume: known("taker_buy_volume", taker_buy_volume)?,
        trade_count: count(text(trade_count))?,
        quality: quality_of(text(quality))?,
    })
}

/// The four prices; NaN in a gap, where all are empty.
fn prices(fields: &[&[u8]; 4]) -> Result<[f64; 4], Reason> {
    let mut prices = [f64::NAN; 4];
    if fields.iter().all(|field| text(field).is_empty()) {
        return Ok(prices);
    }
    for ((slot, field), column) in prices.iter_mut().zip(fields).zip(PRICES) {
        *slot = price(column, field)?;
    }
    Ok(prices)
}

/// A volume that may be unknown.
fn known(column: &'static str, field: &[u8]) -> Result<f64, Reason> {
    if text(field).is_empty() { Ok(f64::NAN) } else { price(column, field) }
}

fn count(field: &[u8]) -> Result<u64, Reason> {
    if field.is_empty() { Ok(0) } else { integer(field).map_err(|_| COUNT) }
}

fn quality_of(field: &[u8]) -> Result<Quality, Reason> {
    match field {
        b"" | b"final" => Ok(Quality::FINAL),
        _ => std::str::from_utf8(field).ok().and_then(|text| text.parse().ok()).ok_or(QUALITY),
    }
}
