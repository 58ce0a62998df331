//! Bybit v5: `/v5/public/{spot,linear}`, and `/v5/market`. Spot and linear perpetual contracts share tickers.
//!
//! Sources: github.com/bybit-exchange/docs (docs/v5, July 2026), frames recorded in April 2023.

mod feed;
mod messages;
mod rest;

use std::collections::HashMap;
use std::sync::Arc;

use tickplane_model::{ExchangeId, NS_PER_SECOND, Product};

use crate::fault::Parts;
use crate::market::{self, Listing, Market, Offer};
use crate::server::http::{Request, Response};
use crate::server::window::Window;
use crate::venue::{Feed, Profile, Venue};

/// How it is made.
pub(crate) static PROFILE: Profile = Profile {
    exchange: ExchangeId::Bybit,
    offer: Offer { quotes: &QUOTES, has_perpetuals: true, steps: market::lots_by_worth },
    websocket_path: "",
    make: |market| Box::new(Bybit::new(market)),
    is_data,
};

const QUOTES: [(&str, f64); 10] = [
    ("USDT", 1.0),
    ("USDC", 1.0),
    ("EUR", 1.17),
    ("BTC", 83_744.0),
    ("ETH", 2_668.0),
    ("BRL", 0.185),
    ("TRY", 0.024),
    ("PLN", 0.27),
    ("MNT", 1.4),
    ("USDE", 1.0),
];

/// Connections and requests per IP.
const CONNECTS: (u64, i64) = (500, 300 * NS_PER_SECOND);
const REQUESTS: (u64, i64) = (600, 5 * NS_PER_SECOND);

/// The indexes of instruments by class and ticker.
pub(crate) type Tickers = Arc<HashMap<(Product, String), u32>>;

/// Bybit.
pub(crate) struct Bybit {
    tickers: Tickers,
    connects: Window,
    requests: Window,
}

impl Bybit {
    /// The venue of a market.
    pub(crate) fn new(market: &Market) -> Self {
        let ticker = |(index, listing): (u32, &Listing)| ((listing.product, ticker(listing)), index);
        let listings = market.instruments().iter().map(|instrument| &instrument.listing);
        Self {
            tickers: Arc::new((0..).zip(listings).map(ticker).collect()),
            connects: Window::new(CONNECTS.0, CONNECTS.1),
            requests: Window::new(REQUESTS.0, REQUESTS.1),
        }
    }
}

impl Venue for Bybit {
    fn hurry(&mut self, times: u32) {
        self.connects.hurry(times);
        self.requests.hurry(times);
    }

    fn upgrade(&mut self, request: &Request, _market: &Market, now_ns: i64) -> Result<Box<dyn Feed>, Response> {
        if !self.connects.take(now_ns) {
            return Err(Response::json(403, ""));
        }
        let class = request.path.trim_end_matches('/').strip_prefix("/v5/public/").and_then(product);
        let product = class.ok_or_else(|| Response::json(404, ""))?;
        Ok(Box::new(feed::BybitFeed::new(Arc::clone(&self.tickers), product, now_ns)))
    }

    fn rest(&mut self, request: &Request, market: &mut Market, now_ns: i64) -> Response {
        if !self.requests.take(now_ns) {
            return Response::json(403, r#"{"retCode":10018,"retMsg":"access too frequent"}"#);
        }
        rest::answer(request, &self.tickers, market, now_ns)
    }
}

/// The product of a class of the venue.
fn product(class: &str) -> Option<Product> {
    match class {
        "spot" => Some(Product::Spot),
        "linear" => Some(Product::Perpetual),
        _ => None,
    }
}

/// `BTCUSDT`, of both products.
fn ticker(listing: &Listing) -> String {
    format!("{}{}", listing.base, listing.quote)
}

/// Spot and contracts of a symbol have one ticker: what is withheld of the one is of both.
fn is_data(symbol: Option<&Parts>, trades_only: bool, text: &str) -> bool {
    let Some(topic) = text.strip_prefix(r#"{"topic":""#).and_then(|rest| rest.split('"').next()) else { return false };
    let is_of = symbol.is_none_or(|symbol| topic.ends_with(&format!(".{}", symbol.joined(""))));
    is_of && (!trades_only || topic.starts_with("publicTrade."))
}

#[cfg(test)]
mod tests;
