//! One series in the hands of its worker: the candle builder, its indicators and the region they are written to.

use std::collections::VecDeque;
use std::ops::{AddAssign, Range};

use tickplane_candles::{Decimals, Outcome, Prepared, Rows, Series, SeriesConfig};
use tickplane_indicators::IndicatorSpec;
use tickplane_model::{Calendar, Candle, ExchangeId, Timeframe, Trade};
use tickplane_segments::{EventKind, EventWriter, PlaneEvent, SeriesWriter};

use crate::columns::Columns;
use crate::history::History;
use crate::past::{Past, Target};

/// Closes and revisions of one batch, beside every row that can be revised: room for them is made once.
const EVENTS_WAITING: usize = 64;
/// Events told by one publication; the rest follows with the next.
const EVENTS_PER_PUBLICATION: usize = 256;

/// Events a series has room for.
const fn events_waiting(revise_rows: u32) -> usize {
    EVENTS_WAITING + revise_rows as usize
}

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
    /// Whether it stands in its worker's queue of work that may wait.
    pub(crate) is_queued: bool,
    /// Whether something changed that is not published.
    pub(crate) is_changed: bool,
}

/// Everything of a series but its builder, so that the builder can call back into it.
pub(crate) struct Publication {
    writer: SeriesWriter,
    columns: Columns,
    /// Closes and revisions to be told: a close once the live slot shows the next row, a revision once the values of the
    /// rows behind it are computed anew.
    waiting: Vec<(EventKind, u64)>,
    /// The table was emptied since a history last went in.
    was_emptied: bool,
}

impl Feed {
    /// Takes up a series; rows an earlier process left are kept, and the indicators continue from them.
    #[must_use]
    pub fn new(config: SeriesConfig, indicators: &[IndicatorSpec], writer: SeriesWriter) -> Self {
        let (timeframe, calendar) = (config.timeframe, config.calendar);
        let waiting = Vec::with_capacity(events_waiting(config.revise_rows));
        let mut publication = Publication { writer, columns: Columns::new(indicators), waiting, was_emptied: false };
        let mut series = Series::new(config);
        publication.columns.take_up(&mut publication.writer);
        let rows = publication.writer.rows();
        if !rows.is_empty() {
            let last: Vec<Candle> = rows.clone().filter_map(|row| publication.writer.candle(row)).collect();
            series.resume(rows.end, &last);
        }
        let (is_queued, is_changed) = (false, false);
        Self { series, timeframe, calendar, publication, pasts: VecDeque::new(), is_queued, is_changed }
    }

    /// Bytes of its own memory that a series takes beside its region, itself included: rows that can be revised, indicators
    /// with their checkpoints, events to be told. A history on its way in comes on top while it lasts.
    #[must_use]
    pub fn bytes(revise_rows: u32, indicators: &[IndicatorSpec]) -> usize {
        size_of::<Self>()
            + revise_rows as usize * SeriesConfig::ROW_BYTES
            + Columns::heap_bytes(indicators)
            + events_waiting(revise_rows) * size_of::<(EventKind, u64)>()
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
        self.pasts.push_back(Past::new(history));
    }

    /// Whether there is work that may wait: histories, or values to be computed anew.
    pub(crate) fn has_work(&self) -> bool {
        self.has_history() || self.publication.columns.is_behind()
    }

    /// Whether a history is on its way in: work that lets every other go first.
    pub(crate) fn has_history(&self) -> bool {
        !self.pasts.is_empty()
    }

    /// Whether events are left that one publication could not tell.
    pub(crate) fn has_events(&self) -> bool {
        !self.publication.waiting.is_empty()
    }

    /// Does some of the work that may wait, about so many rows of it; `false` when none is left but publishing.
    pub(crate) fn work(&mut self, rows: u32) -> bool {
        self.is_changed = true;
        if std::mem::take(&mut self.publication.was_emptied) {
            // Rows before the emptied table would stand beside others than theirs.
            self.pasts.clear();
        }
        let Some(past) = self.pasts.front_mut() else {
            return self.publication.columns.replay(&mut self.publication.writer, rows);
        };
        let (timeframe, calendar) = (self.timeframe, self.calendar);
        let mut target = Target { series: &mut self.series, publication: &mut self.publication, timeframe, calendar };
        if !(0..rows).all(|_| past.step(&mut target)) {
            self.pasts.pop_front();
        }
        self.has_work()
    }

    pub(crate) fn trade(&mut self, trade: &Prepared<'_>) -> Outcome {
        self.is_changed = true;
        self.series.prepared(trade, &mut self.publication)
    }

