//! A look at one series' rows: which of them the venue's candles could mend, and which could be compared with them.

use std::ops::Range;

use tickplane_model::{Calendar, Candle, NS_PER_SECOND, Quality, Timeframe};

/// While trades are still being fetched, rows with a gap are left to them for at most this long.
const REPAIR_MAX_NS: i64 = 300 * NS_PER_SECOND;
/// Rows are compared once they are so old and two intervals: venues correct their candles for a while.
const COMPARE_AGE_NS: i64 = 30 * NS_PER_SECOND;
/// Holes nearer to each other than this are asked for together: the rows between cost less than a request.
const JOIN_ROWS: u64 = 8;

/// A series as it stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Its timeframe.
    pub timeframe: Timeframe,
    /// The venue's calendar.
    pub calendar: Calendar,
    /// The row of the first candle; the open row where none is closed yet.
    pub first_row: u64,
    /// Every closed row it holds, oldest first.
    pub candles: &'a [Candle],
    /// Trades of its symbol are being fetched.
    pub is_repairing: bool,
}

/// What is wanted of a series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wish {
    /// Closed rows it should hold.
    pub rows: u64,
    /// A gap is left to the repair by trades for so long after its row's end.
    pub heal_ns: i64,
    /// The venue may still change a row for so long after its end.
    pub lag_ns: i64,
}

/// Rows that the venue's candles could mend.
#[derive(Clone, PartialEq, Debug)]
pub struct Missing {
    /// Which.
    pub rows: Range<u64>,
    /// The close of the row before them, NaN if none is known.
    pub carry: f64,
}

/// What a look found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Look {
    /// Rows before the first, and rows with a gap or a partial start that are old enough; oldest first.
    pub missing: Vec<Missing>,
    /// From the first to the last row that was made whole from trades and is old enough to be compared.
    pub comparable: Option<Range<u64>>,
    /// The oldest row that is there or wanted.
    pub floor: u64,
    /// The local time of the look.
    pub epoch_ns: i64,
}

/// Looks at a series at local time `epoch_ns`; `None` while the venue may still change the row before the first.
#[must_use]
pub fn look(standing: &Standing<'_>, wish: &Wish, epoch_ns: i64) -> Option<Look> {
    let begins_ns = standing.calendar.open_time_ns(standing.timeframe, standing.first_row);
    if begins_ns + wish.lag_ns > epoch_ns {
        return None;
    }
    let mut missing: Vec<Missing> = Vec::new();
    for rows in before_first(standing, wish).into_iter().chain(doubtful(standing, wish, epoch_ns)) {
        match missing.last_mut() {
            Some(last) if rows.start <= last.rows.end + JOIN_ROWS => last.rows.end = rows.end,
            _ => missing.push(Missing { carry: standing.close_before(rows.start), rows }),
        }
    }
    let floor = standing.head().saturating_sub(wish.rows).min(standing.first_row);
    Some(Look { missing, comparable: comparable(standing, epoch_ns), floor, epoch_ns })
}

/// Whether a row of ours may be held against the venue's: made whole from trades, and old enough.
#[must_use]
pub fn is_comparable(candle: &Candle, timeframe: Timeframe, epoch_ns: i64) -> bool {
    let quality = candle.quality;
    let foreign = [Quality::PARTIAL, Quality::VENUE, Quality::MARKET_CLOSED, Quality::DERIVED];
    let age_ns = (2 * timeframe.length_ns()).max(COMPARE_AGE_NS);
    quality.contains(Quality::FINAL)
        && quality.gap_ms() == 0
        && !foreign.into_iter().any(|flag| quality.contains(flag))
        && candle.open_time_ns + timeframe.length_ns() + age_ns <= epoch_ns
}

/// The rows before the first that are wanted.
fn before_first(standing: &Standing<'_>, wish: &Wish) -> Option<Range<u64>> {
    let wanted = standing.head().saturating_sub(wish.rows)..standing.first_row;
    (!wanted.is_empty()).then_some(wanted)
}

/// Each row with a gap or a partial start that is old enough.
fn doubtful(standing: &Standing<'_>, wish: &Wish, epoch_ns: i64) -> impl Iterator<Item = Range<u64>> {
    let patience_ns = if standing.is_repairing { REPAIR_MAX_NS.max(wish.heal_ns) } else { wish.heal_ns };
    let (lag_ns, length_ns, first_row) = (wish.lag_ns, standing.timeframe.length_ns(), standing.first_row);
    let is_doubtful = move |candle: &Candle| {
        let age_ns = epoch_ns - candle.open_time_ns - length_ns;
        // No trade mends a partial start: the plane did not listen yet.
        (candle.quality.contains(Quality::PARTIAL) && age_ns >= lag_ns)
            || (candle.quality.gap_ms() > 0 && age_ns >= patience_ns.max(lag_ns))
    };
    let rows = (first_row..).zip(standing.candles).filter(move |(_, candle)| is_doubtful(candle));
    rows.map(|(row, _)| row..row + 1)
}

