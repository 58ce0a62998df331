//! What is sent to Binance.

use std::ops::Range;

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

/// The requests of a connection; their ids are their numbers, from 1.
pub(super) fn messages(tickers: &[String]) -> Vec<String> {
    plan::messages(&META.limits, &streams(tickers), |list, number| {
        format!(r#"{{"method":"SUBSCRIBE","params":[{list}],"id":{}}}"#, number + 1)
    })
}

/// Which of the tickers each of those requests asks for. One whose streams stand in two is asked for by the one with
/// its trades.
pub(super) fn asked(tickers: &[String]) -> Vec<Range<usize>> {
    let whole = |at: usize| at.div_ceil(STREAMS.len());
    let batches = plan::batches(&META.limits, &streams(tickers));
    batches.into_iter().map(|streams| whole(streams.start)..whole(streams.end)).collect()
}

/// The streams of each ticker, its trades first.
fn streams(tickers: &[String]) -> Vec<String> {
    tickers.iter().flat_map(|ticker| STREAMS.map(|stream| format!("{}@{stream}", ticker.to_lowercase()))).collect()
}

/// The streams of a symbol cancelled, by the request of this id, and taken anew, by the next.
pub(super) fn again(ticker: &str, id: usize) -> Vec<String> {
    let ticker = ticker.to_lowercase();
    let list = STREAMS.map(|stream| format!(r#""{ticker}@{stream}""#)).join(",");
    let message = |(number, method)| format!(r#"{{"method":"{method}","params":[{list}],"id":{}}}"#, id + number);
    ["UNSUBSCRIBE", "SUBSCRIBE"].into_iter().enumerate().map(message).collect()
}
