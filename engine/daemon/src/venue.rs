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
    pub(crate) hosts: Hosts,
    pub(crate) trust: Trust,
    pub(crate) rest: Arc<Rest>,
}

impl Venue {
    pub(crate) fn id(&self) -> ExchangeId {
        self.exchange.meta().id
    }
}

/// Every venue that is carried.
pub(crate) fn venues(
    config: &Config,
    ledger: &Arc<Ledger>,
    talk: &Talk,
) -> Result<BTreeMap<ExchangeId, Venue>, DaemonError> {
    let mut venues = BTreeMap::new();
    for exchange in tickplane_exchanges::all() {
        let meta = exchange.meta();
        let own = config.exchange(meta.id);
        let websocket = own.websocket.unwrap_or_else(|| meta.websocket[0].to_owned());
        let base = own.rest.unwrap_or_else(|| meta.rest.to_owned());
        let trust =
            Trust::load(own.ca.as_deref()).map_err(|reason| DaemonError::Exchange { exchange: meta.id, reason })?;
        let rest = Arc::new(Rest::new(*exchange, &base, &trust, ledger.clone(), talk.clone()));
        let hosts = Hosts { websocket, rest: base };
        venues.insert(meta.id, Venue { exchange: *exchange, hosts, trust, rest });
    }
    Ok(venues)
}
