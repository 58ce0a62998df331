//! Binance's `/api/v3`, with its weights.

use serde_json::{Value, json};
use tickplane_model::{NS_PER_MS, NS_PER_SECOND};

use super::messages::{change_percent, price, quantity, turnover};
use super::stream::interval;
use super::{Tickers, ticker};
use crate::decimal::Decimal;
use crate::market::{Bar, Instrument, Listing, Market, MarketTrade};
use crate::server::http::{Request, Response};
use crate::server::window::Window;

const WEIGHT_PER_MINUTE: u64 = 6_000;
const MINUTE_NS: i64 = 60 * NS_PER_SECOND;
/// Refused requests after which the IP is banned, and for how long at first.
const REFUSED_MAX: u32 = 20;
const BAN_NS: i64 = 2 * MINUTE_NS;

/// What the IP has used.
pub(super) struct Budget {
    weight: Window,
    refused: u32,
    banned_ns: i64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { weight: Window::new(WEIGHT_PER_MINUTE, MINUTE_NS), refused: 0, banned_ns: 0 }
    }
}

impl Budget {
    /// Its minutes are so many times shorter.
    pub(super) fn hurry(&mut self, times: u32) {
        self.weight.hurry(times);
    }

    fn take(&mut self, weight: u64, now_ns: i64) -> Result<(), Response> {
        if now_ns >= self.banned_ns && self.weight.take_weight(now_ns, weight) {
            self.refused = 0;
            return Ok(());
        }
        self.refused += 1;
        if self.refused == REFUSED_MAX {
            self.banned_ns = now_ns + BAN_NS;
        }
        let (status, until_ns) =
            if now_ns < self.banned_ns { (418, self.banned_ns) } else { (429, self.weight.frees_ns()) };
        let wait_s = (until_ns - now_ns).div_euclid(NS_PER_SECOND) + 1;
        let msg =
            format!("Too much request weight used; current limit is {WEIGHT_PER_MINUTE} request weight per 1 MINUTE.");
        Err(refusal(status, -1003, &msg).header("Retry-After", wait_s))
    }
}

fn refusal(status: u16, code: i32, msg: &str) -> Response {
    Response::json(status, json!({"code": code, "msg": msg}).to_string())
}

fn missing(name: &str) -> Response {
    let msg = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    refusal(400, -1102, &msg)
}

/// Answers a request.
pub(super) fn answer(
    request: &Request,
    tickers: &Tickers,
    market: &mut Market,
    budget: &mut Budget,
    now_ns: i64,
) -> Response {
    let Some(endpoint) = request.path.strip_prefix("/api/v3/") else { return Response::json(404, "") };
    let answered =
        budget.take(weight(endpoint, request), now_ns).and_then(|()| body(endpoint, request, tickers, market, now_ns));
    let response = match answered {
        Ok(body) => Response::json(200, body),
        Err(refusal) => refusal,
    };
    let used = budget.weight.used();
    response.header("X-MBX-USED-WEIGHT", used).header("X-MBX-USED-WEIGHT-1M", used)
}

fn weight(endpoint: &str, request: &Request) -> u64 {
    match endpoint {
        "exchangeInfo" => 20,
        "trades" | "historicalTrades" => 25,
        "aggTrades" => 4,
        "klines" => 2,
        "depth" => match request.number("limit").unwrap_or(100) {
            ..=100 => 5,
            101..=500 => 25,
            501..=1_000 => 50,
            _ => 250,
        },
        "ticker/24hr" => match (request.query("symbol"), request.query("symbols")) {
            (Some(_), _) => 2,
            (None, Some(symbols)) if symbols.matches(',').count() < 20 => 2,
            (None, Some(symbols)) if symbols.matches(',').count() < 100 => 40,
            _ => 80,
        },
        "ticker/bookTicker" | "ticker/price" => 4,
        _ => 1,
    }
}

fn body(
    endpoint: &str,
    request: &Request,
    tickers: &Tickers,
    market: &mut Market,
    now_ns: i64,
) -> Result<String, Response> {
    let one = || -> Result<u32, Response> {
        let symbol = request.query("symbol").ok_or_else(|| missing("symbol"))?;
        tickers.get(symbol).copied().ok_or_else(|| refusal(400, -1121, "Invalid symbol."))
    };
    match endpoint {
        "ping" => Ok("{}".to_owned()),
        "time" => Ok(json!({"serverTime": now_ns / NS_PER_MS}).to_string()),
        "exchangeInfo" => exchange_info(&chosen(request, tickers)?, market, now_ns),
        "trades" => Ok(trades(market.instrument(one()?), newest(request, 500))),
        "historicalTrades" => historical_trades(request, market.instrument(one()?)),
        "aggTrades" => Ok(agg_trades(request, market.instrument(one()?))),
        "depth" => {
            let limit = request.number("limit").unwrap_or(100).clamp(1, 5_000) as usize;
            Ok(super::depth::snapshot(market.instrument(one()?), limit))
        }
        "klines" => klines(request, one()?, market),
        "ticker/24hr" => {
            let mini = request.query("type") == Some("MINI");
            listed(request, tickers, market, |index, market| day(index, market, mini))
        }
        "ticker/bookTicker" => listed(request, tickers, market, |index, market| {
            let (listing, quote) = (&market.instrument(index).listing, &market.instrument(index).quote);
            json!({"symbol": ticker(listing), "bidPrice": text(price(listing, quote.bid)), "bidQty": text(quantity(listing, quote.bid_quantity)),
                "askPrice": text(price(listing, quote.ask)), "askQty": text(quantity(listing, quote.ask_quantity))})
        }),
        "ticker/price" => listed(request, tickers, market, |index, market| {
            let instrument = market.instrument(index);
            let last = instrument.log.back().map_or(instrument.listing.price, |trade| trade.price);
            json!({"symbol": ticker(&instrument.listing), "price": text(price(&instrument.listing, last))})
        }),
        _ => Err(Response::json(404, "")),
    }
}

