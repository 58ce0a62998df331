//! What may be asked of a venue by REST in a period: an exact account of what was.

use std::collections::VecDeque;

use tickplane_exchanges::Rate;

const NS_PER_MS: u64 = 1_000_000;
/// The venue counts a request when it arrives, later than it was sent by a time that varies.
const MARGIN_NS: u64 = 250 * NS_PER_MS;

/// The weights of the requests of the last period.
///
/// It takes half of the venue's allowance: the limit is per IP, and the user's own programs ask from the same one.
#[derive(Debug)]
pub(crate) struct Budget {
    /// `None` where the venue states no limit.
    rate: Option<Rate>,
    /// When, in monotonic nanoseconds, and how much; oldest first.
    spent: VecDeque<(u64, u32)>,
}

impl Budget {
    pub(crate) const fn new(rate: Option<Rate>) -> Self {
        Self { rate, spent: VecDeque::new() }
    }

    /// Spends `weight` now, or says in how many nanoseconds there may be room for it.
    pub(crate) fn spend(&mut self, weight: u32, now_ns: u64) -> Result<(), u64> {
        let Some(rate) = self.rate else { return Ok(()) };
        let period_ns = u64::from(rate.per_ms) * NS_PER_MS + MARGIN_NS;
        while self.spent.front().is_some_and(|(at_ns, _)| at_ns + period_ns <= now_ns) {
            self.spent.pop_front();
        }
        let allowed = (rate.count / 2).max(1);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_allowance_is_never_exceeded_in_any_period() {
        let rate = Rate { count: 100, per_ms: 1_000 };
        let mut budget = Budget::new(Some(rate));
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
    fn what_is_too_heavy_goes_alone_and_no_limit_is_none() {
        let mut budget = Budget::new(Some(Rate { count: 10, per_ms: 1_000 }));
        assert_eq!(budget.spend(4_000, 0), Ok(()));
        assert_eq!(budget.spend(1, 0), Err(1_250_000_000));
        assert_eq!(budget.spend(1, 1_250_000_000), Ok(()));
        let mut one = Budget::new(Some(Rate { count: 1, per_ms: 1_000 }));
        assert_eq!((one.spend(1, 0), one.spend(1, 1)), (Ok(()), Err(1_249_999_999)));
        let mut free = Budget::new(None);
        assert!((0..10_000).all(|_| free.spend(50, 0) == Ok(())));
    }
}
