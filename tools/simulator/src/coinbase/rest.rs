//! Coinbase's public REST: products, recent trades, candles, best quotes, time.

use serde_json::{Value, json};
use tickplane_model::{NS_PER_MS, NS_PER_SECOND};

use super::Products;
use super::messages::{candle, change_percent, price, quantity, trade};
use crate::decimal::Decimal;
use crate::market::{Book, LEVELS, Level, Market};
use crate::server::http::{Request, Response};
use crate::stamp;

const CANDLES_MAX: usize = 350;
const TRADES_DEFAULT: i64 = 100;
const TRADES_MAX: i64 = 1_000;

/// Granularities and their seconds.
const GRANULARITIES: [(&str, i64); 9] = [
    ("ONE_MINUTE", 60),
    ("FIVE_MINUTE", 300),
    ("FIFTEEN_MINUTE", 900),
    ("THIRTY_MINUTE", 1_800),
    ("ONE_HOUR", 3_600),
    ("TWO_HOUR", 7_200),
    ("FOUR_HOUR", 14_400),
    ("SIX_HOUR", 21_600),
    ("ONE_DAY", 86_400),
];

/// The answer over the limit.
pub(super) fn too_many() -> Response {
    Response::json(429, r#"{"errors":[{"id":"rate_limit_exceeded","message":"Too many requests"}]}"#)
}

fn refusal(status: u16, error: &str, message: &str) -> Response {
    Response::json(status, json!({"error": error, "error_details": message, "message": message}).to_string())
}

/// Answers a request.
pub(super) fn answer(request: &Request, products: &Products, market: &mut Market, now_ns: i64) -> Response {
    let Some(path) = request.path.strip_prefix("/api/v3/brokerage/") else {
        return refusal(404, "NOT_FOUND", "unknown path");
    };
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let find =
        |id: &str| products.get(id).copied().ok_or_else(|| refusal(404, "NOT_FOUND", "valid product_id is required"));
    let result = match parts[..] {
        ["time"] => Ok(time(now_ns)),
        ["market", "products"] => list(request, products, market),
        ["market", "products", id] => find(id).map(|index| product(id, index, market).to_string()),
        ["market", "products", id, "ticker"] => find(id).map(|index| ticker(request, index, market)),
        ["market", "products", id, "candles"] => find(id).and_then(|index| candles(request, index, market)),
        ["market", "product_book"] => {
            find(request.query("product_id").unwrap_or_default()).map(|index| book(request, index, market, now_ns))
        }
        _ => Err(refusal(404, "NOT_FOUND", "unknown path")),
    };
    match result {
        Ok(body) => Response::json(200, body),
        Err(refusal) => refusal,
    }
}

fn time(now_ns: i64) -> String {
    json!({
        "iso": stamp::rfc3339(now_ns, 0),
        "epochSeconds": (now_ns / NS_PER_SECOND).to_string(),
        "epochMillis": (now_ns / NS_PER_MS).to_string(),
    })
    .to_string()
}

/// Books and their aliases, books first.
fn list(request: &Request, products: &Products, market: &mut Market) -> Result<String, Response> {
    if request.query("product_type").is_some_and(|kind| kind == "FUTURE") {
        return Ok(r#"{"products":[],"num_products":0}"#.to_owned());
    }
    let mut ids: Vec<(bool, u32, &str)> = products
        .iter()
        .map(|(id, index)| (market.instrument(*index).listing.symbol.as_str() != id.as_str(), *index, id.as_str()))
        .collect();
    ids.sort_unstable();
    let wanted: Vec<&str> = request.queries("product_ids").collect();
    ids.retain(|(_, _, id)| wanted.is_empty() || wanted.contains(id));
    let total = ids.len();
    let skip = request.number("offset").unwrap_or(0).max(0) as usize;
    let limit = request.number("limit").filter(|limit| *limit > 0).unwrap_or(i64::MAX) as usize;
    let page: Vec<(u32, String)> =
        ids.into_iter().skip(skip).take(limit).map(|(_, index, id)| (index, id.to_owned())).collect();
    let rows: Vec<Value> = page.into_iter().map(|(index, id)| product(&id, index, market)).collect();
    Ok(json!({"products": rows, "num_products": total}).to_string())
}

fn product(id: &str, index: u32, market: &mut Market) -> Value {
    let day = market.day(index);
    let instrument = market.instrument(index);
    let (listing, quote) = (&instrument.listing, &instrument.quote);
    let alias = listing.symbol.as_str() != id;
    let quote_currency = if alias { "USDC" } else { listing.quote.as_str() };
    let aliases: Vec<String> =
        if !alias && listing.quote == "USD" { vec![format!("{}-USDC", listing.base)] } else { Vec::new() };
    let turnover = Decimal::new(day.turnover, listing.price_decimals + listing.lot_decimals).places(2);
    let middle = Decimal::new((quote.bid + quote.ask) * 5, listing.price_decimals + 1).trimmed();
    json!({
        "product_id": id,
        "price": price(listing, day.close).to_string(),
        "price_percentage_change_24h": change_percent(&day).to_string(),
        "volume_24h": quantity(listing, day.volume).to_string(),
        "volume_percentage_change_24h": "0",
        "approximate_quote_24h_volume": turnover.to_string(),
        "base_increment": quantity(listing, 1).to_string(),
        "quote_increment": price(listing, 1).to_string(),
        "price_increment": price(listing, 1).to_string(),
        "base_min_size": quantity(listing, 1).to_string(),
        "base_max_size": "100000000",
        "quote_min_size": "1",
        "quote_max_size": "150000000",
        "base_name": listing.base,
        "quote_name": quote_currency,
        "base_currency_id": listing.base,
        "quote_currency_id": quote_currency,
        "base_display_symbol": listing.base,
        "quote_display_symbol": quote_currency,
        "display_name": format!("{}-{quote_currency}", listing.base),
        "status": "online",
        "watched": false,
        "is_disabled": false,
        "new": false,
        "cancel_only": false,
        "limit_only": false,
        "post_only": false,
        "trading_disabled": false,
        "auction_mode": false,
        "view_only": false,
        "product_type": "SPOT",
        "mid_market_price": middle.to_string(),
        "alias": if alias { listing.symbol.as_str() } else { "" },
        "alias_to": aliases,
        "product_venue": "CBE",
        "new_at": "2023-01-01T00:00:00Z",
    })
}

fn ticker(request: &Request, index: u32, market: &Market) -> String {
    let instrument = market.instrument(index);
    let (listing, quote) = (&instrument.listing, &instrument.quote);
    let limit = request.number("limit").unwrap_or(TRADES_DEFAULT).clamp(1, TRADES_MAX) as usize;
    let from_ns = request.number("start").map_or(i64::MIN, |start| start.saturating_mul(NS_PER_SECOND));
    let to_ns = request.number("end").map_or(i64::MAX, |end| end.saturating_mul(NS_PER_SECOND));
    let inside = instrument.log.iter().rev().filter(|row| row.time_ns >= from_ns && row.time_ns <= to_ns);
    let rows: Vec<String> = inside.take(limit).map(|row| trade(listing, row)).collect();
    format!(
        r#"{{"trades":[{}],"best_bid":"{}","best_ask":"{}"}}"#,
        rows.join(","),
        price(listing, quote.bid),
        price(listing, quote.ask)
    )
}

fn candles(request: &Request, index: u32, market: &Market) -> Result<String, Response> {
    let invalid = |message: &str| refusal(400, "INVALID_ARGUMENT", message);
    let name = request.query("granularity").unwrap_or_default();
    let (_, seconds) = GRANULARITIES
        .into_iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| invalid("unsupported granularity"))?;
    let bound = |name| request.number(name).ok_or_else(|| invalid("start and end are required"));
    let (start, end) = (bound("start")?, bound("end")?);
    let length_ns = seconds * NS_PER_SECOND;
    if (end - start) / seconds > CANDLES_MAX as i64 {
        return Err(invalid("number of candles requested should be less than 350"));
    }
    let to_ns = end.saturating_mul(NS_PER_SECOND).saturating_add(1);
    let bars = market.traded(index, length_ns, 0, start.saturating_mul(NS_PER_SECOND), to_ns);
    let limit = request.number("limit").map_or(CANDLES_MAX, |limit| limit.clamp(1, CANDLES_MAX as i64) as usize);
    let listing = &market.instrument(index).listing;
    let rows: Vec<String> = bars.iter().rev().take(limit).map(|bar| candle(listing, bar, false)).collect();
    Ok(format!(r#"{{"candles":[{}]}}"#, rows.join(",")))
}

fn book(request: &Request, index: u32, market: &Market, now_ns: i64) -> String {
    let instrument = market.instrument(index);
    let listing = &instrument.listing;
    let limit = request.number("limit").unwrap_or(LEVELS as i64).clamp(1, LEVELS as i64) as usize;
    let book = Book::new(instrument, limit);
    let rows = |levels: &[Level]| {
        let row = |(ticks, lots): &Level| json!({"price": price(listing, *ticks).to_string(), "size": quantity(listing, *lots).to_string()});
        levels.iter().map(row).collect::<Vec<_>>()
    };
    json!({"pricebook": {
        "product_id": listing.symbol.as_str(),
        "bids": rows(&book.bids),
        "asks": rows(&book.asks),
        "time": stamp::rfc3339(now_ns, 6),
    }})
    .to_string()
}
