//! A history on its way into the rows of a series, one row after the other.

use tickplane_candles::{Rows as _, Series, gap_row, is_usable, quiet_row, venue_row};
use tickplane_model::{Calendar, Candle, Quality, Timeframe};

use crate::feed::Publication;
use crate::history::{History, Purpose};

/// A history, and how far it got.
///
/// First the rows before the series' own go in, from the newest to the oldest, so that the table is contiguous at any
/// moment; then the rows that exist are gone over from the oldest to the newest; then rows without trades that follow
/// take the close before them.
pub(crate) struct Past {
    candles: Vec<Candle>,
    purpose: Purpose,
    stage: Stage,
}

/// Where a history goes.
pub(crate) struct Target<'a> {
    pub(crate) series: &'a mut Series,
    pub(crate) publication: &'a mut Publication,
    pub(crate) timeframe: Timeframe,
    pub(crate) calendar: Calendar,
}

#[derive(Clone, Copy)]
enum Stage {
    /// Nothing was done yet.
    Begin,
    /// Candles from this place on are in the table, or were passed over.
    Before(usize),
    /// Row `row` is next; the candles before place `at` are of rows before it, the last of which closed at `close`.
    Within { row: u64, at: usize, close: f64 },
    /// Row `row` comes after the last candle, at whose close it stands if it has no trade.
    After { row: u64, close: f64 },
}

impl Past {
    pub(crate) fn new(history: History) -> Self {
        let History { candles, purpose, .. } = history;
        Self { candles, purpose, stage: Stage::Begin }
    }

    /// Does the next step, of about one row; `false` when nothing is left to do.
    pub(crate) fn step(&mut self, target: &mut Target<'_>) -> bool {
        let next = match self.stage {
            Stage::Begin => self.begin(target),
            Stage::Before(left) => Some(self.prepend(left, target)),
            Stage::Within { row, at, close } => Some(self.revise(row, at, close, target)),
            Stage::After { row, close } => carry_on(row, close, target),
        };
        self.stage = next.unwrap_or(self.stage);
        next.is_some()
    }

    /// A series that has no row yet begins with the newest candle, or before its open row.
    fn begin(&self, target: &mut Target<'_>) -> Option<Stage> {
        let newest = self.candles.iter().rfind(|candle| target.takes(candle))?;
        let open = target.series.live().map(|(row, _)| row);
        match open {
            Some(open) if target.rows().is_empty() => target.publication.begin_at(open),
            Some(_) => {}
            None => {
                let (row, first) = (target.row(newest), venue_row(newest));
                target.publication.begin_with(row, &first);
                target.series.follow(row, &first);
            }
        }
        let first_ns = target.open_time_ns(target.rows().start);
        Some(Stage::Before(self.candles.partition_point(|candle| candle.open_time_ns < first_ns)))
    }

    fn prepend(&self, left: usize, target: &mut Target<'_>) -> Stage {
        let first = target.rows().start;
        let (Some(last), Some(row)) = (left.checked_sub(1), first.checked_sub(1)) else { return self.within(target) };
        let candle = &self.candles[last];
        let open_time_ns = target.open_time_ns(row);
        if !target.takes(candle) || candle.open_time_ns > open_time_ns {
            return Stage::Before(last);
        }
        let (older, left) = if candle.open_time_ns == open_time_ns {
            (venue_row(candle), last)
        } else if left < self.candles.len() {
            (target.quiet(row, candle.close), left)
        } else {
            // After the newest candle the venue said nothing.
            (target.unknown(row), left)
        };
        if target.publication.prepend(&older) { Stage::Before(left) } else { self.within(target) }
    }

    /// Where going over the rows that exist begins.
    fn within(&self, target: &Target<'_>) -> Stage {
        let first_ns = self.candles.first().map_or(i64::MAX, |candle| candle.open_time_ns);
        let row = target.rows().start.max(target.calendar.row(target.timeframe, first_ns));
        let open_time_ns = target.open_time_ns(row);
        let at = self.candles.partition_point(|candle| candle.open_time_ns < open_time_ns);
        let close = at.checked_sub(1).map_or(f64::NAN, |before| self.candles[before].close);
        Stage::Within { row, at, close }
    }

    fn revise(&self, row: u64, at: usize, close: f64, target: &mut Target<'_>) -> Stage {
        // The table may have moved on since.
        let row = row.max(target.rows().start);
        let open_time_ns = target.open_time_ns(row);
        let Some(candle) = self.candles.get(at).filter(|_| row < target.rows().end) else {
            return Stage::After { row, close };
        };
        if candle.open_time_ns < open_time_ns || (candle.open_time_ns == open_time_ns && !target.takes(candle)) {
            return Stage::Within { row, at: at + 1, close };
        }
        let is_given = candle.open_time_ns == open_time_ns;
        let theirs = if is_given { venue_row(candle) } else { target.quiet(row, close) };
        let close = target.mend(row, &theirs, is_given, self.purpose).unwrap_or(close);
        Stage::Within { row: row + 1, at: at + usize::from(is_given), close }
    }
}

