//! The candles of one symbol and timeframe: which row is open, when it closes, and what changes it later.

use tickplane_model::{Calendar, Candle, NS_PER_SECOND, Quality, Timeframe, Trade, TradeFlags};

use crate::closed::Closed;
use crate::outage::{Outage, Outages};
use crate::prepared::{Amounts, Decimals, Prepared};
use crate::row::Row;

/// A trade whose exchange time lies further than this ahead of its own receipt, of venue time and of the newest trade of
/// the series is refused, until a second trade near it confirms that the clocks differ: five minutes.
pub const AHEAD_MAX_NS: i64 = 300 * NS_PER_SECOND;

/// A trade of the stream, neither history nor backfilled, whose exchange time lies further than this behind both its own
/// receipt and the newest trade is refused: its clock is wrong, and it must not change rows long closed. Five minutes.
pub const BEHIND_MAX_NS: i64 = 300 * NS_PER_SECOND;

/// Times beyond this (the year 2116) are refused, so that the arithmetic of rows cannot overflow.
const TIME_MAX_NS: i64 = i64::MAX / 2;

/// What a series is of, and its limits.
#[derive(Clone, Debug)]
pub struct SeriesConfig {
    /// The length of a row.
    pub timeframe: Timeframe,
    /// Which rows exist.
    pub calendar: Calendar,
    /// In silence a row closes this long after its end, in venue time.
    pub grace_ns: i64,
    /// How many closed rows late trades can still revise ([`Self::ROW_BYTES`] each, taken at construction).
    pub revise_rows: u32,
    /// The most rows without trades that are published one by one between two others. In a longer hole the oldest are
    /// reported by [`Rows::skipped`] instead; take the table's capacity, and nothing readable is lost.
    pub filler_rows_max: u32,
}

impl SeriesConfig {
    /// Bytes of memory for each row that can still be revised.
    pub const ROW_BYTES: usize = size_of::<Row>();
}

/// Takes rows as they become final or change.
pub trait Rows {
    /// Row `row` is final. Rows come in order, without holes except those told by [`Self::skipped`].
    fn closed(&mut self, row: u64, candle: &Candle);
    /// Row `row`, closed before, has changed.
    fn revised(&mut self, row: u64, candle: &Candle);
    /// Rows `from..to` will not be published: each would be a gap or synthetic, and at least `filler_rows_max` rows
    /// that follow at once come after them.
    fn skipped(&mut self, from: u64, to: u64);
}

/// What became of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is in the open candle.
    Live,
    /// It revised a closed row.
    Revised,
    /// It is older than every row that can be revised, or its row is the venue's own candle, which contains it. Nothing
    /// changed.
    TooLate,
    /// Its numbers cannot be summed (see [`is_summable`](crate::is_summable); a price must also be above 0), or its time
    /// is before the calendar's origin, outside of its sessions, beyond the year 2116, unconfirmed more than
    /// [`AHEAD_MAX_NS`] ahead, or more than [`BEHIND_MAX_NS`] behind. Nothing changed.
    Refused,
}

/// The row that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    number: u64,
    start_ns: i64,
    end_ns: i64,
    row: Row,
}

/// One symbol's candles in one timeframe.
///
/// Calls come in the order things happened. Nothing allocates after [`Series::new`].
#[derive(Clone, Debug)]
pub struct Series {
    config: SeriesConfig,
    /// Invariant: `closed.numbers().end == open.number`.
    open: Option<Open>,
    closed: Closed,
    outages: Outages,
    /// For trades that come unprepared.
    decimals: Decimals,
    /// Exchange time of the newest trade taken.
    newest_ns: i64,
    /// Exchange time of the last trade refused for being ahead.
    ahead_ns: i64,
    /// The latest venue time any call has told.
    venue_ns: i64,
    /// Since when the stream has been up, as told before there was a row.
    up_ns: Option<i64>,
}

