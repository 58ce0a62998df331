//! What is known of the venue's tape of one instrument: which trades were seen, and between which ones some are
//! missing.
//!
//! ```text
//! tape    … a b c ░░░░░░░ k l m ░░░ q r s ▒▒▒
//!               └ seam ┘       └ seam ┘  └ doubt: the stream was interrupted, nothing newer was seen since
//! ```
//!
//! A seam holds no trade that was seen. It shrinks as trades of it come in, and vanishes once the venue's own answer
//! covers what is left of it.

use tickplane_exchanges::{TradeIds, TradeMark};
use tickplane_model::{IdForm, Trade, TradeFlags, TradeId};

use crate::recent::Recent;
use crate::seams::{Seam, Seams};
use crate::verdict::{Loss, Verdict};

/// The tape of one instrument.
#[derive(Debug)]
pub(crate) struct Tape {
    ids: TradeIds,
    newest: Option<TradeMark>,
    /// Trades after the newest may be missing.
    is_in_doubt: bool,
    seams: Seams,
    /// The trade the stream brought last, where that is older than the newest and nothing interrupted it since.
    backlog: Option<TradeMark>,
    recent: Recent,
    /// Trades of seams that were given up, where ids tell.
    lost: u64,
    /// Seams given up for want of room, and their trades, since anybody asked.
    crowded_out: (u64, u64),
    /// Until this venue time seams were given up.
    lost_to_ns: i64,
}

impl Tape {
    /// `newest` is the last trade an earlier process published: what came after it may be missing.
    pub(crate) fn new(ids: TradeIds, newest: Option<&Trade>) -> Self {
        let mut tape = Self {
            ids,
            newest: newest.filter(|trade| trade.id.form != IdForm::None).map(mark),
            is_in_doubt: false,
            seams: Seams::new(ids),
            backlog: None,
            recent: Recent::new(ids),
            lost: 0,
            crowded_out: (0, 0),
            lost_to_ns: i64::MIN,
        };
        if let Some(newest) = tape.newest {
            tape.recent.remember(newest.id);
        }
        tape.interrupt();
        tape
    }

    /// The newest trade seen.
    pub(crate) fn newest(&self) -> Option<TradeMark> {
        self.newest
    }

    /// The trade on which the stream's next one follows, if that is older than the newest; ids without holes tell better.
    #[inline]
    pub(crate) fn backlog(&self) -> Option<TradeMark> {
        self.backlog.filter(|_| self.ids == TradeIds::Increasing)
    }

    /// Whether trades after the newest may be missing.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    /// Whether an answer that begins with `first` leaves no hole after the newest trade.
    pub(crate) fn reaches(&self, first: TradeMark) -> bool {
        self.newest.is_some_and(|newest| self.seams.key(first) <= self.seams.key(newest))
    }

    /// Whether a trade comes after the newest that was seen.
    pub(crate) fn is_newer(&self, trade: TradeMark) -> bool {
        self.newest.is_none_or(|newest| self.seams.key(trade) > self.seams.key(newest))
    }

    /// The times between which an older trade has its place: those of its seam, or its own if it was seen before.
    /// `None` for a trade that is newer than all.
    pub(crate) fn span_of(&self, trade: &Trade) -> Option<(i64, i64)> {
        let at = mark(trade);
        if self.ids == TradeIds::Opaque && !trade.flags.contains(TradeFlags::HISTORY) && !self.recent.contains(at.id)
            || self.is_newer(at)
        {
            return None;
        }
        let seam = self.seams.around(at);
        Some(seam.map_or((at.exchange_ns, at.exchange_ns), |seam| (seam.after.exchange_ns, seam.before.exchange_ns)))
    }

    /// Whether one trade comes after another.
    pub(crate) fn is_after(&self, trade: TradeMark, other: TradeMark) -> bool {
        self.seams.key(trade) > self.seams.key(other)
    }

    /// The venue numbers its trades anew, and `first` was the first of them that came.
    pub(crate) fn begin_after(&mut self, first: TradeMark) {
        let before = TradeId::number(first.id.bits().saturating_sub(1));
        self.newest = Some(TradeMark { id: before, ..first });
        self.interrupt();
    }

