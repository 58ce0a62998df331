//! A venue as this plane reaches it: its hosts, whom it trusts there, and how it asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use tickplane_exchanges::{Exchange, Hosts, Meta};
use tickplane_model::ExchangeId;

use crate::config::{Config, ExchangeConfig};
use crate::error::DaemonError;
use crate::ledger::Ledger;
use crate::rest::Rest;
use crate::talk::Talk;
use crate::trust::Trust;

/// A venue's hosts and trust, from its metadata and config.
pub(crate) struct Venue {
    pub(crate) exchange: &'static dyn Exchange,
    /// Its markets, the main one first.
    pub(crate) markets: Vec<MarketSite>,
    pub(crate) trust: Trust,
    pub(crate) rest: Arc<Rest>,
}

/// One market of a venue as this plane reaches it.
pub(crate) struct MarketSite {
    pub(crate) meta: &'static Meta,
    /// WebSocket bases that are tried in turn, the preferred first.
    pub(crate) websockets: Vec<String>,
    pub(crate) rest: String,
}

impl MarketSite {
    fn new(config: &ExchangeConfig, main: &'static Meta, meta: &'static Meta) -> Self {
        let own = config.market(main, meta);
        let websockets = match own.websocket {
            Some(websocket) => vec![websocket],
            None => meta.websocket.iter().map(|base| (*base).to_owned()).collect(),
        };
        Self { meta, websockets, rest: own.rest.unwrap_or_else(|| meta.rest.to_owned()) }
    }

    /// Its hosts, by each of the WebSocket bases.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = Hosts> + '_ {
        self.websockets.iter().map(|websocket| Hosts { websocket: websocket.clone(), rest: self.rest.clone() })
    }
}

impl Venue {
    pub(crate) fn id(&self) -> ExchangeId {
        self.exchange.meta().id
    }
}

/// Whom each venue's connections trust: the only part of a venue that can be wrong.
pub(crate) fn trusts(
    config: &Config,
    exchanges: &[&'static dyn Exchange],
) -> Result<BTreeMap<ExchangeId, Trust>, DaemonError> {
    let load = |exchange: &&'static dyn Exchange| {
        let id = exchange.meta().id;
        let trust = Trust::load(config.exchange(id).ca.as_deref());
        trust.map(|trust| (id, trust)).map_err(|reason| DaemonError::Exchange { exchange: id, reason })
    };
    exchanges.iter().map(load).collect()
}

/// Every venue that is carried.
pub(crate) fn venues(
    config: &Config,
    exchanges: &[&'static dyn Exchange],
    mut trusts: BTreeMap<ExchangeId, Trust>,
    ledger: &Arc<Ledger>,
    talk: &Talk,
) -> BTreeMap<ExchangeId, Venue> {
    let venue = |exchange: &&'static dyn Exchange| {
        let main = exchange.meta();
        let trust = trusts.remove(&main.id)?;
        let own = config.exchange(main.id);
        let markets = exchange.markets().iter().map(|meta| MarketSite::new(&own, main, meta)).collect();
        let base = |meta: &Meta| own.market(main, meta).rest.unwrap_or_else(|| meta.rest.to_owned());
        let rest = Arc::new(Rest::new(*exchange, base, &trust, ledger.clone(), talk.clone()));
        Some((main.id, Venue { exchange: *exchange, markets, trust, rest }))
    };
    exchanges.iter().filter_map(venue).collect()
}
