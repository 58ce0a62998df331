//! Local time into venue time.

use tickplane_model::NS_PER_SECOND;

/// Seconds over which the minimum runs.
const WINDOW_SECONDS: i64 = 60;

/// A change larger than this is taken for a step of the local clock (or a long stall), not for network delay.
const STEP_NS: i64 = 10 * NS_PER_SECOND;

/// How long venue time stays unknown after a jump of local time that no trade has explained yet.
const HOLD_NS: i64 = 2 * NS_PER_SECOND;

/// No sample in that second.
const EMPTY: i64 = i64::MAX;

/// The running minimum of `receive_ns - exchange_ns` over the last minute: the offset between the local clock and the
/// venue's, plus the shortest way between them. Venue time is local time less that, so it is late rather than early.
///
/// A step of the local clock must not close hours of rows. Backwards it shows as a new minimum with the first trade.
/// Forwards it shows as a sample far above the minimum, which replaces it; until a trade brings one, venue time is
/// unknown for up to two seconds. With no sample in the last minute the last minimum holds.
#[derive(Clone, Debug)]
pub struct Skew {
    /// The least sample of each second of the last minute, at `second % 60`.
    seconds: [i64; WINDOW_SECONDS as usize],
    /// The newest second that has a sample.
    newest_second: i64,
    /// The least of `seconds`, or the last one there was.
    least_ns: i64,
    /// Local time as last told.
    local_ns: i64,
    /// Venue time is unknown until local time reaches this or a sample comes.
    hold_until_ns: i64,
}

impl Default for Skew {
    fn default() -> Self {
        Self::new()
    }
}

