//! The best bid and ask of an instrument.

use tickplane_model::Key;
use tickplane_segments::{Plane, QuoteReader, QuoteRecord};

use super::Rows;
use super::writer::Writer;
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, time};

/// Follows the last quote of one instrument: quotes that were replaced before they were looked at are not lost, but out of date.
pub(super) struct Quotes {
    pub(super) key: Key,
    reader: QuoteReader,
    seq: u64,
}

impl Quotes {
    pub(super) const fn new(reader: QuoteReader, key: Key) -> Self {
        Self { key, reader, seq: 0 }
    }

    pub(super) fn columns() -> Vec<Column> {
        let mut columns = vec![Column::right("seq", 8), Column::time("receive_ns", "received, UTC")];
        columns.extend(["bid_quantity", "bid_price", "ask_price", "ask_quantity"].map(|name| Column::right(name, 14)));
        columns
    }

    fn cells(record: &QuoteRecord, format: Format) -> Vec<Cell> {
        let quote = &record.quote;
        let numbers = [quote.bid_quantity, quote.bid_price, quote.ask_price, quote.ask_quantity].map(Cell::Number);
        [Cell::count(record.seq), time(format, quote.receive_ns)].into_iter().chain(numbers).collect()
    }
}

impl Rows for Quotes {
    fn begin(&mut self, last: usize, writer: &mut Writer) -> Result<(), Failure> {
        if last == 0 {
            self.seq = self.reader.seq();
        }
        self.next(writer)
    }

    fn next(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        if self.reader.seq() == self.seq {
            return Ok(());
        }
        // Busy or moved: the next round reads again.
        if let Ok(record) = self.reader.read() {
            self.seq = record.seq;
            writer.row(&self.key, &Self::columns(), Self::cells(&record, writer.format()))?;
        }
        Ok(())
    }

    fn reattach(&mut self, plane: &Plane) -> bool {
        plane.quote(&self.key).map(|reader| self.reader = reader).is_ok()
    }
}
