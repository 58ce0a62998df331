//! The order book behind a quote: a pure function of the quote, so that it needs no state and never disagrees.

use std::collections::HashMap;

use super::instrument::Instrument;
use super::listing::Listing;
use super::random::Random;
use super::trade::MarketQuote;

/// Levels per side of the whole book.
pub(crate) const LEVELS: usize = 200;

/// Price in ticks, quantity in lots.
pub(crate) type Level = (i64, i64);

/// Both sides, best first.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Book {
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

impl Book {
    /// The book as it is now, at most `depth` levels a side.
    pub(crate) fn new(instrument: &Instrument, depth: usize) -> Self {
        Self::behind(&instrument.quote, &instrument.listing, depth)
    }

    /// The book behind a quote. Below the best, levels stand on a fixed grid with quantities that belong to their
    /// prices: as the quote moves, levels come and go at the ends.
    pub(crate) fn behind(quote: &MarketQuote, listing: &Listing, depth: usize) -> Self {
        let grid = (listing.price / 60_000).max(1);
        let depth = depth.min(LEVELS);
        let quantity = |price: i64| {
            let share = Random::new(price as u64, listing.quantity as u64).below(64) as i64;
            listing.quantity / 4 + share * listing.quantity / 16 + 1
        };
        let first_bid = (quote.bid - 1).div_euclid(grid) * grid;
        let first_ask = quote.ask.div_euclid(grid) * grid + grid;
        let bids = (0..depth as i64 - 1).map(|k| first_bid - k * grid).filter(|price| *price > 0);
        let asks = (0..depth as i64 - 1).map(|k| first_ask + k * grid);
        Self {
            bids: std::iter::once((quote.bid, quote.bid_quantity)).chain(bids.map(|p| (p, quantity(p)))).collect(),
            asks: std::iter::once((quote.ask, quote.ask_quantity)).chain(asks.map(|p| (p, quantity(p)))).collect(),
        }
    }

    /// What turns this book into `new`: levels that are new or different, and quantity 0 for those that are gone.
    /// With `truncating`, levels pushed beyond the depth of `new` are not mentioned: the client drops them itself.
    pub(crate) fn changes(&self, new: &Self, truncating: bool) -> Self {
        Self {
            bids: side(&self.bids, &new.bids, truncating, |gone, worst| gone < worst),
            asks: side(&self.asks, &new.asks, truncating, |gone, worst| gone > worst),
        }
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }
}

fn side(old: &[Level], new: &[Level], truncating: bool, beyond: fn(i64, i64) -> bool) -> Vec<Level> {
    let before: HashMap<i64, i64> = old.iter().copied().collect();
    let after: HashMap<i64, i64> = new.iter().copied().collect();
    let worst = new.last().map(|(price, _)| *price);
    let kept_silent = |price: i64| truncating && worst.is_some_and(|worst| beyond(price, worst));
    let gone = old.iter().filter(|(price, _)| !after.contains_key(price) && !kept_silent(*price));
    let changed = new.iter().filter(|(price, quantity)| before.get(price) != Some(quantity));
    gone.map(|(price, _)| (*price, 0)).chain(changed.copied()).collect()
}

/// Applies changes the way a client does, and keeps `depth` levels a side.
#[cfg(test)]
pub(crate) fn applied(book: &Book, changes: &Book, depth: usize) -> Book {
    let side = |old: &[Level], changes: &[Level], descending: bool| {
        let mut levels: std::collections::BTreeMap<i64, i64> = old.iter().copied().collect();
        for (price, quantity) in changes {
            match quantity {
                0 => levels.remove(price),
                _ => levels.insert(*price, *quantity),
            };
        }
        let mut levels: Vec<Level> = levels.into_iter().collect();
        if descending {
            levels.reverse();
        }
        levels.truncate(depth);
        levels
    };
    Book { bids: side(&book.bids, &changes.bids, true), asks: side(&book.asks, &changes.asks, false) }
}
