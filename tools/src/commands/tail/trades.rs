//! The trades of an instrument.

use tickplane_model::{Key, TradeFlags};
use tickplane_segments::{Next, Plane, TradeReader, TradeRecord};

use super::Rows;
use super::writer::Writer;
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, time};

const FLAGS: [(TradeFlags, &str); 5] = [
    (TradeFlags::HISTORY, "history"),
    (TradeFlags::BACKFILLED, "backfilled"),
    (TradeFlags::AGGREGATE, "aggregate"),
    (TradeFlags::CONTRACTS, "contracts"),
    (TradeFlags::DERIVED, "derived"),
];

/// Follows the trades of one instrument.
pub(super) struct Trades {
    pub(super) key: Key,
    reader: TradeReader,
}

impl Trades {
    pub(super) const fn new(reader: TradeReader, key: Key) -> Self {
        Self { key, reader }
    }

    pub(super) fn columns() -> Vec<Column> {
        vec![
            Column::right("seq", 8),
            Column::time("time_ns", "venue's time, UTC"),
            Column::right("price", 12),
            Column::right("quantity", 14),
            Column::left("side", 4),
            Column::left("id", 12),
            Column::left("flags", 0),
            Column::right("lag_us", 9),
        ]
    }

    fn cells(record: &TradeRecord, format: Format) -> Vec<Cell> {
        let trade = &record.trade;
        let flags: Vec<&str> = FLAGS.iter().filter(|(flag, _)| trade.flags.contains(*flag)).map(|(_, n)| *n).collect();
        vec![
            Cell::count(record.seq),
            time(format, trade.exchange_ns),
            Cell::Number(trade.price),
            Cell::Number(trade.quantity),
            Cell::text(trade.side().as_str()),
            Cell::text(trade.id),
            Cell::Text(flags.join("|")),
            Cell::Number((record.publish_ns - trade.receive_ns) as f64 / 1e3),
        ]
    }
}

impl Rows for Trades {
    fn begin(&mut self, last: usize, writer: &mut Writer) -> Result<(), Failure> {
        self.reader.rewind(last as u64);
        self.next(writer)
    }

    fn next(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        loop {
            match self.reader.poll() {
                Next::Empty => return Ok(()),
                Next::Lost(lost) => {
                    writer.note(format_args!("{}: {lost} trades were overwritten before they were read", self.key))?;
                }
                Next::Item(record) => {
                    writer.row(&self.key, &Self::columns(), Self::cells(&record, writer.format()))?;
                }
            }
        }
    }

    fn reattach(&mut self, plane: &Plane) -> bool {
        let Ok(mut reader) = plane.trades(&self.key) else {
            return false;
        };
        // A ring that was made anew counts from 1 again.
        let next = self.reader.next_seq();
        reader.seek(if reader.head() + 1 >= next { next } else { 1 });
        self.reader = reader;
        true
    }
}