    /// The venue's time passed without a trade of this symbol: closes at most so many rows.
    pub(crate) fn advance(&mut self, venue_ns: i64, rows_max: u64) {
        self.is_changed = true;
        self.series.advance_by(venue_ns, rows_max, &mut self.publication);
    }

    /// The venue time at which [`Feed::advance`] has something to do.
    pub(crate) fn next_close_ns(&self) -> i64 {
        self.series.next_close_ns().unwrap_or(i64::MAX)
    }

    pub(crate) fn down(&mut self, venue_ns: i64) {
        self.is_changed = true;
        self.series.stream_down(venue_ns);
    }

    pub(crate) fn up(&mut self, venue_ns: i64) {
        self.is_changed = true;
        self.series.stream_up(venue_ns);
    }

    pub(crate) fn lost(&mut self, venue_ns: i64) {
        self.is_changed = true;
        self.series.lost(venue_ns);
    }

    pub(crate) fn lost_for_good(&mut self, venue_ns: i64) {
        self.is_changed = true;
        self.series.lost_for_good(venue_ns);
    }

    pub(crate) fn missing(&mut self, from_ns: i64, to_ns: i64) {
        self.is_changed = true;
        self.series.missing(from_ns, to_ns);
    }

    pub(crate) fn missing_for_good(&mut self, from_ns: i64, to_ns: i64) {
        self.series.missing_for_good(from_ns, to_ns);
    }

    pub(crate) fn filled(&mut self, from_ns: i64, to_ns: i64) {
        self.is_changed = true;
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
        self.is_changed = false;
        if let Some((row, candle)) = self.series.live() {
            self.publication.publish_live(row, trade_seq, now_ns, &candle);
        }
        if self.publication.waiting.is_empty() {
            return Told::default();
        }
        self.publication.tell(exchange, now_ns, events)
    }
}

impl Publication {
    pub(crate) fn rows(&self) -> Range<u64> {
        self.writer.rows()
    }

    pub(crate) fn candle(&self, row: u64) -> Option<Candle> {
        self.writer.candle(row)
    }

    pub(crate) fn begin_at(&mut self, row: u64) {
        self.writer.begin_at(row);
    }

    /// Begins the table with a row that closed before anybody listened: no event tells of it.
    pub(crate) fn begin_with(&mut self, row: u64, candle: &Candle) {
        self.writer.begin_at(row);
        self.columns.close(row, candle, &mut self.writer);
        self.writer.append(candle, self.columns.values());
    }

    /// Puts an older row before the first; says whether there was room. Its values follow.
    pub(crate) fn prepend(&mut self, candle: &Candle) -> bool {
        let prepended = self.writer.prepend(candle, &[]);
        if let Some(row) = prepended {
            self.columns.mark(row);
        }
        prepended.is_some()
    }

    fn publish_live(&mut self, row: u64, trade_seq: u64, now_ns: i64, candle: &Candle) {
        self.columns.peek(candle);
        self.writer.publish_live(row, trade_seq, now_ns, candle, self.columns.values());
    }

    #[cold]
    fn tell(&mut self, exchange: ExchangeId, now_ns: i64, events: &mut EventWriter) -> Told {
        let (entry, is_behind) = (self.writer.entry(), self.columns.is_behind());
        let (mut told, mut left) = (Told::default(), EVENTS_PER_PUBLICATION);
        self.waiting.retain(|(kind, row)| {
            let is_close = *kind == EventKind::CandleClose;
            if left == 0 || (is_behind && !is_close) {
                return true;
            }
            left -= 1;
            told.closed += u64::from(is_close);
            told.revised += u64::from(!is_close);
            events.publish(&PlaneEvent { kind: *kind, exchange, entry, row: *row, publish_ns: now_ns, detail: 0 });
            false
        });
        told
    }
}

impl Rows for Publication {
    fn closed(&mut self, row: u64, candle: &Candle) {
        self.columns.close(row, candle, &mut self.writer);
        if self.writer.rows().is_empty() {
            self.writer.begin_at(row);
        }
        let appended = self.writer.append(candle, self.columns.values());
        debug_assert_eq!(appended, row, "rows close in order");
        self.waiting.push((EventKind::CandleClose, row));
    }

    fn skipped(&mut self, _from: u64, to: u64) {
        self.writer.begin_at(to);
        self.columns.restart(&mut self.writer);
        self.was_emptied = true;
    }

    fn revised(&mut self, row: u64, candle: &Candle) {
        self.writer.revise_candle(row, candle);
        self.columns.mark(row);
        let event = (EventKind::CandleRevise, row);
        // A row revised several times between two publications is told once.
        if !self.waiting.iter().rev().take(EVENTS_WAITING).any(|waiting| *waiting == event) {
            self.waiting.push(event);
        }
    }
}
