//! Binance spot: `/ws` and `/stream` sockets, and `/api/v3`.
//!
//! Sources: binance-spot-api-docs (web-socket-streams.md, rest-api.md, 2026-07-21) and recorded frames.

mod depth;
mod feed;
mod kline;
mod messages;
mod request;
mod rest;
mod stream;

use std::collections::HashMap;
use std::sync::Arc;

use tickplane_model::{ExchangeId, NS_PER_SECOND};

use crate::fault::label;
use crate::market::{self, Market, Offer};
use crate::server::http::{Request, Response};
use crate::server::window::Window;
use crate::venue::{Feed, Profile, Venue};

/// Connection attempts per IP.
const CONNECTS: u64 = 300;
const CONNECTS_NS: i64 = 300 * NS_PER_SECOND;

/// How it is made.
pub(crate) static PROFILE: Profile = Profile {
    exchange: ExchangeId::Binance,
    offer: Offer { quotes: &market::BINANCE_QUOTES, has_perpetuals: false, steps: market::lots_by_worth },
    websocket_path: "",
    make: |market| Box::new(Binance::new(market)),
    is_data: label::is_binance,
};

/// The venue's tickers and the indexes of their instruments.
pub(crate) type Tickers = Arc<HashMap<String, u32>>;

/// Binance spot.
pub(crate) struct Binance {
    tickers: Tickers,
    connects: Window,
    budget: rest::Budget,
}

impl Binance {
    /// The venue of a market.
    pub(crate) fn new(market: &Market) -> Self {
        let tickers = (0..).zip(market.instruments()).map(|(index, instrument)| (ticker(&instrument.listing), index));
        Self {
            tickers: Arc::new(tickers.collect()),
            connects: Window::new(CONNECTS, CONNECTS_NS),
            budget: rest::Budget::default(),
        }
    }
}

impl Venue for Binance {
    fn upgrade(&mut self, request: &Request, market: &Market, now_ns: i64) -> Result<Box<dyn Feed>, Response> {
        if !self.connects.take(now_ns) {
            return Err(Response::json(429, "").header("Retry-After", 300));
        }
        let (combined, streams) = if let Some(path) = request.path.strip_prefix("/ws") {
            (false, path.trim_matches('/').to_owned())
        } else if request.path.trim_end_matches('/') == "/stream" {
            (true, request.query("streams").unwrap_or_default().to_owned())
        } else {
            return Err(Response::json(404, ""));
        };
        let microseconds = request.query("timeUnit").is_some_and(|unit| unit.eq_ignore_ascii_case("microsecond"));
        let streams = streams.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let tickers = Arc::clone(&self.tickers);
        Ok(Box::new(feed::BinanceFeed::new(tickers, combined, streams, microseconds, now_ns, market.is_recorded())))
    }

    fn hurry(&mut self, times: u32) {
        self.connects.hurry(times);
        self.budget.hurry(times);
    }

    fn rest(&mut self, request: &Request, market: &mut Market, now_ns: i64) -> Response {
        rest::answer(request, &self.tickers, market, &mut self.budget, now_ns)
    }
}

/// `BTCUSDT`.
fn ticker(listing: &crate::market::Listing) -> String {
    format!("{}{}", listing.base, listing.quote)
}

#[cfg(test)]
mod tests;
