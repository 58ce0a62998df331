//! An instrument in the hands of its one owner shard.

use std::collections::VecDeque;

use tickplane_exchanges::{TradeIds, TradeMark, WantedTrades};
use tickplane_model::{ExchangeId, Quote, Trade, TradeFlags};
use tickplane_rings::{Overwritten, Sender, WorkerEvent};
use tickplane_segments::{EventKind, EventWriter, InstrumentWriter, PlaneEvent, StreamCounter, StreamState};

use crate::now::Now;
use crate::numbering::Numbering;
use crate::owed::{OWED_MAX, Owed, Progress};
use crate::repair::Repair;
use crate::runs::Runs;
use crate::tape::{Seam, Tape, Verdict, mark};
use crate::times::{BOUND_NS, Times};
use crate::watch::{Cure, Watch};

/// Which worker builds the candles of an instrument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Which of the shard's rings leads there.
    pub ring: usize,
    /// The worker's number for the instrument.
    pub slot: u32,
}

/// An instrument with its region, made by the cold path and then owned by one shard.
pub struct OwnedInstrument {
    writer: InstrumentWriter,
    route: Route,
    tape: Tape,
    times: Times,
    numbering: Numbering,
    runs: Runs,
    /// Whether the trade published last is the newest of the tape.
    is_at_head: bool,
    /// What the worker did not get.
    pub(crate) owed: VecDeque<Owed>,
    pub(crate) watch: Watch,
    pub(crate) repair: Repair,
    /// The state that shared memory shows.
    told: StreamState,
    /// When the subscription was confirmed last, in epoch nanoseconds.
    up_at_ns: i64,
}

