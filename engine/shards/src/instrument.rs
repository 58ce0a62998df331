//! An instrument in the hands of its one owner shard.

mod answers;

use std::collections::VecDeque;

use tickplane_exchanges::{TradeIds, WantedTrades};
use tickplane_model::{ExchangeId, Quote, Trade, TradeFlags};
use tickplane_rings::{Sender, WorkerEvent};
use tickplane_segments::{EventKind, EventWriter, InstrumentWriter, PlaneEvent, StreamCounter, StreamState};

pub(crate) use self::answers::Use;
use crate::now::Now;
use crate::numbering::Numbering;
use crate::owed::Owed;
use crate::quotes::Quotes;
use crate::repair::Repair;
use crate::report::StreamChange;
use crate::runs::Runs;
use crate::tape::{Tape, mark};
use crate::times::{STEP_NS, Times};
use crate::verdict::Verdict;
use crate::watch::{Baseline, Cure, Watch};

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
    quotes: Quotes,
    pub(crate) repair: Repair,
    /// The state that shared memory shows.
    told: StreamState,
    /// Whether people were told that it is stale, and not yet that it speaks again.
    is_told_stale: bool,
    /// Changes that nobody was told of: each at most once, so that the hot path has room for all.
    untold: Vec<StreamChange>,
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

