//! The trades of a file through the live path's own series.

use tickplane_candles::{Outcome, Series, SeriesConfig, is_summable};
use tickplane_model::{Calendar, Timeframe, Trade};

use super::leap::{Leap, Verdict, Waiting};
use super::printer::Printer;
use super::seen::Seen;
use super::trades::{WANTED, trade};
use crate::csv::{Columns, Reason, Records, Rejects, Wanted, unit_ns};
use crate::output::Format;

/// Trades on their way into candles.
pub(super) struct Folding {
    series: Series,
    printer: Printer,
    seen: Seen,
    leap: Leap,
    time_column: &'static str,
    unit_ns: i64,
    trades: u64,
    duplicates: u64,
}

impl Folding {
    /// Nothing read yet.
    pub(super) fn new(timeframe: Timeframe, revise_rows: u32, fill: bool, format: Format) -> Self {
        let series = Series::new(SeriesConfig {
            timeframe,
            calendar: Calendar::AlwaysOpen,
            // Rows close by trades alone: a file has no clock.
            grace_ns: 0,
            revise_rows,
            // In a hole nobody wants to see, only the rows that a late trade could still reach are made.
            filler_rows_max: if fill { u32::MAX } else { revise_rows },
        });
        Self {
            series,
            printer: Printer::new(format, revise_rows, fill),
            seen: Seen::default(),
            leap: Leap::default(),
            time_column: "",
            unit_ns: 1,
            trades: 0,
            duplicates: 0,
        }
    }

    /// What was done, in a sentence.
    pub(super) fn summary(&self, rejected: u64) -> String {
        let (trades, rows, duplicates) = (self.trades, self.printer.written(), self.duplicates);
        format!("{trades} trades, {rows} rows, {duplicates} duplicates left out, {rejected} lines rejected")
    }

    #[inline]
    fn fold(&mut self, line: u64, trade: &Trade, rejects: &mut Rejects) {
        match self.series.trade(trade, &mut self.printer) {
            Outcome::Live | Outcome::Revised => self.trades += 1,
            Outcome::TooLate => {
                const LATE: &str = "older than every row that can still change; sort the file or raise --revise-rows";
                rejects.add(line, Reason::new(self.time_column, LATE));
            }
            Outcome::Refused => rejects.add(line, refusal(trade, self.time_column)),
        }
    }

    fn fold_waiting(&mut self, waiting: Option<Waiting>, rejects: &mut Rejects) {
        if let Some(Waiting { line, trade }) = waiting {
            self.fold(line, &trade, rejects);
        }
    }
}

impl Records<5> for Folding {
    const NAME: &'static str = "trades";
    const WANTED: [Wanted; 5] = WANTED;

    fn begin(&mut self, columns: &Columns<5>) {
        self.time_column = columns.name(0);
        self.unit_ns = unit_ns(self.time_column);
        self.printer.begin();
    }

    #[inline]
    fn take(&mut self, line: u64, fields: &[&[u8]; 5], rejects: &mut Rejects) {
        let trade = match trade(fields, self.time_column, self.unit_ns) {
            Ok(trade) => trade,
            Err(reason) => return rejects.add(line, reason),
        };
        if !self.seen.is_new(trade.id) {
            self.duplicates += 1;
            return;
        }
        match self.leap.judge(line, &trade) {
            Verdict::Fold => self.fold(line, &trade, rejects),
            Verdict::Wait(before) => self.fold_waiting(before, rejects),
            Verdict::FoldBoth(before) => {
                self.fold_waiting(Some(before), rejects);
                self.fold(line, &trade, rejects);
            }
            Verdict::Reject(before) => {
                const AHEAD: &str = "more than an hour ahead of the trades before and after it";
                rejects.add(before.line, Reason::new(self.time_column, AHEAD));
                self.fold(line, &trade, rejects);
            }
        }
    }

    fn end(&mut self, rejects: &mut Rejects) {
        let waiting = self.leap.end();
        self.fold_waiting(waiting, rejects);
        self.printer.end(self.series.live());
    }

    fn count(&self) -> u64 {
        self.trades
    }

    fn output(&mut self) -> &mut Vec<u8> {
        &mut self.printer.output
    }
}

/// Why a series refuses a trade.
fn refusal(trade: &Trade, time_column: &'static str) -> Reason {
    const SIZE: &str = "too small or too large to be summed exactly";
    if !is_summable(trade.price) {
        Reason::new("price", SIZE)
    } else if !is_summable(trade.quantity) {
        Reason::new("quantity", SIZE)
    } else {
        Reason::new(time_column, "outside the years 1970 to 2116")
    }
}
