//! Coinbase Advanced Trade: the market-data socket, and the public part of `/api/v3/brokerage`.
//!
//! Sources: the channels documentation, frames recorded 2025-10 to 2026-09, REST fixtures of 2026-04.

mod feed;
mod level2;
mod messages;
mod rest;

use std::collections::HashMap;
use std::sync::Arc;

use tickplane_model::{ExchangeId, NS_PER_SECOND};

use crate::fault::label;
use crate::market::{self, Market, Offer};
use crate::server::http::{Request, Response};
use crate::server::window::Window;
use crate::venue::{Feed, Profile, Venue};

/// Connections a second and REST requests a second, per IP.
const CONNECTS: u64 = 8;
const REQUESTS: u64 = 10;

/// Product ids and the indexes of their instruments; `X-USDC` is an alias of `X-USD`.
pub(crate) type Products = Arc<HashMap<String, u32>>;

/// How it is made.
pub(crate) static PROFILE: Profile = Profile {
    exchange: ExchangeId::Coinbase,
    offer: Offer { quotes: &market::COINBASE_QUOTES, has_perpetuals: false, steps },
    websocket_path: "",
    make: |market| Box::new(Coinbase::new(market)),
    is_data: label::is_coinbase,
};

/// Prices of seven digits; lots of 1e-8.
fn steps(magnitude: i32, _base_usd: f64) -> (u32, u32) {
    ((6 - magnitude).clamp(2, 10) as u32, 8)
}

/// Coinbase Advanced Trade.
pub(crate) struct Coinbase {
    products: Products,
    connects: Window,
    incoming: feed::Incoming,
    requests: Window,
    start_ns: i64,
}

impl Coinbase {
    /// The venue of a market.
    pub(crate) fn new(market: &Market) -> Self {
        let mut products = HashMap::new();
        for (index, instrument) in (0..).zip(market.instruments()) {
            let listing = &instrument.listing;
            products.insert(listing.symbol.as_str().to_owned(), index);
            if listing.quote == "USD" {
                products.insert(format!("{}-USDC", listing.base), index);
            }
        }
        Self {
            products: Arc::new(products),
            connects: Window::new(CONNECTS, NS_PER_SECOND),
            incoming: feed::Incoming::default(),
            requests: Window::new(REQUESTS, NS_PER_SECOND),
            start_ns: market.origin_ns(),
        }
    }
}

impl Venue for Coinbase {
    fn upgrade(&mut self, _request: &Request, _market: &Market, now_ns: i64) -> Result<Box<dyn Feed>, Response> {
        if !self.connects.take(now_ns) {
            return Err(rest::too_many());
        }
        Ok(Box::new(feed::CoinbaseFeed::new(Arc::clone(&self.products), self.incoming.clone(), self.start_ns, now_ns)))
    }

    fn hurry(&mut self, times: u32) {
        self.connects.hurry(times);
        self.requests.hurry(times);
    }

    fn rest(&mut self, request: &Request, market: &mut Market, now_ns: i64) -> Response {
        let admitted = self.requests.take(now_ns);
        let left = REQUESTS - self.requests.used();
        let response = if admitted { rest::answer(request, &self.products, market, now_ns) } else { rest::too_many() };
        response
            .header("x-ratelimit-limit", REQUESTS)
            .header("x-ratelimit-remaining", left)
            .header("x-ratelimit-reset", 1)
    }
}

#[cfg(test)]
mod tests;
