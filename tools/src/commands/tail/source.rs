//! One key that is tailed.

use tickplane_model::Key;
use tickplane_segments::{FindError, Plane};

use super::Rows;
use super::candles::CandleRows;
use super::channel::Channel;
use super::indicator::IndicatorRows;
use super::quote::Quotes;
use super::trades::Trades;
use super::writer::Writer;
use crate::failure::Failure;
use crate::output::{Column, Format};

/// One key that is tailed.
pub(super) enum Source {
    Candles(CandleRows),
    Trades(Trades),
    Quote(Quotes),
    Indicator(IndicatorRows),
    Channel(Channel),
}

/// Finds a key in a plane.
pub(super) fn open(plane: &Plane, key: &Key) -> Result<Source, FindError> {
    let key = key.clone();
    Ok(match key {
        Key::Candles { .. } => Source::Candles(CandleRows::new(plane.series(&key)?, key)),
        Key::Trades { .. } => Source::Trades(Trades::new(plane.trades(&key)?, key)),
        Key::Quote { .. } => Source::Quote(Quotes::new(plane.quote(&key)?, key)),
        Key::Indicator { .. } => Source::Indicator(IndicatorRows::new(plane.series(&key)?, key)),
        Key::CandleClose { .. } | Key::CandleRevise { .. } => {
            // Found, so that a wrong symbol is told and not waited for.
            plane.series(&key)?;
            Source::Channel(Channel::new(plane, key))
        }
        Key::Lifecycle { .. } | Key::Alerts { .. } => Source::Channel(Channel::new(plane, key)),
        // Nothing publishes series of single users.
        Key::UserCandles { .. } => return Err(FindError::NoKey(key)),
    })
}

impl Source {
    /// Whether it is a channel of events.
    pub(super) const fn is_channel(&self) -> bool {
        matches!(self, Self::Channel(_))
    }

    /// Its key.
    pub(super) const fn key(&self) -> &Key {
        match self {
            Self::Candles(CandleRows { key, .. })
            | Self::Trades(Trades { key, .. })
            | Self::Quote(Quotes { key, .. })
            | Self::Indicator(IndicatorRows { key, .. })
            | Self::Channel(Channel { key, .. }) => key,
        }
    }

    /// The columns of its rows.
    pub(super) fn columns(&self, format: Format) -> Vec<Column> {
        match self {
            Self::Candles(_) => CandleRows::columns(format),
            Self::Trades(_) => Trades::columns(),
            Self::Quote(_) => Quotes::columns(),
            Self::Indicator(rows) => rows.columns(),
            Self::Channel(channel) => channel.columns(),
        }
    }

    fn rows(&mut self) -> &mut dyn Rows {
        match self {
            Self::Candles(rows) => rows,
            Self::Trades(rows) => rows,
            Self::Quote(rows) => rows,
            Self::Indicator(rows) => rows,
            Self::Channel(rows) => rows,
        }
    }
}

impl Rows for Source {
    fn begin(&mut self, last: usize, writer: &mut Writer) -> Result<(), Failure> {
        self.rows().begin(last, writer)
    }

    fn next(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        self.rows().next(writer)
    }

    fn live(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        self.rows().live(writer)
    }

    fn reattach(&mut self, plane: &Plane) -> bool {
        self.rows().reattach(plane)
    }
}
