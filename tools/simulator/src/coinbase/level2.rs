//! The `level2` channel: a snapshot, then absolute quantities, "0" for a level that is gone.

use std::collections::BTreeMap;

use super::messages::{price, quantity};
use crate::market::{Book, Instrument, LEVELS, Level};
use crate::stamp;

/// The books one socket follows, as the client has them.
#[derive(Clone, Default, Debug)]
pub(super) struct Books(BTreeMap<u32, Book>);

impl Books {
    /// The whole book, bids first. Its levels carry no time, as production does.
    pub(super) fn snapshot(&mut self, index: u32, instrument: &Instrument) -> String {
        let book = Book::new(instrument, LEVELS);
        let event = event("snapshot", &book, instrument, "1970-01-01T00:00:00Z");
        self.0.insert(index, book);
        event
    }

    /// What changed since the last message, if anything did.
    pub(super) fn update(&mut self, index: u32, instrument: &Instrument, skew_ns: i64) -> Option<String> {
        let book = self.0.get_mut(&index)?;
        let new = Book::new(instrument, LEVELS);
        let changes = book.changes(&new, false);
        *book = new;
        let time = stamp::rfc3339(instrument.quote.time_ns + skew_ns, 6);
        (!changes.is_empty()).then(|| event("update", &changes, instrument, &time))
    }
}

fn event(kind: &str, book: &Book, instrument: &Instrument, time: &str) -> String {
    let row = |side: &str, (ticks, lots): &Level| {
        format!(
            r#"{{"side":"{side}","event_time":"{time}","price_level":"{}","new_quantity":"{}"}}"#,
            price(&instrument.listing, *ticks),
            quantity(&instrument.listing, *lots)
        )
    };
    let bids = book.bids.iter().map(|level| row("bid", level));
    let offers = book.asks.iter().map(|level| row("offer", level));
    let rows: Vec<String> = bids.chain(offers).collect();
    let product = &instrument.listing.symbol;
    format!(r#"{{"type":"{kind}","product_id":"{product}","updates":[{}]}}"#, rows.join(","))
}
