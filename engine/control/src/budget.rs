//! What may be asked of a venue by REST in a period: an exact account of what was.

use std::collections::VecDeque;

use tickplane_exchanges::Rate;

const NS_PER_MS: u64 = 1_000_000;
/// The venue counts a request when it arrives, later than it was sent by a time that varies.
const MARGIN_NS: u64 = 250 * NS_PER_MS;

/// The weights of the requests of the last period, within a share of the venue's allowance.
///
/// The limit is per IP, and the user's own programs ask from the same one: nobody here may take all of it.
#[derive(Debug)]
pub struct Budget {
    /// `None` where the venue states no limit.
    rate: Option<Rate>,
    percent: u32,
    /// When, in monotonic nanoseconds, and how much; oldest first.
    spent: VecDeque<(u64, u32)>,
}

impl Budget {
    /// So many percent of the venue's limit, one request in a period at least; nothing is spent yet.
    #[must_use]
    pub const fn new(rate: Option<Rate>, percent: u32) -> Self {
        Self { rate, percent, spent: VecDeque::new() }
    }

    /// Spends `weight` now, in monotonic nanoseconds.
    ///
    /// # Errors
    /// In how many nanoseconds there may be room for it.
    pub fn spend(&mut self, weight: u32, now_ns: u64) -> Result<(), u64> {
        let Some(rate) = self.rate else { return Ok(()) };
        let period_ns = period_ns(rate);
        while self.spent.front().is_some_and(|(at_ns, _)| at_ns + period_ns <= now_ns) {
            self.spent.pop_front();
        }
        let allowed = self.allowed(rate);
        // A request that is heavier than all we allow ourselves goes alone.
        let weight = weight.clamp(1, allowed);
        let mut room = allowed.saturating_sub(self.spent.iter().map(|(_, weight)| weight).sum());
        for (at_ns, freed) in &self.spent {
            if room >= weight {
                break;
            }
            room += freed;
            if room >= weight {
                return Err(at_ns + period_ns - now_ns);
            }
        }
        self.spent.push_back((now_ns, weight));
        Ok(())
    }

    /// About how many nanoseconds it takes until `weight` is spent, in requests that are light against the limit.
    #[must_use]
    pub fn estimate_ns(&self, weight: u64, now_ns: u64) -> u64 {
        let Some(rate) = self.rate else { return 0 };
        let period_ns = period_ns(rate);
        let recent = self.spent.iter().filter(|(at_ns, _)| at_ns + period_ns > now_ns);
        let room = u64::from(self.allowed(rate)).saturating_sub(recent.map(|(_, weight)| u64::from(*weight)).sum());
        weight.saturating_sub(room).div_ceil(u64::from(self.allowed(rate))) * period_ns
    }

    fn allowed(&self, rate: Rate) -> u32 {
        (u64::from(rate.count) * u64::from(self.percent) / 100).max(1) as u32
    }
}

fn period_ns(rate: Rate) -> u64 {
    u64::from(rate.per_ms) * NS_PER_MS + MARGIN_NS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_the_allowance_is_never_exceeded_in_any_period() {
        let rate = Rate { count: 100, per_ms: 1_000 };
        let mut budget = Budget::new(Some(rate), 50);
        let (mut now_ns, mut gone) = (5, Vec::new());
        for round in 0..2_000_u64 {
            let weight = [1, 10, 2, 25, 5][(round % 5) as usize];
            if let Err(wait_ns) = budget.spend(weight, now_ns) {
                assert!(wait_ns > 0 && budget.spend(weight, now_ns + wait_ns - 1).is_err(), "no sooner");
                now_ns += wait_ns;
                assert_eq!(budget.spend(weight, now_ns), Ok(()), "and no later");
            }
            gone.push((now_ns, weight));
            now_ns += round % 7 * 3_000_000;
        }
        for (first, (start_ns, _)) in gone.iter().enumerate() {
            let period = gone[first..].iter().take_while(|(at_ns, _)| at_ns - start_ns <= 1_000_000_000);
            assert!(period.map(|(_, weight)| weight).sum::<u32>() <= 50);
        }
    }

    #[test]
    fn an_estimate_is_near_what_it_takes() {
        let mut budget = Budget::new(Some(Rate { count: 100, per_ms: 1_000 }), 50);
        let estimate_ns = budget.estimate_ns(2 * 200, 0);
        let mut now_ns = 0;
        for _ in 0..200 {
            while let Err(wait_ns) = budget.spend(2, now_ns) {
                now_ns += wait_ns;
            }
        }
        assert!(now_ns <= estimate_ns && estimate_ns <= now_ns + 1_250_000_000, "{now_ns} {estimate_ns}");
        assert_eq!(budget.estimate_ns(0, now_ns), 0);
    }

    #[test]
    fn what_is_too_heavy_goes_alone_and_no_limit_is_none() {
        let mut budget = Budget::new(Some(Rate { count: 10, per_ms: 1_000 }), 50);
        assert_eq!(budget.spend(4_000, 0), Ok(()));
        assert_eq!(budget.spend(1, 0), Err(1_250_000_000));
        assert_eq!(budget.spend(1, 1_250_000_000), Ok(()));
        let mut one = Budget::new(Some(Rate { count: 1, per_ms: 1_000 }), 50);
        assert_eq!((one.spend(1, 0), one.spend(1, 1)), (Ok(()), Err(1_249_999_999)));
        let mut free = Budget::new(None, 50);
        assert!((0..10_000).all(|_| free.spend(50, 0) == Ok(())));
    }
}
