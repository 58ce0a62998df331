//! Coinbase REST, the public part: products, trades, candles.

use tickplane_model::{
    Candle, ExchangeId, Instrument, InstrumentStatus, NS_PER_SECOND, Product, Quality, RejectReason, Side, Timeframe,
    Trade, TradeFlags, TradeId,
};
use tickplane_scan::{Object, Value};

use super::meta::META;
use super::parse::{maker_side, read_candle};
use crate::answer::{self, field, listed, positive_or_nan, unexpected, volume_or_nan};
use crate::field::{integer, object, pick, positive, text, time_text};
use crate::{AnswerError, Request, WantedTrades, plan};

const PRODUCTS: &str = "/api/v3/brokerage/market/products";

pub(super) fn instrument_requests() -> Vec<Request> {
    vec![Request::get(format!("{PRODUCTS}?product_type=SPOT&get_all_products=true"), 1)]
}

/// The listing carries the volumes.
pub(super) fn instruments(answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError> {
    let listing = answers.first().ok_or_else(|| unexpected("no answer"))?;
    read(listing, |root| {
        let products = answer::array(field(root, "products"), "products")?;
        listed(products.items().filter_map(|product| instrument(product.object()?)).collect())
    })
}

fn instrument(product: Object<'_>) -> Option<Instrument> {
    let [id, kind, alias, tick, quote_increment, lot] = product
        .pick(["product_id", "product_type", "alias", "price_increment", "quote_increment", "base_increment"])
        .ok()?;
    let id = id?.text().filter(|id| plan::is_plain(id))?;
    if kind.and_then(Value::text).is_some_and(|kind| kind != "SPOT") {
        return None;
    }
    // Messages of BTC-USDC are labelled BTC-USD: one book under two names.
    let alias = alias.and_then(Value::text).filter(|alias| !alias.is_empty() && plan::is_plain(alias));
    Some(Instrument {
        exchange: ExchangeId::Coinbase,
        symbol: super::symbol::canonical(Product::Spot, id)?,
        venue_symbol: alias.unwrap_or(id).to_owned(),
        product: Product::Spot,
        tick_size: positive_or_nan(tick.or(quote_increment)),
        lot_size: positive_or_nan(lot),
        contract_size: 1.0,
        // The book's volume is told once, under its own name: a ranking takes each book once.
        quote_volume_24h: if alias.is_some() { 0.0 } else { quote_volume(product) },
        status: status(product),
    })
}

fn quote_volume(product: Object<'_>) -> f64 {
    let Ok([quote, base, price]) = product.pick(["approximate_quote_24h_volume", "volume_24h", "price"]) else {
        return f64::NAN;
    };
    let quote = volume_or_nan(quote);
    if quote.is_nan() { volume_or_nan(base) * volume_or_nan(price) } else { quote }
}

fn status(product: Object<'_>) -> InstrumentStatus {
    let suspended = ["is_disabled", "trading_disabled", "view_only", "cancel_only", "auction_mode"];
    let [disabled, status] = match product.pick(["is_disabled", "status"]) {
        Ok(fields) => fields,
        Err(_) => return InstrumentStatus::Restricted,
    };
    if disabled.and_then(Value::truth) == Some(true) || status.and_then(Value::text) == Some("delisted") {
        return InstrumentStatus::Closed;
    }
    let is_suspended = suspended.iter().any(|key| field_is_true(product, key));
    if is_suspended { InstrumentStatus::Restricted } else { InstrumentStatus::Trading }
}

fn field_is_true(product: Object<'_>, key: &str) -> bool {
    product.field(key).ok().flatten().and_then(Value::truth) == Some(true)
}

const TRADES_MAX: usize = META.trades_per_answer;

/// The newest, or the newest between two times in whole seconds.
pub(super) fn trades_request(instrument: &Instrument, wanted: WantedTrades) -> Request {
    let span = match wanted {
        WantedTrades::After { known, before: Some(before) } => {
            let from_s = known.exchange_ns.div_euclid(NS_PER_SECOND);
            let to_s = before.exchange_ns.div_euclid(NS_PER_SECOND) + 1;
            format!("&start={from_s}&end={to_s}")
        }
        WantedTrades::Newest | WantedTrades::After { before: None, .. } => String::new(),
    };
    Request::get(format!("{PRODUCTS}/{}/ticker?limit={TRADES_MAX}{span}", instrument.venue_symbol), 1)
}

pub(super) fn trades(answer: &[u8]) -> Result<Vec<Trade>, AnswerError> {
    let mut trades = read(answer, |root| answer::rows(answer::array(field(root, "trades"), "trades")?, trade))?;
    trades.sort_by_key(|trade| trade.id.bits());
    Ok(trades)
}

fn trade(row: Value<'_>) -> Result<Trade, RejectReason> {
    let [id, price, quantity, at, side] = pick(object(Some(row))?, ["trade_id", "price", "size", "time", "side"])?;
    let side = match maker_side(side)?.opposite() {
        Side::Buy => TradeFlags::default(),
        Side::Sell => TradeFlags::SELL,
    };
    Ok(Trade {
        exchange_ns: time_text(at)?,
        receive_ns: 0,
        price: positive(price)?,
        quantity: positive(quantity)?,
        id: TradeId::number(u128::from(integer(id)?)),
        flags: side.with(TradeFlags::BACKFILLED),
    })
}

/// The most candles one answer has.
const CANDLES_MAX: i64 = META.candles.rows_per_answer as i64;

pub(super) fn candles_request(
    instrument: &Instrument,
    timeframe: Timeframe,
    from_ns: i64,
    to_ns: i64,
) -> Option<Request> {
    let granularity = granularity(timeframe)?;
    // Longer spans are refused, not cut. The end is inclusive.
    let from_s = from_ns.div_euclid(NS_PER_SECOND) + i64::from(from_ns.rem_euclid(NS_PER_SECOND) > 0);
    let last_s = from_s.saturating_add((CANDLES_MAX - 1) * timeframe.seconds());
    let to_s = (to_ns - 1).div_euclid(NS_PER_SECOND).min(last_s);
    let product = &instrument.venue_symbol;
    let path =
        format!("{PRODUCTS}/{product}/candles?start={from_s}&end={to_s}&granularity={granularity}&limit={CANDLES_MAX}");
    Some(Request::get(path, 1))
}

fn granularity(timeframe: Timeframe) -> Option<&'static str> {
    Some(match timeframe {
        Timeframe::M1 => "ONE_MINUTE",
        Timeframe::M5 => "FIVE_MINUTE",
        Timeframe::M15 => "FIFTEEN_MINUTE",
        Timeframe::M30 => "THIRTY_MINUTE",
        Timeframe::H1 => "ONE_HOUR",
        Timeframe::H2 => "TWO_HOUR",
        Timeframe::H6 => "SIX_HOUR",
        Timeframe::D1 => "ONE_DAY",
        _ => return None,
    })
}

