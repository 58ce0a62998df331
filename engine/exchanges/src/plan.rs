//! Instruments over connections, and names over messages, within a venue's limits.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use tickplane_model::Instrument;

use crate::{ConnectionPlan, Endpoint, Limits};

/// Distributes instruments over connections of `per_connection` venue tickers, in order; each ticker takes
/// `channels` subscriptions.
///
/// Instruments that share a ticker share its connection and its subscription.
pub(crate) fn connections(
    instruments: &[Instrument],
    per_connection: usize,
    channels: usize,
    url: &str,
) -> Vec<ConnectionPlan> {
    let mut plans: Vec<ConnectionPlan> = Vec::new();
    let mut connection_of: HashMap<&str, usize> = HashMap::new();
    for (position, instrument) in instruments.iter().enumerate() {
        let next = connection_of.len() / per_connection;
        let tickers = connection_of.len();
        let connection = *connection_of.entry(&instrument.venue_symbol).or_insert(next);
        if connection == plans.len() {
            plans.push(ConnectionPlan {
                endpoint: Endpoint::Url(url.to_owned()),
                route: "",
                headers: Vec::new(),
                has_trades: true,
                subscriptions: 0,
                instruments: Vec::new(),
            });
        }
        plans[connection].instruments.push(position);
        plans[connection].subscriptions += channels * (connection_of.len() - tickers);
    }
    plans
}

/// The venue tickers of a session's instruments, each once, in order.
pub(crate) fn tickers<'a>(instruments: impl Iterator<Item = &'a Instrument>) -> Vec<String> {
    let mut seen = HashSet::new();
    let new = instruments.filter(|instrument| seen.insert(instrument.venue_symbol.as_str()));
    new.map(|instrument| instrument.venue_symbol.clone()).collect()
}

/// Whether a ticker can stand in a JSON string and a URL as it is.
pub(crate) fn is_plain(ticker: &str) -> bool {
    !ticker.is_empty() && ticker.chars().all(|c| !c.is_control() && !c.is_whitespace() && !r#""\&?#%"#.contains(c))
}

/// Bytes that the words around a list of names may take in a message.
const FRAME_BYTES_MAX: usize = 160;

/// As few messages as the limits allow, each naming some of `names`. `frame` gets the quoted names, joined by commas,
/// and the number of the message.
pub(crate) fn messages(limits: &Limits, names: &[String], frame: impl Fn(&str, usize) -> String) -> Vec<String> {
    let message = |(number, named): (usize, Range<usize>)| frame(&quoted(&names[named]), number);
    batches(limits, names).into_iter().enumerate().map(message).collect()
}

/// Which of `names` each of those messages names: neighbours, in order.
pub(crate) fn batches(limits: &Limits, names: &[String]) -> Vec<Range<usize>> {
    let count_max = unlimited_if_zero(limits.subscriptions_per_message);
    let bytes_max = unlimited_if_zero(limits.message_bytes_max).saturating_sub(FRAME_BYTES_MAX);
    let mut batches = Vec::new();
    let (mut first, mut bytes) = (0, 0);
    for (at, name) in names.iter().enumerate() {
        // Two quotes and a comma.
        let name_bytes = name.len() + 3;
        if at > first && (at - first == count_max || bytes + name_bytes > bytes_max) {
            batches.push(first..at);
            (first, bytes) = (at, 0);
        }
        bytes += name_bytes;
    }
    if first < names.len() {
        batches.push(first..names.len());
    }
    batches
}

/// Names in quotes, joined by commas.
fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!(r#""{name}""#)).collect();
    names.join(",")
}

const fn unlimited_if_zero(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}
