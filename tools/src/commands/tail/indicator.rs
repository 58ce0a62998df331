//! The values of an indicator, a column per output.

use tickplane_model::Key;
use tickplane_segments::{Plane, SeriesReader};

use super::Rows;
use super::candles::Position;
use super::writer::Writer;
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, time};

/// Columns before the indicators' in a series.
const CANDLE_COLUMNS: usize = 10;
/// Attempts to read columns of the same rows while the writer appends.
const TRIES_MAX: usize = 16;

/// Follows one indicator.
pub(super) struct IndicatorRows {
    pub(super) key: Key,
    reader: SeriesReader,
    /// Names of the outputs, as columns of the series.
    outputs: Vec<String>,
    at: Position,
    live_seq: u64,
}

impl IndicatorRows {
    pub(super) fn new(reader: SeriesReader, key: Key) -> Self {
        let outputs = outputs(&reader, &key);
        Self { key, reader, outputs, at: Position { next: None }, live_seq: 0 }
    }

    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::right("row", 10), Column::time("open_time_ns", "open time, UTC")];
        columns.extend(self.outputs.iter().map(|name| Column::right(name.clone(), 20)));
        columns.push(Column::left("state", 6));
        columns
    }

    fn cells(row: u64, open_time_ns: i64, values: &[f64], state: &str, format: Format) -> Vec<Cell> {
        let mut cells = vec![Cell::count(row), time(format, open_time_ns)];
        cells.extend(values.iter().map(|value| Cell::Number(*value)));
        cells.push(Cell::text(state));
        cells
    }

    /// The values of these rows, row by row; `None` if the writer moved on meanwhile.
    fn values(&self, rows: &std::ops::Range<u64>) -> Option<Vec<Vec<f64>>> {
        let depth = usize::try_from(self.reader.head().ok()?.checked_sub(rows.start)?).ok()?;
        let mut columns = Vec::new();
        for output in &self.outputs {
            let mut values = vec![f64::NAN; depth];
            let read = self.reader.column(output, &mut values).ok()?;
            if read.start != rows.start {
                return None;
            }
            columns.push(values);
        }
        let count = usize::try_from(rows.end - rows.start).ok()?;
        Some((0..count).map(|row| columns.iter().map(|column| column[row]).collect()).collect())
    }

    fn print(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        while let Some((rows, lost)) = self.at.advance(&self.reader) {
            if lost > 0 {
                writer.note(format_args!("{}: {lost} rows were overwritten before they were read", self.key))?;
            }
            let candles = self.reader.rows(rows.clone()).ok().filter(|candles| candles.first_row == rows.start);
            let values = (0..TRIES_MAX).find_map(|_| self.values(&rows));
            let (Some(candles), Some(values)) = (candles, values) else {
                self.at.next = Some(rows.start);
                return Ok(());
            };
            for ((row, candle), values) in rows.zip(&candles.candles).zip(values) {
                let cells = Self::cells(row, candle.open_time_ns, &values, "closed", writer.format());
                writer.row(&self.key, &self.columns(), cells)?;
            }
        }
        Ok(())
    }
}

/// The columns of the series that a key names: one output, or all of the indicator.
fn outputs(reader: &SeriesReader, key: &Key) -> Vec<String> {
    let Key::Indicator { name, output, .. } = key else {
        return Vec::new();
    };
    let is_meant = |column: &str| match (output, column.split_once('.')) {
        (Some(output), Some((of, column))) => of == name && column == output,
        (None, Some((of, _))) => of == name,
        (None, None) => column == name,
        (Some(_), None) => false,
    };
    reader.columns().into_iter().map(|column| column.name).filter(|column| is_meant(column)).collect()
}

impl Rows for IndicatorRows {
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
        let Ok(live) = self.reader.live() else {
            return Ok(());
        };
        self.live_seq = seq;
        let places = self.outputs.iter().filter_map(|output| self.reader.column_index(output));
        let value = |column: usize| live.indicators.get(column - CANDLE_COLUMNS).copied().unwrap_or(f64::NAN);
        let values: Vec<f64> = places.map(value).collect();
        let cells = Self::cells(live.row, live.candle.open_time_ns, &values, "open", writer.format());
        writer.live(&self.key, &self.columns(), cells)
    }

    fn reattach(&mut self, plane: &Plane) -> bool {
        // An indicator that the new plane no longer computes, or with other outputs, is not the same rows.
        match plane.series(&self.key) {
            Ok(reader) if outputs(&reader, &self.key) == self.outputs => {
                self.reader = reader;
                true
            }
            _ => false,
        }
    }
}