impl Series {
    /// A series without rows. Its first row is that of its first trade, and partial: trades before it are not known.
    #[must_use]
    pub fn new(config: SeriesConfig) -> Self {
        let closed = Closed::new(config.revise_rows);
        let (outages, decimals) = (Outages::default(), Decimals::default());
        Self {
            config,
            open: None,
            closed,
            outages,
            decimals,
            newest_ns: i64::MIN,
            ahead_ns: i64::MIN,
            venue_ns: 0,
            up_ns: None,
        }
    }

    /// Goes on after an earlier process: `head` is the first row it did not close, `last` its newest closed rows,
    /// contiguous, the last of them row `head - 1`; more than `revise_rows` of them are not needed. Call it before
    /// anything else.
    ///
    /// The plane counts as down from the start of row `head` until [`Self::stream_up`] or the first trade of that row
    /// or later, whichever comes first; the row in which that falls is partial. Rows of `last` can be revised, by
    /// trades not flagged as history (the earlier process has seen those); their open and close prices stay.
    pub fn resume(&mut self, head: u64, last: &[Candle]) {
        debug_assert!(self.open.is_none(), "resume comes before the first trade");
        self.closed.restart(head.saturating_sub(last.len() as u64));
        let mut carry = f64::NAN;
        for candle in last {
            carry = if candle.close.is_finite() { candle.close } else { carry };
            self.closed.push(Row::restored(candle, carry));
        }
        let start_ns = self.config.calendar.open_time_ns(self.config.timeframe, head);
        self.venue_ns = self.venue_ns.max(start_ns);
        self.outages.start(start_ns);
        self.open = Some(self.opened(head, carry));
    }

    /// Begins after row `row`, of which `candle` is the venue's own; for a series that has none as yet. Where the stream
    /// is known to have been up since, nothing is missing; otherwise it counts as down as after [`Self::resume`].
    pub fn follow(&mut self, row: u64, candle: &Candle) {
        let up_ns = self.up_ns;
        self.resume(row + 1, std::slice::from_ref(candle));
        let start_ns = self.config.calendar.open_time_ns(self.config.timeframe, row + 1);
        match up_ns {
            Some(up_ns) if up_ns <= start_ns => self.outages = Outages::default(),
            Some(up_ns) => self.stream_up(up_ns),
            None => {}
        }
    }

    /// Takes a trade. A trade at or after the end of the open row first closes it, and every row between.
    #[inline]
    pub fn trade(&mut self, trade: &Trade, rows: &mut impl Rows) -> Outcome {
        let prepared = self.decimals.prepare(trade);
        self.prepared(&prepared, rows)
    }

    /// The same as [`Self::trade`], for a caller that prepares each trade once for several timeframes.
    #[inline]
    pub fn prepared(&mut self, prepared: &Prepared<'_>, rows: &mut impl Rows) -> Outcome {
        let Prepared { trade, amounts: Some(amounts) } = prepared else { return Outcome::Refused };
        if self.refuses_time(trade) {
            return Outcome::Refused;
        }
        let time_ns = trade.exchange_ns;
        let quick = !self.closed.dirty && !self.outages.is_starting();
        if let Some(open) = &mut self.open
            && quick
            && (open.start_ns..open.end_ns).contains(&time_ns)
            && self.config.calendar.is_open(time_ns)
        {
            open.row.fold(trade, amounts);
            self.newest_ns = self.newest_ns.max(time_ns);
            self.venue_ns = self.venue_ns.max(time_ns);
            return Outcome::Live;
        }
        self.trade_elsewhere(trade, amounts, rows)
    }

    /// Tells that venue time has reached `venue_ns`: closes every row whose end is at least the grace before it, and
    /// opens the row after them. Time that goes back changes nothing.
    pub fn advance(&mut self, venue_ns: i64, rows: &mut impl Rows) {
        self.advance_by(venue_ns, u64::MAX, rows);
    }

