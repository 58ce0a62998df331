//! Which exchange times of a stream are believed: venues' clocks jump, and one wrong time closes every candle up to it.
//!
//! ```text
//!          newest − 60 s              the latest of newest, its time going on, and our own clock + 60 s
//! ─────────────┤▒▒▒▒▒▒▒▒▒▒▒▒▒▒ believed ▒▒▒▒▒▒▒▒▒▒▒▒▒▒├─────────────► exchange time
//! ```
//!
//! So a stream may lie years behind our clock (a captured session) or run fast, and our clock may be wrong: only a jump
//! away from both is none of these. When nothing but one and the same jump came for a minute, it is the truth.

use tickplane_model::{NS_PER_MS, NS_PER_SECOND};

use crate::now::Now;

/// A trade may lie this far from where it is expected.
pub(crate) const BOUND_NS: i64 = 60 * NS_PER_SECOND;
/// Jumped times that differ by no more than this are of one jump.
const SAME_JUMP_NS: i64 = 10 * NS_PER_SECOND;
/// A jump that lasts this long is believed.
const BELIEVED_MS: u64 = 60_000;

/// The times of one stream.
#[derive(Debug)]
pub(crate) struct Times {
    /// The newest time that was believed.
    newest_ns: Option<i64>,
    /// The venue's time less monotonic time, by the stream's newest trade.
    ahead_ns: Option<i64>,
    jump: Option<Jump>,
}

#[derive(Clone, Copy, Debug)]
struct Jump {
    /// The jumped time less monotonic time.
    ahead_ns: i64,
    since_ns: u64,
}

impl Times {
    /// `newest_ns` is the time of the last trade that an earlier process believed.
    pub(crate) fn new(newest_ns: Option<i64>) -> Self {
        Self { newest_ns, ahead_ns: None, jump: None }
    }

    /// Whether a trade newer than all others may have this time.
    #[inline]
    pub(crate) fn expects(&self, exchange_ns: i64, now: Now) -> bool {
        let Some(newest_ns) = self.newest_ns else { return true };
        let going_on_ns = self.ahead_ns.map_or(i64::MIN, |ahead_ns| ahead_ns.saturating_add(monotonic(now)));
        let latest_ns = newest_ns.max(going_on_ns).max(now.epoch_ns);
        exchange_ns >= newest_ns.saturating_sub(BOUND_NS) && exchange_ns <= latest_ns.saturating_add(BOUND_NS)
    }

    /// Whether a time of the stream that is not expected belongs to a jump that has lasted: times go on from it then.
    pub(crate) fn jumped(&mut self, exchange_ns: i64, now: Now) -> bool {
        let ahead_ns = exchange_ns.saturating_sub(monotonic(now));
        match self.jump {
            Some(jump) if jump.ahead_ns.abs_diff(ahead_ns) <= SAME_JUMP_NS.unsigned_abs() => {
                let has_lasted = now.monotonic_ns >= jump.since_ns + BELIEVED_MS * NS_PER_MS.unsigned_abs();
                if has_lasted {
                    *self = Self::new(None);
                }
                has_lasted
            }
            _ => {
                self.jump = Some(Jump { ahead_ns, since_ns: now.monotonic_ns });
                false
            }
        }
    }

    /// The stream brought a trade with this time, and it is believed.
    #[inline]
    pub(crate) fn heard(&mut self, exchange_ns: i64, now: Now) {
        self.fetched(exchange_ns);
        self.ahead_ns = Some(exchange_ns.saturating_sub(monotonic(now)));
        self.jump = None;
    }

    /// A trade with this time came otherwise: when says nothing.
    #[inline]
    pub(crate) fn fetched(&mut self, exchange_ns: i64) {
        self.newest_ns = Some(self.newest_ns.map_or(exchange_ns, |newest_ns| newest_ns.max(exchange_ns)));
    }
}

fn monotonic(now: Now) -> i64 {
    i64::try_from(now.monotonic_ns).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use self::Belief::{Believed, Moved, Unbelieved};
    use super::*;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Belief {
        Believed,
        Unbelieved,
        Moved,
    }

    const START_S: i64 = 1_790_000_000;

    /// What is thought of (receive, exchange) times in seconds, one after the other, where our clock is off by so much.
    fn beliefs(off_s: i64, times: &[(i64, i64)]) -> Vec<Belief> {
        let mut known = Times::new(None);
        let judge = |&(receive_s, exchange_s): &(i64, i64)| {
            let now = Now {
                monotonic_ns: (1_000 + receive_s).unsigned_abs() * 1_000_000_000,
                epoch_ns: (START_S + receive_s + off_s) * NS_PER_SECOND,
            };
            let exchange_ns = (START_S + exchange_s) * NS_PER_SECOND;
            let belief = match known.expects(exchange_ns, now) {
                true => Believed,
                false if known.jumped(exchange_ns, now) => Moved,
                false => Unbelieved,
            };
            if belief != Unbelieved {
                known.heard(exchange_ns, now);
            }
            belief
        };
        times.iter().map(judge).collect()
    }

    #[test]
    fn jumps_are_not_believed_and_do_not_stay() {
        let ahead = beliefs(0, &[(0, 0), (1, 1), (2, 3_602), (3, 3_603), (4, 4)]);
        assert_eq!(ahead, [Believed, Believed, Unbelieved, Unbelieved, Believed]);
        let back = beliefs(0, &[(0, 0), (1, 1), (2, -3_598), (3, 3)]);
        assert_eq!(back, [Believed, Believed, Unbelieved, Believed]);
        assert_eq!(beliefs(0, &[(0, 0), (1, 61), (2, 2)]), [Believed; 3], "within the bound");
    }

    #[test]
    fn a_jump_that_lasts_is_believed() {
        let mut times = vec![(0, 0)];
        times.extend((1..70).map(|at| (at, 3_600 + at)));
        let beliefs = beliefs(0, &times);
        assert!(beliefs[1..61].iter().all(|belief| *belief == Unbelieved), "{beliefs:?}");
        assert_eq!(beliefs[61], Moved);
        assert!(beliefs[62..].iter().all(|belief| *belief == Believed), "{beliefs:?}");
    }

    #[test]
    fn times_that_jump_about_are_never_believed() {
        let times: Vec<_> = std::iter::once((0, 0)).chain((1..200).map(|at| (at, at * 1_000))).collect();
        assert!(beliefs(0, &times)[1..].iter().all(|belief| *belief == Unbelieved));
    }

    #[test]
    fn a_wrong_clock_of_ours_and_a_rare_trade_are_no_jumps() {
        assert_eq!(beliefs(-86_400, &[(0, 0), (7_200, 7_200), (20_000, 20_000)]), [Believed; 3]);
        assert_eq!(beliefs(86_400, &[(0, 0), (7_200, 7_200)]), [Believed; 2]);
    }

    #[test]
    fn a_captured_session_may_be_old_and_fast() {
        let years_s = -70_000_000;
        let times: Vec<_> = (0..100).map(|at| (at / 50, years_s + at * 600)).collect();
        assert!(beliefs(0, &times).iter().all(|belief| *belief == Believed));
    }
}
