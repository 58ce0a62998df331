//! Which connection attempt and which message counts against which venue's limit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tickplane_exchanges::{Limits, Rate, Scope};
use tickplane_model::ExchangeId;
use tickplane_runtimes::{Booking, Gate, SystemClock};
use tickplane_segments::HoldKind;
use tickplane_shards::{Address, Clock};

use crate::ledger::{Booked, Claim, Ledger};
use crate::venue::Venue;

/// What a venue without a stated limit is taken to allow: its number is unknown, not endless.
const RATE_UNKNOWN: Rate = Rate { count: 10, per_ms: 1_000 };

/// What one venue allows, and the keys under which the ledger counts.
#[derive(Clone)]
struct Limit {
    key: String,
    attempts: Rate,
    /// Key and rate of messages, where all connections of an IP share them.
    messages: Option<(String, Rate)>,
    /// Whether an attempt is booked with its first message.
    with_message: bool,
}

impl Limit {
    fn new(key: &str, limits: &Limits) -> Self {
        // One message of each period is left for pongs, which nobody books.
        let booked =
            |rate: Rate| (format!("{key} messages"), Rate { count: rate.count.saturating_sub(1).max(1), ..rate });
        let messages = limits.outgoing.filter(|_| limits.outgoing_scope == Scope::Ip).map(booked);
        Self {
            key: key.to_owned(),
            attempts: limits.connects.unwrap_or(RATE_UNKNOWN),
            messages,
            with_message: limits.books_first_message(),
        }
    }

    fn message(&self) -> Option<Claim<'_>> {
        self.messages.as_ref().map(|(key, rate)| Claim { key, rate: *rate, is_spread: false })
    }

    /// An attempt, and the message that must follow as soon as it stands.
    fn attempt(&self) -> Vec<Claim<'_>> {
        let attempt = Claim { key: &self.key, rate: self.attempts, is_spread: true };
        std::iter::once(attempt).chain(self.message().filter(|_| self.with_message)).collect()
    }
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
                let limit = Limit::new(&key, &site.meta.limits);
                // An address that is none never leads to an attempt.
                for address in site.websockets.iter().filter_map(|url| Address::parse(url).ok()) {
                    limits.insert((address.host, address.port), limit.clone());
                }
            }
        }
        Self { ledger, limits, keys }
    }

    /// Keeps every connection away from a venue that wants none for a while.
    pub(crate) fn close(&self, exchange: ExchangeId, wait_ms: u64) -> std::io::Result<()> {
        let Some(key) = self.keys.get(&exchange) else { return Ok(()) };
        let now_ns = now_ns();
        self.ledger.close(key, now_ns + wait_ms as i64 * 1_000_000, now_ns)
    }
}

impl ConnectGate {
    fn limit(&self, host: &str, port: u16) -> Option<&Limit> {
        self.limits.get(&(host.to_owned(), port))
    }

    /// Without the ledger nothing is counted; one of each in its period stays within any limit.
    fn book_all(&self, claims: &[Claim<'_>]) -> Booked {
        let period_ms = claims.iter().map(|claim| claim.rate.per_ms).max().unwrap_or(0);
        let uncounted = Booked { wait: Duration::from_millis(period_ms.into()), is_banned: false };
        self.ledger.book_all(claims, now_ns()).unwrap_or(uncounted)
    }
}

impl Gate for ConnectGate {
    fn book(&self, host: &str, port: u16) -> Booking {
        let claims = self.limit(host, port).map(Limit::attempt).unwrap_or_default();
        let Booked { wait, is_banned } = self.book_all(&claims);
        Booking { wait, hold: if is_banned { HoldKind::Ban } else { HoldKind::Limit } }
    }

    fn book_message(&self, host: &str, port: u16) -> Duration {
        let claim = self.limit(host, port).and_then(Limit::message);
        claim.map_or(Duration::ZERO, |claim| self.book_all(&[claim]).wait)
    }

    fn closed_for(&self, host: &str, port: u16) -> Duration {
        let closed = self.limit(host, port).map(|limit| self.ledger.closed_for(&limit.key, now_ns()));
        // A ledger that cannot be read says nothing; the venue repeats itself.
        closed.and_then(Result::ok).unwrap_or_default()
    }
}

fn now_ns() -> i64 {
    SystemClock::new().now().epoch_ns
}

#[cfg(test)]
mod tests {
    use tickplane_exchanges::Exchange;

    use super::*;
    use crate::config::{Config, ExchangeConfig};
    use crate::talk::Talk;
    use crate::venue::{trusts, venues};

    fn gate(config: &Config, ledger: &Arc<Ledger>) -> ConnectGate {
        let all: &[&'static dyn Exchange] = tickplane_exchanges::all();
        let talk = Talk::new(crossbeam_channel::unbounded().0);
        let venues = venues(config, all, trusts(config, all).unwrap(), ledger, &talk);
        ConnectGate::new(ledger.clone(), venues.values())
    }

    #[test]
    fn hosts_of_a_venue_share_its_limit_over_gates_and_a_host_from_the_config_has_its_own() {
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        // Two shards, or two planes: each books by itself.
        let (one, other) = (gate(&Config::default(), &ledger), gate(&Config::default(), &ledger));
        for _ in 0..150 {
            one.book("stream.binance.com", 9443);
            other.book("stream.binance.com", 443);
        }
        // 300 in five minutes are spent; whoever comes now comes after them.
        for (gate, host, port) in [(&one, "data-stream.binance.vision", 443), (&other, "stream.binance.com", 9443)] {
            let wait = gate.book(host, port).wait;
            assert!(wait > Duration::from_secs(60), "{host} waits {wait:?}");
        }
        assert_eq!(one.book("ws.kraken.com", 443).wait, Duration::ZERO);
        let own = ExchangeConfig::at("wss://localhost:7001", "https://localhost:7001");
        let exchanges = [(ExchangeId::Binance, own)].into_iter().collect();
        let elsewhere = gate(&Config { exchanges, ..Config::default() }, &ledger);
        assert_eq!(elsewhere.book("localhost", 7001).wait, Duration::ZERO);
    }

    #[test]
    fn a_ban_closes_every_host_of_its_venue_and_no_other() {
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        let (one, other) = (gate(&Config::default(), &ledger), gate(&Config::default(), &ledger));
        one.close(ExchangeId::Binance, 90_000).unwrap();
        for (host, port) in [("stream.binance.com", 9443), ("data-stream.binance.vision", 443)] {
            assert!(other.closed_for(host, port) > Duration::from_secs(80), "{host}");
            assert_eq!(other.book(host, port).hold, HoldKind::Ban, "{host}");
        }
        assert_eq!(other.closed_for("ws.kraken.com", 443), Duration::ZERO);
    }
}
