//! Which exchange times of a stream are believed: venues' clocks jump, and one wrong time closes every candle up to it.
//!
//! ```text
//!            newest − 3 s           the venue's time as it goes on + 3 s; or our own clock ± 3 s
//! ─────────────┤▒▒▒▒▒▒▒▒▒▒▒▒▒▒ believed ▒▒▒▒▒▒▒▒▒▒▒▒▒▒├─────────────► exchange time
//! ```
//!
//! That holds of a stream that is known to run with our clock: one of its times was near it, or it keeps its distance
//! (our clock is wrong). Its venue's time goes on with our monotonic clock from the least delayed trade of late, so a burst after a stall is believed (its times go on from
//! the newest and end before now), and so is a drift. Where our clock itself was set, and the venue's times with it, both
//! say the same. Any other stream may lie years behind our clock (a captured session) and run fast or slow, or our clock is
//! wrong: there a time is believed within a minute of the newest, its going on, and our clock. When nothing but one and
//! the same jump came for a minute, it is the truth.

use tickplane_model::{NS_PER_MS, NS_PER_SECOND};

use crate::now::Now;

/// A trade of a stream that runs with our clock may lie this far from where it is expected: delays differ, and so do
/// the clocks of a venue's machines.
pub(crate) const STEP_NS: i64 = 3 * NS_PER_SECOND;
/// A trade of another stream may.
const BOUND_NS: i64 = 60 * NS_PER_SECOND;
/// A stream that is no further from our clock than this runs with it.
const LIVE_NS: i64 = 10 * NS_PER_SECOND;
/// One whose times stay as far from monotonic time, give or take this, for so long does too: our own clock is wrong.
const STEADY_NS: i64 = NS_PER_SECOND / 4;
const STEADY_MS: u64 = 20_000;
/// The least delay is forgotten at this part of the time that passes: clocks drift less.
const DRIFT: u64 = 1_024;
/// Jumped times that differ by no more than this are of one jump.
const SAME_JUMP_NS: i64 = 10 * NS_PER_SECOND;
/// A jump that lasts this long is believed.
const BELIEVED_MS: u64 = 60_000;

/// The times of one stream.
#[derive(Debug)]
pub(crate) struct Times {
    /// The newest time that was believed.
    newest_ns: Option<i64>,
    ahead: Option<Ahead>,
    jump: Option<Jump>,
}

