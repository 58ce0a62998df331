//! What is sent to Coinbase: one channel a message.

use tickplane_model::{Instrument, InstrumentIndex};

use super::meta::META;
use crate::plan;

/// Ours, not the venue's: one lost message puts every product of its connection in doubt.
pub(super) const PRODUCTS_PER_CONNECTION: usize = 250;

/// The channel of every trade.
pub(super) const TRADES: &str = "market_trades";

/// Channels that take products.
pub(super) const CHANNELS: [&str; 2] = [TRADES, "ticker"];

pub(super) fn messages(instruments: &[(InstrumentIndex, &Instrument)]) -> Vec<String> {
    let products = plan::tickers(instruments.iter().map(|(_, instrument)| *instrument));
    // First: it meets the deadline, and keeps quiet channels from being closed.
    let mut messages = vec![r#"{"type":"subscribe","channel":"heartbeats"}"#.to_owned()];
    for channel in CHANNELS {
        messages.extend(plan::messages(&META.limits, &products, |list, _| {
            format!(r#"{{"type":"subscribe","product_ids":[{list}],"channel":"{channel}"}}"#)
        }));
    }
    messages
}

/// The channels of a product cancelled and taken anew, the last trades as history included.
pub(super) fn again(product: &str) -> Vec<String> {
    let message = |kind, channel| format!(r#"{{"type":"{kind}","product_ids":["{product}"],"channel":"{channel}"}}"#);
    CHANNELS.iter().flat_map(|channel| ["unsubscribe", "subscribe"].map(|kind| message(kind, channel))).collect()
}