/// What became of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Intake {
    /// Published; after a loss, so many are missing before it (0 where ids do not tell).
    Published {
        loss: Option<u64>,
    },
    Duplicate,
    /// Its exchange time cannot be.
    Unbelieved,
}

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
    /// Takes over an instrument; what its region holds from an earlier process counts as seen.
    #[must_use]
    pub fn new(writer: InstrumentWriter, ids: TradeIds, route: Route) -> Self {
        let last = writer.last_trade();
        let tape = Tape::new(ids, last.as_ref());
        let times = Times::new(last.map(|trade| trade.exchange_ns));
        let (watch, repair) = (Watch::default(), Repair::default());
        let (runs, owed) = (Runs::new(), VecDeque::new());
        let (is_at_head, told) = (false, StreamState::Closed);
        let numbering = Numbering::default();
        Self { writer, route, tape, times, numbering, runs, is_at_head, owed, watch, repair, told, up_at_ns: 0 }
    }

    pub(crate) fn route(&self) -> Route {
        self.route
    }

    pub(crate) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Publishes a trade of the stream that was not seen before: into the shared ring first, then to the worker.
    #[inline]
    pub(crate) fn trade(&mut self, trade: &Trade, stamp: Now, publish_ns: i64, senders: &mut [Sender]) -> Intake {
        if !self.watch.is_up() {
            self.up(stamp, senders);
        }
        let is_history = trade.flags.contains(TradeFlags::HISTORY);
        if is_history && self.watch.resumes_with_history() {
            self.tape.interrupt();
        }
        if !self.times.expects(trade.exchange_ns, stamp) && !self.believes_jump(trade, stamp) {
            self.unbelieved(stamp, senders);
            return Intake::Unbelieved;
        }
        let verdict = self.tape.judge(trade);
        match verdict {
            Verdict::New => {}
            Verdict::Duplicate if !is_history && self.numbering.is_new(mark(trade), &self.tape) => {
                self.begin_anew(stamp, senders);
                return self.trade(trade, stamp, publish_ns, senders);
            }
            Verdict::Duplicate => return Intake::Duplicate,
            Verdict::ReachesBack => {
                self.tell_complete(senders);
                return Intake::Duplicate;
            }
            Verdict::NewAfter(loss) => {
                let (slot, from_ns, to_ns) = (self.route.slot, loss.from_ns, loss.to_ns);
                senders[self.route.ring].tell(WorkerEvent::Missing { slot, from_ns, to_ns });
                self.repair.found(stamp);
            }
            Verdict::Settles | Verdict::Fills => {}
        }
        if is_history || verdict == Verdict::Fills {
            self.times.fetched(trade.exchange_ns);
        } else {
            self.times.heard(trade.exchange_ns, stamp);
            self.numbering.goes_on();
            if self.watch.heard(stamp) {
                self.watch.lives();
            }
        }
        let follows = self.is_at_head && matches!(verdict, Verdict::New | Verdict::Settles);
        self.publish(trade, follows, publish_ns, senders);
        self.is_at_head = verdict != Verdict::Fills;
        match verdict {
            Verdict::NewAfter(loss) => Intake::Published { loss: Some(loss.trades) },
            Verdict::Settles | Verdict::Fills => {
                self.tell_complete(senders);
                Intake::Published { loss: None }
            }
            _ => Intake::Published { loss: None },
        }
    }

    pub(crate) fn quote(&mut self, quote: &Quote, publish_ns: i64) {
        self.writer.publish_quote(quote, publish_ns);
    }

    /// Whether a trade of the stream may be used though its time is not expected.
    #[cold]
    fn believes_jump(&mut self, trade: &Trade, stamp: Now) -> bool {
        match self.tape.span_of(trade) {
            // An older trade is a duplicate, or has its place between two others.
            Some((from_ns, to_ns)) => is_within(trade.exchange_ns, from_ns, to_ns),
            None => {
                let has_moved = self.times.jumped(trade.exchange_ns, stamp);
                if has_moved {
                    self.count(StreamCounter::TimeMoves);
                }
                has_moved
            }
        }
    }

    /// The venue numbers its trades anew: what is missing of the old numbers is lost, what came of the new ones is
    /// missing.
    #[cold]
    fn begin_anew(&mut self, stamp: Now, senders: &mut [Sender]) {
        while let Some(seam) = self.tape.seams().first().copied() {
            self.give_up(seam);
        }
        if let Some(first) = self.numbering.first() {
            self.tape.begin_after(first);
        }
        self.numbering.goes_on();
        self.watch.epoch += 1;
        self.count(StreamCounter::Renumbered);
        self.lost(stamp, senders);
    }

    /// A trade of the stream cannot be used: it is missing as if it had been lost, but the stream lives.
    #[cold]
    fn unbelieved(&mut self, stamp: Now, senders: &mut [Sender]) {
        self.count(StreamCounter::Unbelieved);
        if self.watch.heard(stamp) {
            self.watch.lives();
        }
        if self.tape.is_in_doubt() { self.watch.doubted(stamp) } else { self.lost(stamp, senders) }
    }

    /// Whether a trade of an answer may be used.
    fn believes_fetched(&self, trade: &Trade, now: Now) -> bool {
        match self.tape.span_of(trade) {
            Some((from_ns, to_ns)) => is_within(trade.exchange_ns, from_ns, to_ns),
            None => self.times.expects(trade.exchange_ns, now),
        }
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

    /// The venue confirmed a subscription.
    pub(crate) fn acknowledged(&mut self, now: Now, senders: &mut [Sender]) {
        self.up(now, senders);
        if self.watch.is_resuming() {
            self.tape.interrupt();
            self.watch.doubted(now);
        }
    }

    /// The stream is subscribed, or data of it arrived.
    fn up(&mut self, now: Now, senders: &mut [Sender]) {
        if !self.watch.is_up() {
            self.watch.up(now);
            self.up_at_ns = now.epoch_ns;
            senders[self.route.ring].tell(WorkerEvent::Up { slot: self.route.slot, at_ns: now.epoch_ns });
        }
    }

    /// The connection that carries the stream is gone.
    pub(crate) fn down(&mut self, now: Now, senders: &mut [Sender]) {
        if self.watch.is_up() {
            senders[self.route.ring].tell(WorkerEvent::Down { slot: self.route.slot, at_ns: now.epoch_ns });
        }
        self.tape.interrupt();
        self.watch.closed();
    }

    /// The stream is dead while the market is not: it has been since its last trade.
    pub(crate) fn stale(&mut self, now: Now, senders: &mut [Sender]) -> Cure {
        if self.watch.is_up() {
            let at_ns = self.watch.last_trade_ns().max(self.up_at_ns).min(now.epoch_ns);
            senders[self.route.ring].tell(WorkerEvent::Down { slot: self.route.slot, at_ns });
        }
        self.tape.interrupt();
        let cure = self.watch.is_stale(now);
        self.count(StreamCounter::Stale);
        match cure {
            Cure::Resubscribe => self.count(StreamCounter::Resubscribes),
            Cure::Reconnect => self.count(StreamCounter::Reconnects),
            Cure::Wait => {}
        }
        cure
    }

    /// Messages of the connection were lost: its trades may be among them.
    pub(crate) fn lost(&mut self, now: Now, senders: &mut [Sender]) {
        senders[self.route.ring].tell(WorkerEvent::Lost { slot: self.route.slot, at_ns: now.epoch_ns });
        self.tape.interrupt();
        self.watch.doubted(now);
    }

    /// What is to be asked to learn whether the stream is alive and complete.
    pub(crate) fn wanted_news(&self) -> WantedTrades {
        let known = self.tape.newest().or(self.watch.baseline());
        known.map_or(WantedTrades::Newest, |known| WantedTrades::After { known, before: None })
    }

    pub(crate) fn count(&mut self, counter: StreamCounter) {
        self.writer.count_stream(counter, 1);
    }

    /// Shows in shared memory what the stream is like, and tells of a new state.
    pub(crate) fn show(&mut self, exchange: ExchangeId, events: &mut EventWriter, now: Now) {
        self.writer.set_last_trade_ns(self.watch.last_trade_ns());
        self.writer.set_seams(self.tape.seams().len(), self.tape.missing());
        let state = self.watch.state();
        if state == self.told {
            return;
        }
        self.told = state;
        self.writer.set_stream_state(state, now.epoch_ns);
        events.publish(&PlaneEvent {
            kind: EventKind::Stream,
            exchange,
            entry: self.writer.entry(),
            row: 0,
            publish_ns: now.epoch_ns,
            detail: state as u64,
        });
    }

    /// `follows` says whether the trade published before is its predecessor on the tape.
    fn publish(&mut self, trade: &Trade, follows: bool, publish_ns: i64, senders: &mut [Sender]) {
        let seq = self.writer.publish_trade(trade, publish_ns);
        self.runs.push(seq, mark(trade), follows);
        senders[self.route.ring].trade(self.route.slot, seq, trade);
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

    /// Tells the worker where nothing is missing.
    fn tell_complete(&self, senders: &mut [Sender]) {
        for (from_ns, to_ns) in self.tape.complete() {
            senders[self.route.ring].tell(WorkerEvent::Filled { slot: self.route.slot, from_ns, to_ns });
        }
    }
}

/// Whether a trade's time fits between those of its neighbours.
fn is_within(exchange_ns: i64, from_ns: i64, to_ns: i64) -> bool {
    let (from_ns, to_ns) = (from_ns.min(to_ns), from_ns.max(to_ns));
    (from_ns.saturating_sub(BOUND_NS)..=to_ns.saturating_add(BOUND_NS)).contains(&exchange_ns)
}