/// Newest first, empty intervals left out.
pub(super) fn candles(answer: &[u8]) -> Result<Vec<Candle>, AnswerError> {
    let mut candles = read(answer, |root| {
        let rows = answer::array(field(root, "candles"), "candles")?;
        answer::rows(rows, |row| read_candle(object(Some(row))?))
    })?;
    candles.sort_by_key(|candle| candle.open_time_ns);
    // Rows do not say whether they are closed; only the newest can be forming.
    if let [closed @ .., _] = candles.as_mut_slice() {
        closed.iter_mut().for_each(|candle| candle.quality = candle.quality.with(Quality::FINAL));
    }
    Ok(candles)
}

/// Reads an answer that must be an object. Errors come as `{"error":"…","message":"…"}` or
/// `{"errors":[{"id":"…","message":"…"}]}`.
fn read<R>(answer: &[u8], visit: impl FnOnce(Object<'_>) -> Result<R, AnswerError>) -> Result<R, AnswerError> {
    answer::read(answer, |root| {
        let root = answer::object(Some(root), "at the top")?;
        if let Ok([errors, error, message]) = root.pick(["errors", "error", "message"])
            && (errors.is_some() || error.is_some())
        {
            let first = errors.and_then(Value::array).and_then(|errors| errors.items().next()?.object());
            let first = first.and_then(|first| first.field("message").ok().flatten());
            let words = text(message.or(first).or(error)).unwrap_or("no message");
            return Err(AnswerError::Venue(words.to_owned()));
        }
        visit(root)
    })
}
