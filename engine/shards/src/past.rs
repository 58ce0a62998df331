//! A history on its way into the rows of a series, a few rows at a time.

use tickplane_candles::{gap_row, is_usable, quiet_row, venue_row};
use tickplane_model::{Calendar, Candle, Timeframe};
use tickplane_segments::SeriesWriter;

use crate::history::History;

/// A history, and how far it got. Rows before the series' first go in from the newest to the oldest, so that the table
/// is contiguous at any moment.
pub(crate) struct Past {
    candles: Vec<Candle>,
    timeframe: Timeframe,
    calendar: Calendar,
    /// Candles from this place on are in the table, or were passed over.
    left: usize,
}

impl Past {
    pub(crate) fn new(history: History, calendar: Calendar) -> Self {
        let History { candles, timeframe, .. } = history;
        Self { left: candles.len(), candles, timeframe, calendar }
    }

    /// Puts the next older row, or passes a candle over; `false` when nothing is left to do.
    pub(crate) fn prepend(&mut self, writer: &mut SeriesWriter) -> bool {
        let Some(row) = writer.rows().start.checked_sub(1) else { return false };
        let Some(last) = self.left.checked_sub(1) else { return false };
        let candle = self.candles[last];
        let open_time_ns = self.calendar.open_time_ns(self.timeframe, row);
        if !is_usable(&candle) || candle.open_time_ns > open_time_ns {
            self.left = last;
            return true;
        }
        if candle.open_time_ns == open_time_ns {
            self.left = last;
            return writer.prepend(&venue_row(&candle), &[]).is_some();
        }
        // Between two candles nothing was traded; after the last of them nobody knows.
        let filler = if self.left < self.candles.len() {
            quiet_row(open_time_ns, candle.close)
        } else {
            gap_row(open_time_ns, self.timeframe.length_ns())
        };
        writer.prepend(&filler, &[]).is_some()
    }
}
