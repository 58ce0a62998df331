//! A recording against what the plane published of it.

use tickplane_model::{ExchangeId, Key};
use tickplane_segments::Plane;
use tickplane_simulator::CaptureSummary;

/// Everything a plane published, by the dense numbers of its rings and quotes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Published {
    /// Trades.
    pub(super) trades: u64,
    /// Best bids and asks.
    pub(super) quotes: u64,
}

impl Published {
    /// Counts it.
    pub(super) fn read(plane: &Plane) -> Self {
        let mut published = Self::default();
        for key in plane.keys() {
            match key {
                Key::Trades { .. } => published.trades += plane.trades(&key).map_or(0, |trades| trades.head()),
                Key::Quote { .. } => published.quotes += plane.quote(&key).map_or(0, |quote| quote.seq()),
                _ => {}
            }
        }
        published
    }

    /// Whether this is exactly what the file holds.
    pub(super) fn is_all_of(&self, file: &CaptureSummary) -> bool {
        self.trades == file.trades && quotes(file).is_none_or(|quotes| self.quotes == quotes)
    }
}

/// Best bids and asks of a file: those of other venues stand in messages that hold more, and are not counted.
pub(super) fn quotes(file: &CaptureSummary) -> Option<u64> {
    (file.exchange == ExchangeId::Binance).then_some(file.quotes)
}

/// How a recording arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Playing {
    /// What it holds.
    pub(super) file: CaptureSummary,
    /// What came of it.
    pub(super) published: Published,
    /// Whether it was played to its end.
    pub(super) is_finished: bool,
}

impl Playing {
    /// Why it does not count as arrived.
    pub(super) fn failure(&self) -> Option<String> {
        let Self { file, published, is_finished } = self;
        if !is_finished {
            return Some("the recording was not played to its end; give it more --seconds or --speed".to_owned());
        }
        (!published.is_all_of(file)).then(|| format!("published {}", self.account()))
    }

    /// Published against the file.
    pub(super) fn account(&self) -> String {
        let Published { trades, quotes: published } = self.published;
        let quotes = quotes(&self.file).map_or_else(String::new, |quotes| format!(" of {quotes}"));
        format!("{trades} of {} trades, {published}{quotes} best bids and asks of the file", self.file.trades)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_everything_is_enough() {
        let file = CaptureSummary {
            exchange: ExchangeId::Binance,
            messages: 9,
            passed_over: 0,
            trades: 4,
            quotes: 5,
            from_ns: 0,
            to_ns: 1,
        };
        let playing = |trades, quotes, is_finished| {
            Playing { file: file.clone(), published: Published { trades, quotes }, is_finished }.failure()
        };
        assert_eq!(playing(4, 5, true), None);
        for (trades, quotes, is_finished) in [(3, 5, true), (5, 5, true), (4, 4, true), (4, 6, true), (4, 5, false)] {
            assert!(playing(trades, quotes, is_finished).is_some(), "{trades} {quotes} {is_finished}");
        }
    }
}
