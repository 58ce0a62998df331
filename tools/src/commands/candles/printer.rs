//! Rows as they become final beyond change.

use std::collections::VecDeque;

use tickplane_candles::Rows;
use tickplane_model::Candle;

use crate::output::{Cell, Column, Format, Sheet, time};

/// Holds each closed row until no trade can revise it any more, and writes it then.
pub(super) struct Printer {
    format: Format,
    sheet: Sheet,
    /// How many closed rows can still change.
    revise_rows: usize,
    /// Write rows without trades too.
    fill: bool,
    /// Row number of the first of `held`.
    first: u64,
    held: VecDeque<Candle>,
    written: u64,
    pub(super) output: Vec<u8>,
}

impl Printer {
    /// Begins with the header.
    pub(super) fn new(format: Format, revise_rows: u32, fill: bool) -> Self {
        let sheet = Sheet::new(format, &columns(format));
        let (held, output) = (VecDeque::new(), Vec::new());
        let revise_rows = revise_rows as usize;
        Self { format, sheet, revise_rows, fill, first: 0, held, written: 0, output }
    }

    /// Writes the header.
    pub(super) fn begin(&mut self) {
        // Writing into a vector cannot fail.
        let _ = self.sheet.header(&mut self.output);
    }

    /// How many rows were written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Writes what is held, and the row that is open.
    pub(super) fn end(&mut self, open: Option<(u64, Candle)>) {
        self.release(0);
        if let Some((row, candle)) = open {
            self.write(row, &candle, "open");
        }
    }

    /// Writes the oldest rows until so many are held.
    fn release(&mut self, keep: usize) {
        while self.held.len() > keep {
            if let Some(candle) = self.held.pop_front() {
                self.write(self.first, &candle, "closed");
                self.first += 1;
            }
        }
    }

    fn write(&mut self, row: u64, candle: &Candle, state: &str) {
        if !self.fill && candle.trade_count == 0 {
            return;
        }
        self.written += 1;
        let numbers = [
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.volume,
            candle.quote_volume,
            candle.taker_buy_volume,
        ];
        let mut cells = Vec::with_capacity(12);
        if self.format == Format::Json {
            cells.push(Cell::count(row));
        }
        cells.push(time(self.format, candle.open_time_ns));
        cells.extend(numbers.map(Cell::Number));
        cells.extend([Cell::count(candle.trade_count), Cell::text(candle.quality)]);
        if self.format == Format::Json {
            cells.push(Cell::text(state));
        }
        // Writing into a vector cannot fail.
        let _ = self.sheet.write(&cells, &mut self.output);
    }
}

impl Rows for Printer {
    fn closed(&mut self, row: u64, candle: &Candle) {
        if self.held.is_empty() {
            self.first = row;
        }
        self.held.push_back(*candle);
        self.release(self.revise_rows);
    }

    fn revised(&mut self, row: u64, candle: &Candle) {
        let held = row.checked_sub(self.first).and_then(|at| self.held.get_mut(at as usize));
        debug_assert!(held.is_some(), "row {row} was written and then revised");
        if let Some(held) = held {
            *held = *candle;
        }
    }

    /// A hole longer than what can be revised: all rows before it are beyond change.
    fn skipped(&mut self, _: u64, _: u64) {
        self.release(0);
    }
}

/// The names of the columns are a contract; JSON has the number and the state of the row besides.
fn columns(format: Format) -> Vec<Column> {
    let mut columns = vec![Column::time("open_time_ns", "open time, UTC")];
    columns.extend(["open", "high", "low", "close"].map(|name| Column::right(name, 12)));
    columns.extend(["volume", "quote_volume", "taker_buy_volume"].map(|name| Column::right(name, 16)));
    columns.extend([Column::right("trade_count", 0), Column::left("quality", 7)]);
    if format == Format::Json {
        columns.insert(0, Column::right("row", 0));
        columns.push(Column::left("state", 0));
    }
    columns
}