fn comparable(standing: &Standing<'_>, epoch_ns: i64) -> Option<Range<u64>> {
    let is_ours = |candle: &Candle| is_comparable(candle, standing.timeframe, epoch_ns);
    let first = standing.candles.iter().position(is_ours)? as u64;
    let last = standing.candles.iter().rposition(is_ours)? as u64;
    Some(standing.first_row + first..standing.first_row + last + 1)
}

impl Standing<'_> {
    /// One past the newest closed row.
    const fn head(&self) -> u64 {
        self.first_row + self.candles.len() as u64
    }

    fn close_before(&self, row: u64) -> f64 {
        let before = row.checked_sub(self.first_row + 1).and_then(|at| self.candles.get(usize::try_from(at).ok()?));
        before.map_or(f64::NAN, |candle| candle.close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M1: i64 = 60 * NS_PER_SECOND;
    const WISH: Wish = Wish { rows: 500, heal_ns: 30 * NS_PER_SECOND, lag_ns: 3 * NS_PER_SECOND };

    fn candle(row: u64, quality: Quality) -> Candle {
        let price = row as f64;
        Candle {
            open_time_ns: row as i64 * M1,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 1.0,
            quote_volume: price,
            taker_buy_volume: 0.0,
            trade_count: 1,
            quality,
        }
    }

    fn look_at(qualities: &[Quality], is_repairing: bool, after_ns: i64) -> Look {
        let candles: Vec<Candle> = (1_000..).zip(qualities).map(|(row, quality)| candle(row, *quality)).collect();
        let end_ns = (1_000 + candles.len() as i64) * M1;
        let standing = Standing {
            timeframe: Timeframe::M1,
            calendar: Calendar::AlwaysOpen,
            first_row: 1_000,
            candles: &candles,
            is_repairing,
        };
        look(&standing, &WISH, end_ns + after_ns).unwrap()
    }

    fn missing(look: &Look) -> Vec<Range<u64>> {
        look.missing.iter().map(|missing| missing.rows.clone()).collect()
    }

    const FINAL: Quality = Quality::FINAL;

    #[test]
    fn what_lies_before_the_first_row_is_wanted_to_the_depth() {
        let partial = FINAL.with(Quality::PARTIAL);
        assert_eq!(missing(&look_at(&[FINAL; 30], false, 0)), [530..1_000]);
        let full = look_at(&[FINAL; 510], false, 0);
        assert_eq!((missing(&full), full.floor), (vec![], 1_000), "rows beyond what is wanted are there too");
        let soon = look_at(&[partial, FINAL], false, 0);
        assert_eq!(missing(&soon), [502..1_001], "together with the row that began too late");
        assert!(soon.missing[0].carry.is_nan());
        let early = Standing {
            timeframe: Timeframe::M1,
            calendar: Calendar::AlwaysOpen,
            first_row: 1_000,
            candles: &[],
            is_repairing: false,
        };
        assert_eq!(look(&early, &WISH, 1_000 * M1 + 2 * NS_PER_SECOND), None, "the last row may still change");
        assert_eq!(missing(&look(&early, &WISH, 1_000 * M1 + 3 * NS_PER_SECOND).unwrap()), [500..1_000]);
    }

    #[test]
    fn gaps_are_left_to_the_trades_for_a_while() {
        let gap = FINAL.with_gap_ms(700);
        let mut rows = [FINAL; 500];
        rows[499] = gap;
        assert_eq!(missing(&look_at(&rows, false, 29 * NS_PER_SECOND)), []);
        let late = look_at(&rows, false, 30 * NS_PER_SECOND);
        assert_eq!((missing(&late), late.missing[0].carry), (vec![1_499..1_500], 1_498.0));
        assert_eq!(missing(&look_at(&rows, true, 299 * NS_PER_SECOND)), []);
        assert_eq!(missing(&look_at(&rows, true, 300 * NS_PER_SECOND)), [1_499..1_500]);
    }

    #[test]
    fn near_holes_are_one_question_and_far_ones_are_not() {
        let mut rows = [FINAL; 500];
        for at in [100, 101, 109, 300] {
            rows[at] = FINAL.with_gap_ms(1);
        }
        assert_eq!(missing(&look_at(&rows, false, 0)), [1_100..1_110, 1_300..1_301]);
    }

    #[test]
    fn only_whole_old_rows_of_ours_are_compared() {
        let venue = FINAL.with(Quality::VENUE);
        let rows = [venue, FINAL.with(Quality::PARTIAL), FINAL, FINAL.with_gap_ms(5), FINAL, FINAL, FINAL];
        assert_eq!(look_at(&rows, false, 0).comparable, Some(1_002..1_005));
        assert_eq!(look_at(&rows, false, M1).comparable, Some(1_002..1_006));
        assert_eq!(look_at(&[venue; 20], false, 9 * M1).comparable, None);
    }
}
