//! Which trades stand under which numbers of the shared trade ring, as far as they follow one another on the tape.
//!
//! ```text
//! numbers   1 ───────────── 80 │ 81 ──── 95 │ 96 ─────── 140
//! trades    a ───────────── b  │ d ───── e  │ b' ─────── d'     (the last run filled the seam between b and d)
//! ```
//!
//! So what a reader of the ring missed is known by the numbers alone, long after the ring has gone on.

use std::collections::VecDeque;

use tickplane_exchanges::{TradeIds, TradeMark};

/// Runs remembered.
const RUNS_MAX: usize = 64;

/// Trades that follow one another both in the ring and on the tape.
#[derive(Clone, Copy, Debug)]
struct Run {
    first_seq: u64,
    last_seq: u64,
    first: TradeMark,
    last: TradeMark,
}

/// A part of the tape, from one trade to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) from: TradeMark,
    pub(crate) to: TradeMark,
    /// Whether the two themselves are part of it.
    pub(crate) has_from: bool,
    pub(crate) has_to: bool,
}

/// The newest runs of one instrument.
#[derive(Debug)]
pub(crate) struct Runs {
    ids: TradeIds,
    all: VecDeque<Run>,
}

impl Runs {
    pub(crate) fn new(ids: TradeIds) -> Self {
        Self { ids, all: VecDeque::with_capacity(RUNS_MAX) }
    }

    /// The trade `seq` was published. `follows` says that it follows the one before it on the tape too; ids without holes
    /// say so themselves, of trades that fill a seam one by one.
    #[inline]
    pub(crate) fn push(&mut self, seq: u64, trade: TradeMark, follows: bool) {
        let is_next = |last: TradeMark| self.ids == TradeIds::Contiguous && last.id.bits() + 1 == trade.id.bits();
        match self.all.back_mut() {
            Some(run) if run.last_seq + 1 == seq && (follows || is_next(run.last)) => {
                (run.last_seq, run.last) = (seq, trade);
            }
            _ => self.begin(seq, trade),
        }
    }

    /// Whether this trade was published last.
    pub(crate) fn end_with(&self, trade: TradeMark) -> bool {
        self.all.back().is_some_and(|run| run.last.id == trade.id)
    }

    #[cold]
    fn begin(&mut self, seq: u64, trade: TradeMark) {
        if self.all.len() == RUNS_MAX {
            self.all.pop_front();
        }
        self.all.push_back(Run { first_seq: seq, last_seq: seq, first: trade, last: trade });
    }

    /// The parts of the tape under the numbers `from..=to`, where `after` and `before` are the trades next to them.
    /// `None` when that is forgotten.
    pub(crate) fn spans(&self, from: u64, to: u64, after: TradeMark, before: TradeMark) -> Option<Vec<Span>> {
        if self.all.front().is_none_or(|run| from < run.first_seq)
            || self.all.back().is_none_or(|run| to > run.last_seq)
        {
            return None;
        }
        let touched = self.all.iter().filter(|run| run.first_seq <= to && from <= run.last_seq);
        let span = |run: &Run| {
            let (has_from, has_to) = (run.first_seq >= from, run.last_seq <= to);
            Span {
                from: if has_from { run.first } else { after },
                to: if has_to { run.last } else { before },
                has_from,
                has_to,
            }
        };
        Some(touched.map(span).collect())
    }
}

#[cfg(test)]
mod tests {
    use tickplane_model::TradeId;

    use super::*;

    fn mark(id: u64) -> TradeMark {
        TradeMark { id: TradeId::number(u128::from(id)), exchange_ns: id as i64 }
    }

    fn spans(runs: &Runs, numbers: (u64, u64), beside: (u64, u64)) -> Option<Vec<(u64, u64, bool, bool)>> {
        let spans = runs.spans(numbers.0, numbers.1, mark(beside.0), mark(beside.1))?;
        Some(spans.iter().map(|span| (span.from.id.low, span.to.id.low, span.has_from, span.has_to)).collect())
    }

    #[test]
    fn numbers_tell_which_trades_they_were() {
        let mut runs = Runs::new(TradeIds::Increasing);
        // 1..=10, then a seam, 31..=35, then what was missing from 15 on.
        (1..=10).for_each(|id| runs.push(id, mark(id), id > 1));
        (11..=15).for_each(|seq| runs.push(seq, mark(seq + 20), seq > 11));
        (16..=20).for_each(|seq| runs.push(seq, mark(seq - 1), seq > 16));
        assert_eq!(spans(&runs, (3, 5), (2, 6)), Some(vec![(2, 6, false, false)]));
        assert_eq!(spans(&runs, (1, 10), (0, 31)), Some(vec![(1, 10, true, true)]));
        let all = vec![(8, 10, false, true), (31, 35, true, true), (15, 17, true, false)];
        assert_eq!(spans(&runs, (9, 17), (8, 17)), Some(all));
        assert_eq!(spans(&runs, (20, 21), (18, 20)), None, "21 was never published");
    }

    #[test]
    fn old_runs_are_forgotten() {
        let mut runs = Runs::new(TradeIds::Increasing);
        (1..=100).for_each(|seq| runs.push(seq, mark(seq), false));
        assert_eq!(spans(&runs, (36, 40), (35, 41)), None);
        assert_eq!(spans(&runs, (37, 37), (36, 38)), Some(vec![(37, 37, true, true)]));
    }
    #[test]
    fn trades_that_fill_a_seam_one_by_one_are_one_run_where_ids_have_no_holes() {
        for (ids, remembers) in [(TradeIds::Contiguous, true), (TradeIds::Increasing, false)] {
            let mut runs = Runs::new(ids);
            runs.push(1, mark(1), false);
            runs.push(2, mark(202), false);
            (3..=202).for_each(|seq| runs.push(seq, mark(seq - 1), false));
            assert_eq!(runs.spans(3, 202, mark(202), mark(203)).is_some(), remembers, "{ids:?}");
        }
        let mut runs = Runs::new(TradeIds::Contiguous);
        [1, 5, 3, 2, 4].into_iter().zip(1..).for_each(|(id, seq)| runs.push(seq, mark(id), false));
        let each = vec![(5, 5, true, true), (3, 3, true, true), (2, 2, true, true)];
        assert_eq!(spans(&runs, (2, 4), (1, 4)), Some(each), "what came out of order is none");
    }
}
