//! Latencies and counters of a plane, over all its threads and connections.

use hdrhistogram::Histogram;
use tickplane_segments::{ConnectionCounter, Plane, Stage, StreamCounter, StreamStatus, ThreadCounter};

/// What the plane counted and measured about itself.
#[derive(Clone, Debug)]
pub(super) struct Health {
    /// Trades published.
    pub(super) trades: u64,
    /// Candles closed.
    pub(super) closes: u64,
    /// Messages or parts of them that could not be used.
    pub(super) rejects: u64,
    /// Interruptions after which trades may be missing.
    pub(super) gaps: u64,
    /// Connections made after the first.
    pub(super) reconnects: u64,
    /// Trades that were overwritten before a worker caught up.
    pub(super) lost: u64,
    /// Rows revised.
    pub(super) revised: u64,
    /// What became of the streams.
    pub(super) streams: Streams,
    /// The stages that were measured.
    pub(super) stages: Vec<(Stage, Histogram<u64>)>,
}

/// What became of all streams together.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Streams {
    /// Questions asked by REST.
    pub(super) asks: u64,
    /// Subscriptions taken anew.
    pub(super) resubscribes: u64,
    /// Trades fetched by REST.
    pub(super) backfilled: u64,
    /// Trades that are lost for good, where the venue's ids tell.
    pub(super) lost: u64,
    /// Places where trades are missing still.
    pub(super) seams: u64,
}

impl Streams {
    fn read(plane: &Plane) -> Self {
        let of = |exchange| plane.streams(exchange).unwrap_or_default();
        let all: Vec<StreamStatus> = plane.exchanges().into_iter().flat_map(of).collect();
        let sum = |counter| all.iter().map(|stream| stream.count(counter)).sum();
        Self {
            asks: sum(StreamCounter::Asks),
            resubscribes: sum(StreamCounter::Resubscribes),
            backfilled: sum(StreamCounter::Backfilled),
            lost: sum(StreamCounter::Lost),
            seams: all.iter().map(|stream| stream.seams).sum(),
        }
    }
}

impl Health {
    /// Reads it.
    pub(super) fn read(plane: &Plane) -> Self {
        let (connections, threads) = (plane.connections(), plane.threads());
        let connection = |counter| connections.iter().map(|connection| connection.count(counter)).sum();
        let thread = |counter| threads.iter().map(|thread| thread.count(counter)).sum();
        let mut stages: Vec<(Stage, Histogram<u64>)> = Vec::new();
        for measured in threads.iter().flat_map(|thread| &thread.stages).filter(|s| !s.histogram.is_empty()) {
            match stages.iter_mut().find(|(stage, _)| *stage == measured.stage) {
                // All histograms have the same bounds, so adding cannot fail.
                Some((_, sum)) => drop(sum.add(&measured.histogram)),
                None => stages.push((measured.stage, measured.histogram.clone())),
            }
        }
        stages.sort_by_key(|(stage, _)| *stage as u8);
        Self {
            trades: connection(ConnectionCounter::Trades),
            closes: thread(ThreadCounter::Closes),
            rejects: connections.iter().map(|connection| connection.rejected()).sum(),
            gaps: connection(ConnectionCounter::Gaps),
            reconnects: connections.iter().map(|connection| connection.attempts.saturating_sub(1)).sum(),
            lost: thread(ThreadCounter::Lost),
            revised: thread(ThreadCounter::Revisions),
            streams: Streams::read(plane),
            stages,
        }
    }

    /// The latencies of one stage.
    pub(super) fn stage(&self, stage: Stage) -> Option<&Histogram<u64>> {
        self.stages.iter().find(|(of, _)| *of == stage).map(|(_, histogram)| histogram)
    }
}

/// What a stage measures, in words.
pub(super) const fn meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::Network => "venue's time to socket read",
        Stage::ReadToTrade => "socket read to trade readable",
        Stage::ReadToCandle => "socket read to candle readable",
        Stage::Turn => "one turn of a thread",
    }
}
