//! Kraken spot: WebSocket v2, and `/0/public`.
//!
//! Sources: docs.kraken.com, frames recorded 2024-05 to 2026-09, REST fixtures.

mod asked;
mod books;
mod checksum;
mod feed;
mod messages;
mod names;
mod rest;

use std::sync::Arc;

use tickplane_model::ExchangeId;

use crate::fault::label;
use crate::market::{self, Market, Offer, Random};
use crate::server::http::{Request, Response};
use crate::venue::{Feed, Profile, Venue};

/// How it is made.
pub(crate) static PROFILE: Profile = Profile {
    exchange: ExchangeId::Kraken,
    offer: Offer { quotes: &market::KRAKEN_QUOTES, has_perpetuals: false, steps: market::fine_lots },
    websocket_path: "/v2",
    make: |market| Box::new(Kraken::new(market)),
    is_data: label::is_kraken,
};

/// Kraken spot.
pub(crate) struct Kraken {
    names: Arc<names::Names>,
    limits: rest::Limits,
    connection_ids: Random,
}

impl Kraken {
    /// The venue of a market.
    pub(crate) fn new(market: &Market) -> Self {
        Self {
            names: Arc::new(names::Names::new(market)),
            limits: rest::Limits::default(),
            connection_ids: Random::new(market.origin_ns() as u64, 3),
        }
    }
}

impl Venue for Kraken {
    fn upgrade(&mut self, request: &Request, _market: &Market, now_ns: i64) -> Result<Box<dyn Feed>, Response> {
        if request.path.trim_end_matches('/') != "/v2" {
            return Err(Response::json(404, ""));
        }
        // Real ids are larger than 2^53: clients must not read them as floats.
        let connection_id = self.connection_ids.next() | 1 << 63;
        Ok(Box::new(feed::KrakenFeed::new(Arc::clone(&self.names), connection_id, now_ns)))
    }

    fn hurry(&mut self, times: u32) {
        self.limits.hurry(times);
    }

    fn rest(&mut self, request: &Request, market: &mut Market, now_ns: i64) -> Response {
        rest::answer(request, &self.names, &mut self.limits, market, now_ns)
    }
}

#[cfg(test)]
mod tests;
