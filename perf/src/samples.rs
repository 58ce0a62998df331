//! Latencies, and what they come to.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// The longest latency told apart from longer ones.
const LONGEST_NS: u64 = 60_000_000_000;
/// Three digits: a percentile is exact to 0.1 %.
const DIGITS: u8 = 3;

/// Latencies of one path, each measured twice.
#[derive(Clone, Debug)]
pub struct Samples {
    /// From the send itself: what the path takes.
    pub from_send: Histogram<u64>,
    /// From the time the send was due: what a consumer waits. A stall of any thread counts against every message it
    /// held up, so that no slow message hides the ones behind it.
    pub from_due: Histogram<u64>,
}

impl Samples {
    pub(crate) fn new() -> Self {
        Self { from_send: histogram(), from_due: histogram() }
    }

    pub(crate) fn record(&mut self, due: Instant, sent: Instant, seen: Instant) {
        self.from_send.saturating_record(ns(seen - sent));
        self.from_due.saturating_record(ns(seen - due));
    }

    /// Takes the latencies of another run of the same path.
    pub(crate) fn add(&mut self, other: &Self) {
        // Histograms of the same bounds always fit each other.
        let _ = self.from_send.add(&other.from_send);
        let _ = self.from_due.add(&other.from_due);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.from_send.len()
    }

    /// A percentile of [`from_send`](Self::from_send), in nanoseconds.
    #[must_use]
    pub fn ns(&self, percentile: f64) -> u64 {
        self.from_send.value_at_percentile(percentile)
    }
}

pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("constant bounds are valid")
}

pub(crate) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
