//! Binance REST: listing, recent trades, klines.

use std::collections::HashMap;

use tickplane_model::{
    Candle, ExchangeId, Instrument, InstrumentStatus, NS_PER_MS, Product, Quality, RejectReason, Symbol, Timeframe,
    Trade, TradeFlags, TradeId,
};
use tickplane_scan::{Array, Object, Value};

use super::meta::META;
use crate::answer::{self, field, listed, positive_or_nan, unexpected, volume_or_nan};
use crate::field::{integer, pick, positive, text, time_ms, truth, unsigned};
use crate::{AnswerError, Request, WantedTrades, plan};

pub(super) fn instrument_requests() -> Vec<Request> {
    vec![
        // The permission sets are most of the answer and nothing we use.
        Request::get("/api/v3/exchangeInfo?showPermissionSets=false", 20),
        Request::get("/api/v3/ticker/24hr?type=MINI", 80),
    ]
}

pub(super) fn instruments(answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError> {
    let listing = answers.first().ok_or_else(|| unexpected("no answer"))?;
    let volumes = answers.get(1).map_or_else(|| Ok(HashMap::new()), |answer| volumes(answer))?;
    read(listing, |root| {
        let symbols = answer::array(field(answer::object(Some(root), "exchangeInfo")?, "symbols"), "symbols")?;
        listed(symbols.items().filter_map(|symbol| instrument(symbol.object()?, &volumes)).collect())
    })
}

/// Quote volume of 24 hours by ticker.
fn volumes(answer: &[u8]) -> Result<HashMap<String, f64>, AnswerError> {
    read(answer, |root| {
        let tickers = answer::array(Some(root), "of tickers")?.items();
        Ok(tickers
            .filter_map(|ticker| {
                let [symbol, volume] = ticker.object()?.pick(["symbol", "quoteVolume"]).ok()?;
                Some((symbol?.text()?.to_owned(), volume_or_nan(volume)))
            })
            .collect())
    })
}

fn instrument(listed: Object<'_>, volumes: &HashMap<String, f64>) -> Option<Instrument> {
    let [ticker, status, base, quote, filters] =
        listed.pick(["symbol", "status", "baseAsset", "quoteAsset", "filters"]).ok()?;
    let ticker = ticker?.text().filter(|ticker| plan::is_plain(ticker))?;
    let filters = filters.and_then(Value::array);
    Some(Instrument {
        exchange: ExchangeId::Binance,
        symbol: Symbol::new(&format!("{}-{}", base?.text()?, quote?.text()?)).ok()?,
        venue_symbol: ticker.to_owned(),
        product: Product::Spot,
        tick_size: filter(filters, "PRICE_FILTER", "tickSize"),
        lot_size: filter(filters, "LOT_SIZE", "stepSize"),
        contract_size: 1.0,
        quote_volume_24h: volumes.get(ticker).copied().unwrap_or(f64::NAN),
        status: match status?.text()? {
            "TRADING" => InstrumentStatus::Trading,
            _ => InstrumentStatus::Restricted,
        },
    })
}

/// One number of one of the symbol's filters.
fn filter(filters: Option<Array<'_>>, kind: &str, key: &str) -> f64 {
    let Some(filters) = filters else { return f64::NAN };
    let found = filters.items().filter_map(Value::object).find_map(|filter| {
        let [name, value] = filter.pick(["filterType", key]).ok()?;
        (name?.text()? == kind).then_some(value)
    });
    positive_or_nan(found.flatten())
}

/// The most rows one answer has, trades and klines alike.
const ROWS_MAX: usize = 1_000;

/// The newest, or the oldest from an id on.
pub(super) fn trades_request(instrument: &Instrument, wanted: WantedTrades) -> Request {
    let symbol = &instrument.venue_symbol;
    let path = match wanted {
        WantedTrades::Newest => format!("/api/v3/trades?symbol={symbol}&limit={ROWS_MAX}"),
        WantedTrades::After { known, .. } => {
            format!("/api/v3/historicalTrades?symbol={symbol}&fromId={}&limit={ROWS_MAX}", known.id)
        }
    };
    Request::get(path, 25)
}

pub(super) fn trades(answer: &[u8]) -> Result<Vec<Trade>, AnswerError> {
    read(answer, |root| answer::rows(answer::array(Some(root), "of trades")?, trade))
}

fn trade(row: Value<'_>) -> Result<Trade, RejectReason> {
    let row = row.object().ok_or(RejectReason::MissingField)?;
    let [id, price, quantity, at, buyer_is_maker] = pick(row, ["id", "price", "qty", "time", "isBuyerMaker"])?;
    let side = if truth(buyer_is_maker)? { TradeFlags::SELL } else { TradeFlags::default() };
    Ok(Trade {
        exchange_ns: time_ms(at)?,
        receive_ns: 0,
        price: positive(price)?,
        quantity: positive(quantity)?,
        id: TradeId::number(u128::from(integer(id)?)),
        flags: side.with(TradeFlags::BACKFILLED),
    })
}

pub(super) fn candles_request(
    instrument: &Instrument,
    timeframe: Timeframe,
    from_ns: i64,
    to_ns: i64,
) -> Option<Request> {
    META.timeframes.contains(&timeframe).then(|| {
        // Both ends are inclusive and count by opening time.
        let from_ms = from_ns.div_euclid(NS_PER_MS) + i64::from(from_ns.rem_euclid(NS_PER_MS) > 0);
        let to_ms = (to_ns - 1).div_euclid(NS_PER_MS);
        let symbol = &instrument.venue_symbol;
        let path = format!(
            "/api/v3/klines?symbol={symbol}&interval={timeframe}&startTime={from_ms}&endTime={to_ms}&limit={ROWS_MAX}"
        );
        Request::get(path, 2)
    })
}

pub(super) fn candles(answer: &[u8]) -> Result<Vec<Candle>, AnswerError> {
    let mut candles = read(answer, |root| answer::rows(answer::array(Some(root), "of klines")?, candle))?;
    // Rows do not say whether they are closed; only the newest can be forming.
    if let Some(newest) = candles.last_mut() {
        newest.quality = newest.quality.without(Quality::FINAL);
    }
    Ok(candles)
}

/// `[opens, open, high, low, close, volume, closes, quote volume, trades, taker base, taker quote, "0"]`.
fn candle(row: Value<'_>) -> Result<Candle, RejectReason> {
    let row = row.array().and_then(Array::first::<10>).ok_or(RejectReason::MissingField)?;
    let [opens, open, high, low, close, volume, _, quote_volume, trades, taker] = row.map(Some);
    Ok(Candle {
        open_time_ns: time_ms(opens)?,
        open: unsigned(open)?,
        high: unsigned(high)?,
        low: unsigned(low)?,
        close: unsigned(close)?,
        volume: unsigned(volume)?,
        quote_volume: unsigned(quote_volume)?,
        taker_buy_volume: unsigned(taker)?,
        trade_count: integer(trades)?,
        quality: Quality::VENUE.with(Quality::FINAL),
    })
}

/// Reads an answer; `{"code":-1121,"msg":"Invalid symbol."}` is the venue's error.
fn read<R>(answer: &[u8], visit: impl FnOnce(Value<'_>) -> Result<R, AnswerError>) -> Result<R, AnswerError> {
    answer::read(answer, |root| {
        if let Some(object) = root.object()
            && let Ok([Some(_), Some(message)]) = object.pick(["code", "msg"])
        {
            return Err(AnswerError::Venue(text(Some(message)).unwrap_or("no message").to_owned()));
        }
        visit(root)
    })
}
