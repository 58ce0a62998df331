//! What is sent to Kraken.

use tickplane_model::{Instrument, InstrumentIndex};

use super::meta::META;
use crate::plan;

/// Ours, not the venue's: it asks for few connections, and each must stay readable in a burst.
pub(super) const PAIRS_PER_CONNECTION: usize = 250;

/// The venue drops clients that never speak; its answer also shows that the connection lives.
pub(super) const PING_EVERY_NS: i64 = 30_000_000_000;

pub(super) const PING: &str = r#"{"method":"ping"}"#;

/// Trades with the last 50 as history, and the best bid and ask at each change.
pub(super) const CHANNELS: [(&str, &str); 2] =
    [("trade", r#""snapshot":true"#), ("ticker", r#""event_trigger":"bbo","snapshot":true"#)];

pub(super) fn messages(instruments: &[(InstrumentIndex, &Instrument)]) -> Vec<String> {
    let pairs = plan::tickers(instruments.iter().map(|(_, instrument)| *instrument));
    let mut messages = Vec::new();
    for (channel, options) in CHANNELS {
        let before = messages.len();
        messages.extend(plan::messages(&META.limits, &pairs, |list, number| {
            message("subscribe", channel, list, &format!(",{options}"), before + number + 1)
        }));
    }
    messages
}

/// The channels of a pair cancelled and taken anew, the last trades as history included.
pub(super) fn again(pair: &str, id: usize) -> Vec<String> {
    let list = format!(r#""{pair}""#);
    let mut messages = Vec::with_capacity(2 * CHANNELS.len());
    for (channel, options) in CHANNELS {
        let id = id + messages.len();
        messages.push(message("unsubscribe", channel, &list, "", id));
        messages.push(message("subscribe", channel, &list, &format!(",{options}"), id + 1));
    }
    messages
}

fn message(method: &str, channel: &str, list: &str, options: &str, id: usize) -> String {
    format!(r#"{{"method":"{method}","params":{{"channel":"{channel}","symbol":[{list}]{options}}},"req_id":{id}}}"#)
}