    /// The same, closing at most `rows_max` rows: for a caller whose turns are bounded. While [`Self::next_close_ns`] is
    /// not beyond `venue_ns` there is more to do.
    pub fn advance_by(&mut self, venue_ns: i64, rows_max: u64, rows: &mut impl Rows) {
        self.publish_dirty(rows);
        let venue_ns = venue_ns.clamp(0, TIME_MAX_NS);
        self.venue_ns = self.venue_ns.max(venue_ns);
        let due_ns = venue_ns.saturating_sub(self.config.grace_ns);
        if self.open.as_ref().is_some_and(|open| due_ns >= open.end_ns) {
            self.open_row_of(due_ns, rows_max, rows);
        }
    }

    /// The venue time at which [`Self::advance`] has something to do: the end of the open row and the grace; at once
    /// when closed rows wait to be published again after an outage or a loss.
    #[must_use]
    pub fn next_close_ns(&self) -> Option<i64> {
        let open = self.open.as_ref()?;
        // Between two sessions the open row begins later.
        let at_once_ns = open.start_ns.min(self.venue_ns);
        Some(if self.closed.dirty { at_once_ns } else { open.end_ns.saturating_add(self.config.grace_ns) })
    }

    /// The stream has been down since `at_ns` of venue time. Rows without trades are gaps from there on, not synthetic;
    /// rows with trades say how long. Rows already closed are revised by the next call that takes [`Rows`].
    pub fn stream_down(&mut self, at_ns: i64) {
        let at_ns = at_ns.clamp(0, TIME_MAX_NS);
        self.venue_ns = self.venue_ns.max(at_ns);
        self.up_ns = None;
        let known_ns = self.outages.down(at_ns);
        if let Some(open) = &self.open {
            let to_ns = open.start_ns.min(known_ns);
            self.mark_closed(Outage::new(at_ns, to_ns));
        }
    }

    /// The stream is up again since `at_ns` of venue time. Call it before the first trade that came afterwards. Closed
    /// rows after that time are revised by the next call that takes [`Rows`].
    pub fn stream_up(&mut self, at_ns: i64) {
        let at_ns = at_ns.clamp(0, TIME_MAX_NS);
        self.venue_ns = self.venue_ns.max(at_ns);
        if self.open.is_none() {
            self.up_ns.get_or_insert(at_ns);
        }
        if let Some(outage) = self.outages.up(at_ns) {
            self.take_back(outage.to_ns);
            self.mark_open(outage);
        }
    }

    /// Some trades around `at_ns` are lost, and may yet be fetched: the row of that time says so with a gap of at least
    /// 1 ms. A closed row is revised by the next call that takes [`Rows`].
    pub fn lost(&mut self, at_ns: i64) {
        self.missing(at_ns, at_ns.saturating_add(1));
    }

    /// The same for trades that nothing can bring back: [`Self::filled`] leaves this gap where it is.
    pub fn lost_for_good(&mut self, at_ns: i64) {
        let at_ns = at_ns.clamp(0, TIME_MAX_NS);
        self.mark(Outage { for_good: true, ..Outage::new(at_ns, at_ns + 1) });
    }

    /// [`Self::missing`] for trades that nothing can bring back: [`Self::filled`] leaves this gap where it is.
    pub fn missing_for_good(&mut self, from_ns: i64, to_ns: i64) {
        let from_ns = from_ns.clamp(0, TIME_MAX_NS);
        let to_ns = to_ns.clamp(from_ns + 1, TIME_MAX_NS + 1);
        self.mark(Outage { for_good: true, ..Outage::new(from_ns, to_ns) });
    }

    /// Trades between these venue times are missing, and may yet be fetched: the rows of that span say how much of it
    /// lies in them. Closed rows are revised by the next call that takes [`Rows`].
    pub fn missing(&mut self, from_ns: i64, to_ns: i64) {
        let from_ns = from_ns.clamp(0, TIME_MAX_NS);
        self.mark(Outage::new(from_ns, to_ns.clamp(from_ns + 1, TIME_MAX_NS + 1)));
    }

