//! How long a stream is usually silent, learned from the stream itself.

use crate::now::Now;

/// No stream is asked about before it was silent for this long.
const PATIENCE_MS_MIN: u64 = 5_000;
/// Every stream is asked about after this long.
const PATIENCE_MS_MAX: u64 = 600_000;
/// A stream of which too few trades are known.
const PATIENCE_MS_UNKNOWN: u64 = 60_000;
/// Gaps after which the rhythm counts as known.
const GAPS_MIN: u32 = 4;

/// Mean and maximum of the time between a stream's trades, both decayed so that old days are forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rhythm {
    last_ns: u64,
    mean_ns: u64,
    max_ns: u64,
    gaps: u32,
}

impl Rhythm {
    /// A trade came.
    #[inline]
    pub(crate) fn heard(&mut self, now: Now) {
        let gap_ns = now.monotonic_ns.saturating_sub(self.last_ns);
        // Trades of one read say nothing about the time between them.
        if self.last_ns > 0 && gap_ns > 0 {
            self.mean_ns = self.mean_ns - self.mean_ns / 16 + gap_ns / 16;
            self.max_ns = gap_ns.max(self.max_ns - self.max_ns / 256);
            self.gaps = self.gaps.saturating_add(1);
        }
        self.last_ns = now.monotonic_ns;
    }

    /// The next trade says nothing about the rhythm: the stream was interrupted.
    pub(crate) fn interrupt(&mut self) {
        self.last_ns = 0;
    }

    /// Whether enough was heard to tell.
    pub(crate) fn is_known(&self) -> bool {
        self.gaps >= GAPS_MIN
    }

    /// The silence after which the stream is worth a question.
    pub(crate) fn patience_ns(&self) -> u64 {
        let patience_ns = match self.is_known() {
            false => PATIENCE_MS_UNKNOWN * 1_000_000,
            true => (8 * self.mean_ns).max(2 * self.max_ns),
        };
        patience_ns.clamp(PATIENCE_MS_MIN * 1_000_000, PATIENCE_MS_MAX * 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(gaps_ms: impl IntoIterator<Item = u64>) -> u64 {
        let mut rhythm = Rhythm::default();
        let mut ms = 1;
        for gap_ms in [0].into_iter().chain(gaps_ms) {
            ms += gap_ms;
            rhythm.heard(Now { monotonic_ns: ms * 1_000_000, epoch_ns: 0 });
        }
        rhythm.patience_ns() / 1_000_000
    }

    #[test]
    fn patience_follows_the_streams_own_rhythm() {
        assert_eq!(after([]), 60_000, "unknown");
        assert_eq!(after([0; 50]), 60_000, "one burst is no rhythm");
        assert_eq!(after([10; 100]), 5_000, "a busy stream is missed soon");
        assert!((230_000..=240_000).contains(&after([30_000; 100])), "a slow one late");
        assert_eq!(after([900_000; 10]), 600_000, "no stream is left alone for ever");
        assert!(after([1_000; 50].into_iter().chain([45_000])) >= 80_000, "one long pause is remembered");
        assert_eq!(after([1_000; 50].into_iter().chain([45_000]).chain([1_000; 2_000])), 8_000, "and forgotten");
    }
}
