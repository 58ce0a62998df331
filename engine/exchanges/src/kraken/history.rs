//! Kraken REST: pairs, recent trades, candles. Errors come with HTTP status 200.

use std::collections::HashMap;

use tickplane_model::{
    Candle, ExchangeId, Instrument, InstrumentStatus, NS_PER_SECOND, NS_PER_US, Product, Quality, RejectReason,
    Timeframe, Trade, TradeFlags, TradeId,
};
use tickplane_scan::{Array, Object, Value, decimal, fractional_seconds};

use super::meta::META;
use super::symbol::{canonical, pair_of_listing};
use crate::answer::{self, listed, positive_or_nan, unexpected, volume_or_nan};
use crate::field::{integer, positive, text, time, unsigned};
use crate::{AnswerError, Request, WantedTrades, plan};

pub(super) fn instrument_requests() -> Vec<Request> {
    vec![Request::get("/0/public/AssetPairs", 1), Request::get("/0/public/Ticker", 1)]
}

pub(super) fn instruments(answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError> {
    let listing = answers.first().ok_or_else(|| unexpected("no answer"))?;
    let volumes = answers.get(1).map_or_else(|| Ok(HashMap::new()), |answer| volumes(answer))?;
    read(listing, |pairs| {
        listed(pairs.fields().filter_map(|(key, pair)| instrument(key, pair.object()?, &volumes)).collect())
    })
}

/// Quote volume of 24 hours by the key of the answer: base volume times the volume-weighted price.
fn volumes(answer: &[u8]) -> Result<HashMap<String, f64>, AnswerError> {
    read(answer, |tickers| {
        Ok(tickers
            .fields()
            .filter_map(|(key, ticker)| {
                let [volume, price] = ticker.object()?.pick(["v", "p"]).ok()?;
                Some((key.to_owned(), last_24_hours(volume) * last_24_hours(price)))
            })
            .collect())
    })
}

/// `[today, last 24 hours]`.
fn last_24_hours(pair: Option<Value<'_>>) -> f64 {
    let pair = pair.and_then(Value::array).and_then(Array::first::<2>);
    pair.map_or(f64::NAN, |[_, day]| volume_or_nan(Some(day)))
}

fn instrument(key: &str, pair: Object<'_>, volumes: &HashMap<String, f64>) -> Option<Instrument> {
    let [altname, wsname, decimals, tick, status] =
        pair.pick(["altname", "wsname", "lot_decimals", "tick_size", "status"]).ok()?;
    let wsname = wsname?.text()?;
    let ticker = pair_of_listing(wsname).filter(|ticker| plan::is_plain(ticker))?;
    // Tickers are keyed as the listing is; the other names cost nothing to try.
    let altname = altname.and_then(Value::text).unwrap_or(key);
    let volume = [key, altname, wsname, &ticker].iter().find_map(|name| volumes.get(*name));
    Some(Instrument {
        exchange: ExchangeId::Kraken,
        symbol: canonical(Product::Spot, &ticker)?,
        product: Product::Spot,
        tick_size: positive_or_nan(tick),
        lot_size: step(decimals),
        contract_size: 1.0,
        quote_volume_24h: volume.copied().unwrap_or(f64::NAN),
        status: match status.and_then(Value::text) {
            None | Some("online") => InstrumentStatus::Trading,
            Some(_) => InstrumentStatus::Restricted,
        },
        venue_symbol: ticker,
    })
}

/// 8 decimals are steps of 1e-8.
fn step(decimals: Option<Value<'_>>) -> f64 {
    let step = integer(decimals).ok().and_then(|decimals| decimal(format!("1e-{decimals}").as_bytes()).ok());
    step.filter(|step| *step > 0.0).unwrap_or(f64::NAN)
}

/// The times of REST trades are decimals of nine digits, of which an `f64` keeps seven; the stream's have six. So the
/// known trade may stand this much earlier in the answer than we know.
const TIME_ERROR_NS: i64 = 1_000;

/// The newest, or the oldest after a time in nanoseconds.
pub(super) fn trades_request(instrument: &Instrument, wanted: WantedTrades) -> Request {
    let since = match wanted {
        WantedTrades::Newest => String::new(),
        WantedTrades::After { known, .. } => format!("&since={}", known.exchange_ns - TIME_ERROR_NS),
    };
    Request::get(
        format!("/0/public/Trades?pair={}&count={}{since}", instrument.venue_symbol, META.trades_per_answer),
        1,
    )
}

pub(super) fn trades(answer: &[u8]) -> Result<Vec<Trade>, AnswerError> {
    read(answer, |result| answer::rows(pair_rows(result)?, trade))
}

/// `[price, volume, seconds, "b"|"s", "m"|"l", "", id]`; the side is the taker's.
fn trade(row: Value<'_>) -> Result<Trade, RejectReason> {
    let row = row.array().and_then(Array::first::<7>).ok_or(RejectReason::MissingField)?;
    let [price, quantity, at, side, _, _, id] = row.map(Some);
    let side = match text(side)? {
        "b" => TradeFlags::default(),
        "s" => TradeFlags::SELL,
        _ => return Err(RejectReason::MissingField),
    };
    let at_ns = time(fractional_seconds(unsigned(at).map_err(|_| RejectReason::BadTime)?))?;
    Ok(Trade {
        exchange_ns: nearest_microsecond(at_ns),
        receive_ns: 0,
        price: positive(price)?,
        quantity: positive(quantity)?,
        id: TradeId::number(u128::from(integer(id)?)),
        flags: side.with(TradeFlags::BACKFILLED),
    })
}

/// The stream tells times to the microsecond, and an `f64` of today's seconds is off by up to 120 ns: a trade that comes
/// both ways must come at one time, or it changes places with its neighbours.
fn nearest_microsecond(time_ns: i64) -> i64 {
    (time_ns + NS_PER_US / 2).div_euclid(NS_PER_US) * NS_PER_US
}

/// The venue answers with its newest 720 candles whatever `since` says.
pub(super) fn candles_request(instrument: &Instrument, timeframe: Timeframe, from_ns: i64) -> Option<Request> {
    META.timeframes.contains(&timeframe).then(|| {
        let minutes = timeframe.seconds() / 60;
        // Rows after `since`, not at it.
        let since_s = (from_ns - 1).div_euclid(NS_PER_SECOND);
        let pair = &instrument.venue_symbol;
        Request::get(format!("/0/public/OHLC?pair={pair}&interval={minutes}&since={since_s}"), 1)
    })
}

pub(super) fn candles(answer: &[u8]) -> Result<Vec<Candle>, AnswerError> {
    let mut candles = read(answer, |result| answer::rows(pair_rows(result)?, candle))?;
    // The last row is always the forming one.
    if let [closed @ .., _] = candles.as_mut_slice() {
        closed.iter_mut().for_each(|candle| candle.quality = candle.quality.with(Quality::FINAL));
    }
    Ok(candles)
}

/// `[seconds, open, high, low, close, vwap, volume, count]`.
fn candle(row: Value<'_>) -> Result<Candle, RejectReason> {
    let row = row.array().and_then(Array::first::<8>).ok_or(RejectReason::MissingField)?;
    let [opens, open, high, low, close, _, volume, trades] = row.map(Some);
    Ok(Candle {
        open_time_ns: time(tickplane_scan::seconds(integer(opens).map_err(|_| RejectReason::BadTime)?))?,
        open: unsigned(open)?,
        high: unsigned(high)?,
        low: unsigned(low)?,
        close: unsigned(close)?,
        volume: unsigned(volume)?,
        quote_volume: f64::NAN,
        taker_buy_volume: f64::NAN,
        trade_count: integer(trades)?,
        quality: Quality::VENUE,
    })
}

/// The rows of the one pair that was asked for: the result's key may be any of its names; `last` is the cursor.
fn pair_rows(result: Object<'_>) -> Result<Array<'_>, AnswerError> {
    let rows = result.fields().filter(|(key, _)| *key != "last").find_map(|(_, value)| value.array());
    rows.ok_or_else(|| unexpected("no rows in the result"))
}

/// Reads an answer's `result`, or its first `error`.
fn read<R>(answer: &[u8], visit: impl FnOnce(Object<'_>) -> Result<R, AnswerError>) -> Result<R, AnswerError> {
    answer::read(answer, |root| {
        let root = answer::object(Some(root), "at the top")?;
        let [errors, result] = root.pick(["error", "result"]).map_err(|error| unexpected(&error.to_string()))?;
        if let Some(error) = errors.and_then(Value::array).and_then(|errors| errors.items().next()) {
            return Err(AnswerError::Venue(error.text().unwrap_or("no message").to_owned()));
        }
        visit(answer::object(result, "result")?)
    })
}
