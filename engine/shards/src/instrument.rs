//! An instrument in the hands of its one owner shard.

use tickplane_exchanges::{TradeIds, WantedTrades};
use tickplane_model::{ExchangeId, Quote, Trade, TradeFlags};
use tickplane_rings::{Sender, WorkerEvent};
use tickplane_segments::{EventKind, EventWriter, InstrumentWriter, PlaneEvent, StreamCounter, StreamState};

use crate::now::Now;
use crate::repair::Repair;
use crate::tape::{Seam, Tape, Verdict, mark};
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
        let tape = Tape::new(ids, writer.last_trade().as_ref());
        let (watch, repair) = (Watch::default(), Repair::default());
        Self { writer, route, tape, watch, repair, told: StreamState::Closed, up_at_ns: 0 }
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
        if trade.flags.contains(TradeFlags::HISTORY) && self.watch.resumes_with_history() {
            self.tape.interrupt();
        }
        let verdict = self.tape.judge(trade);
        match verdict {
            Verdict::New => {}
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
        if !trade.flags.contains(TradeFlags::HISTORY) && verdict != Verdict::Fills && self.watch.heard(stamp) {
            self.watch.lives();
        }
        self.publish(trade, publish_ns, senders);
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

    /// Takes in the venue's answer, oldest trade first. Gives how many of its trades were new, and whether it brought
    /// the repair on.
    pub(crate) fn take_in(
        &mut self,
        answer: &[Trade],
        how: Use,
        publish_ns: i64,
        senders: &mut [Sender],
    ) -> (u64, bool) {
        let (Some(first), Some(last)) = (answer.first().map(mark), answer.last().map(mark)) else { return (0, false) };
        if how != Use::Seams {
            if self.tape.reaches(first) { self.tape.settle() } else { self.tape.interrupt() }
        }
        let mut taken = 0;
        for trade in answer {
            if how == Use::Seams && self.tape.is_newer(mark(trade)) {
                break;
            }
            match self.tape.judge_fetched(trade) {
                Verdict::Duplicate | Verdict::ReachesBack => continue,
                Verdict::NewAfter(loss) => {
                    let (slot, from_ns, to_ns) = (self.route.slot, loss.from_ns, loss.to_ns);
                    senders[self.route.ring].tell(WorkerEvent::Missing { slot, from_ns, to_ns });
                }
                Verdict::New | Verdict::Settles | Verdict::Fills => {}
            }
            self.publish(trade, publish_ns, senders);
            taken += 1;
        }
        let has_shrunk = self.tape.cover(first, last);
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

    fn publish(&mut self, trade: &Trade, publish_ns: i64, senders: &mut [Sender]) {
        let seq = self.writer.publish_trade(trade, publish_ns);
        senders[self.route.ring].trade(self.route.slot, seq, trade);
    }

    /// Tells the worker where nothing is missing.
    fn tell_complete(&self, senders: &mut [Sender]) {
        for (from_ns, to_ns) in self.tape.complete() {
            senders[self.route.ring].tell(WorkerEvent::Filled { slot: self.route.slot, from_ns, to_ns });
        }
    }
}