    /// Nothing is missing between these venue times any more: the stream's outages and losses of that span were none,
    /// or what fell into them has been taken in by [`Self::trade`]. Their part of the rows' gaps vanishes; a row that
    /// has no trade is synthetic then. An outage that goes on stays. Closed rows are revised by the next call that takes
    /// [`Rows`].
    pub fn filled(&mut self, from_ns: i64, to_ns: i64) {
        let (from_ns, to_ns) = (from_ns.clamp(0, TIME_MAX_NS), to_ns.clamp(0, TIME_MAX_NS + 1));
        let open_end_ns = self.open.as_ref().map_or(i64::MIN, |open| open.end_ns);
        while let Some(filled) = self.outages.fill(from_ns, to_ns, open_end_ns) {
            self.each_touched(filled, |row, start_ns, end_ns| {
                row.remove_gap(filled.overlap_ns(start_ns, end_ns));
                if filled.starts_inside(start_ns, end_ns) && filled.from_ns <= start_ns {
                    row.quality = row.quality.without(Quality::PARTIAL);
                }
            });
        }
    }

    /// The closed rows that can still be revised; none before the first trade.
    #[must_use]
    pub fn revisable(&self) -> std::ops::Range<u64> {
        self.closed.numbers()
    }

    /// Puts the venue's own candle in the place of a closed row; says whether it can still be revised. From then on the
    /// row takes neither trades nor outages: the candle contains them. Rows without trades that follow carry its close.
    pub fn replace(&mut self, number: u64, candle: &Candle, rows: &mut impl Rows) -> bool {
        let Some(row) = self.closed.row(number) else { return false };
        *row = Row::restored(candle, if candle.close.is_finite() { candle.close } else { row.close });
        self.publish_revised(number, rows);
        self.carry_on(number, rows);
        true
    }

    /// The row before `number`, which the series no longer holds, closes at `close`: rows without trades from `number` on
    /// carry it.
    pub fn carry(&mut self, number: u64, close: f64, rows: &mut impl Rows) {
        self.carry_from(number, close, rows);
    }

    /// The open candle, as it would close if nothing more happened.
    #[must_use]
    pub fn live(&self) -> Option<(u64, Candle)> {
        let open = self.open.as_ref()?;
        let mut row = open.row;
        row.add_gap(self.outages.ongoing_ns(open.start_ns, open.end_ns.min(self.venue_ns + 1)));
        Some((open.number, row.candle(open.start_ns, open.end_ns - open.start_ns)))
    }

    /// Start and end of a row.
    fn span(&self, number: u64) -> (i64, i64) {
        let (calendar, timeframe) = (self.config.calendar, self.config.timeframe);
        (calendar.open_time_ns(timeframe, number), calendar.end_time_ns(timeframe, number))
    }

    /// Whether a trade can be no part of any row by its time.
    #[inline]
    fn refuses_time(&mut self, trade: &Trade) -> bool {
        let time_ns = trade.exchange_ns;
        if time_ns > trade.receive_ns.saturating_add(AHEAD_MAX_NS) {
            let known_ns = self.newest_ns.max(self.venue_ns);
            let is_ahead = time_ns > known_ns.saturating_add(AHEAD_MAX_NS);
            let is_confirmed = self.ahead_ns.abs_diff(time_ns) <= AHEAD_MAX_NS.unsigned_abs();
            self.ahead_ns = if is_ahead { time_ns } else { self.ahead_ns };
            if is_ahead && !is_confirmed {
                return true;
            }
        }
        let origin_ns = self.config.calendar.open_time_ns(self.config.timeframe, 0);
        !(origin_ns..TIME_MAX_NS).contains(&time_ns)
    }

