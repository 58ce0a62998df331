//! The events of a channel.

use tickplane_model::Key;
use tickplane_segments::{
    ConnectionState, EventFollower, EventKind, Next, Plane, PlaneEvent, SeriesReader, StreamCounter, StreamState,
};

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
    /// Where a lifecycle channel looks up whose stream an event is about.
    plane: Option<Plane>,
}

/// What a lifecycle channel looks symbols up in: a plane of its own, as the caller's is lent for a moment.
fn names(plane: &Plane, key: &Key) -> Option<Plane> {
    matches!(key, Key::Lifecycle { .. }).then(|| Plane::open(plane.instance()).ok()).flatten()
}

impl Channel {
    pub(super) fn new(plane: &Plane, key: Key) -> Self {
        Self { follower: plane.events(), series: plane.series(&key).ok(), plane: names(plane, &key), key }
    }

    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::time("publish_ns", "published, UTC")];
        if self.series.is_some() {
            columns.extend([Column::right("row", 10), Column::right("close", 12), Column::left("quality", 6)]);
        } else {
            if matches!(self.key, Key::Lifecycle { .. }) {
                columns.push(Column::left("symbol", 12));
            }
            columns.push(Column::left("state", 12));
        }
        columns
    }

    fn is_meant(&self, event: &PlaneEvent) -> bool {
        let is_kind = match self.key {
            Key::CandleClose { .. } => event.kind == EventKind::CandleClose,
            Key::CandleRevise { .. } => event.kind == EventKind::CandleRevise,
            Key::Lifecycle { .. } => matches!(event.kind, EventKind::Lifecycle | EventKind::Stream),
            _ => event.kind == EventKind::Alert,
        };
        let of_series = self.series.as_ref().is_none_or(|series| series.entry() == event.entry);
        is_kind && event.exchange == self.key.exchange() && of_series
    }

    fn cells(&self, event: &PlaneEvent, format: Format) -> Vec<Cell> {
        let time = time(format, event.publish_ns);
        let Some(series) = &self.series else {
            let symbol = matches!(self.key, Key::Lifecycle { .. }).then(|| self.symbol(event));
            return [time].into_iter().chain(symbol).chain([Cell::text(state(event))]).collect();
        };
        // A row is published before its event; it is gone only if the series went round meanwhile.
        let row = series.rows(event.row..event.row + 1).ok().and_then(|rows| rows.candles.first().copied());
        let close = row.map_or(Cell::None, |candle| Cell::Number(candle.close));
        let quality = row.map_or(Cell::None, |candle| Cell::text(candle.quality));
        vec![time, Cell::count(event.row), close, quality]
    }
}

impl Channel {
    /// Whose stream an event is about; none for a connection.
    fn symbol(&self, event: &PlaneEvent) -> Cell {
        let plane = self.plane.as_ref().filter(|_| event.kind == EventKind::Stream);
        let symbol = plane.and_then(|plane| plane.symbol_of(event.exchange, event.entry).ok().flatten());
        symbol.map_or(Cell::None, Cell::text)
    }
}

/// The state that an event tells of, or what else happened.
fn state(event: &PlaneEvent) -> &'static str {
    if event.kind != EventKind::Stream {
        return ConnectionState::from_number(event.detail).as_str();
    }
    let counter = StreamCounter::ALL.iter().find(|counter| event.row > 0 && **counter as u64 == event.row);
    counter.map_or(StreamState::from_number(event.detail).as_str(), |counter| counter.as_str())
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
        self.plane = names(plane, &self.key);
        true
    }
}