    /// Whether ids order trades.
    pub(crate) fn is_ordered(&self) -> bool {
        self.ids != TradeIds::Opaque
    }

    /// Whether ids alone show what is missing.
    pub(crate) fn shows_holes(&self) -> bool {
        self.ids == TradeIds::Contiguous
    }

    /// Trades until this venue time are lost, though not to the tape: that span is not complete any more.
    pub(crate) fn lose_until(&mut self, to_ns: i64) {
        self.lost_to_ns = self.lost_to_ns.max(to_ns);
    }

    /// Where trades are missing, oldest first.
    pub(crate) fn seams(&self) -> &[Seam] {
        self.seams.all()
    }

    /// How many trades are missing in seams, where ids tell.
    pub(crate) fn missing(&self) -> u64 {
        self.seams.all().iter().map(|seam| self.seams.width(seam)).sum()
    }

    /// How many trades of seams that were given up are lost, where ids tell.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// The stream was interrupted: trades after the newest may be missing.
    pub(crate) fn interrupt(&mut self) {
        self.is_in_doubt = self.newest.is_some();
        self.backlog = None;
    }

    /// Judges a trade of the stream and remembers it. A trade without id is always new.
    #[inline]
    pub(crate) fn judge(&mut self, trade: &Trade) -> Verdict {
        if trade.id.form == IdForm::None {
            return Verdict::New;
        }
        if self.ids == TradeIds::Opaque {
            return self.judge_opaque(trade);
        }
        let Some(newest) = self.newest else {
            self.newest = Some(mark(trade));
            return Verdict::New;
        };
        let (id, newest) = (trade.id.bits(), newest.id.bits());
        if id == newest + 1 && self.ids == TradeIds::Contiguous && !self.is_in_doubt {
            self.newest = Some(mark(trade));
            return Verdict::New;
        }
        if id > newest { self.judge_newer(trade) } else { self.judge_older(trade) }
    }

    /// Judges a trade that was fetched; the answer's trades come in the order of the tape, and [`Self::cover`] follows.
    pub(crate) fn judge_fetched(&mut self, trade: &Trade) -> Verdict {
        let at = mark(trade);
        if trade.id.form == IdForm::None || (self.ids == TradeIds::Opaque && self.recent.contains(at.id)) {
            return Verdict::Duplicate;
        }
        if self.is_newer(at) {
            self.recent.remember(at.id);
            return self.judge_newer(trade);
        }
        match self.seams.around(at) {
            None => Verdict::Duplicate,
            Some(_) => {
                self.recent.remember(at.id);
                Verdict::Fills
            }
        }
    }

    /// The venue's answer has every trade from `first` to `last`, and all of them were judged: nothing else is missing
    /// there. Says whether seams shrank.
    pub(crate) fn cover(&mut self, first: TradeMark, last: TradeMark) -> bool {
        self.seams.cover(first, last)
    }

    /// The venue showed that it has nothing after the newest trade that is missing here.
    pub(crate) fn settle(&mut self) {
        self.is_in_doubt = false;
    }

    /// Gives a seam up: what is missing in it is lost.
    pub(crate) fn give_up(&mut self, seam: Seam) {
        if self.seams.remove(seam) {
            self.count_lost(seam);
        }
    }

    /// How many seams were given up for want of room since the last call, and how many trades with them.
    pub(crate) fn take_crowded_out(&mut self) -> (u64, u64) {
        std::mem::take(&mut self.crowded_out)
    }

    fn count_lost(&mut self, seam: Seam) {
        self.lost += self.seams.width(&seam);
        self.lost_to_ns = self.lost_to_ns.max(seam.before.exchange_ns);
    }

