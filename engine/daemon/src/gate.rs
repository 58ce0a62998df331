//! Which connection attempt counts against which venue's limit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tickplane_exchanges::Rate;
use tickplane_model::ExchangeId;
use tickplane_runtimes::{Gate, SystemClock};
use tickplane_shards::{Address, Clock};

use crate::ledger::Ledger;
use crate::venue::Venue;

/// One venue's limit, and the key under which the ledger counts.
#[derive(Clone)]
struct Limit {
    key: String,
    rate: Rate,
}

/// Books connection attempts in the ledger. The venue's own hosts share one limit, since it counts by IP and not by host;
/// a host from the config has its own.
pub(crate) struct ConnectGate {
    ledger: Arc<Ledger>,
    limits: BTreeMap<(String, u16), Limit>,
    keys: BTreeMap<ExchangeId, String>,
}

impl ConnectGate {
    pub(crate) fn new<'a>(ledger: Arc<Ledger>, venues: impl Iterator<Item = &'a Venue>) -> Self {
        let (mut limits, mut keys) = (BTreeMap::new(), BTreeMap::new());
        for venue in venues {
            let main = venue.exchange.meta();
            for site in &venue.markets {
                let is_own = site.meta.websocket.contains(&site.websockets[0].as_str());
                let key = if is_own { main.id.to_string() } else { format!("{} {}", main.id, site.websockets[0]) };
                keys.entry(main.id).or_insert_with(|| key.clone());
                let Some(rate) = site.meta.limits.connects else { continue };
                // An address that is none never leads to an attempt.
                for address in site.websockets.iter().filter_map(|url| Address::parse(url).ok()) {
                    limits.insert((address.host, address.port), Limit { key: key.clone(), rate });
                }
            }
        }
        Self { ledger, limits, keys }
    }

    /// Keeps every connection away from a venue that wants none for a while.
    pub(crate) fn close(&self, exchange: ExchangeId, wait_ms: u64) -> std::io::Result<()> {
        let Some(key) = self.keys.get(&exchange) else { return Ok(()) };
        let now_ns = SystemClock::new().now().epoch_ns;
        self.ledger.close(key, now_ns + wait_ms as i64 * 1_000_000, now_ns)
    }
}

impl Gate for ConnectGate {
    fn book(&self, host: &str, port: u16) -> Duration {
        let Some(Limit { key, rate }) = self.limits.get(&(host.to_owned(), port)) else { return Duration::ZERO };
        let booked = self.ledger.book(key, *rate, SystemClock::new().now().epoch_ns);
        // Without the ledger no attempt is counted; one in each period stays within any limit.
        booked.unwrap_or(Duration::from_millis(rate.per_ms.into()))
    }
}