impl OwnedInstrument {
    /// Takes over an instrument; what its region holds from an earlier process counts as seen.
    #[must_use]
    pub fn new(writer: InstrumentWriter, ids: TradeIds, route: Route) -> Self {
        let last = writer.last_trade();
        Self {
            writer,
            route,
            tape: Tape::new(ids, last.as_ref()),
            times: Times::new(last.map(|trade| trade.exchange_ns)),
            numbering: Numbering::default(),
            runs: Runs::new(ids),
            is_at_head: false,
            owed: VecDeque::new(),
            watch: Watch::default(),
            quotes: Quotes::default(),
            repair: Repair::default(),
            told: StreamState::Closed,
            is_told_stale: false,
            untold: Vec::with_capacity(StreamChange::COUNT),
            up_at_ns: 0,
        }
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
        let is_expected = self.times.expects(trade.exchange_ns, stamp);
        if !is_expected && !self.believes_jump(trade, stamp) {
            self.unbelieved(stamp, senders);
            return Intake::Unbelieved;
        }
        let backlog = self.tape.backlog();
        if !is_history && self.watch.ends_silence(stamp) && !self.tape.shows_holes() {
            self.tape.interrupt();
            self.watch.doubted(stamp);
        }
        if self.tape.newest().is_none() {
            // The stream has brought every trade since it was confirmed; of those before nobody knows.
            self.tape.lose_until(trade.exchange_ns.min(self.watch.since_ns()));
        }
        let verdict = self.tape.judge(trade);
        match verdict {
            Verdict::New => {}
            // A trade that REST has told of already may come with a time that jumped, and look new by it.
            Verdict::Duplicate if !is_history && is_expected && self.numbering.is_new(mark(trade), &self.tape) => {
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
            self.quotes.traded(trade.price, stamp);
            if self.watch.heard(stamp) {
                self.watch.lives();
            }
        }
        let follows = match verdict {
            Verdict::New | Verdict::Settles => self.is_at_head,
            _ => verdict == Verdict::Fills && backlog.is_some_and(|known| self.runs.end_with(known)),
        };
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

    /// Publishes a quote of the stream.
    #[inline]
    pub(crate) fn quote(&mut self, quote: &Quote, stamp: Now, publish_ns: i64) {
        self.quotes.heard(quote, stamp);
        self.writer.publish_quote(quote, publish_ns);
    }

    /// Whether a trade of the stream may be used though its time is not expected.
    #[cold]
    fn believes_jump(&mut self, trade: &Trade, stamp: Now) -> bool {
        match self.tape.span_of(trade) {
            // An older trade is a duplicate. What history brings has its place between two others; what the stream itself
            // brings so late is asked for.
            Some((from_ns, to_ns)) => {
                let is_told_late = from_ns == to_ns || trade.flags.contains(TradeFlags::HISTORY);
                is_told_late && is_within(trade.exchange_ns, from_ns, to_ns)
            }
            None => {
                let has_moved = self.times.jumped(trade.exchange_ns, stamp);
                if has_moved {
                    self.changed(StreamChange::TimeMoved);
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
        self.changed(StreamChange::Renumbered);
        self.lost(stamp, senders);
    }

    /// A trade of the stream cannot be used: it is missing as if it had been lost, but the stream lives.
    #[cold]
    fn unbelieved(&mut self, stamp: Now, senders: &mut [Sender]) {
        self.count(StreamCounter::Unbelieved);
        if self.watch.heard(stamp) {
            self.watch.lives();
        }
        if self.tape.is_in_doubt() {
            self.tape.interrupt();
            self.watch.doubted(stamp);
        } else {
            self.lost(stamp, senders);
        }
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
            self.quotes.up(now);
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

    /// Says what is to be done about the stream's quotes if they are dead while its trades are not. A subscription that is
    /// taken anew interrupts its trades too.
    pub(crate) fn cure_quotes(&mut self, now: Now, senders: &mut [Sender]) -> Option<Cure> {
        let cure = self.quotes.cure(now).filter(|_| self.watch.is_up())?;
        match cure {
            Cure::Resubscribe => {
                self.changed(StreamChange::StaleQuotes);
                self.count(StreamCounter::Resubscribes);
                self.watch.resumes();
                self.lost(now, senders);
            }
            Cure::Reconnect => self.count(StreamCounter::Reconnects),
            Cure::Wait => {}
        }
        Some(cure)
    }

    /// Messages of the connection were lost: its trades may be among them.
    pub(crate) fn lost(&mut self, now: Now, senders: &mut [Sender]) {
        senders[self.route.ring].tell(WorkerEvent::Lost { slot: self.route.slot, at_ns: now.epoch_ns });
        self.tape.interrupt();
        self.watch.doubted(now);
    }

    /// What is to be asked to learn whether the stream is alive and complete.
    pub(crate) fn wanted_news(&self) -> WantedTrades {
        let baseline = match self.watch.baseline() {
            Baseline::Newest(mark) => Some(mark),
            Baseline::Unknown | Baseline::Nothing => None,
        };
        let known = self.tape.newest().or(baseline);
        known.map_or(WantedTrades::Newest, |known| WantedTrades::After { known, before: None })
    }

    pub(crate) fn count(&mut self, counter: StreamCounter) {
        self.writer.count_stream(counter, 1);
    }

    /// Something happened to the stream that its state does not show.
    fn changed(&mut self, change: StreamChange) {
        if let Some(counter) = change.counter() {
            self.count(counter);
        }
        if !self.untold.contains(&change) {
            self.untold.push(change);
        }
    }

    /// Shows in shared memory what the stream is like, and announces what changed. Gives what people should read of it.
    pub(crate) fn show(
        &mut self,
        exchange: ExchangeId,
        events: &mut EventWriter,
        now: Now,
    ) -> impl Iterator<Item = StreamChange> + use<'_> {
        self.writer.set_last_trade_ns(self.watch.last_trade_ns());
        let (seams, trades) = self.tape.take_crowded_out();
        self.writer.count_stream(StreamCounter::SeamsLost, seams);
        self.writer.count_stream(StreamCounter::Lost, trades);
        self.writer.set_seams(self.tape.seams().len(), self.tape.missing());
        let (state, entry) = (self.watch.state(), self.writer.entry());
        let mut announce = |counter| {
            events.publish(&PlaneEvent {
                kind: EventKind::Stream,
                exchange,
                entry,
                row: counter,
                publish_ns: now.epoch_ns,
                detail: state as u64,
            });
        };
        for counter in self.untold.iter().filter_map(|change| change.counter()) {
            announce(counter as u64);
        }
        if state != self.told {
            self.told = state;
            self.writer.set_stream_state(state, now.epoch_ns);
            announce(0);
            let change = match state {
                StreamState::Stale if !self.is_told_stale => Some(StreamChange::Stale),
                StreamState::Live if self.is_told_stale => Some(StreamChange::Recovered),
                _ => None,
            };
            self.is_told_stale ^= change.is_some();
            self.untold.extend(change);
        }
        self.untold.drain(..)
    }

    /// `follows` says whether the trade published before is its predecessor on the tape.
    fn publish(&mut self, trade: &Trade, follows: bool, publish_ns: i64, senders: &mut [Sender]) {
        let seq = self.writer.publish_trade(trade, publish_ns);
        self.runs.push(seq, mark(trade), follows);
        senders[self.route.ring].trade(self.route.slot, seq, trade);
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
    (from_ns.saturating_sub(STEP_NS)..=to_ns.saturating_add(STEP_NS)).contains(&exchange_ns)
}
