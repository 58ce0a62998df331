//! Book streams: changes every 100 or 1000 ms with the ids of the updates they hold, or the best levels whole.

use std::collections::BTreeMap;

use tickplane_model::NS_PER_MS;

use super::messages::{Unit, price, quantity};
use crate::market::{Book, Instrument, LEVELS, Level, Listing, Market, MarketQuote};

/// What a book stream sends, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Depth {
    /// The best levels whole; absent: changes.
    top: Option<usize>,
    pub(super) period_ns: i64,
}

impl Depth {
    /// Reads `depth`, `depth@100ms`, `depth5`, `depth20@100ms`.
    pub(super) fn parse(kind: &str) -> Option<Self> {
        let (levels, speed) = kind.strip_prefix("depth")?.split_once('@').unwrap_or((&kind[5..], "1000ms"));
        let top = match levels {
            "" => None,
            "5" | "10" | "20" => Some(levels.parse().ok()?),
            _ => return None,
        };
        let period_ms = match speed {
            "100ms" => 100,
            "1000ms" => 1_000,
            _ => return None,
        };
        Some(Self { top, period_ns: period_ms * NS_PER_MS })
    }
}

/// A subscribed book stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Depths {
    pub(super) name: String,
    index: u32,
    depth: Depth,
    book: Book,
    /// Levels touched since the last message, one that came and went included: a REST snapshot may have shown it.
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    /// The last update in `book`.
    update_id: u64,
    /// The last update in a message.
    sent_id: u64,
    pub(super) due_ns: i64,
}

impl Depths {
    /// Changes are told from the book as it is now.
    pub(super) fn new(name: String, index: u32, depth: Depth, market: &Market, now_ns: i64) -> Self {
        let instrument = market.instrument(index);
        let book = Book::new(instrument, LEVELS);
        let update_id = instrument.quote.update_id;
        let (bids, asks) = Default::default();
        let due_ns = now_ns + depth.period_ns;
        Self { name, index, depth, book, bids, asks, update_id, sent_id: update_id, due_ns }
    }

    /// Takes in a quote of some instrument.
    pub(super) fn quoted(&mut self, index: u32, quote: &MarketQuote, market: &Market) {
        // A quote from before the subscription is in the book already.
        if index != self.index || quote.update_id <= self.update_id {
            return;
        }
        self.update_id = quote.update_id;
        if self.depth.top.is_none() {
            let new = Book::behind(quote, &market.instrument(index).listing, LEVELS);
            let changes = self.book.changes(&new, false);
            self.book = new;
            self.bids.extend(changes.bids);
            self.asks.extend(changes.asks);
        }
    }

    /// The message due now, if anything changed.
    pub(super) fn due(&mut self, market: &Market, now_ns: i64, unit: Unit) -> Option<String> {
        self.due_ns += self.depth.period_ns;
        let instrument = market.instrument(self.index);
        let first = self.sent_id + 1;
        if self.update_id < first {
            return None;
        }
        self.sent_id = self.update_id;
        if let Some(top) = self.depth.top {
            return Some(snapshot(instrument, top));
        }
        let bids: Vec<Level> = std::mem::take(&mut self.bids).into_iter().rev().collect();
        let asks: Vec<Level> = std::mem::take(&mut self.asks).into_iter().collect();
        Some(format!(
            r#"{{"e":"depthUpdate","E":{},"s":"{}","U":{first},"u":{},"b":{},"a":{}}}"#,
            unit.of(now_ns),
            super::ticker(&instrument.listing),
            self.update_id,
            rows(&instrument.listing, &bids),
            rows(&instrument.listing, &asks)
        ))
    }
}

/// The best levels and the id of the last update in them: also the REST snapshot.
pub(super) fn snapshot(instrument: &Instrument, levels: usize) -> String {
    let book = Book::new(instrument, levels);
    format!(
        r#"{{"lastUpdateId":{},"bids":{},"asks":{}}}"#,
        instrument.quote.update_id,
        rows(&instrument.listing, &book.bids),
        rows(&instrument.listing, &book.asks)
    )
}

fn rows(listing: &Listing, levels: &[Level]) -> String {
    let row = |(ticks, lots): &Level| format!(r#"["{}","{}"]"#, price(listing, *ticks), quantity(listing, *lots));
    format!("[{}]", levels.iter().map(row).collect::<Vec<_>>().join(","))
}
