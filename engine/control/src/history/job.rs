//! One question about one series, in as many requests as the venue's pages make of it.

use std::ops::Range;

use tickplane_exchanges::{CandleFacts, Meta};
use tickplane_model::{Calendar, Candle, Quality, Timeframe};

use super::SeriesId;

/// The timeframe of the venue from which rows of `timeframe` are had: itself, or the coarsest it is made of.
#[must_use]
pub fn source_of(meta: &Meta, timeframe: Timeframe) -> Option<Timeframe> {
    let divides = |fine: &&Timeframe| timeframe.seconds() % fine.seconds() == 0;
    meta.timeframes.iter().rev().filter(|fine| **fine <= timeframe).find(divides).copied()
}

/// A request of a job, and what came of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Page {
    pub(super) from_ns: i64,
    pub(super) to_ns: i64,
    pub(super) state: PageState,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum PageState {
    Waiting,
    Asked,
    Answered(Vec<Candle>),
}

/// Rows of one series that are wanted from the venue.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Job {
    pub(super) series: SeriesId,
    /// The venue's timeframe that is asked for.
    pub(super) source: Timeframe,
    /// Rows of the series.
    pub(super) rows: Range<u64>,
    /// The close of the row before them, NaN if none is known.
    carry: f64,
    pub(super) pages: Vec<Page>,
    pub(super) failures: u32,
    pub(super) not_before_ns: u64,
}

impl Job {
    /// All rows of `rows`, in pages, oldest first.
    pub(super) fn new(meta: &Meta, series: SeriesId, source: Timeframe, rows: Range<u64>, carry: f64) -> Self {
        let (from_ns, to_ns) = span(meta.calendar, series.timeframe, &rows);
        let fine = meta.calendar.row(source, from_ns)..meta.calendar.row(source, to_ns);
        let page = |first: u64| {
            let end = (first + u64::from(meta.candles.rows_per_answer)).min(fine.end);
            let (from_ns, to_ns) = span(meta.calendar, source, &(first..end));
            Page { from_ns, to_ns, state: PageState::Waiting }
        };
        let pages = fine.clone().step_by(meta.candles.rows_per_answer as usize).map(page).collect();
        Self { series, source, rows, carry, pages, failures: 0, not_before_ns: 0 }
    }

    /// Requests that are not answered yet.
    pub(super) fn left(&self) -> usize {
        self.pages.iter().filter(|page| !matches!(page.state, PageState::Answered(_))).count()
    }

    /// The page to ask for next.
    pub(super) fn waiting(&self) -> Option<usize> {
        self.pages.iter().position(|page| page.state == PageState::Waiting)
    }

    /// Everything the venue told, oldest first: closed candles of the source, each once.
    pub(super) fn into_candles(self, calendar: Calendar, facts: &CandleFacts) -> Vec<Candle> {
        let (from_ns, to_ns) = span(calendar, self.series.timeframe, &self.rows);
        let mut candles: Vec<Candle> = self
            .pages
            .into_iter()
            .filter_map(|page| match page.state {
                PageState::Answered(candles) => Some(candles),
                _ => None,
            })
            .flatten()
            .filter(|candle| (from_ns..to_ns).contains(&candle.open_time_ns))
            .collect();
        candles.sort_by_key(|candle| candle.open_time_ns);
        candles.dedup_by_key(|candle| candle.open_time_ns);
        if facts.leaves_out_empty { with_quiet(candles, self.source, from_ns..to_ns, self.carry) } else { candles }
    }
}

/// From when to when rows reach.
fn span(calendar: Calendar, timeframe: Timeframe, rows: &Range<u64>) -> (i64, i64) {
    (calendar.open_time_ns(timeframe, rows.start), calendar.open_time_ns(timeframe, rows.end))
}

/// Puts back the intervals that the venue left out because nothing was traded, from where a close is known.
fn with_quiet(candles: Vec<Candle>, timeframe: Timeframe, span: Range<i64>, carry: f64) -> Vec<Candle> {
    let (mut whole, mut close) = (Vec::with_capacity(candles.len()), carry);
    let mut told = candles.into_iter().peekable();
    for open_time_ns in span.step_by(timeframe.length_ns() as usize) {
        if let Some(candle) = told.next_if(|candle| candle.open_time_ns == open_time_ns) {
            close = candle.close;
            whole.push(candle);
        } else if close.is_finite() {
            whole.push(quiet(open_time_ns, close));
        }
    }
    whole
}

fn quiet(open_time_ns: i64, close: f64) -> Candle {
    Candle {
        open_time_ns,
        open: close,
        high: close,
        low: close,
        close,
        volume: 0.0,
        quote_volume: 0.0,
        taker_buy_volume: 0.0,
        trade_count: 0,
        quality: Quality::VENUE.with(Quality::FINAL).with(Quality::SYNTHETIC),
    }
}

#[cfg(test)]
mod tests {
    use tickplane_exchanges::exchange;
    use tickplane_model::ExchangeId;

    use super::*;

    fn meta(id: ExchangeId) -> &'static Meta {
        exchange(id).unwrap().meta()
    }

    #[test]
    fn the_coarsest_that_divides_is_the_source() {
        use ExchangeId::{Binance, Coinbase, Kraken};
        use Timeframe::{D1, H1, H2, H4, H8, H12, M1, M3, S1, S5, S15, W1};
        for (id, timeframe, source) in [
            (Binance, S5, Some(S1)),
            (Binance, S15, Some(S1)),
            (Binance, H4, Some(H4)),
            (Coinbase, M3, Some(M1)),
            (Coinbase, H4, Some(H2)),
            (Coinbase, H8, Some(H2)),
            (Coinbase, W1, Some(D1)),
            (Kraken, H2, Some(H1)),
            (Kraken, H12, Some(H4)),
            (Kraken, S15, None),
            (Coinbase, S1, None),
        ] {
            assert_eq!(source_of(meta(id), timeframe), source, "{id} {timeframe}");
        }
    }

    #[test]
    fn pages_follow_each_other_and_hold_every_row_once() {
        let meta = meta(ExchangeId::Coinbase);
        let series = SeriesId { rank: 0, timeframe: Timeframe::H4 };
        let job = Job::new(meta, series, Timeframe::H2, 1_000..1_500, f64::NAN);
        assert_eq!(job.pages.len(), 3);
        assert_eq!(job.pages[0].from_ns, 1_000 * Timeframe::H4.length_ns());
        assert_eq!(job.pages[2].to_ns, 1_500 * Timeframe::H4.length_ns());
        for pair in job.pages.windows(2) {
            assert_eq!(pair[0].to_ns, pair[1].from_ns);
            assert_eq!(pair[0].to_ns - pair[0].from_ns, 350 * Timeframe::H2.length_ns());
        }
    }

    #[test]
    fn quiet_intervals_come_back_at_the_last_close() {
        let length_ns = Timeframe::M1.length_ns();
        let traded =
            |row: i64, close: f64| Candle { volume: 1.0, quality: Quality::VENUE, ..quiet(row * length_ns, close) };
        let closes = |carry: f64| -> Vec<f64> {
            let told = vec![traded(2, 7.0), traded(4, 8.0)];
            with_quiet(told, Timeframe::M1, 0..6 * length_ns, carry).iter().map(|candle| candle.close).collect()
        };
        assert_eq!(closes(5.0), [5.0, 5.0, 7.0, 7.0, 8.0, 8.0]);
        assert_eq!(closes(f64::NAN), [7.0, 7.0, 8.0, 8.0], "nothing is known of what was before");
    }
}
