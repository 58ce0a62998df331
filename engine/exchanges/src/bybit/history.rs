//! Bybit REST: listings in pages, recent trades, klines.

use std::collections::HashMap;

use tickplane_model::{
    Candle, ExchangeId, Instrument, InstrumentStatus, NS_PER_MS, Product, Quality, RejectReason, Symbol, Timeframe,
    Trade, TradeFlags,
};
use tickplane_scan::{Array, Object, Value};

use super::meta;
use super::parse::{taker_side, trade_id};
use super::symbol::interval;
use crate::answer::{self, field, listed, positive_or_nan, volume_or_nan};
use crate::field::{pick, positive, text, time_ms, unsigned};
use crate::{AnswerError, Request, plan};

/// The most rows of a page of instruments; spot comes whole.
const INSTRUMENTS_MAX: usize = 1_000;

fn class(product: Product) -> &'static str {
    if product == Product::Spot { "spot" } else { "linear" }
}

fn get(path: String, product: Product) -> Request {
    Request::get(path, 1).of(product)
}

fn instruments_path(product: Product) -> String {
    let page = if product == Product::Spot { String::new() } else { format!("&limit={INSTRUMENTS_MAX}") };
    format!("/v5/market/instruments-info?category={}{page}", class(product))
}

pub(super) fn instrument_requests(product: Product) -> Vec<Request> {
    let tickers = format!("/v5/market/tickers?category={}", class(product));
    [instruments_path(product), tickers].map(|path| get(path, product)).into()
}

/// The page after the last one of the answers, by its cursor.
pub(super) fn next_instrument_request(product: Product, answers: &[Vec<u8>]) -> Option<Request> {
    // The second answer is the tickers', the others are pages.
    let last = if answers.len() > 2 { answers.last() } else { answers.first() }?;
    let cursor = read(last, |result| {
        let cursor = field(result, "nextPageCursor").and_then(Value::text).unwrap_or_default();
        Ok(cursor.to_owned())
    });
    let cursor = cursor.ok().filter(|cursor| is_cursor(cursor))?;
    Some(get(format!("{}&cursor={cursor}", instruments_path(product)), product))
}

/// Cursors come as they go into an address: `first%3DBTC…`.
fn is_cursor(cursor: &str) -> bool {
    !cursor.is_empty() && cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-_.~".contains(&byte))
}

pub(super) fn instruments(product: Product, answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError> {
    let volumes = answers.get(1).map_or_else(|| Ok(HashMap::new()), |answer| volumes(answer))?;
    let pages = answers.iter().enumerate().filter(|(at, _)| *at != 1);
    let mut instruments = Vec::new();
    for (_, page) in pages {
        let found = read(page, |result| {
            Ok(rows(result)?.items().filter_map(|row| instrument(product, row.object()?, &volumes)).collect::<Vec<_>>())
        })?;
        instruments.extend(found);
    }
    listed(instruments)
}

/// Turnover of 24 hours by ticker.
fn volumes(answer: &[u8]) -> Result<HashMap<String, f64>, AnswerError> {
    read(answer, |result| {
        let row = |row: Value<'_>| {
            let [symbol, turnover] = row.object()?.pick(["symbol", "turnover24h"]).ok()?;
            Some((symbol?.text()?.to_owned(), volume_or_nan(turnover)))
        };
        Ok(rows(result)?.items().filter_map(row).collect())
    })
}

fn instrument(product: Product, listed: Object<'_>, volumes: &HashMap<String, f64>) -> Option<Instrument> {
    let [ticker, kind, status, base, quote, prices, lots] = listed
        .pick(["symbol", "contractType", "status", "baseCoin", "quoteCoin", "priceFilter", "lotSizeFilter"])
        .ok()?;
    let ticker = ticker?.text().filter(|ticker| plan::is_plain(ticker))?;
    // The linear class has dated contracts too.
    let (suffix, lot) = match (product, kind.and_then(Value::text)) {
        (Product::Spot, None) => ("", "basePrecision"),
        (Product::Perpetual, Some("LinearPerpetual")) => ("-PERP", "qtyStep"),
        _ => return None,
    };
    let filter = |filter: Option<Value<'_>>, key: &str| {
        positive_or_nan(filter.and_then(Value::object).and_then(|filter| filter.field(key).ok().flatten()))
    };
    Some(Instrument {
        exchange: ExchangeId::Bybit,
        symbol: Symbol::new(&format!("{}-{}{suffix}", base?.text()?, quote?.text()?)).ok()?,
        venue_symbol: ticker.to_owned(),
        product,
        tick_size: filter(prices, "tickSize"),
        lot_size: filter(lots, lot),
        contract_size: 1.0,
        quote_volume_24h: volumes.get(ticker).copied().unwrap_or(f64::NAN),
        status: match status?.text()? {
            "Trading" => InstrumentStatus::Trading,
            "Closed" => InstrumentStatus::Closed,
            _ => InstrumentStatus::Restricted,
        },
    })
}