impl Skew {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        let seconds = [EMPTY; WINDOW_SECONDS as usize];
        Self { seconds, newest_second: 0, least_ns: EMPTY, local_ns: i64::MIN, hold_until_ns: i64::MIN }
    }

    /// Takes the two times of a trade as it came from the socket. Not for history and backfilled trades: their delay
    /// says nothing (they do no lasting harm: the next live trade sets the minimum right).
    #[inline]
    pub fn observe(&mut self, exchange_ns: i64, receive_ns: i64) {
        let sample_ns = receive_ns.saturating_sub(exchange_ns);
        let second = receive_ns.div_euclid(NS_PER_SECOND);
        self.local_ns = receive_ns;
        self.hold_until_ns = i64::MIN;
        let stepped = self.least_ns != EMPTY && sample_ns.saturating_sub(self.least_ns) > STEP_NS;
        if stepped || second + 1 < self.newest_second || second >= self.newest_second + WINDOW_SECONDS {
            self.restart(second);
        } else if second > self.newest_second {
            self.forget_until(second);
        }
        let slot = &mut self.seconds[second.rem_euclid(WINDOW_SECONDS) as usize];
        *slot = sample_ns.min(*slot);
        self.least_ns = self.least_ns.min(sample_ns);
    }

    /// The venue's time when the local clock shows `now_ns`; `None` before the first trade, and for up to two seconds
    /// after local time has jumped forward by more than ten with no trade to tell whether the venue's has too.
    #[inline]
    pub fn venue_time(&mut self, now_ns: i64) -> Option<i64> {
        if !self.is_known() {
            return None;
        }
        if now_ns.saturating_sub(self.local_ns) > STEP_NS {
            self.hold_until_ns = now_ns.saturating_add(HOLD_NS);
        }
        self.local_ns = now_ns;
        (now_ns >= self.hold_until_ns).then(|| now_ns.saturating_sub(self.least_ns))
    }

    /// Whether a trade has ever told.
    #[must_use]
    #[inline]
    pub const fn is_known(&self) -> bool {
        self.least_ns != EMPTY
    }

    /// The venue's time when the local clock showed `past_ns`, as far as is known now; `None` before the first trade.
    #[must_use]
    pub fn past_venue_time(&self, past_ns: i64) -> Option<i64> {
        self.is_known().then(|| past_ns.saturating_sub(self.least_ns))
    }

    fn restart(&mut self, second: i64) {
        self.seconds = [EMPTY; WINDOW_SECONDS as usize];
        self.newest_second = second;
        self.least_ns = EMPTY;
    }

    /// Moves the window on to `second`, which gets no sample yet.
    fn forget_until(&mut self, second: i64) {
        for passed in self.newest_second + 1..=second {
            self.seconds[passed.rem_euclid(WINDOW_SECONDS) as usize] = EMPTY;
        }
        self.newest_second = second;
        self.least_ns = self.seconds.iter().copied().fold(EMPTY, i64::min);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = NS_PER_SECOND;

    #[test]
    fn venue_time_is_local_time_less_the_least_delay_of_the_last_minute() {
        let mut skew = Skew::new();
        assert_eq!(skew.venue_time(5 * S), None);
        for (second, delay_ms) in [(1000, 40), (1010, 15), (1020, 60), (1075, 30)] {
            skew.observe(second * S - delay_ms * 1_000_000, second * S);
        }
        // At 1075 the sample of 1010 is older than a minute; those of 1020 and 1075 remain.
        assert_eq!(skew.venue_time(1080 * S), Some(1080 * S - 30_000_000));
        let mut early = Skew::new();
        early.observe(1000 * S - 15_000_000, 1000 * S);
        early.observe(1059 * S - 40_000_000, 1059 * S);
        assert_eq!(early.venue_time(1060 * S), Some(1060 * S - 15_000_000));
    }

    #[test]
    fn a_clock_behind_the_venue_gives_times_ahead_of_it() {
        let mut skew = Skew::new();
        skew.observe(1000 * S + 1_200_000_000, 1000 * S);
        assert_eq!(skew.venue_time(1001 * S), Some(1001 * S + 1_200_000_000));
        assert_eq!(skew.past_venue_time(900 * S), Some(900 * S + 1_200_000_000), "long ago is no jump of the clock");
        assert_eq!(skew.venue_time(1002 * S), Some(1002 * S + 1_200_000_000));
        assert_eq!(Skew::new().past_venue_time(900 * S), None);
    }

    #[test]
    fn an_hour_back_is_seen_with_the_first_trade_and_moves_no_time_before() {
        let mut skew = Skew::new();
        skew.observe(10_000 * S, 10_000 * S);
        let after = skew.venue_time(10_001 * S - 3_600 * S).unwrap();
        assert!(after <= 10_001 * S, "time that goes back closes nothing");
        skew.observe(10_002 * S, 10_002 * S - 3_600 * S);
        assert_eq!(skew.venue_time(10_003 * S - 3_600 * S), Some(10_003 * S));
    }

    #[test]
    fn a_correction_of_the_clock_by_less_than_a_second_keeps_the_minimum() {
        let mut skew = Skew::new();
        skew.observe(1000 * S - 15_000_000, 1000 * S);
        skew.observe(1000 * S - 80_000_000, 1000 * S - 1_000);
        assert_eq!(skew.venue_time(1001 * S), Some(1001 * S - 15_000_000));
    }

    #[test]
    fn times_at_the_ends_of_their_range_do_no_harm() {
        let times = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
        for exchange_ns in times {
            for receive_ns in times {
                let mut skew = Skew::new();
                skew.observe(receive_ns, exchange_ns);
                skew.observe(exchange_ns, receive_ns);
                assert_eq!(times.map(|now_ns| skew.venue_time(now_ns)).len(), times.len());
                skew.observe(0, 0);
                assert!(skew.venue_time(1).is_some());
            }
        }
    }

    #[test]
    fn an_hour_forward_is_unknown_until_a_trade_explains_it() {
        let mut skew = Skew::new();
        skew.observe(10_000 * S, 10_000 * S);
        assert_eq!(skew.venue_time(10_001 * S), Some(10_001 * S));
        assert_eq!(skew.venue_time(10_002 * S + 3_600 * S), None);
        skew.observe(10_002 * S, 10_002 * S + 3_600 * S);
        assert_eq!(skew.venue_time(10_003 * S + 3_600 * S), Some(10_003 * S));
    }

    #[test]
    fn a_long_sleep_without_trades_is_believed_after_two_seconds() {
        let mut skew = Skew::new();
        skew.observe(10_000 * S, 10_000 * S);
        assert_eq!(skew.venue_time(10_060 * S), None);
        assert_eq!(skew.venue_time(10_061 * S), None);
        assert_eq!(skew.venue_time(10_062 * S), Some(10_062 * S));
    }
}
