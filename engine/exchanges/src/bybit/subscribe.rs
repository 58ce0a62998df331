//! What is sent to Bybit.

use tickplane_model::{Instrument, InstrumentIndex, Product};

use super::meta;
use crate::{Hosts, plan};

/// Topics of one ticker: every trade, and the book's first level.
pub(super) const TOPICS: [&str; 2] = ["publicTrade", "orderbook.1"];

/// The topics of a connection may have 21,000 characters together: two of 42 each fit so often.
pub(super) const TICKERS_PER_CONNECTION: usize = 250;

/// An idle connection is cut after ten minutes; a ping each 20 s is what the venue recommends.
pub(super) const PING_EVERY_NS: i64 = 20_000_000_000;

pub(super) const PING: &str = r#"{"req_id":"ping","op":"ping"}"#;

pub(super) fn url(hosts: &Hosts, product: Product) -> String {
    let class = if product == Product::Spot { "spot" } else { "linear" };
    format!("{}/v5/public/{class}", hosts.websocket.trim_end_matches('/'))
}

/// The topics that each request names, in order.
pub(super) fn requests(instruments: &[(InstrumentIndex, &Instrument)]) -> Vec<Vec<String>> {
    let tickers = plan::tickers(instruments.iter().map(|(_, instrument)| *instrument));
    let topics: Vec<String> =
        tickers.iter().flat_map(|ticker| TOPICS.map(|topic| format!("{topic}.{ticker}"))).collect();
    topics.chunks(meta::MARKETS[0].limits.subscriptions_per_message).map(<[String]>::to_vec).collect()
}

/// A request that names these topics; answers repeat its id.
pub(super) fn message(op: &str, topics: &[String], id: &str) -> String {
    let list: Vec<String> = topics.iter().map(|topic| format!(r#""{topic}""#)).collect();
    format!(r#"{{"req_id":"{id}","op":"{op}","args":[{}]}}"#, list.join(","))
}

/// The topics of a ticker cancelled and taken anew. The id names the ticker, so that the answer does.
pub(super) fn again(ticker: &str, id: usize) -> Vec<String> {
    let topics = TOPICS.map(|topic| format!("{topic}.{ticker}"));
    let message = |(number, op)| message(op, &topics, &format!("{}.{ticker}", id + number));
    ["unsubscribe", "subscribe"].into_iter().enumerate().map(message).collect()
}