/// The newest: there is no way to ask for others.
pub(super) fn trades_request(instrument: &Instrument) -> Request {
    let (product, ticker) = (instrument.product, &instrument.venue_symbol);
    let limit = meta::of(product).trades_per_answer;
    get(format!("/v5/market/recent-trade?category={}&symbol={ticker}&limit={limit}", class(product)), product)
}

/// Newest first.
pub(super) fn trades(answer: &[u8]) -> Result<Vec<Trade>, AnswerError> {
    let mut trades = read(answer, |result| answer::rows(rows(result)?, trade))?;
    trades.reverse();
    Ok(trades)
}

fn trade(row: Value<'_>) -> Result<Trade, RejectReason> {
    let row = row.object().ok_or(RejectReason::MissingField)?;
    let [id, price, quantity, side, at] = pick(row, ["execId", "price", "size", "side", "time"])?;
    Ok(Trade {
        exchange_ns: time_ms(at)?,
        receive_ns: 0,
        price: positive(price)?,
        quantity: positive(quantity)?,
        id: trade_id(id)?,
        flags: taker_side(side)?.with(TradeFlags::BACKFILLED),
    })
}

pub(super) fn candles_request(
    instrument: &Instrument,
    timeframe: Timeframe,
    from_ns: i64,
    to_ns: i64,
) -> Option<Request> {
    let interval = interval(timeframe)?;
    let (product, ticker) = (instrument.product, &instrument.venue_symbol);
    // Both ends are inclusive and count by opening time.
    let from_ms = from_ns.div_euclid(NS_PER_MS) + i64::from(from_ns.rem_euclid(NS_PER_MS) > 0);
    let to_ms = (to_ns - 1).div_euclid(NS_PER_MS);
    let (class, limit) = (class(product), meta::of(product).candles.rows_per_answer);
    let path = format!(
        "/v5/market/kline?category={class}&symbol={ticker}&interval={interval}&start={from_ms}&end={to_ms}&limit={limit}"
    );
    Some(get(path, product))
}

/// Newest first.
pub(super) fn candles(answer: &[u8]) -> Result<Vec<Candle>, AnswerError> {
    let mut candles = read(answer, |result| answer::rows(rows(result)?, candle))?;
    candles.reverse();
    // Rows do not say whether they are closed; only the newest can be forming.
    if let Some(newest) = candles.last_mut() {
        newest.quality = newest.quality.without(Quality::FINAL);
    }
    Ok(candles)
}

/// `[opens, open, high, low, close, volume, turnover]`.
fn candle(row: Value<'_>) -> Result<Candle, RejectReason> {
    let row = row.array().and_then(Array::first::<7>).ok_or(RejectReason::MissingField)?;
    let [opens, open, high, low, close, volume, turnover] = row.map(Some);
    Ok(Candle {
        open_time_ns: time_ms(opens)?,
        open: unsigned(open)?,
        high: unsigned(high)?,
        low: unsigned(low)?,
        close: unsigned(close)?,
        volume: unsigned(volume)?,
        quote_volume: unsigned(turnover)?,
        taker_buy_volume: f64::NAN,
        trade_count: 0,
        quality: Quality::VENUE.with(Quality::FINAL),
    })
}

fn rows(result: Object<'_>) -> Result<Array<'_>, AnswerError> {
    answer::array(field(result, "list"), "list")
}

/// Reads the result of an answer; a `retCode` other than 0 is the venue's error.
fn read<R>(answer: &[u8], visit: impl FnOnce(Object<'_>) -> Result<R, AnswerError>) -> Result<R, AnswerError> {
    answer::read(answer, |root| {
        let root = answer::object(Some(root), "at the top")?;
        let code = field(root, "retCode").and_then(Value::integer).and_then(Result::ok);
        if code != Some(0) {
            let words = text(field(root, "retMsg")).unwrap_or("no message");
            return Err(AnswerError::Venue(words.to_owned()));
        }
        visit(answer::object(field(root, "result"), "result")?)
    })
}
