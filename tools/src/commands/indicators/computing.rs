//! The candles of a file through the live path's own indicators.

use tickplane_indicators::{IndicatorSet, IndicatorSpec};

use super::candles::{WANTED, candle};
use crate::csv::{Columns, Reason, Records, Rejects, Wanted, unit_ns};
use crate::output::{Cell, Column, Format, Sheet, time};

const ORDER: &str = "not after the row before; sort the file, and leave out what stands twice";

/// Candles on their way into values.
pub(super) struct Computing {
    format: Format,
    sheet: Sheet,
    set: IndicatorSet,
    values: Vec<f64>,
    cells: Vec<Cell>,
    output: Vec<u8>,
    time_column: &'static str,
    unit_ns: i64,
    newest_ns: Option<i64>,
    rows: u64,
}

impl Computing {
    /// Nothing read yet.
    pub(super) fn new(specs: &[IndicatorSpec], format: Format) -> Self {
        let mut columns = vec![Column::time("open_time_ns", "open time, UTC")];
        columns.extend(specs.iter().flat_map(IndicatorSpec::columns).map(|name| Column::right(name, 18)));
        let set = IndicatorSet::new(specs);
        Self {
            format,
            sheet: Sheet::new(format, &columns),
            values: vec![f64::NAN; set.outputs()],
            set,
            cells: Vec::new(),
            output: Vec::new(),
            time_column: "",
            unit_ns: 1,
            newest_ns: None,
            rows: 0,
        }
    }

    /// What was done, in a sentence.
    pub(super) fn summary(&self, rejected: u64) -> String {
        format!("{} rows, {} values in each, {rejected} lines rejected", self.rows, self.values.len())
    }
}

impl Records<10> for Computing {
    const NAME: &'static str = "rows";
    const WANTED: [Wanted; 10] = WANTED;

    fn begin(&mut self, columns: &Columns<10>) {
        self.time_column = columns.name(0);
        self.unit_ns = unit_ns(self.time_column);
        // Writing into a vector cannot fail.
        let _ = self.sheet.header(&mut self.output);
    }

    fn take(&mut self, line: u64, fields: &[&[u8]; 10], rejects: &mut Rejects) {
        let candle = match candle(fields, self.time_column, self.unit_ns) {
            Ok(candle) => candle,
            Err(reason) => return rejects.add(line, reason),
        };
        if self.newest_ns.is_some_and(|newest_ns| candle.open_time_ns <= newest_ns) {
            return rejects.add(line, Reason::new(self.time_column, ORDER));
        }
        self.newest_ns = Some(candle.open_time_ns);
        self.set.update(self.rows, &candle, &mut self.values);
        self.rows += 1;
        self.cells.clear();
        self.cells.push(time(self.format, candle.open_time_ns));
        self.cells.extend(self.values.iter().copied().map(Cell::Number));
        // Writing into a vector cannot fail.
        let _ = self.sheet.write(&self.cells, &mut self.output);
    }

    fn end(&mut self, _: &mut Rejects) {}

    fn count(&self) -> u64 {
        self.rows
    }

    fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }
}