/// A row without trades after the last candle stands at its close.
fn carry_on(row: u64, close: f64, target: &mut Target<'_>) -> Option<Stage> {
    if !close.is_finite() {
        return None;
    }
    if row >= target.series.revisable().start {
        // From here on the series itself carries.
        target.series.carry(row, close, target.publication);
        return None;
    }
    let ours = target.publication.candle(row)?;
    let is_synthetic = ours.quality.contains(Quality::SYNTHETIC);
    if is_synthetic && ours.close.to_bits() != close.to_bits() {
        let carried = Candle { open: close, high: close, low: close, close, quality: ours.quality.revised(), ..ours };
        target.publication.revised(row, &carried);
    }
    (is_synthetic || !ours.close.is_finite()).then_some(Stage::After { row: row + 1, close })
}

impl Target<'_> {
    fn rows(&self) -> std::ops::Range<u64> {
        self.publication.rows()
    }

    fn row(&self, candle: &Candle) -> u64 {
        self.calendar.row(self.timeframe, candle.open_time_ns)
    }

    fn open_time_ns(&self, row: u64) -> i64 {
        self.calendar.open_time_ns(self.timeframe, row)
    }

    /// Whether a candle can be a row of this series.
    fn takes(&self, candle: &Candle) -> bool {
        is_usable(candle) && self.open_time_ns(self.row(candle)) == candle.open_time_ns
    }

    /// A row in which the venue had no trade.
    fn quiet(&self, row: u64, close: f64) -> Candle {
        if self.calendar.is_closed(self.timeframe, row) || !close.is_finite() {
            return self.unknown(row);
        }
        quiet_row(self.open_time_ns(row), close)
    }

    /// A row of which nothing is known, or in which the market was closed.
    fn unknown(&self, row: u64) -> Candle {
        let open_time_ns = self.open_time_ns(row);
        if self.calendar.is_closed(self.timeframe, row) {
            let quality = Quality::FINAL.with(Quality::MARKET_CLOSED);
            return Candle { quality, ..gap_row(open_time_ns, 0) };
        }
        gap_row(open_time_ns, self.calendar.end_time_ns(self.timeframe, row) - open_time_ns)
    }

    /// Replaces a row by the venue's where that is better; gives the close it has then, if it has one.
    fn mend(&mut self, row: u64, theirs: &Candle, is_given: bool, purpose: Purpose) -> Option<f64> {
        let ours = self.publication.candle(row)?;
        let is_better = match purpose {
            Purpose::Fill => fills(&ours, theirs),
            Purpose::Repair => is_given && differs(&ours, theirs),
        };
        if !is_better {
            return Some(ours.close).filter(|close| close.is_finite());
        }
        // Flags are the venue's, the count of revisions goes on.
        let revisions = Quality(ours.quality.0 & Quality::REVISIONS.0);
        let quality = theirs.quality.with(Quality::BACKFILLED).with(revisions);
        let mended = Candle { quality, ..*theirs };
        if !self.series.replace(row, &mended, self.publication) {
            self.publication.revised(row, &Candle { quality: quality.revised(), ..mended });
        }
        Some(theirs.close)
    }
}

/// Whether the venue's row says something that ours misses: ours has a gap, began in its middle, or saw no trade.
fn fills(ours: &Candle, theirs: &Candle) -> bool {
    let is_traded = |candle: &Candle| candle.close.is_finite() && !candle.quality.contains(Quality::SYNTHETIC);
    let misses = ours.quality.gap_ms() > 0 || ours.quality.contains(Quality::PARTIAL);
    match (is_traded(ours), is_traded(theirs)) {
        (_, true) => misses || !is_traded(ours),
        (false, false) => misses && theirs.close.is_finite(),
        (true, false) => false,
    }
}

/// Whether a value that the venue gives is another than ours.
fn differs(ours: &Candle, theirs: &Candle) -> bool {
    let values = |candle: &Candle| {
        let Candle { open, high, low, close, volume, quote_volume, taker_buy_volume, .. } = *candle;
        [open, high, low, close, volume, quote_volume, taker_buy_volume]
    };
    let pairs = values(ours).into_iter().zip(values(theirs));
    pairs.into_iter().any(|(ours, theirs)| !theirs.is_nan() && ours != theirs)
        || (theirs.trade_count > 0 && ours.trade_count != theirs.trade_count)
}
