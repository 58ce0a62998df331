//! How many requests to subscribe a venue takes on one connection.

use tickplane_exchanges::Rate;

/// A bucket of half the venue's allowance that fills up by the other half in its period: no period ever sees more than
/// the whole. Without a rate it is never empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// Requests that may go at once, and the time in which one comes back.
    rate: Option<(u64, u64)>,
    /// When the bucket will be full again.
    full_ns: u64,
}

impl Allowance {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        let bucket = |rate: Rate| {
            let half = u64::from(rate.count / 2).max(1);
            (half, u64::from(rate.per_ms) * 1_000_000 / half)
        };
        Self { rate: rate.map(bucket), full_ns: 0 }
    }

    /// From when on a request may go.
    pub(crate) fn free_ns(&self) -> u64 {
        self.rate.map_or(0, |(at_once, each_ns)| self.full_ns.saturating_sub((at_once - 1) * each_ns))
    }

    /// A request goes.
    pub(crate) fn spend(&mut self, now_ns: u64) {
        if let Some((_, each_ns)) = self.rate {
            self.full_ns = self.full_ns.max(now_ns) + each_ns;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OKX: 480 an hour.
    const RATE: Rate = Rate { count: 480, per_ms: 3_600_000 };
    const HOUR_NS: u64 = 3_600_000_000_000;

    #[test]
    fn no_hour_sees_more_than_the_venue_allows() {
        let mut allowance = Allowance::new(Some(RATE));
        let (mut now_ns, mut sent) = (7_000_000_000, Vec::new());
        while sent.len() < 2_000 {
            now_ns = now_ns.max(allowance.free_ns());
            allowance.spend(now_ns);
            sent.push(now_ns);
        }
        assert_eq!(sent[239], sent[0], "half of them at once");
        assert!(sent[240] >= sent[0] + HOUR_NS / 240);
        assert!(sent.windows(481).all(|times| times[480] - times[0] >= HOUR_NS));
    }

    #[test]
    fn what_has_no_limit_never_waits() {
        let mut allowance = Allowance::new(None);
        (0..10_000).for_each(|_| allowance.spend(1));
        assert_eq!(allowance.free_ns(), 0);
    }
}
