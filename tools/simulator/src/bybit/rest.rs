//! `/v5/market`: listings in pages, tickers, newest trades, klines.

use serde_json::{Value, json};
use tickplane_model::{NS_PER_DAY, NS_PER_MS, NS_PER_SECOND, Product};

use super::messages::{ms, price, quantity, side, ticker_fields, trade_id, turnover};
use super::{Tickers, product, ticker};
use crate::market::{Bar, Book, Level, Listing, Market, MarketTrade, aligned};
use crate::server::http::{Request, Response};

const KLINES_MAX: i64 = 1_000;
/// A page of contracts; spot comes whole.
const PAGE_MAX: i64 = 1_000;

pub(super) fn answer(request: &Request, tickers: &Tickers, market: &mut Market, now_ns: i64) -> Response {
    let now_ms = ms(now_ns);
    let body = |code: u32, words: &str, result: &str| {
        format!(r#"{{"retCode":{code},"retMsg":"{words}","result":{result},"retExtInfo":{{}},"time":{now_ms}}}"#)
    };
    if request.path == "/v5/market/time" {
        let second = now_ms / 1_000;
        let time = json!({"timeSecond": second.to_string(), "timeNano": now_ns.to_string()}).to_string();
        return Response::json(200, body(0, "OK", &time));
    }
    let Some(class) = request.query("category").and_then(product) else {
        return Response::json(200, body(10_001, "Illegal category", "{}"));
    };
    let index = request.query("symbol").and_then(|name| tickers.get(&(class, name.to_owned())).copied());
    let result = match (request.path.as_str(), index) {
        ("/v5/market/instruments-info", _) => instruments(request, class, market),
        ("/v5/market/tickers", _) => all_tickers(class, index, market),
        (_, None) => return Response::json(200, body(10_001, "Not supported symbols", "{}")),
        ("/v5/market/recent-trade", Some(index)) => recent(request, class, index, market),
        ("/v5/market/kline", Some(index)) => klines(request, index, market).unwrap_or_default(),
        ("/v5/market/orderbook", Some(index)) => depth(request, index, market),
        _ => String::new(),
    };
    if result.is_empty() {
        return Response::json(404, "");
    }
    let name = request.query("category").unwrap_or_default();
    Response::json(200, body(0, "OK", &format!(r#"{{"category":"{name}",{result}}}"#)))
}

fn indexes(class: Product, market: &Market) -> Vec<u32> {
    let is_of_class = |index: &u32| market.instrument(*index).listing.product == class;
    (0..market.instruments().len() as u32).filter(is_of_class).collect()
}

/// The cursor is the place of the next page's first row.
fn instruments(request: &Request, class: Product, market: &Market) -> String {
    let all = indexes(class, market);
    let (from, limit) = match class {
        Product::Spot => (0, all.len()),
        _ => {
            let limit = request.number("limit").unwrap_or(500).clamp(1, PAGE_MAX) as usize;
            (request.number("cursor").unwrap_or(0).max(0) as usize, limit)
        }
    };
    let rows: Vec<Value> =
        all.iter().skip(from).take(limit).map(|index| instrument(&market.instrument(*index).listing)).collect();
    let cursor = if from + limit < all.len() { (from + limit).to_string() } else { String::new() };
    format!(r#""list":{},"nextPageCursor":"{cursor}""#, Value::Array(rows))
}

fn instrument(listing: &Listing) -> Value {
    let step = quantity(listing, 1).to_string();
    let mut row = json!({
        "symbol": ticker(listing), "status": "Trading", "baseCoin": listing.base, "quoteCoin": listing.quote,
        "priceFilter": {"tickSize": price(listing, 1).to_string()},
    });
    if listing.product == Product::Spot {
        row["lotSizeFilter"] = json!({"basePrecision": step, "quotePrecision": "0.00000001", "minOrderQty": step,
            "maxOrderQty": "1000000", "minOrderAmt": "1", "maxOrderAmt": "2000000"});
        row["innovation"] = "0".into();
        row["marginTrading"] = "none".into();
    } else {
        row["contractType"] = "LinearPerpetual".into();
        row["settleCoin"] = listing.quote.clone().into();
        row["launchTime"] = "1585526400000".into();
        row["deliveryTime"] = "0".into();
        row["priceScale"] = listing.price_decimals.to_string().into();
        row["leverageFilter"] = json!({"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"});
        row["lotSizeFilter"] = json!({"qtyStep": step, "minOrderQty": step, "maxOrderQty": "1000000"});
    }
    row
}

fn all_tickers(class: Product, only: Option<u32>, market: &mut Market) -> String {
    let chosen = only.map_or_else(|| indexes(class, market), |index| vec![index]);
    let row = |index: u32| {
        let day = market.day(index);
        let instrument = market.instrument(index);
        format!("{{{}}}", ticker_fields(instrument, &ticker(&instrument.listing), &day, true))
    };
    let rows: Vec<String> = chosen.into_iter().map(row).collect();
    format!(r#""list":[{}]"#, rows.join(","))
}

/// Newest first.
fn recent(request: &Request, class: Product, index: u32, market: &Market) -> String {
    let most = if class == Product::Spot { 60 } else { 1_000 };
    let limit = request.number("limit").unwrap_or(most).clamp(1, most) as usize;
    let instrument = market.instrument(index);
    let listing = &instrument.listing;
    let row = |trade: &MarketTrade| {
        format!(
            r#"{{"execId":"{}","symbol":"{}","price":"{}","size":"{}","side":"{}","time":"{}","isBlockTrade":false,"isRPITrade":false,"seq":"{}"}}"#,
            trade_id(class, trade.id),
            ticker(listing),
            price(listing, trade.price),
            quantity(listing, trade.quantity),
            side(trade),
            ms(trade.time_ns),
            trade.aggregate
        )
    };
    let rows: Vec<String> = instrument.log.iter().rev().take(limit).map(row).collect();
    format!(r#""list":[{}]"#, rows.join(","))
}

/// Newest first, flat where nothing traded.
fn klines(request: &Request, index: u32, market: &Market) -> Option<String> {
    let length_ns = match request.query("interval")? {
        "D" => NS_PER_DAY,
        minutes => minutes.parse::<i64>().ok().filter(|minutes| (1..=720).contains(minutes))? * 60 * NS_PER_SECOND,
    };
    let limit = request.number("limit").unwrap_or(200).clamp(1, KLINES_MAX);
    let to_ns = request.number("end").map_or(market.now_ns(), |ms| ms.saturating_mul(NS_PER_MS)).min(market.now_ns());
    let oldest_ns = aligned(to_ns, length_ns, 0) - (limit - 1) * length_ns;
    let from_ns = request.number("start").map_or(oldest_ns, |ms| ms.saturating_mul(NS_PER_MS)).max(oldest_ns);
    let listing = &market.instrument(index).listing;
    let row = |bar: &Bar| {
        format!(
            r#"["{}","{}","{}","{}","{}","{}","{}"]"#,
            ms(bar.open_ns),
            price(listing, bar.open),
            price(listing, bar.high),
            price(listing, bar.low),
            price(listing, bar.close),
            quantity(listing, bar.volume),
            turnover(listing, bar)
        )
    };
    let rows: Vec<String> = market.filled(index, length_ns, 0, from_ns, to_ns + 1).iter().rev().map(row).collect();
    Some(format!(r#""symbol":"{}","list":[{}]"#, ticker(listing), rows.join(",")))
}

fn depth(request: &Request, index: u32, market: &Market) -> String {
    let instrument = market.instrument(index);
    let listing = &instrument.listing;
    let book = Book::new(instrument, request.number("limit").unwrap_or(25).clamp(1, 200) as usize);
    let side = |levels: &[Level]| {
        let level =
            |(ticks, lots): &Level| json!([price(listing, *ticks).to_string(), quantity(listing, *lots).to_string()]);
        Value::Array(levels.iter().map(level).collect())
    };
    let ts = ms(instrument.quote.time_ns);
    format!(
        r#""s":"{}","b":{},"a":{},"ts":{ts},"u":1,"seq":1,"cts":{ts}"#,
        ticker(listing),
        side(&book.bids),
        side(&book.asks)
    )
}
