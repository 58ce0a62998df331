//! Which of a connection's hosts is tried: in turn, without those that want nothing of us.

use crate::now::Now;

/// The hosts of one connection, by their place in its list.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    /// The one that is tried.
    at: usize,
    /// Until when each is left alone.
    barred_until_ns: Vec<u64>,
}

impl Hosts {
    pub(crate) fn new(count: usize) -> Self {
        Self { at: 0, barred_until_ns: vec![0; count] }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The present one wants nothing of us until then.
    pub(crate) fn bar(&mut self, until_ns: u64) {
        self.barred_until_ns[self.at] = until_ns;
    }

    /// Goes on to the one that is tried next, the present one once more if it served; returns how many milliseconds it is
    /// still left alone: more than none only where they all are.
    pub(crate) fn next(&mut self, has_served: bool, now: Now) -> u64 {
        let count = self.barred_until_ns.len();
        let first = self.at + usize::from(!has_served);
        let wait_ns = |at: usize| self.barred_until_ns[at].saturating_sub(now.monotonic_ns);
        let in_turn = (0..count).map(|step| (first + step) % count);
        self.at = in_turn.min_by_key(|at| wait_ns(*at)).unwrap_or(0);
        self.barred_until_ns[self.at].saturating_sub(now.monotonic_ns).div_ceil(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Now {
        Now { monotonic_ns: ms * 1_000_000, epoch_ns: 0 }
    }

    #[test]
    fn hosts_that_want_nothing_of_us_are_passed_over_until_all_do() {
        let mut hosts = Hosts::new(3);
        assert_eq!((hosts.next(true, at_ms(0)), hosts.at()), (0, 0), "one that served is tried again");
        hosts.bar(at_ms(300_000).monotonic_ns);
        assert_eq!((hosts.next(false, at_ms(0)), hosts.at()), (0, 1));
        assert_eq!((hosts.next(false, at_ms(1_000)), hosts.at()), (0, 2));
        assert_eq!((hosts.next(false, at_ms(2_000)), hosts.at()), (0, 1), "the first is left alone");
        hosts.bar(at_ms(400_000).monotonic_ns);
        assert_eq!((hosts.next(false, at_ms(3_000)), hosts.at()), (0, 2));
        hosts.bar(at_ms(500_000).monotonic_ns);
        assert_eq!((hosts.next(false, at_ms(3_000)), hosts.at()), (297_000, 0), "the one that is free first");
        assert_eq!((hosts.next(false, at_ms(600_000)), hosts.at()), (0, 1));
    }
}
