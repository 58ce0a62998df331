//! The streams of trades in `status`: which are well, and what was done about those that were not.

use tickplane_model::ExchangeId;
use tickplane_segments::{Plane, StreamCounter, StreamState, StreamStatus};

use super::{Record, age};
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, Sheet};

/// The streams of the exchanges asked for.
pub(super) struct Streams {
    all: Vec<(ExchangeId, StreamStatus)>,
    /// Whether a table shows every one, not only those that are not live.
    is_full: bool,
}

impl Streams {
    /// Reads them, of one exchange or of all.
    pub(super) fn read(plane: &Plane, only: Option<ExchangeId>) -> Self {
        let exchanges = plane.exchanges().into_iter().filter(|exchange| only.is_none_or(|only| only == *exchange));
        // An exchange whose file cannot be read has no streams; its keys say why.
        let of =
            |exchange| plane.streams(exchange).unwrap_or_default().into_iter().map(move |stream| (exchange, stream));
        Self { all: exchanges.flat_map(of).collect(), is_full: only.is_some() }
    }

    /// Every stream as a record for programs.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> + '_ {
        self.all.iter().map(|(exchange, stream)| record(*exchange, stream))
    }

    /// How many there are and how they are, and a table of them.
    pub(super) fn table(&self, now_ns: i64) -> Result<(), Failure> {
        if self.all.is_empty() {
            return Ok(());
        }
        Sheet::line(&format!("\n{}", self.count()))?;
        let is_shown = |stream: &StreamStatus| self.is_full || stream.state != StreamState::Live || stream.seams > 0;
        let shown = self.all.iter().filter(|(_, stream)| is_shown(stream));
        let rows: Vec<_> = shown.map(|(exchange, stream)| row(*exchange, stream, now_ns)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let names =
            ["stream", "state", "for", "last trade", "asks", "resubscribes", "open seams", "backfilled", "lost"];
        let column = |(at, name)| if at < 2 { Column::left(name, 0) } else { Column::right(name, 0) };
        let columns: Vec<Column> = names.into_iter().enumerate().map(column).collect();
        Ok(Sheet::new(Format::Table, &columns).rows(&rows)?)
    }

    /// As in `60 streams: 58 live, 2 quiet`.
    fn count(&self) -> String {
        let of = |state| self.all.iter().filter(|(_, stream)| stream.state == state).count();
        let counts = StreamState::ALL.into_iter().rev().map(|state| (of(state), state));
        let words = counts.filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {}", state.as_str()));
        let all = self.all.len();
        format!("{all} stream{}: {}", if all == 1 { "" } else { "s" }, words.collect::<Vec<_>>().join(", "))
    }
}

fn row(exchange: ExchangeId, stream: &StreamStatus, now_ns: i64) -> Vec<Cell> {
    let count = |counter| Cell::count(stream.count(counter));
    vec![
        Cell::Text(format!("{exchange} {}", stream.symbol)),
        Cell::text(stream.state.as_str()),
        age(stream.since_ns, now_ns),
        age(stream.last_trade_ns, now_ns),
        count(StreamCounter::Asks),
        count(StreamCounter::Resubscribes),
        Cell::count(stream.seams),
        count(StreamCounter::Backfilled),
        count(StreamCounter::Lost),
    ]
}

fn record(exchange: ExchangeId, stream: &StreamStatus) -> Record {
    let mut fields = vec![
        ("exchange", Cell::text(exchange)),
        ("symbol", Cell::text(&stream.symbol)),
        ("state", Cell::text(stream.state.as_str())),
        ("since_ns", Cell::Integer(stream.since_ns)),
        ("last_trade_ns", Cell::Integer(stream.last_trade_ns)),
        ("open_seams", Cell::count(stream.seams)),
        ("missing", Cell::count(stream.missing)),
    ];
    fields.extend(stream.counters.iter().map(|(counter, count)| (counter.as_str(), Cell::count(*count))));
    Record { kind: "stream", name: format!("{exchange} {}", stream.symbol), fields }
}

#[cfg(test)]
mod tests {
    use tickplane_model::{NS_PER_SECOND, Symbol};

    use super::*;

    fn stream(symbol: &str, state: StreamState) -> (ExchangeId, StreamStatus) {
        let symbol = Symbol::new(symbol).unwrap();
        let counters = vec![(StreamCounter::Backfilled, 7)];
        (
            ExchangeId::Kraken,
            StreamStatus {
                symbol,
                state,
                since_ns: 0,
                last_trade_ns: 5 * NS_PER_SECOND,
                seams: 1,
                missing: 3,
                counters,
            },
        )
    }

    #[test]
    fn states_are_counted_worst_first() {
        let all = vec![
            stream("BTC-USD", StreamState::Live),
            stream("ETH-USD", StreamState::Live),
            stream("XRP-USD", StreamState::Stale),
        ];
        assert_eq!(Streams { all, is_full: false }.count(), "3 streams: 1 stale, 2 live");
        let all = vec![stream("BTC-USD", StreamState::Quiet)];
        assert_eq!(Streams { all, is_full: false }.count(), "1 stream: 1 quiet");
    }

    #[test]
    fn a_row_tells_ages_and_what_never_was_is_empty() {
        let (exchange, stream) = stream("BTC-USD", StreamState::Stale);
        let row = row(exchange, &stream, 70 * NS_PER_SECOND);
        let words: Vec<String> = row.iter().map(Cell::plain).collect();
        assert_eq!(words, ["kraken BTC-USD", "stale", "", "1 min 5 s", "0", "0", "1", "7", "0"]);
    }
}
