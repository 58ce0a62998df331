//! Kraken's `/0/public`: every answer is HTTP 200 with `error` and `result`.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use tickplane_model::NS_PER_SECOND;

use super::feed::INTERVALS;
use super::messages::{average, is_limit, price, quantity};
use super::names::{Names, asset};
use crate::decimal::Decimal;
use crate::market::{Bar, Book, LEVELS, Level, Listing, Market, MarketTrade, aligned};
use crate::server::http::{Request, Response};
use crate::server::window::Window;
use crate::stamp;

/// About one request a second per IP, for OHLC and Trades per pair; bursts up to 15.
const REQUESTS: u64 = 15;
const REQUESTS_NS: i64 = 15 * NS_PER_SECOND;
const ROWS_MAX: usize = 720;
const TRADES_MAX: i64 = 1_000;

/// What the IP has asked, by endpoint and pair.
pub(super) struct Limits {
    windows: HashMap<String, Window>,
    /// Of a bucket that is asked for the first time.
    fresh: Window,
}

impl Default for Limits {
    fn default() -> Self {
        Self { windows: HashMap::new(), fresh: Window::new(REQUESTS, REQUESTS_NS) }
    }
}

impl Limits {
    /// Requests come back so many times sooner; called before the first.
    pub(super) fn hurry(&mut self, times: u32) {
        self.fresh.hurry(times);
    }

    fn take(&mut self, bucket: String, now_ns: i64) -> bool {
        self.windows.entry(bucket).or_insert_with(|| self.fresh.clone()).take(now_ns)
    }
}

