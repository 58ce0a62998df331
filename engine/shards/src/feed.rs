//! One series in the hands of its worker: the candle builder, its indicators and the region they are written to.

use std::collections::VecDeque;
use std::ops::AddAssign;

use tickplane_candles::{Decimals, Outcome, Prepared, Rows, Series, SeriesConfig};
use tickplane_indicators::{Indicator, IndicatorSpec};
use tickplane_model::{Calendar, Candle, ExchangeId, Timeframe, Trade};
use tickplane_segments::{EventKind, EventWriter, PlaneEvent, SeriesWriter};

use crate::history::History;
use crate::past::Past;

/// Closes and revisions of one batch: room for them is made once.
const EVENTS_WAITING: usize = 64;

/// Rows told of by one publication.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Told {
    pub(crate) closed: u64,
    pub(crate) revised: u64,
}

impl AddAssign for Told {
    fn add_assign(&mut self, other: Self) {
        self.closed += other.closed;
        self.revised += other.revised;
    }
}

/// A series and where it is published.
pub struct Feed {
    series: Series,
    timeframe: Timeframe,
    calendar: Calendar,
    publication: Publication,
    /// Histories on their way in, oldest first.
    pasts: VecDeque<Past>,
}

/// Everything of a series but its builder, so that the builder can call back into it.
struct Publication {
    writer: SeriesWriter,
    indicators: Vec<Indicator>,
    /// One value per indicator output, in the order of the region's columns.
    values: Vec<f64>,
    /// Events that follow once the live slot shows the new row.
    waiting: Vec<(EventKind, u64)>,
}

impl Feed {
    /// Takes up a series; rows an earlier process left are kept, and the indicators continue from them.
    #[must_use]
    pub fn new(config: SeriesConfig, indicators: &[IndicatorSpec], writer: SeriesWriter) -> Self {
        let indicators: Vec<Indicator> = indicators.iter().map(Indicator::new).collect();
        let values = vec![f64::NAN; indicators.iter().map(Indicator::outputs).sum()];
        let mut publication = Publication { writer, indicators, values, waiting: Vec::with_capacity(EVENTS_WAITING) };
        let (timeframe, calendar) = (config.timeframe, config.calendar);
        let mut series = Series::new(config);
        let rows = publication.writer.rows();
        let mut last = Vec::new();
        for row in rows.clone() {
            let Some(candle) = publication.writer.candle(row) else { continue };
            publication.update(&candle);
            last.push(candle);
        }
        if !rows.is_empty() {
            series.resume(rows.end, &last);
        }
        Self { series, timeframe, calendar, publication, pasts: VecDeque::new() }
    }

    /// Takes up the open candle of an earlier process from the trades that the shared ring still holds, oldest first.
    /// From the last of them on the stream counts as down until it is up again.
    pub fn refold(&mut self, kept: &[Trade]) {
        let (Some((_, open)), Some(last)) = (self.series.live(), kept.last()) else { return };
        let mut decimals = Decimals::default();
        for trade in kept.iter().filter(|trade| trade.exchange_ns >= open.open_time_ns) {
            self.series.prepared(&decimals.prepare(trade), &mut self.publication);
        }
        self.series.stream_down(last.exchange_ns.max(open.open_time_ns));
    }

    /// Its timeframe.
    pub(crate) const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Takes the venue's candles; they go in by [`Self::work`].
    pub(crate) fn history(&mut self, history: History) {
        self.pasts.push_back(Past::new(history, self.calendar));
    }

    /// Does some of the work that may wait, about so many rows of it; `false` when none is left.
    pub(crate) fn work(&mut self, rows: u32) -> bool {
        let Some(past) = self.pasts.front_mut() else { return false };
        if let Some((open, _)) = self.series.live()
            && self.publication.writer.rows().is_empty()
        {
            self.publication.writer.begin_at(open);
        }
        if !(0..rows).all(|_| past.prepend(&mut self.publication.writer)) {
            self.pasts.pop_front();
        }
        !self.pasts.is_empty()
    }

    pub(crate) fn trade(&mut self, trade: &Prepared<'_>) -> Outcome {
        self.series.prepared(trade, &mut self.publication)
    }

    /// The venue's time passed without a trade of this symbol.
    pub(crate) fn advance(&mut self, venue_ns: i64) {
        self.series.advance(venue_ns, &mut self.publication);
    }

    /// The venue time at which [`Feed::advance`] has something to do.
    pub(crate) fn next_close_ns(&self) -> i64 {
        self.series.next_close_ns().unwrap_or(i64::MAX)
    }

    pub(crate) fn down(&mut self, venue_ns: i64) {
        self.series.stream_down(venue_ns);
    }

    pub(crate) fn up(&mut self, venue_ns: i64) {
        self.series.stream_up(venue_ns);
    }

    pub(crate) fn lost(&mut self, venue_ns: i64) {
        self.series.lost(venue_ns);
    }

    pub(crate) fn lost_for_good(&mut self, venue_ns: i64) {
        self.series.lost_for_good(venue_ns);
    }

    pub(crate) fn missing(&mut self, from_ns: i64, to_ns: i64) {
        self.series.missing(from_ns, to_ns);
    }

    pub(crate) fn filled(&mut self, from_ns: i64, to_ns: i64) {
        self.series.filled(from_ns, to_ns);
    }

    /// Publishes the open candle with its provisional values, then the events of rows that closed before it.
    pub(crate) fn publish(
        &mut self,
        exchange: ExchangeId,
        trade_seq: u64,
        now_ns: i64,
        events: &mut EventWriter,
    ) -> Told {
        let publication = &mut self.publication;
        if let Some((row, candle)) = self.series.live() {
            publication.peek(&candle);
            publication.writer.publish_live(row, trade_seq, now_ns, &candle, &publication.values);
        }
        let mut told = Told::default();
        for (kind, row) in publication.waiting.drain(..) {
            let entry = publication.writer.entry();
            match kind {
                EventKind::CandleClose => told.closed += 1,
                _ => told.revised += 1,
            }
            events.publish(&PlaneEvent { kind, exchange, entry, row, publish_ns: now_ns, detail: 0 });
        }
        told
    }
}

impl Publication {
    fn update(&mut self, candle: &Candle) {
        let mut rest = &mut self.values[..];
        for indicator in &mut self.indicators {
            let (out, after) = rest.split_at_mut(indicator.outputs());
            indicator.update(candle, out);
            rest = after;
        }
    }

    fn peek(&mut self, candle: &Candle) {
        let mut rest = &mut self.values[..];
        for indicator in &self.indicators {
            let (out, after) = rest.split_at_mut(indicator.outputs());
            indicator.peek(candle, out);
            rest = after;
        }
    }
}

impl Rows for Publication {
    fn closed(&mut self, row: u64, candle: &Candle) {
        self.update(candle);
        if self.writer.rows().is_empty() {
            self.writer.begin_at(row);
        }
        let appended = self.writer.append(candle, &self.values);
        debug_assert_eq!(appended, row, "rows close in order");
        self.waiting.push((EventKind::CandleClose, row));
    }

    fn skipped(&mut self, _from: u64, to: u64) {
        self.writer.begin_at(to);
    }

    fn revised(&mut self, row: u64, candle: &Candle) {
        self.writer.revise_candle(row, candle);
        self.waiting.push((EventKind::CandleRevise, row));
    }
}