    /// Takes a trade that is not simply one more of the open row.
    #[cold]
    fn trade_elsewhere(&mut self, trade: &Trade, amounts: &Amounts, rows: &mut impl Rows) -> Outcome {
        let time_ns = trade.exchange_ns;
        if !self.config.calendar.is_open(time_ns) {
            return Outcome::Refused;
        }
        self.publish_dirty(rows);
        if self.open.as_ref().is_none_or(|open| time_ns >= open.end_ns) {
            self.open_row_of(time_ns, u64::MAX, rows);
        }
        if self.open.as_ref().is_some_and(|open| time_ns < open.start_ns) {
            return self.late(trade, amounts, rows);
        }
        if self.outages.is_starting() {
            self.stream_up(time_ns + 1);
        }
        if let Some(open) = &mut self.open {
            open.row.fold(trade, amounts);
        }
        self.newest_ns = self.newest_ns.max(time_ns);
        self.venue_ns = self.venue_ns.max(time_ns);
        Outcome::Live
    }

    /// Closes rows until the open one is that of `time_ns`, which is at or after the end of the open row; at most
    /// `rows_max` of them.
    fn open_row_of(&mut self, time_ns: i64, rows_max: u64, rows: &mut impl Rows) {
        let target = self.config.calendar.row(self.config.timeframe, time_ns);
        let Some(mut open) = self.open else {
            self.closed.restart(target);
            let mut open = self.opened(target, f64::NAN);
            open.row.quality = open.row.quality.with(Quality::PARTIAL);
            self.open = Some(open);
            return;
        };
        self.close(open, rows);
        let oldest_filler = target.saturating_sub(u64::from(self.config.filler_rows_max));
        if oldest_filler > open.number + 1 {
            rows.skipped(open.number + 1, oldest_filler);
            self.closed.restart(oldest_filler);
        }
        let end = target.min(self.closed.numbers().end.saturating_add(rows_max.saturating_sub(1)));
        while self.closed.numbers().end < end {
            open = self.opened(self.closed.numbers().end, open.row.close);
            self.close(open, rows);
        }
        self.open = Some(self.opened(end, open.row.close));
    }

    /// Row `number`, without trades as yet.
    fn opened(&self, number: u64, carry: f64) -> Open {
        let (start_ns, end_ns) = self.span(number);
        let mut row = Row::quiet(carry);
        let (gap_ns, partial) = self.outages.of_row(start_ns, end_ns);
        row.add_gap(gap_ns);
        if self.config.calendar.is_closed(self.config.timeframe, number) {
            row.quality = row.quality.with(Quality::MARKET_CLOSED);
        }
        if partial {
            row.quality = row.quality.with(Quality::PARTIAL);
        }
        Open { number, start_ns, end_ns, row }
    }

    fn close(&mut self, open: Open, rows: &mut impl Rows) {
        let Open { number, start_ns, end_ns, mut row } = open;
        row.add_gap(self.outages.ongoing_ns(start_ns, end_ns));
        row.quality = row.quality.with(Quality::FINAL);
        rows.closed(number, &row.candle(start_ns, end_ns - start_ns));
        self.closed.push(row);
    }

    /// Takes a trade that is older than the open row.
    fn late(&mut self, trade: &Trade, amounts: &Amounts, rows: &mut impl Rows) -> Outcome {
        let number = self.config.calendar.row(self.config.timeframe, trade.exchange_ns);
        let history = trade.flags.contains(TradeFlags::HISTORY);
        let takes = |row: &&mut Row| !(row.is_of_venue() || row.restored && history);
        let Some(row) = self.closed.row(number).filter(takes) else {
            return Outcome::TooLate;
        };
        if is_live(trade) && trade.exchange_ns.saturating_add(BEHIND_MAX_NS) < trade.receive_ns.min(self.newest_ns) {
            return Outcome::Refused;
        }
        row.fold(trade, amounts);
        self.publish_revised(number, rows);
        self.carry_on(number, rows);
        Outcome::Revised
    }

    /// The close of row `number` may have changed: the rows without trades that follow it stand at it.
    fn carry_on(&mut self, number: u64, rows: &mut impl Rows) {
        if let Some(carry) = self.closed.row(number).map(|row| row.close) {
            self.carry_from(number + 1, carry, rows);
        }
    }

