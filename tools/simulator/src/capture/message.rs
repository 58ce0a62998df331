//! A recorded message, as far as playing it needs.

use tickplane_model::ExchangeId;

use super::{binance, coinbase, kraken};

/// Market data.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Message {
    /// As recorded.
    pub(crate) text: String,
    /// Binance: the stream's name; elsewhere the channel.
    pub(crate) stream: String,
    /// Where the payload begins in a combined message of Binance; it ends before the last brace. 0 elsewhere.
    pub(crate) payload_at: usize,
    /// The symbols it is about, in the venue's spelling.
    pub(crate) symbols: Vec<String>,
    pub(crate) trades: Vec<TradeText>,
    pub(crate) quote: Option<QuoteText>,
}

/// A trade with its digits as sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TradeText {
    pub(crate) symbol: String,
    pub(crate) id: u64,
    pub(crate) price: String,
    pub(crate) quantity: String,
    pub(crate) time_ns: i64,
    /// Whether the taker bought.
    pub(crate) buy: bool,
}

/// Best bid and ask with their digits as sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct QuoteText {
    pub(crate) update_id: u64,
    /// Price and quantity.
    pub(crate) bid: [String; 2],
    pub(crate) ask: [String; 2],
}

/// What a text is to a venue.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Reading {
    Data(Message),
    /// The same protocol on a market that is not simulated.
    Foreign(&'static str),
    /// An ack, a heartbeat, another protocol.
    Other,
}

/// Reads a text as a venue's.
pub(super) fn read(exchange: ExchangeId, text: &str) -> Reading {
    match exchange {
        ExchangeId::Binance => binance::read(text),
        ExchangeId::Coinbase => coinbase::read(text),
        ExchangeId::Kraken => kraken::read(text),
        _ => Reading::Other,
    }
}

/// Base and quote of a symbol in the venue's spelling.
pub(super) fn parts(exchange: ExchangeId, symbol: &str) -> Option<(String, String)> {
    match exchange {
        ExchangeId::Binance => binance::parts(symbol),
        ExchangeId::Coinbase => symbol.split_once('-').map(owned),
        _ => symbol.split_once('/').map(owned),
    }
}

pub(super) fn owned((base, quote): (&str, &str)) -> (String, String) {
    (base.to_owned(), quote.to_owned())
}