fn text(decimal: Decimal) -> String {
    decimal.to_string()
}

/// The instruments a request names; all when it names none.
fn chosen(request: &Request, tickers: &Tickers) -> Result<Vec<u32>, Response> {
    let invalid = || refusal(400, -1121, "Invalid symbol.");
    let names: Vec<String> = match (request.query("symbol"), request.query("symbols")) {
        (Some(symbol), _) => vec![symbol.to_owned()],
        (None, Some(symbols)) => serde_json::from_str(symbols)
            .map_err(|_| refusal(400, -1100, "Illegal characters found in parameter 'symbols'."))?,
        (None, None) => {
            let mut all: Vec<u32> = tickers.values().copied().collect();
            all.sort_unstable();
            return Ok(all);
        }
    };
    names.iter().map(|name| tickers.get(name).copied().ok_or_else(invalid)).collect()
}

/// An object for one symbol, a list for several.
fn listed(
    request: &Request,
    tickers: &Tickers,
    market: &mut Market,
    mut row: impl FnMut(u32, &mut Market) -> Value,
) -> Result<String, Response> {
    let rows: Vec<Value> = chosen(request, tickers)?.into_iter().map(|index| row(index, market)).collect();
    match (request.query("symbol"), rows.first()) {
        (Some(_), Some(first)) => Ok(first.to_string()),
        _ => Ok(Value::from(rows).to_string()),
    }
}

fn exchange_info(indexes: &[u32], market: &Market, now_ns: i64) -> Result<String, Response> {
    let symbols: Vec<Value> = indexes.iter().map(|index| symbol_info(&market.instrument(*index).listing)).collect();
    Ok(json!({
        "timezone": "UTC",
        "serverTime": now_ns / NS_PER_MS,
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT_PER_MINUTE},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000},
        ],
        "exchangeFilters": [],
        "symbols": symbols,
    })
    .to_string())
}

fn symbol_info(listing: &Listing) -> Value {
    let (tick, lot) = (text(price(listing, 1)), text(quantity(listing, 1)));
    json!({
        "symbol": ticker(listing),
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": true,
        "ocoAllowed": true,
        "otoAllowed": true,
        "quoteOrderQtyMarketAllowed": true,
        "allowTrailingStop": true,
        "cancelReplaceAllowed": true,
        "isSpotTradingAllowed": true,
        "isMarginTradingAllowed": false,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000000.00000000", "stepSize": lot},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": true,
                "maxNotional": "9000000.00000000", "applyMaxToMarket": false, "avgPriceMins": 5},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    })
}

fn day(index: u32, market: &mut Market, mini: bool) -> Value {
    let (day, now_ns) = (market.day(index), market.now_ns());
    let instrument = market.instrument(index);
    let (listing, quote) = (&instrument.listing, &instrument.quote);
    let mut row = json!({
        "symbol": ticker(listing),
        "openPrice": text(price(listing, day.open)),
        "highPrice": text(price(listing, day.high)),
        "lowPrice": text(price(listing, day.low)),
        "lastPrice": text(price(listing, day.close)),
        "volume": text(quantity(listing, day.volume)),
        "quoteVolume": text(turnover(listing, day.turnover)),
        "openTime": day.open_ns / NS_PER_MS,
        "closeTime": now_ns / NS_PER_MS,
        "firstId": day.first_id,
        "lastId": (day.first_id + day.count).saturating_sub(1),
        "count": day.count,
    });
    if !mini {
        row["priceChange"] = text(price(listing, day.close - day.open)).into();
        row["priceChangePercent"] = text(change_percent(&day)).into();
        row["weightedAvgPrice"] = text(Decimal::new(day.average(2), listing.price_decimals + 2).places(8)).into();
        row["prevClosePrice"] = text(price(listing, day.open)).into();
        row["lastQty"] = text(quantity(listing, instrument.log.back().map_or(0, |trade| trade.quantity))).into();
        row["bidPrice"] = text(price(listing, quote.bid)).into();
        row["bidQty"] = text(quantity(listing, quote.bid_quantity)).into();
        row["askPrice"] = text(price(listing, quote.ask)).into();
        row["askQty"] = text(quantity(listing, quote.ask_quantity)).into();
    }
    row
}

