//! A venue as this plane reaches it: its hosts, whom it trusts there, and how it asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use tickplane_exchanges::{Exchange, Hosts};
use tickplane_model::ExchangeId;

use crate::config::Config;
use crate::error::DaemonError;
use crate::ledger::Ledger;
use crate::rest::Rest;
use crate::talk::Talk;
use crate::trust::Trust;

/// A venue's hosts and trust, from its metadata and config.
pub(crate) struct Venue {
    pub(crate) exchange: &'static dyn Exchange,
    /// The preferred hosts.
    pub(crate) hosts: Hosts,
    /// WebSocket bases that are tried in turn, the preferred first.
    pub(crate) websockets: Vec<String>,
    pub(crate) trust: Trust,
    pub(crate) rest: Arc<Rest>,
}

impl Venue {
    pub(crate) fn id(&self) -> ExchangeId {
        self.exchange.meta().id
    }
}

/// Whom each venue's connections trust: the only part of a venue that can be wrong.
pub(crate) fn trusts(config: &Config) -> Result<BTreeMap<ExchangeId, Trust>, DaemonError> {
    let load = |exchange: &&'static dyn Exchange| {
        let id = exchange.meta().id;
        let trust = Trust::load(config.exchange(id).ca.as_deref());
        trust.map(|trust| (id, trust)).map_err(|reason| DaemonError::Exchange { exchange: id, reason })
    };
    tickplane_exchanges::all().iter().map(load).collect()
}

/// Every venue that is carried.
pub(crate) fn venues(
    config: &Config,
    mut trusts: BTreeMap<ExchangeId, Trust>,
    ledger: &Arc<Ledger>,
    talk: &Talk,
) -> BTreeMap<ExchangeId, Venue> {
    let venue = |exchange: &&'static dyn Exchange| {
        let meta = exchange.meta();
        let trust = trusts.remove(&meta.id)?;
        let own = config.exchange(meta.id);
        let websockets = match own.websocket {
            Some(websocket) => vec![websocket],
            None => meta.websocket.iter().map(|base| (*base).to_owned()).collect(),
        };
        let base = own.rest.unwrap_or_else(|| meta.rest.to_owned());
        let rest = Arc::new(Rest::new(*exchange, &base, &trust, ledger.clone(), talk.clone()));
        let hosts = Hosts { websocket: websockets[0].clone(), rest: base };
        Some((meta.id, Venue { exchange: *exchange, hosts, websockets, trust, rest }))
    };
    tickplane_exchanges::all().iter().filter_map(venue).collect()
}
