//! The `book` channel: a snapshot, then changes with a checksum, truncated to the depth that was asked.

use std::collections::BTreeMap;

use serde_json::Value;

use super::checksum::checksum;
use super::messages::{data, price, quantity};
use super::names::Pair;
use crate::market::{Book, Instrument, Level, Listing};
use crate::stamp;

const DEPTHS: [u64; 5] = [10, 25, 100, 500, 1_000];

/// Depth asked, and the book as the client has it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Followed {
    depth: usize,
    book: Book,
}

/// The books one socket follows.
#[derive(Clone, Default, Debug)]
pub(super) struct Books(BTreeMap<u32, Followed>);

impl Books {
    /// Takes a subscription: its depth, or Kraken's refusal.
    pub(super) fn subscribe(&mut self, index: u32, params: &Value) -> Result<u64, String> {
        let depth = params.get("depth").map_or(Some(10), Value::as_u64).unwrap_or_default();
        if !DEPTHS.contains(&depth) {
            return Err("Subscription depth not supported".to_owned());
        }
        if self.0.contains_key(&index) {
            return Err("Already subscribed".to_owned());
        }
        self.0.insert(index, Followed { depth: depth as usize, book: Book::default() });
        Ok(depth)
    }

    /// Ends one; false if there was none.
    pub(super) fn unsubscribe(&mut self, index: u32) -> bool {
        self.0.remove(&index).is_some()
    }

    /// Whether this one is followed.
    pub(super) fn follows(&self, index: u32) -> bool {
        self.0.contains_key(&index)
    }

    /// Whether none is followed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole book; changes are told from here on.
    pub(super) fn snapshot(
        &mut self,
        index: u32,
        instrument: &Instrument,
        pair: &Pair,
        skew_ns: i64,
    ) -> Option<String> {
        let followed = self.0.get_mut(&index)?;
        followed.book = Book::new(instrument, followed.depth);
        let time_ns = instrument.quote.time_ns + skew_ns;
        Some(message("snapshot", &followed.book, &followed.book, &instrument.listing, pair, time_ns))
    }

    /// What changed since the last message, if anything did.
    pub(super) fn update(&mut self, index: u32, instrument: &Instrument, pair: &Pair, skew_ns: i64) -> Option<String> {
        let followed = self.0.get_mut(&index)?;
        let new = Book::new(instrument, followed.depth);
        let changes = followed.book.changes(&new, true);
        followed.book = new;
        let time_ns = instrument.quote.time_ns + skew_ns;
        (!changes.is_empty()).then(|| message("update", &changes, &followed.book, &instrument.listing, pair, time_ns))
    }
}

fn message(kind: &str, shown: &Book, whole: &Book, listing: &Listing, pair: &Pair, time_ns: i64) -> String {
    let row = format!(
        r#"{{"symbol":"{}","bids":[{}],"asks":[{}],"checksum":{},"timestamp":"{}"}}"#,
        pair.symbol,
        levels(listing, &shown.bids),
        levels(listing, &shown.asks),
        checksum(listing, whole),
        stamp::rfc3339(time_ns, 6)
    );
    data("book", kind, &[row])
}

fn levels(listing: &Listing, levels: &[Level]) -> String {
    let level =
        |(ticks, lots): &Level| format!(r#"{{"price":{},"qty":{}}}"#, price(listing, *ticks), quantity(listing, *lots));
    levels.iter().map(level).collect::<Vec<_>>().join(",")
}