fn newest(request: &Request, default: usize) -> usize {
    request.number("limit").map_or(default, |limit| limit.clamp(1, 1_000) as usize)
}

fn trades(instrument: &Instrument, limit: usize) -> String {
    let skip = instrument.log.len().saturating_sub(limit);
    rows(instrument.log.iter().skip(skip).map(|trade| trade_row(&instrument.listing, trade)))
}

fn historical_trades(request: &Request, instrument: &Instrument) -> Result<String, Response> {
    let Some(from) = request.query("fromId") else { return Ok(trades(instrument, newest(request, 500))) };
    let from: u64 = from.parse().map_err(|_| missing("fromId"))?;
    let found = instrument.log.iter().filter(|trade| trade.id >= from).take(newest(request, 500));
    Ok(rows(found.map(|trade| trade_row(&instrument.listing, trade))))
}

fn trade_row(listing: &Listing, trade: &MarketTrade) -> String {
    let cost = i128::from(trade.price) * i128::from(trade.quantity);
    format!(
        r#"{{"id":{},"price":"{}","qty":"{}","quoteQty":"{}","time":{},"isBuyerMaker":{},"isBestMatch":true}}"#,
        trade.id,
        price(listing, trade.price),
        quantity(listing, trade.quantity),
        turnover(listing, cost),
        trade.time_ns / NS_PER_MS,
        !trade.buy
    )
}

fn agg_trades(request: &Request, instrument: &Instrument) -> String {
    let log: Vec<MarketTrade> = instrument.log.iter().copied().collect();
    let groups: Vec<&[MarketTrade]> = log.chunk_by(|a, b| a.aggregate == b.aggregate).collect();
    let limit = newest(request, 500);
    let from_id = request.number("fromId").map(|id| id as u64);
    let (start, end) = (request.number("startTime"), request.number("endTime"));
    let inside = |group: &&&[MarketTrade]| {
        let time_ms = group[0].time_ns / NS_PER_MS;
        from_id.is_none_or(|id| group[0].aggregate >= id)
            && start.is_none_or(|start| time_ms >= start)
            && end.is_none_or(|end| time_ms <= end)
    };
    let found: Vec<&&[MarketTrade]> = groups.iter().filter(inside).collect();
    let forward = from_id.is_some() || start.is_some();
    let skip = if forward { 0 } else { found.len().saturating_sub(limit) };
    rows(found.into_iter().skip(skip).take(limit).map(|group| agg_row(&instrument.listing, group)))
}

fn agg_row(listing: &Listing, group: &[MarketTrade]) -> String {
    let (first, last) = (&group[0], &group[group.len() - 1]);
    let sum: i128 = group.iter().map(|fill| i128::from(fill.quantity)).sum();
    format!(
        r#"{{"a":{},"p":"{}","q":"{}","f":{},"l":{},"T":{},"m":{},"M":true}}"#,
        first.aggregate,
        price(listing, first.price),
        quantity(listing, sum),
        first.id,
        last.id,
        first.time_ns / NS_PER_MS,
        !first.buy
    )
}

fn klines(request: &Request, index: u32, market: &Market) -> Result<String, Response> {
    let name = request.query("interval").ok_or_else(|| missing("interval"))?;
    let interval = interval(name).ok_or_else(|| refusal(400, -1120, "Invalid interval."))?;
    let limit = newest(request, 500);
    let end_ns = request.number("endTime").map_or(market.now_ns() + 1, |end| end.saturating_mul(NS_PER_MS) + 1);
    let end_ns = end_ns.min(market.now_ns() + 1);
    let start = request.number("startTime").map(|start| start.saturating_mul(NS_PER_MS));
    let from_ns = start.unwrap_or_else(|| end_ns - interval.length_ns * limit as i64);
    let bars = market.filled(index, interval.length_ns, interval.offset_ns, from_ns, end_ns);
    let skip = if start.is_some() { 0 } else { bars.len().saturating_sub(limit) };
    let listing = &market.instrument(index).listing;
    Ok(rows(bars.iter().skip(skip).take(limit).map(|bar| kline_row(listing, bar))))
}

fn kline_row(listing: &Listing, bar: &Bar) -> String {
    format!(
        r#"[{},"{}","{}","{}","{}","{}",{},"{}",{},"{}","{}","0"]"#,
        bar.open_ns / NS_PER_MS,
        price(listing, bar.open),
        price(listing, bar.high),
        price(listing, bar.low),
        price(listing, bar.close),
        quantity(listing, bar.volume),
        bar.end_ns() / NS_PER_MS - 1,
        turnover(listing, bar.turnover),
        bar.count,
        quantity(listing, bar.buy_volume),
        turnover(listing, bar.buy_turnover)
    )
}

fn rows(rows: impl Iterator<Item = String>) -> String {
    format!("[{}]", rows.collect::<Vec<_>>().join(","))
}
