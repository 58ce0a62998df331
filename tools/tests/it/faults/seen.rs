//! What a plane shows while a fault holds.

use std::fmt;
use std::time::Duration;

use tickplane_model::{Candle, ExchangeId, Key, Quality, Symbol, Timeframe};
use tickplane_segments::{ConnectionState, Plane, StreamState};

/// What has to show while a fault holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum During {
    /// Connection and streams are as before: there is no outage.
    Well,
    /// The connection ends, not before so many seconds, and with it the streams.
    Down(u64),
    /// The stream is stale while its connection stands, and then cured.
    Stale,
    /// Nobody can tell, or need not.
    Any,
}

/// Closed rows that are looked at for the mark of a gap.
const ROWS: usize = 30;

/// The states through which the venue's connection and its busiest stream went, each with the time since the injection.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Seen {
    moments: Vec<(Duration, ConnectionState, StreamState)>,
    /// When a row first carried a gap.
    marked: Option<Duration>,
}

impl Seen {
    /// Looks now.
    pub(super) fn look(&mut self, plane: &Plane, exchange: ExchangeId, busiest: &Symbol, after: Duration) {
        let connection = plane.connections().first().map_or(ConnectionState::Idle, |connection| connection.state);
        let streams = plane.streams(exchange).unwrap_or_default();
        let stream = streams.iter().find(|stream| stream.symbol == *busiest);
        let stream = stream.map_or(StreamState::Closed, |stream| stream.state);
        if self.moments.last().is_none_or(|(_, of, as_of)| (*of, *as_of) != (connection, stream)) {
            self.moments.push((after, connection, stream));
        }
        if self.marked.is_none() && has_marked_row(plane, exchange, busiest) {
            self.marked = Some(after);
        }
    }

    /// What is not as it has to be; rows of an outage of so long must carry its mark.
    pub(super) fn problem(&self, during: During, lasts: Duration) -> Option<String> {
        let down = self.moments.iter().find(|(_, connection, _)| is_down(*connection));
        let is_unwell = |stream| !matches!(stream, StreamState::Live | StreamState::Quiet);
        let problem = match (during, down) {
            (During::Any, _) => return None,
            (During::Well, Some(_)) => "the connection was lost",
            (During::Well, None) if self.moments.iter().any(|(_, _, stream)| is_unwell(*stream)) => {
                "the stream was not live"
            }
            (During::Well, None) => return None,
            (During::Down(_), None) => "the connection was never lost",
            (During::Down(after_s), Some((at, ..))) if at.as_secs() < after_s => "the connection was lost too early",
            (During::Down(_), _) if !self.moments.iter().any(|(_, _, stream)| is_lost(*stream)) => {
                "the stream did not say that it was lost"
            }
            (During::Stale, _) if !self.shows_stale() => "the stream was never stale with its connection standing",
            (During::Down(_) | During::Stale, _) if self.marked.is_none() && lasts > MARK_AFTER => {
                "no row of the outage carried a gap"
            }
            (During::Down(_) | During::Stale, _) => return None,
        };
        Some(format!("{problem} ({self})"))
    }

    fn shows_stale(&self) -> bool {
        self.moments.iter().any(|(_, connection, stream)| *stream == StreamState::Stale && !is_down(*connection))
    }
}

/// An outage of so long spans rows that closed meanwhile.
const MARK_AFTER: Duration = Duration::from_secs(4);

const fn is_down(state: ConnectionState) -> bool {
    use ConnectionState::{Closed, Connecting, Held, Idle, Waiting};
    matches!(state, Idle | Connecting | Waiting | Closed | Held)
}

const fn is_lost(state: StreamState) -> bool {
    matches!(state, StreamState::Connecting | StreamState::Closed)
}

fn has_marked_row(plane: &Plane, exchange: ExchangeId, symbol: &Symbol) -> bool {
    let key = Key::Candles { exchange, symbol: symbol.clone(), timeframe: Timeframe::S1 };
    let rows = plane.series(&key).ok().and_then(|series| series.candles(ROWS).ok());
    let is_marked = |row: &Candle| row.quality.gap_ms() > 0 && row.quality.contains(Quality::FINAL);
    rows.is_some_and(|rows| rows.candles.iter().any(is_marked))
}

/// Each state of connection and stream once, with the time at which it came first; `live` of the beginning is left out.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = vec![(ConnectionState::Live, StreamState::Live)];
        for (after, connection, stream) in &self.moments {
            if told.contains(&(*connection, *stream)) {
                continue;
            }
            let separator = if told.len() > 1 { ", " } else { "" };
            write!(f, "{separator}{:.1} s {}", after.as_secs_f64(), connection.as_str())?;
            if connection.as_str() != stream.as_str() {
                write!(f, "/{}", stream.as_str())?;
            }
            told.push((*connection, *stream));
        }
        if told.len() == 1 {
            f.write_str("live")?;
        }
        match self.marked {
            Some(after) => write!(f, "; gap from {:.1} s", after.as_secs_f64()),
            None => Ok(()),
        }
    }
}