/// The venue's time less monotonic time, by the least delayed trade of late.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    ns: i64,
    /// When it was taken.
    at_ns: u64,
    /// Whether the stream runs with our clock. A clock of ours that is set later changes nothing in that.
    is_live: bool,
    /// What it was, and since when it has been so.
    steady_ns: i64,
    steady_since_ns: u64,
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
        Self { newest_ns, ahead: None, jump: None }
    }

    /// Whether a trade newer than all others may have this time.
    #[inline]
    pub(crate) fn expects(&self, exchange_ns: i64, now: Now) -> bool {
        let Some(newest_ns) = self.newest_ns else { return true };
        let going_on_ns = self.ahead.map_or(i64::MIN, |ahead| ahead.ns.saturating_add(monotonic(now)));
        if self.ahead.is_some_and(|ahead| ahead.is_live) {
            let latest_ns = newest_ns.max(going_on_ns).saturating_add(STEP_NS);
            let is_next = exchange_ns >= newest_ns.saturating_sub(STEP_NS) && exchange_ns <= latest_ns;
            return is_next || is_near(exchange_ns, now.epoch_ns, STEP_NS);
        }
        let latest_ns = newest_ns.max(going_on_ns).max(now.epoch_ns);
        exchange_ns >= newest_ns.saturating_sub(BOUND_NS) && exchange_ns <= latest_ns.saturating_add(BOUND_NS)
    }

    /// Whether a time of the stream that is not expected belongs to a jump that has lasted: times go on from it then.
    pub(crate) fn jumped(&mut self, exchange_ns: i64, now: Now) -> bool {
        let ahead_ns = exchange_ns.saturating_sub(monotonic(now));
        match self.jump {
            Some(jump) if is_near(jump.ahead_ns, ahead_ns, SAME_JUMP_NS) => {
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
        let is_near_us = is_near(exchange_ns, now.epoch_ns, LIVE_NS);
        let ns = exchange_ns.saturating_sub(monotonic(now));
        let at_ns = now.monotonic_ns;
        let first = Ahead { ns, at_ns, is_live: is_near_us, steady_ns: ns, steady_since_ns: at_ns };
        self.ahead = Some(self.ahead.map_or(first, |ahead| {
            let forgotten = at_ns.saturating_sub(ahead.at_ns) / DRIFT;
            let ns = ns.max(ahead.ns.saturating_sub_unsigned(forgotten));
            let is_steady = is_near(first.ns, ahead.steady_ns, STEADY_NS);
            let has_lasted = at_ns >= ahead.steady_since_ns + STEADY_MS * NS_PER_MS.unsigned_abs();
            let is_live = ahead.is_live || is_near_us || is_steady && has_lasted;
            if is_steady { Ahead { ns, at_ns, is_live, ..ahead } } else { Ahead { ns, is_live, ..first } }
        }));
        self.jump = None;
    }

    /// A trade with this time came otherwise: when says nothing.
    #[inline]
    pub(crate) fn fetched(&mut self, exchange_ns: i64) {
        self.newest_ns = Some(self.newest_ns.map_or(exchange_ns, |newest_ns| newest_ns.max(exchange_ns)));
    }
}

fn is_near(one_ns: i64, other_ns: i64, by_ns: i64) -> bool {
    one_ns.abs_diff(other_ns) <= by_ns.unsigned_abs()
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
        assert_eq!(beliefs(0, &[(0, 0), (1, 3), (2, 2)]), [Believed; 3], "delays differ");
    }

    #[test]
    fn steps_of_seconds_are_no_delay_in_a_live_stream() {
        for (at, step_s) in [(60, 5), (60, 30), (60, 59), (2, -7), (2, -30), (30, -59)] {
            let beliefs = beliefs(0, &[(0, 0), (1, 1), (at, at + step_s), (at + 1, at + 1 + step_s), (at + 2, at + 2)]);
            assert_eq!(beliefs, [Believed, Believed, Unbelieved, Unbelieved, Believed], "{step_s} s");
        }
        let far = beliefs(-86_400, &[(0, 0), (1, 1), (2, 32), (3, 3)]);
        assert_eq!(far, [Believed; 4], "of a stream far from our clock a minute is believed");
        let mut times: Vec<_> = (0..21).map(|at| (at, at)).collect();
        times.extend([(21, 51), (22, 22)]);
        let steady = beliefs(-86_400, &times);
        assert_eq!(steady[20..], [Believed, Unbelieved, Believed], "unless it keeps its distance");
    }

    #[test]
    fn what_comes_late_after_a_stall_goes_on_from_before_it() {
        let mut times = vec![(0, 0), (1, 1)];
        times.extend((2..42).map(|at| (42, at)));
        times.extend([(43, 43), (100, 60), (101, 101)]);
        assert!(beliefs(0, &times).iter().all(|belief| *belief == Believed));
        let ahead = beliefs(0, &[(0, 0), (42, 12), (43, 60), (44, 44)]);
        assert_eq!(ahead, [Believed, Believed, Unbelieved, Believed], "a late trade moves no expectation");
    }

    #[test]
    fn clocks_drift_and_ours_is_set() {
        let drift: Vec<_> = (0..86_400).step_by(600).map(|at| (at, at - at / 2_000)).collect();
        assert!(beliefs(0, &drift).iter().all(|belief| *belief == Believed), "ours is fast");
        let drift: Vec<_> = (0..86_400).step_by(600).map(|at| (at, at + at / 2_000)).collect();
        assert!(beliefs(0, &drift).iter().all(|belief| *belief == Believed), "ours is slow");
        let mut known = Times::new(None);
        let at = |monotonic_s: u64, epoch_s: i64| Now {
            monotonic_ns: monotonic_s * 1_000_000_000,
            epoch_ns: (START_S + epoch_s) * NS_PER_SECOND,
        };
        known.heard(START_S * NS_PER_SECOND, at(1_000, 0));
        let exchange_ns = (START_S + 3_601) * NS_PER_SECOND;
        assert!(!known.expects(exchange_ns, at(1_001, 1)));
        assert!(known.expects(exchange_ns, at(1_001, 3_601)), "the machine slept, and both clocks say so");
        known.heard((START_S + 1) * NS_PER_SECOND, at(1_001, 31));
        assert!(!known.expects((START_S + 62) * NS_PER_SECOND, at(1_002, 32)), "our clock was set, and theirs jumped");
        assert!(known.expects((START_S + 2) * NS_PER_SECOND, at(1_002, 32)));
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
        for (fast, slow) in [(1, 1), (11, 10), (1, 2), (10, 1)] {
            let gaps = [1, 1, 40, 2, 2, 30, 1, 55].iter().cycle().take(200);
            let times = gaps.scan(0, |at, gap| {
                *at += gap;
                Some((*at * slow, years_s + *at * fast))
            });
            let times: Vec<_> = times.collect();
            assert!(beliefs(0, &times).iter().all(|belief| *belief == Believed), "{fast} / {slow}");
        }
    }
}