    fn carry_from(&mut self, number: u64, carry: f64, rows: &mut impl Rows) {
        for next in number.max(self.closed.numbers().start)..self.closed.numbers().end {
            match self.closed.row(next) {
                Some(row) if !row.traded => {
                    if row.carry_on(carry) {
                        self.publish_revised(next, rows);
                    }
                }
                _ => return,
            }
        }
        if let Some(open) = &mut self.open
            && !open.row.traded
        {
            open.row.carry_on(carry);
        }
    }

    fn publish_revised(&mut self, number: u64, rows: &mut impl Rows) {
        let (start_ns, end_ns) = self.span(number);
        if let Some(row) = self.closed.row(number) {
            row.dirty = false;
            row.quality = row.quality.revised();
            rows.revised(number, &row.candle(start_ns, end_ns - start_ns));
        }
    }

    fn publish_dirty(&mut self, rows: &mut impl Rows) {
        if !std::mem::take(&mut self.closed.dirty) {
            return;
        }
        for number in self.closed.numbers() {
            if self.closed.row(number).is_some_and(|row| row.dirty) {
                self.publish_revised(number, rows);
            }
        }
    }

    /// An outage turns out to have ended before the open row began: closed rows were told that it went on.
    fn take_back(&mut self, end_ns: i64) {
        let told_ns = self.open.as_ref().map_or(end_ns, |open| open.start_ns);
        let excess = Outage::new(end_ns, told_ns);
        if end_ns < told_ns {
            self.each_touched(excess, |row, start_ns, end_ns| row.remove_gap(excess.overlap_ns(start_ns, end_ns)));
        }
    }

    /// Notes an outage that is over in the rows it touches, and remembers it.
    fn mark(&mut self, outage: Outage) {
        if self.open.as_ref().is_some_and(|open| outage.from_ns < open.start_ns) {
            self.mark_closed(outage);
        }
        self.mark_open(outage);
    }

    /// Notes an outage in the open row, and remembers it. Before the first row there is nothing to note.
    fn mark_open(&mut self, outage: Outage) {
        let Some(open) = &mut self.open else { return };
        open.row.add_gap(outage.overlap_ns(open.start_ns, open.end_ns));
        if outage.starts_inside(open.start_ns, open.end_ns) {
            open.row.quality = open.row.quality.with(Quality::PARTIAL);
        }
        self.outages.keep(outage, open.end_ns);
    }

    /// Notes an outage in rows that are closed already.
    fn mark_closed(&mut self, outage: Outage) {
        let open_start_ns = self.open.as_ref().map_or(i64::MAX, |open| open.start_ns);
        let closed = Outage { to_ns: outage.to_ns.min(open_start_ns), ..outage };
        self.each_touched(closed, |row, start_ns, end_ns| row.add_gap(outage.overlap_ns(start_ns, end_ns)));
    }

    /// Changes the rows that a span touches, the open one among them; closed ones will be revised.
    fn each_touched(&mut self, span: Outage, change: impl Fn(&mut Row, i64, i64)) {
        if let Some(open) = &mut self.open
            && span.overlap_ns(open.start_ns, open.end_ns) > 0
        {
            change(&mut open.row, open.start_ns, open.end_ns);
        }
        for number in self.closed.numbers().rev() {
            let (start_ns, end_ns) = self.span(number);
            if end_ns <= span.from_ns {
                return;
            }
            if span.overlap_ns(start_ns, end_ns) > 0
                && let Some(row) = self.closed.row(number).filter(|row| !row.is_of_venue())
            {
                change(row, start_ns, end_ns);
                row.dirty = true;
                self.closed.dirty = true;
            }
        }
    }
}

/// Whether the stream brought it, as it happened.
fn is_live(trade: &Trade) -> bool {
    !trade.flags.contains(TradeFlags::HISTORY) && !trade.flags.contains(TradeFlags::BACKFILLED)
}
