//! The events of a channel.

use tickplane_model::Key;
use tickplane_segments::{ConnectionState, EventFollower, EventKind, Next, Plane, PlaneEvent, SeriesReader};

use super::Rows;
use super::writer::Writer;
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, time};

/// Follows one channel.
pub(super) struct Channel {
    pub(super) key: Key,
    follower: EventFollower,
    /// The series of a candle channel.
    series: Option<SeriesReader>,
}

impl Channel {
    pub(super) fn new(plane: &Plane, key: Key) -> Self {
        Self { follower: plane.events(), series: plane.series(&key).ok(), key }
    }

    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::time("publish_ns", "published, UTC")];
        if self.series.is_some() {
            columns.extend([Column::right("row", 10), Column::right("close", 12), Column::left("quality", 6)]);
        } else {
            columns.push(Column::left("state", 12));
        }
        columns
    }

    fn is_meant(&self, event: &PlaneEvent) -> bool {
        let kind = match self.key {
            Key::CandleClose { .. } => EventKind::CandleClose,
            Key::CandleRevise { .. } => EventKind::CandleRevise,
            Key::Lifecycle { .. } => EventKind::Lifecycle,
            _ => EventKind::Alert,
        };
        let of_series = self.series.as_ref().is_none_or(|series| series.entry() == event.entry);
        event.kind == kind && event.exchange == self.key.exchange() && of_series
    }

    fn cells(&self, event: &PlaneEvent, format: Format) -> Vec<Cell> {
        let time = time(format, event.publish_ns);
        let Some(series) = &self.series else {
            return vec![time, Cell::text(ConnectionState::from_number(event.detail).as_str())];
        };
        // A row is published before its event; it is gone only if the series went round meanwhile.
        let row = series.rows(event.row..event.row + 1).ok().and_then(|rows| rows.candles.first().copied());
        let close = row.map_or(Cell::None, |candle| Cell::Number(candle.close));
        let quality = row.map_or(Cell::None, |candle| Cell::text(candle.quality));
        vec![time, Cell::count(event.row), close, quality]
    }
}

impl Rows for Channel {
    fn begin(&mut self, _last: usize, _writer: &mut Writer) -> Result<(), Failure> {
        Ok(())
    }

    fn next(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        loop {
            match self.follower.poll() {
                Next::Empty => return Ok(()),
                Next::Lost(lost) => {
                    writer.note(format_args!("{}: {lost} events were overwritten before they were read", self.key))?;
                }
                Next::Item(announced) if self.is_meant(&announced.event) => {
                    let cells = self.cells(&announced.event, writer.format());
                    writer.row(&self.key, &self.columns(), cells)?;
                }
                Next::Item(_) => {}
            }
        }
    }

    fn reattach(&mut self, plane: &Plane) -> bool {
        if self.series.is_some() {
            match plane.series(&self.key) {
                Ok(series) => self.series = Some(series),
                Err(_) => return false,
            }
        }
        self.follower = plane.events();
        true
    }
}
