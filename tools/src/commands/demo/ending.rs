//! When a demo is over: at its time, when what went wrong is repaired, or when the recording was read.

use std::time::{Duration, Instant};

use tickplane_model::{ExchangeId, Key, Quality, Timeframe};
use tickplane_segments::{ConnectionState, Plane, StreamCounter, StreamState, StreamStatus};
use tickplane_simulator::{Fault, Simulation};

use super::playing::Published;
use crate::commands::status::now_ns;

/// Repair is waited for at most so long after the last fault.
const REPAIR_TIME: Duration = Duration::from_secs(90);
/// A recording was read when so long nothing came after its end.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// Knows when a demo is over.
pub(super) struct Ending {
    venues: Vec<ExchangeId>,
    deadline: Option<Instant>,
    /// When the last fault ends, by both clocks.
    calm: Option<(Instant, i64)>,
    /// What was published when it last grew, and when that was.
    published: (Published, Instant),
    is_waiting: bool,
}

impl Ending {
    /// Of a demo whose simulation has just started.
    pub(super) fn new(venues: &[ExchangeId], seconds: Option<u64>, faults: &[Fault]) -> Self {
        let start = Instant::now();
        let end = faults.iter().map(|fault| fault.at.saturating_add(fault.duration)).max();
        let calm = end.map(|end| (start + end, now_ns() + i64::try_from(end.as_nanos()).unwrap_or(i64::MAX)));
        Self {
            venues: venues.to_vec(),
            deadline: seconds.map(|seconds| start + Duration::from_secs(seconds)),
            calm,
            published: (Published::default(), start),
            is_waiting: false,
        }
    }

    /// The time that was asked for begins now.
    pub(super) fn begin(&mut self, seconds: Option<u64>) {
        self.deadline = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    }

    /// Whether it is over.
    pub(super) fn is_over(&mut self, plane: &Plane, simulation: &Simulation) -> bool {
        if simulation.capture().is_some() && self.is_read(plane, simulation) {
            return true;
        }
        let now = Instant::now();
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return false;
        }
        let Some((calm, calm_ns)) = self.calm else { return true };
        self.is_waiting = true;
        now >= calm + REPAIR_TIME || now >= calm && is_repaired(plane, &self.venues, calm_ns)
    }

    /// Whether its time has come and repair has not, once.
    pub(super) fn waits_for_repair(&self) -> bool {
        self.is_waiting
    }

    /// Whether a recording was played to its end and everything was read.
    fn is_read(&mut self, plane: &Plane, simulation: &Simulation) -> bool {
        if !simulation.playback_finished() {
            return false;
        }
        let published = Published::read(plane);
        if published != self.published.0 {
            self.published = (published, Instant::now());
        }
        let is_whole = simulation.capture().is_some_and(|file| published.is_all_of(file));
        is_whole || self.published.1.elapsed() >= SETTLE_TIME
    }
}

/// Whether every connection and stream is well again, and no row carries a gap any more.
fn is_repaired(plane: &Plane, venues: &[ExchangeId], calm_ns: i64) -> bool {
    let is_up = |state| matches!(state, ConnectionState::Live | ConnectionState::Subscribed);
    plane.connections().iter().all(|connection| is_up(connection.state))
        && venues.iter().all(|exchange| {
            let streams = plane.streams(*exchange).unwrap_or_default();
            streams.iter().all(|stream| is_well(stream, calm_ns) && !carries_gap(plane, *exchange, stream))
        })
}

/// Whether a stream was heard after the last fault, or had never anything to say, and misses nothing.
fn is_well(stream: &StreamStatus, calm_ns: i64) -> bool {
    let is_up = matches!(stream.state, StreamState::Live | StreamState::Quiet | StreamState::Subscribed);
    // One whose trades had to be fetched has something to say.
    let is_mute = stream.last_trade_ns == 0 && stream.count(StreamCounter::Backfilled) == 0;
    is_up && stream.seams == 0 && (is_mute || stream.last_trade_ns >= calm_ns)
}

/// Whether a closed row of the finest timeframe carries a gap that is not its beginning.
fn carries_gap(plane: &Plane, exchange: ExchangeId, stream: &StreamStatus) -> bool {
    let key = Key::Candles { exchange, symbol: stream.symbol.clone(), timeframe: Timeframe::DEMO[0] };
    let rows = plane.series(&key).ok().and_then(|series| series.candles(series.depth()).ok());
    let carries = |quality: Quality| quality.gap_ms() > 0 && !quality.contains(Quality::PARTIAL);
    rows.is_some_and(|rows| rows.candles.iter().any(|candle| carries(candle.quality)))
}