    /// Spans of venue time in which nothing is missing, newest last. The last one has no end unless there is doubt.
    pub(crate) fn complete(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let newest_ns = self.newest.map_or(i64::MIN, |newest| newest.exchange_ns);
        let end_ns = if self.is_in_doubt { newest_ns } else { i64::MAX };
        let starts =
            std::iter::once(self.lost_to_ns).chain(self.seams.all().iter().map(|seam| seam.before.exchange_ns));
        let ends = self.seams.all().iter().map(|seam| seam.after.exchange_ns).chain([end_ns]);
        let lost_to_ns = self.lost_to_ns;
        starts.zip(ends).map(move |(from_ns, to_ns)| (from_ns.max(lost_to_ns), to_ns)).filter(|(from, to)| from < to)
    }

    fn judge_newer(&mut self, trade: &Trade) -> Verdict {
        let was_in_doubt = std::mem::take(&mut self.is_in_doubt);
        self.backlog = None;
        let at = mark(trade);
        let Some(after) = self.newest.replace(at) else { return Verdict::New };
        let is_next = self.ids == TradeIds::Contiguous && at.id.bits() == after.id.bits() + 1;
        if is_next || (self.ids != TradeIds::Contiguous && !was_in_doubt) {
            return if was_in_doubt { Verdict::Settles } else { Verdict::New };
        }
        let seam = Seam { after, before: at };
        if let Some(oldest) = self.seams.push(seam) {
            let trades = self.crowded_out.1 + self.seams.width(&oldest);
            self.crowded_out = (self.crowded_out.0 + 1, trades);
            self.count_lost(oldest);
        }
        let trades = self.seams.width(&seam);
        Verdict::NewAfter(Loss { trades, from_ns: after.exchange_ns, to_ns: at.exchange_ns })
    }

    fn judge_older(&mut self, trade: &Trade) -> Verdict {
        let at = mark(trade);
        let known = self.backlog();
        self.backlog = Some(at);
        if let Some(has_room) = self.seams.fill(at, known) {
            self.backlog = self.backlog.filter(|_| has_room);
            return if has_room { Verdict::Fills } else { Verdict::Duplicate };
        }
        if self.is_in_doubt && self.ids != TradeIds::Contiguous && trade.flags.contains(TradeFlags::HISTORY) {
            self.is_in_doubt = false;
            return Verdict::ReachesBack;
        }
        Verdict::Duplicate
    }

    /// Opaque ids are told by a window of those seen last; time tells which side of a seam they are on.
    fn judge_opaque(&mut self, trade: &Trade) -> Verdict {
        let at = mark(trade);
        let is_history = trade.flags.contains(TradeFlags::HISTORY);
        if self.recent.contains(at.id) {
            let reaches_back = self.is_in_doubt && is_history;
            self.is_in_doubt &= !reaches_back;
            return if reaches_back { Verdict::ReachesBack } else { Verdict::Duplicate };
        }
        self.recent.remember(at.id);
        match self.newest {
            Some(newest) if at.exchange_ns < newest.exchange_ns => Verdict::New,
            _ => self.judge_newer(trade),
        }
    }
}