fn result(result: &str) -> Response {
    Response::json(200, format!(r#"{{"error":[],"result":{result}}}"#))
}

fn error(error: &str) -> Response {
    Response::json(200, json!({"error": [error]}).to_string())
}

/// Answers a request.
pub(super) fn answer(
    request: &Request,
    names: &Names,
    limits: &mut Limits,
    market: &mut Market,
    now_ns: i64,
) -> Response {
    let Some(endpoint) = request.path.strip_prefix("/0/public/") else { return error("EGeneral:Unknown method") };
    let pair = request.query("pair").and_then(|name| names.rest(name));
    let bucket = match (endpoint, pair) {
        ("OHLC" | "Trades", Some((index, _))) => format!("{endpoint} {index}"),
        _ => String::new(),
    };
    if !limits.take(bucket, now_ns) {
        return error("EAPI:Rate limit exceeded");
    }
    let answered = match endpoint {
        "Time" => Ok(time(now_ns)),
        "SystemStatus" => Ok(json!({"status": "online", "timestamp": stamp::rfc3339(now_ns, 0)}).to_string()),
        "Assets" => Ok(assets(market)),
        "AssetPairs" => chosen(request, names).map(|chosen| asset_pairs(&chosen, names, market)),
        "Ticker" => chosen(request, names).map(|chosen| tickers(&chosen, market)),
        "OHLC" | "Trades" | "Depth" => match (request.query("pair"), pair) {
            (None, _) => Err("EGeneral:Invalid arguments"),
            (_, None) => Err("EQuery:Unknown asset pair"),
            (_, Some((index, key))) if endpoint == "OHLC" => ohlc(request, index, key, market),
            (_, Some((index, key))) if endpoint == "Depth" => Ok(depth(request, index, key, market)),
            (_, Some((index, key))) => Ok(trades(request, index, key, market)),
        },
        _ => Err("EGeneral:Unknown method"),
    };
    match answered {
        Ok(body) => result(&body),
        Err(text) => error(text),
    }
}

/// The pairs a request names, with the keys of the answer; all when it names none.
fn chosen(request: &Request, names: &Names) -> Result<Vec<(u32, String)>, &'static str> {
    let Some(list) = request.query("pair") else {
        return Ok((0..).zip(&names.pairs).map(|(index, pair)| (index, pair.key.clone())).collect());
    };
    let find = |name: &str| names.rest(name).map(|(index, key)| (index, key.to_owned()));
    list.split(',').map(find).collect::<Option<_>>().ok_or("EQuery:Unknown asset pair")
}

fn time(now_ns: i64) -> String {
    json!({"unixtime": now_ns / NS_PER_SECOND, "rfc1123": stamp::rfc3339(now_ns, 0)}).to_string()
}

fn assets(market: &Market) -> String {
    let listings = market.instruments().iter().map(|instrument| &instrument.listing);
    let all: BTreeSet<&str> = listings.flat_map(|listing| [listing.base.as_str(), &listing.quote]).collect();
    let rows: Map<String, Value> = all
        .into_iter()
        .map(|name| {
            let (id, alternative) = asset(name);
            let row = json!({"aclass": "currency", "altname": alternative, "decimals": 10, "display_decimals": 5,
                "status": "enabled"});
            (id.to_owned(), row)
        })
        .collect();
    Value::Object(rows).to_string()
}

fn asset_pairs(chosen: &[(u32, String)], names: &Names, market: &Market) -> String {
    let row = |index: u32| {
        let (listing, pair) = (&market.instrument(index).listing, names.pair(index));
        json!({
            "altname": pair.alternative,
            "wsname": pair.legacy,
            "aclass_base": "currency",
            "base": asset(&listing.base).0,
            "aclass_quote": "currency",
            "quote": asset(&listing.quote).0,
            "lot": "unit",
            "cost_decimals": 5,
            "pair_decimals": listing.price_decimals,
            "lot_decimals": listing.lot_decimals,
            "lot_multiplier": 1,
            "leverage_buy": [],
            "leverage_sell": [],
            "fees": [],
            "fees_maker": [],
            "fee_volume_currency": "ZUSD",
            "margin_call": 80,
            "margin_stop": 40,
            "ordermin": quantity(listing, (listing.quantity / 100).max(1)).to_string(),
            "costmin": "0.5",
            "tick_size": price(listing, 1).to_string(),
            "status": "online",
            "execution_venue": "international",
        })
    };
    let rows: Map<String, Value> = chosen.iter().map(|(index, key)| (key.clone(), row(*index))).collect();
    Value::Object(rows).to_string()
}

fn tickers(chosen: &[(u32, String)], market: &mut Market) -> String {
    let mut rows = Map::new();
    for (index, key) in chosen {
        let day = market.day(*index);
        rows.insert(key.clone(), ticker(*index, &day, market));
    }
    Value::Object(rows).to_string()
}

/// Pairs of values are: today, and the last 24 hours.
fn ticker(index: u32, day: &Bar, market: &Market) -> Value {
    let instrument = market.instrument(index);
    let (listing, quote) = (&instrument.listing, &instrument.quote);
    let p = |ticks: i64| price(listing, ticks).to_string();
    let q = |lots: i128| quantity(listing, lots).to_string();
    let last = instrument.log.back().map_or(0, |trade| trade.quantity);
    let vwap = average(listing, day).to_string();
    json!({
        "a": [p(quote.ask), "1", q(quote.ask_quantity.into())],
        "b": [p(quote.bid), "1", q(quote.bid_quantity.into())],
        "c": [p(day.close), q(last.into())],
        "v": [q(day.volume / 2), q(day.volume)],
        "p": [vwap, vwap],
        "t": [day.count / 2, day.count],
        "l": [p(day.low), p(day.low)],
        "h": [p(day.high), p(day.high)],
        "o": p(day.open),
    })
}

fn ohlc(request: &Request, index: u32, key: &str, market: &Market) -> Result<String, &'static str> {
    let now_ns = market.now_ns();
    let minutes = request.query("interval").map_or(Some(1), |text| text.parse().ok()).unwrap_or_default();
    if !INTERVALS.contains(&minutes) {
        return Err("EGeneral:Invalid arguments");
    }
    let length_ns = minutes * 60 * NS_PER_SECOND;
    let newest_ns = aligned(now_ns, length_ns, 0);
    let oldest_ns = newest_ns - (ROWS_MAX as i64 - 1) * length_ns;
    let since_ns = request.number("since").map_or(i64::MIN, |since| since.saturating_mul(NS_PER_SECOND));
    let mut bars = market.filled(index, length_ns, 0, oldest_ns, now_ns + 1);
    bars.retain(|bar| bar.open_ns > since_ns);
    let listing = &market.instrument(index).listing;
    let rows: Vec<String> = bars.iter().map(|bar| ohlc_row(listing, bar)).collect();
    let last = (newest_ns - length_ns) / NS_PER_SECOND;
    Ok(format!(r#"{{"{key}":[{}],"last":{last}}}"#, rows.join(",")))
}

fn ohlc_row(listing: &Listing, bar: &Bar) -> String {
    let vwap = if bar.count == 0 { "0.0".to_owned() } else { average(listing, bar).to_string() };
    format!(
        r#"[{},"{}","{}","{}","{}","{vwap}","{}",{}]"#,
        bar.open_ns / NS_PER_SECOND,
        price(listing, bar.open),
        price(listing, bar.high),
        price(listing, bar.low),
        price(listing, bar.close),
        quantity(listing, bar.volume),
        bar.count
    )
}

/// With `since`: the oldest trades after it; without: the newest.
fn trades(request: &Request, index: u32, key: &str, market: &Market) -> String {
    let instrument = market.instrument(index);
    let count = request.number("count").unwrap_or(TRADES_MAX).clamp(1, TRADES_MAX) as usize;
    let since_ns = request.number("since").map(to_ns);
    let log = &instrument.log;
    let skip = match since_ns {
        Some(since_ns) => log.partition_point(|trade| trade.time_ns <= since_ns),
        None => log.len().saturating_sub(count),
    };
    let found: Vec<&MarketTrade> = log.iter().skip(skip).take(count).collect();
    let last_ns = found.last().map_or(since_ns.unwrap_or_default(), |trade| trade.time_ns);
    let rows: Vec<String> = found.iter().map(|trade| trade_row(&instrument.listing, trade)).collect();
    format!(r#"{{"{key}":[{}],"last":"{last_ns}"}}"#, rows.join(","))
}

fn depth(request: &Request, index: u32, key: &str, market: &Market) -> String {
    let instrument = market.instrument(index);
    let count = request.number("count").unwrap_or(100).clamp(1, LEVELS as i64) as usize;
    let book = Book::new(instrument, count);
    let second = instrument.quote.time_ns / NS_PER_SECOND;
    let rows = |levels: &[Level]| {
        let row = |(ticks, lots): &Level| {
            json!([
                price(&instrument.listing, *ticks).to_string(),
                quantity(&instrument.listing, *lots).to_string(),
                second
            ])
        };
        levels.iter().map(row).collect::<Vec<_>>()
    };
    json!({key: {"asks": rows(&book.asks), "bids": rows(&book.bids)}}).to_string()
}

/// `since` is nanoseconds; a small number is taken as seconds, as Kraken does.
fn to_ns(since: i64) -> i64 {
    if since < 100_000_000_000 { since.saturating_mul(NS_PER_SECOND) } else { since }
}

fn trade_row(listing: &Listing, trade: &MarketTrade) -> String {
    let mut row = String::new();
    let _ = write!(
        row,
        r#"["{}","{}",{},"{}","{}","",{}]"#,
        price(listing, trade.price),
        quantity(listing, trade.quantity),
        Decimal::new(trade.time_ns / 1_000, 6),
        if trade.buy { "b" } else { "s" },
        if is_limit(trade) { "l" } else { "m" },
        trade.id
    );
    row
}
