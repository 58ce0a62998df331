//! What the venue's answers do to an instrument: trades that the stream did not bring, and those a worker did not get.

use tickplane_exchanges::TradeMark;
use tickplane_model::Trade;
use tickplane_rings::{Overwritten, Sender, WorkerEvent};
use tickplane_segments::StreamCounter;

use super::{OwnedInstrument, is_within};
use crate::now::Now;
use crate::owed::{OWED_MAX, Owed, Progress};
use crate::seams::Seam;
use crate::tape::mark;
use crate::verdict::Verdict;
use crate::watch::Baseline;

/// How an answer of the venue is to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    /// Only what is missing in seams: the rest comes by the stream.
    Seams,
    /// Newer trades too, of which more are to come.
    Continue,
    /// Newer trades too; these are all, and the stream has been up since before the question: there is no doubt left.
    Settle,
    /// Newer trades too; the stream does not bring them.
    Instead,
}

impl OwnedInstrument {
    /// Whether a trade of an answer may be used.
    fn believes_fetched(&self, trade: &Trade, now: Now) -> bool {
        match self.tape.span_of(trade) {
            Some((from_ns, to_ns)) => is_within(trade.exchange_ns, from_ns, to_ns),
            None => self.times.expects(trade.exchange_ns, now),
        }
    }

    /// Leaves of an answer about a silent stream, oldest trade first, only what the stream should have brought. Says
    /// whether it was the first answer about a stream of which nothing was known: of that one only times tell what is
    /// new.
    pub(crate) fn keep_news(&mut self, answer: &mut Vec<Trade>) -> bool {
        let after = match (self.tape.newest(), self.watch.baseline()) {
            (Some(newest), _) => {
                // All of it, as it may close seams, unless there is no news at all.
                if !answer.last().is_some_and(|last| self.tape.is_after(mark(last), newest)) {
                    answer.clear();
                }
                return false;
            }
            (None, Baseline::Nothing) => return false,
            (None, Baseline::Newest(baseline)) => baseline,
            (None, Baseline::Unknown) => {
                let since_ns = self.watch.since_ns();
                let before = answer.iter().rposition(|trade| trade.exchange_ns <= since_ns);
                self.watch.set_baseline(before.map(|at| mark(&answer[at])));
                answer.drain(..before.map_or(0, |at| at + 1));
                return true;
            }
        };
        // What happened before the stream was subscribed is not its to bring.
        answer.retain(|trade| self.tape.is_after(mark(trade), after));
        false
    }

    /// Takes in the venue's answer, oldest trade first. Gives how many of its trades were new, and whether it brought
    /// the repair on.
    pub(crate) fn take_in(
        &mut self,
        answer: &[Trade],
        how: Use,
        now: Now,
        publish_ns: i64,
        senders: &mut [Sender],
    ) -> (u64, bool) {
        let Some(first) = answer.first().map(mark) else { return (0, false) };
        if how != Use::Seams {
            if self.tape.reaches(first) { self.tape.settle() } else { self.tape.interrupt() }
        }
        if self.tape.newest().is_none() {
            // What an answer may not reach back to was never looked for.
            self.tape.lose_until(first.exchange_ns);
        }
        let (mut taken, mut has_shrunk) = (0, false);
        // Where the answer is whole: a trade that cannot be used is as good as none.
        let mut whole: Option<(TradeMark, TradeMark)> = None;
        let mut follows = false;
        for trade in answer {
            let at = mark(trade);
            if !self.believes_fetched(trade, now) {
                self.count(StreamCounter::Unbelieved);
                has_shrunk |= whole.take().is_some_and(|(first, last)| self.tape.cover(first, last));
                if how != Use::Seams && self.tape.is_newer(at) {
                    self.tape.interrupt();
                }
                follows = false;
                continue;
            }
            whole = Some((whole.map_or(at, |(first, _)| first), at));
            if how == Use::Seams && self.tape.is_newer(at) {
                break;
            }
            let verdict = self.tape.judge_fetched(trade);
            match verdict {
                Verdict::Duplicate | Verdict::ReachesBack => {
                    follows = false;
                    continue;
                }
                Verdict::NewAfter(loss) => {
                    follows = false;
                    let (slot, from_ns, to_ns) = (self.route.slot, loss.from_ns, loss.to_ns);
                    senders[self.route.ring].tell(WorkerEvent::Missing { slot, from_ns, to_ns });
                }
                Verdict::New | Verdict::Settles | Verdict::Fills => {}
            }
            self.times.fetched(trade.exchange_ns);
            self.publish(trade, follows, publish_ns, senders);
            self.is_at_head = verdict != Verdict::Fills;
            follows = true;
            taken += 1;
        }
        has_shrunk |= whole.is_some_and(|(first, last)| self.tape.cover(first, last));
        if matches!(how, Use::Instead | Use::Continue) {
            self.tape.interrupt();
        }
        self.tell_complete(senders);
        self.writer.count_stream(StreamCounter::Backfilled, taken);
        (taken, has_shrunk || taken > 0)
    }

    /// Gives up what is missing in a seam: its gap stays in the candles.
    pub(crate) fn give_up(&mut self, seam: Seam) {
        let before = self.tape.lost();
        self.tape.give_up(seam);
        self.writer.count_stream(StreamCounter::SeamsLost, 1);
        self.writer.count_stream(StreamCounter::Lost, self.tape.lost() - before);
    }

    /// The worker did not get trades that stood in the shared ring: they are to be fetched for it.
    pub(crate) fn overwritten(&mut self, loss: Overwritten, now: Now, senders: &mut [Sender]) {
        let at = |(id, exchange_ns)| TradeMark { id, exchange_ns };
        let (after, before) = (at(loss.after), at(loss.before));
        // Where ids order nothing, nobody can tell those trades from their neighbours.
        let spans = self.runs.spans(loss.from, loss.to, after, before).filter(|_| self.tape.is_ordered());
        match spans {
            Some(spans) if self.owed.len() < OWED_MAX => self.owed.push_back(Owed::new(spans, now)),
            _ => {
                let newest_ns = self.tape.newest().map_or(before.exchange_ns, |newest| newest.exchange_ns);
                let from_ns = after.exchange_ns.min(before.exchange_ns);
                self.repaid(Some((from_ns, newest_ns.max(before.exchange_ns))), senders);
            }
        }
    }

    /// A loss of the worker is dealt with, except for what is lost between two times.
    pub(crate) fn repaid(&mut self, lost: Option<(i64, i64)>, senders: &mut [Sender]) {
        senders[self.route.ring].tell(WorkerEvent::Repaid { slot: self.route.slot, lost });
        if let Some((_, to_ns)) = lost {
            self.tape.lose_until(to_ns);
            self.count(StreamCounter::SeamsLost);
        }
        self.tell_complete(senders);
    }

    /// Takes in the venue's answer about the oldest loss of the worker. Says what it brought.
    pub(crate) fn refetch(&mut self, answer: &[Trade], senders: &mut [Sender]) -> Progress {
        let Some(owed) = self.owed.front_mut() else { return Progress::None };
        let (ring, slot) = (self.route.ring, self.route.slot);
        let mut taken = 0;
        let progress = owed.answered(answer, &self.tape, |trade| {
            senders[ring].tell(WorkerEvent::Again { slot, trade: *trade });
            taken += 1;
        });
        self.writer.count_stream(StreamCounter::Refetched, taken);
        progress
    }
}
