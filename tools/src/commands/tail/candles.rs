//! The rows of a candle series.

use tickplane_model::{Candle, Key};
use tickplane_segments::{Plane, ReadError, SeriesReader};

use super::Rows;
use super::writer::Writer;
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, time};

/// Rows that one read copies at most while following.
const BATCH_ROWS: u64 = 256;

/// Follows one candle series.
pub(super) struct CandleRows {
    pub(super) key: Key,
    reader: SeriesReader,
    at: Position,
    live_seq: u64,
}

/// The next row to print: every closed row once, whatever happens to the plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) next: Option<u64>,
}

impl Position {
    /// The closed rows that are new, at most [`BATCH_ROWS`], and how many were overwritten before they were read.
    /// `None` when there is none. A series that holds nothing yet gives none.
    pub(super) fn advance(&mut self, reader: &SeriesReader) -> Option<(std::ops::Range<u64>, u64)> {
        let (first, head) = (reader.first_row().ok()?, reader.head().ok()?);
        // A series that was empty at the start is followed from its first row, once it has one.
        let next = self.next.unwrap_or(first);
        let start = next.max(first.min(head));
        if start >= head {
            return None;
        }
        let end = head.min(start + BATCH_ROWS);
        self.next = Some(end);
        Some((start..end, start - next))
    }

    /// Goes to the newest `last` rows.
    pub(super) fn begin(&mut self, reader: &SeriesReader, last: usize) {
        let (Ok(first), Ok(head)) = (reader.first_row(), reader.head()) else { return };
        if head > first {
            self.next = Some(head.saturating_sub(last as u64).max(first));
        }
    }
}

impl CandleRows {
    pub(super) fn new(reader: SeriesReader, key: Key) -> Self {
        Self { key, reader, at: Position { next: None }, live_seq: 0 }
    }

    /// A table leaves out what few people look at; programs get every column.
    pub(super) fn columns(format: Format) -> Vec<Column> {
        let mut columns = vec![Column::time("open_time_ns", "open time, UTC")];
        columns.extend(["open", "high", "low", "close"].map(|name| Column::right(name, 12)));
        columns.push(Column::right("volume", 14));
        if format != Format::Table {
            columns.insert(0, Column::right("row", 10));
            columns.extend(["quote_volume", "taker_buy_volume"].map(|name| Column::right(name, 14)));
        }
        columns.extend([Column::right("trade_count", 0), Column::left("quality", 7), Column::left("state", 6)]);
        columns
    }

    fn cells(row: u64, candle: &Candle, state: &str, format: Format) -> Vec<Cell> {
        let mut cells = vec![time(format, candle.open_time_ns)];
        cells.extend([candle.open, candle.high, candle.low, candle.close, candle.volume].map(Cell::Number));
        if format != Format::Table {
            cells.insert(0, Cell::count(row));
            cells.extend([candle.quote_volume, candle.taker_buy_volume].map(Cell::Number));
        }
        cells.extend([Cell::count(candle.trade_count), Cell::text(candle.quality), Cell::text(state)]);
        cells
    }

    fn print(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        while let Some((rows, lost)) = self.at.advance(&self.reader) {
            if lost > 0 {
                writer.note(format_args!("{}: {lost} rows were overwritten before they were read", self.key))?;
            }
            let Ok(candles) = self.reader.rows(rows.clone()) else {
                // The writer overtook every attempt: the same rows again, or what is left of them.
                self.at.next = Some(rows.start);
                return Ok(());
            };
            self.at.next = Some(candles.first_row + candles.candles.len() as u64);
            if candles.first_row > rows.start {
                let lost = candles.first_row - rows.start;
                writer.note(format_args!("{}: {lost} rows were overwritten before they were read", self.key))?;
            }
            for (row, candle) in (candles.first_row..).zip(&candles.candles) {
                let format = writer.format();
                writer.row(&self.key, &Self::columns(format), Self::cells(row, candle, "closed", format))?;
            }
        }
        Ok(())
    }
}

impl Rows for CandleRows {
    fn begin(&mut self, last: usize, writer: &mut Writer) -> Result<(), Failure> {
        self.at.begin(&self.reader, last);
        self.print(writer)
    }

    fn next(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        self.print(writer)
    }

    fn live(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        let seq = self.reader.live_seq();
        if !writer.shows_live() || seq == self.live_seq {
            return Ok(());
        }
        match self.reader.live() {
            Ok(live) => {
                self.live_seq = seq;
                let format = writer.format();
                writer.live(&self.key, &Self::columns(format), Self::cells(live.row, &live.candle, "open", format))
            }
            Err(ReadError::Busy | ReadError::Empty | ReadError::Moved | ReadError::NoColumn) => Ok(()),
        }
    }

    fn reattach(&mut self, plane: &Plane) -> bool {
        match plane.series(&self.key) {
            Ok(reader) => {
                self.reader = reader;
                true
            }
            Err(_) => false,
        }
    }
}
