//! Trades whose time leaps ahead of all others.
//!
//! One such trade would close every row up to its time, and those after it would be too late. The live path asks when
//! the trade was received; a file does not say, but the trade after it does: a leap is believed when the next trade is
//! there too, or later still.

use tickplane_candles::AHEAD_MAX_NS;
use tickplane_model::Trade;

/// What is to be done with a trade.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Verdict {
    /// Fold it.
    Fold,
    /// It waits for the next one. One that waited before it is believed.
    Wait(Option<Waiting>),
    /// The one that waited comes first.
    FoldBoth(Waiting),
    /// The one that waited is not believed.
    Reject(Waiting),
}

/// A trade that waits for the next one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Waiting {
    pub(super) line: u64,
    pub(super) trade: Trade,
}

/// The time so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Leap {
    newest_ns: Option<i64>,
    waiting: Option<Waiting>,
}

impl Leap {
    /// Judges the trade of a line by the one before it, and the one before by it.
    #[inline]
    pub(super) fn judge(&mut self, line: u64, trade: &Trade) -> Verdict {
        let newest_ns = self.newest_ns.unwrap_or(trade.exchange_ns);
        if self.waiting.is_none() && trade.exchange_ns <= newest_ns.saturating_add(AHEAD_MAX_NS) {
            self.newest_ns = Some(newest_ns.max(trade.exchange_ns));
            return Verdict::Fold;
        }
        self.judge_leap(newest_ns, Waiting { line, trade: *trade })
    }

    #[cold]
    fn judge_leap(&mut self, newest_ns: i64, new: Waiting) -> Verdict {
        let Some(old) = self.waiting.take() else {
            self.waiting = Some(new);
            return Verdict::Wait(None);
        };
        let (old_ns, new_ns) = (old.trade.exchange_ns, new.trade.exchange_ns);
        if new_ns < old_ns.saturating_sub(AHEAD_MAX_NS) {
            self.newest_ns = Some(newest_ns.max(new_ns));
            return Verdict::Reject(old);
        }
        self.newest_ns = Some(newest_ns.max(old_ns));
        if new_ns > old_ns.saturating_add(AHEAD_MAX_NS) {
            self.waiting = Some(new);
            return Verdict::Wait(Some(old));
        }
        self.newest_ns = Some(newest_ns.max(old_ns).max(new_ns));
        Verdict::FoldBoth(old)
    }

    /// The trade that still waits at the end; nothing speaks against it.
    pub(super) fn end(&mut self) -> Option<Waiting> {
        self.waiting.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickplane_model::{TradeFlags, TradeId};

    const HOUR: i64 = AHEAD_MAX_NS;

    /// The lines that are folded, in order, and those rejected, for trades at these hours.
    fn judged(hours: &[i64]) -> (Vec<u64>, Vec<u64>) {
        let (mut leap, mut folded, mut rejected) = (Leap::default(), Vec::new(), Vec::new());
        for (line, hour) in (1..).zip(hours) {
            let exchange_ns = hour * HOUR;
            let (id, flags) = (TradeId::NONE, TradeFlags::default());
            let trade = Trade { exchange_ns, receive_ns: exchange_ns, price: 1.0, quantity: 1.0, id, flags };
            match leap.judge(line, &trade) {
                Verdict::Fold => folded.push(line),
                Verdict::Wait(before) => folded.extend(before.map(|before| before.line)),
                Verdict::FoldBoth(before) => folded.extend([before.line, line]),
                Verdict::Reject(before) => {
                    rejected.push(before.line);
                    folded.push(line);
                }
            }
        }
        folded.extend(leap.end().map(|waiting| waiting.line));
        (folded, rejected)
    }

    #[test]
    fn what_is_in_order_is_never_rejected() {
        for hours in [&[1, 1, 2, 3][..], &[1, 5, 9, 100, 100, 200], &[0, 1_000_000], &[7]] {
            assert_eq!(judged(hours), ((1..=hours.len() as u64).collect(), vec![]), "{hours:?}");
        }
    }

    #[test]
    fn a_time_far_ahead_of_both_neighbours_is_not_believed() {
        assert_eq!(judged(&[1, 9, 1, 2]), (vec![1, 3, 4], vec![2]));
        assert_eq!(judged(&[1, 9, 3, 9, 3]), (vec![1, 3, 5], vec![2, 4]));
        assert_eq!(judged(&[1, 5, 9, 500, 13, 17]), (vec![1, 2, 3, 5, 6], vec![4]));
        assert_eq!(judged(&[1, 9, 9, 1]), (vec![1, 2, 3, 4], vec![]), "two agree");
    }
}
