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
    /// The percentiles of [`PERCENTILES`] of [`from_send`](Self::from_send), block by block.
    blocks: Vec<[u64; PERCENTILES.len()]>,
}

/// What is kept of each block.
pub(crate) const PERCENTILES: [f64; 3] = [50.0, 99.0, 99.9];

impl Samples {
    pub(crate) fn new() -> Self {
        Self { from_send: histogram(), from_due: histogram(), blocks: Vec::new() }
    }

    pub(crate) fn record(&mut self, due: Instant, sent: Instant, seen: Instant) {
        self.from_send.saturating_record(ns(seen - sent));
        self.from_due.saturating_record(ns(seen - due));
    }

    /// Ends a block: what was recorded so far is all of it.
    pub(crate) fn end_block(&mut self) {
        self.blocks.push(PERCENTILES.map(|percentile| self.ns(percentile)));
    }

    /// Takes other latencies of the same path, with their blocks.
    pub(crate) fn add(&mut self, other: &Self) {
        // Histograms of the same bounds always fit each other.
        let _ = self.from_send.add(&other.from_send);
        let _ = self.from_due.add(&other.from_due);
        self.blocks.extend_from_slice(&other.blocks);
    }

    /// Of each of [`PERCENTILES`] the median over the blocks: where other load comes and goes, what most blocks saw.
    pub(crate) fn median_block_ns(&self) -> [u64; PERCENTILES.len()] {
        std::array::from_fn(|place| {
            let mut values: Vec<u64> = self.blocks.iter().map(|block| block[place]).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied().unwrap_or(0)
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_disturbed_block_moves_the_whole_but_not_the_median_block() {
        let mut all = Samples::new();
        for block in 0..3 {
            let mut samples = Samples::new();
            let start = Instant::now();
            let latency = Duration::from_micros(if block == 1 { 50_000 } else { 5 });
            (0..100).for_each(|_| samples.record(start, start, start + latency));
            samples.end_block();
            all.add(&samples);
        }
        assert_eq!(all.count(), 300);
        assert!(all.ns(99.0) >= 50_000_000);
        assert!(all.median_block_ns().iter().all(|ns| (5_000..5_010).contains(ns)), "{:?}", all.median_block_ns());
    }
}
