//! How many questions a shard may ask a venue.

use tickplane_exchanges::Rate;

use crate::now::Now;

/// What a venue without a stated limit is asked at most: its number is unknown, not endless.
const RATE_UNKNOWN: Rate = Rate { count: 5, per_ms: 1_000 };

/// A share of the venue's REST limit, which fills up as time passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Thousandths of weight in it.
    milli: u64,
    milli_max: u64,
    rate: Rate,
    percent: u64,
    filled_ns: u64,
}

impl Budget {
    /// So many percent of the venue's limit; full at first.
    pub(crate) fn new(rate: Option<Rate>, percent: u64, now: Now) -> Self {
        let rate = rate.unwrap_or(RATE_UNKNOWN);
        // Ten seconds' worth at once, one request at least, whatever it weighs.
        let milli_max = (u64::from(rate.count) * percent * 100_000 / u64::from(rate.per_ms.max(1))).max(100_000);
        Self { milli: milli_max, milli_max, rate, percent, filled_ns: now.monotonic_ns }
    }

    /// Takes the weight of one request out, if it is there.
    pub(crate) fn take(&mut self, weight: u32, now: Now) -> bool {
        self.fill(now);
        let milli = (u64::from(weight) * 1_000).min(self.milli_max);
        let is_there = self.milli >= milli;
        if is_there {
            self.milli -= milli;
        }
        is_there
    }

    fn fill(&mut self, now: Now) {
        let passed_ns = u128::from(now.monotonic_ns.saturating_sub(self.filled_ns));
        let per_ns = u128::from(self.rate.per_ms.max(1)) * 1_000_000 * 100;
        let milli = passed_ns * u128::from(self.rate.count) * 1_000 * u128::from(self.percent) / per_ns;
        if milli > 0 {
            self.milli = self.milli_max.min(self.milli.saturating_add(u64::try_from(milli).unwrap_or(u64::MAX)));
            self.filled_ns = now.monotonic_ns;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(rate: Rate, percent: u64, weight: u32, seconds: u64) -> u64 {
        let at = |ms: u64| Now { monotonic_ns: ms * 1_000_000, epoch_ns: 0 };
        let mut budget = Budget::new(Some(rate), percent, at(0));
        (0..seconds * 100).filter(|tick| budget.take(weight, at(tick * 10))).count() as u64
    }

    #[test]
    fn no_more_than_the_share_is_asked() {
        let binance = asked(Rate { count: 6_000, per_ms: 60_000 }, 25, 25, 600);
        assert!((590..=615).contains(&binance), "{binance} of weight 25 in ten minutes at 25 weight a second");
        let kraken = asked(Rate { count: 1, per_ms: 1_000 }, 25, 1, 600);
        assert!((150..=250).contains(&kraken), "{kraken}");
        assert!(asked(Rate { count: 10, per_ms: 60_000 }, 25, 80, 6_000) >= 1, "a heavy request is asked in the end");
    }
}