/// A trade's place on the tape.
#[inline]
pub(crate) fn mark(trade: &Trade) -> TradeMark {
    TradeMark { id: trade.id, exchange_ns: trade.exchange_ns }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recent::REMEMBERED;
    use crate::seams::SEAMS_MAX;
    use crate::verdict::Verdict::{Duplicate, Fills, New, NewAfter, ReachesBack, Settles};

    /// Trade `id` happens at `id` nanoseconds.
    fn trade(id: u64, flags: TradeFlags) -> Trade {
        Trade {
            exchange_ns: id as i64,
            receive_ns: 0,
            price: 1.0,
            quantity: 1.0,
            id: TradeId::number(u128::from(id)),
            flags,
        }
    }

    fn uuid(id: u64, exchange_ns: i64) -> Trade {
        let id = TradeId { high: 7, low: id, form: IdForm::Uuid };
        Trade { id, exchange_ns, ..trade(0, TradeFlags::default()) }
    }

    fn live(tape: &mut Tape, ids: &[u64]) -> Vec<Verdict> {
        ids.iter().map(|id| tape.judge(&trade(*id, TradeFlags::default()))).collect()
    }

    /// What a fetched answer brings, as the shard takes it.
    fn fetched(tape: &mut Tape, ids: &[u64]) -> Vec<u64> {
        let trades: Vec<Trade> = ids.iter().map(|id| trade(*id, TradeFlags::BACKFILLED)).collect();
        let taken = trades.iter().filter(|trade| tape.judge_fetched(trade) != Duplicate).map(|trade| trade.id.low);
        let taken = taken.collect();
        tape.cover(mark(&trades[0]), mark(&trades[trades.len() - 1]));
        taken
    }

    fn seams(tape: &Tape) -> Vec<(u64, u64)> {
        tape.seams().iter().map(|seam| (seam.after.id.low, seam.before.id.low)).collect()
    }

    fn loss(trades: u64, from_ns: i64, to_ns: i64) -> Verdict {
        NewAfter(Loss { trades, from_ns, to_ns })
    }

    #[test]
    fn contiguous_ids_tell_duplicates_and_losses() {
        let mut tape = Tape::new(TradeIds::Contiguous, None);
        let verdicts = live(&mut tape, &[10, 11, 11, 9, 12, 16, 14, 14, 17]);
        assert_eq!(verdicts, [New, New, Duplicate, Duplicate, New, loss(3, 12, 16), Fills, Duplicate, New]);
        assert_eq!((seams(&tape), tape.missing()), (vec![(12, 14), (14, 16)], 2));
        assert_eq!(live(&mut tape, &[15, 13]), [Fills, Fills]);
        assert_eq!((seams(&tape), tape.missing()), (vec![], 0));
    }

    #[test]
    fn an_answer_of_the_venue_closes_what_it_covers() {
        for ids in [TradeIds::Contiguous, TradeIds::Increasing] {
            let mut tape = Tape::new(ids, None);
            live(&mut tape, &[10]);
            tape.interrupt();
            live(&mut tape, &[100]);
            assert_eq!(seams(&tape), [(10, 100)]);
            assert_eq!(fetched(&mut tape, &[10, 11, 12, 13]), [11, 12, 13], "from the oldest on");
            assert_eq!(seams(&tape), [(13, 100)]);
            assert_eq!(fetched(&mut tape, &[97, 98, 99, 100]), [97, 98, 99], "from the newest back");
            assert_eq!(seams(&tape), [(13, 97)]);
            assert_eq!(fetched(&mut tape, &[50, 51]), [50, 51], "from the middle");
            assert_eq!(seams(&tape), [(13, 50), (51, 97)]);
            assert_eq!(fetched(&mut tape, &[9, 13, 14, 49, 51]), [14, 49], "ids the venue never gave are not missing");
            assert_eq!(seams(&tape), [(51, 97)]);
            assert_eq!(tape.complete().collect::<Vec<_>>(), [(i64::MIN, 51), (97, i64::MAX)]);
            tape.give_up(tape.seams()[0]);
            assert_eq!(tape.lost(), if ids == TradeIds::Contiguous { 45 } else { 0 });
            assert_eq!(tape.complete().collect::<Vec<_>>(), [(97, i64::MAX)], "what is lost stays lost");
        }
    }

    #[test]
    fn a_restart_goes_on_where_the_segment_ends() {
        let mut tape = Tape::new(TradeIds::Contiguous, Some(&trade(100, TradeFlags::default())));
        assert_eq!(live(&mut tape, &[100, 102]), [Duplicate, loss(1, 100, 102)]);
        let mut tape = Tape::new(TradeIds::Contiguous, Some(&trade(100, TradeFlags::default())));
        assert_eq!(live(&mut tape, &[101, 102]), [Settles, New]);
    }

    #[test]
    fn increasing_ids_have_holes_that_are_no_loss_without_an_interruption() {
        let mut tape = Tape::new(TradeIds::Increasing, None);
        assert_eq!(live(&mut tape, &[5, 50, 50]), [New, New, Duplicate]);
        tape.interrupt();
        assert!(tape.is_in_doubt());
        assert_eq!(tape.complete().collect::<Vec<_>>(), [(i64::MIN, 50)]);
        assert_eq!(live(&mut tape, &[60, 70]), [loss(0, 50, 60), New]);
    }

    #[test]
    fn a_backlog_that_nothing_interrupts_follows_on_itself() {
        for (ids, left) in [(TradeIds::Increasing, (14, 16)), (TradeIds::Contiguous, (10, 12))] {
            let mut tape = Tape::new(ids, None);
            live(&mut tape, &[10]);
            tape.interrupt();
            // The venue told of the newest; then the socket goes on where it stopped.
            fetched(&mut tape, &[100, 101]);
            let first = if ids == TradeIds::Increasing { (10, 12) } else { (12, 14) };
            assert_eq!(live(&mut tape, &[12, 14]), [Fills; 2]);
            tape.interrupt();
            assert_eq!(live(&mut tape, &[16, 16, 20, 99]), [Fills, Duplicate, Fills, Fills]);
            let seams = seams(&tape);
            assert!(seams.contains(&first) && seams.contains(&left), "{ids:?}: {seams:?}");
            assert_eq!(seams.contains(&(16, 20)), ids == TradeIds::Contiguous, "{ids:?}: {seams:?}");
        }
    }

    #[test]
    fn history_that_reaches_back_leaves_no_seam() {
        let mut tape = Tape::new(TradeIds::Increasing, None);
        live(&mut tape, &[5, 50]);
        tape.interrupt();
        assert_eq!(tape.judge(&trade(5, TradeFlags::HISTORY)), ReachesBack);
        assert_eq!(tape.judge(&trade(50, TradeFlags::HISTORY)), Duplicate);
        assert_eq!(tape.judge(&trade(60, TradeFlags::HISTORY)), New);
        assert_eq!(seams(&tape), []);
    }

    #[test]
    fn seams_are_bounded_and_the_oldest_is_given_up() {
        let mut tape = Tape::new(TradeIds::Contiguous, None);
        live(&mut tape, &(0..=20).map(|n| 10 * n).collect::<Vec<_>>());
        assert_eq!((tape.seams().len(), tape.lost(), tape.missing()), (SEAMS_MAX, 4 * 9, 16 * 9));
        assert_eq!([tape.take_crowded_out(), tape.take_crowded_out()], [(4, 4 * 9), (0, 0)]);
        assert_eq!(live(&mut tape, &[195, 191]), [Duplicate, Fills], "what cannot be noted is left to the answer");
    }

    #[test]
    fn opaque_ids_are_remembered_in_a_window() {
        let mut tape = Tape::new(TradeIds::Opaque, None);
        for id in 0..REMEMBERED as u64 {
            assert_eq!(tape.judge(&uuid(id, id as i64)), New);
        }
        assert_eq!(tape.judge(&uuid(0, 0)), Duplicate);
        assert_eq!(tape.judge(&uuid(9_999, 2_000)), New);
        assert_eq!(tape.judge(&uuid(0, 0)), New, "the oldest is forgotten first");
        let none = Trade { id: TradeId::NONE, ..trade(0, TradeFlags::default()) };
        assert_eq!((tape.judge(&none), tape.judge(&none)), (New, New));
    }

    #[test]
    fn opaque_ids_have_seams_in_time() {
        let mut tape = Tape::new(TradeIds::Opaque, None);
        tape.judge(&uuid(1, 10));
        tape.interrupt();
        assert_eq!(tape.judge(&uuid(5, 50)), loss(0, 10, 50));
        let answer = [(1, 10), (2, 10), (3, 30), (5, 50)].map(|(id, at)| uuid(id, at));
        let taken = answer.iter().map(|trade| tape.judge_fetched(trade)).collect::<Vec<_>>();
        assert_eq!(taken, [Duplicate, Fills, Fills, Duplicate]);
        tape.cover(mark(&answer[0]), mark(&answer[3]));
        assert_eq!(tape.seams(), []);
        assert_eq!(tape.judge_fetched(&uuid(9, 20)), Duplicate, "outside of seams the window may have forgotten it");
    }
}
