//! What is sent to Binance.

use tickplane_model::{Instrument, InstrumentIndex};

use super::meta::META;
use crate::{Hosts, plan};

/// Streams of one symbol: every trade, every change of the best bid and ask.
pub(super) const STREAMS: [&str; 2] = ["trade", "bookTicker"];

/// 1,024 streams a connection.
pub(super) const SYMBOLS_PER_CONNECTION: usize = META.limits.subscriptions_per_connection / STREAMS.len();

/// Raw streams: the combined form only repeats the stream's name in each message.
pub(super) fn url(hosts: &Hosts) -> String {
    format!("{}/ws", hosts.websocket.trim_end_matches('/'))
}

pub(super) fn messages(instruments: &[(InstrumentIndex, &Instrument)]) -> Vec<String> {
    let tickers = plan::tickers(instruments.iter().map(|(_, instrument)| *instrument));
    let streams: Vec<String> =
        tickers.iter().flat_map(|ticker| STREAMS.map(|stream| format!("{}@{stream}", ticker.to_lowercase()))).collect();
    plan::messages(&META.limits, &streams, |list, number| {
        format!(r#"{{"method":"SUBSCRIBE","params":[{list}],"id":{}}}"#, number + 1)
    })
}

/// The streams of a symbol cancelled and taken anew.
pub(super) fn again(ticker: &str, id: usize) -> Vec<String> {
    let ticker = ticker.to_lowercase();
    let list = STREAMS.map(|stream| format!(r#""{ticker}@{stream}""#)).join(",");
    let message = |(number, method)| format!(r#"{{"method":"{method}","params":[{list}],"id":{}}}"#, id + number);
    ["UNSUBSCRIBE", "SUBSCRIBE"].into_iter().enumerate().map(message).collect()
}
