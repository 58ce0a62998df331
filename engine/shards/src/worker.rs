//! The worker: drains its rings in batches, updates every timeframe of a symbol, publishes what changed once per
//! batch. So the work per trade shrinks as the load grows.

use std::collections::VecDeque;

use tickplane_candles::{Decimals, Outcome, Skew};
use tickplane_indicators::IndicatorSpec;
use tickplane_model::{ExchangeId, Timeframe, Trade, TradeFlags, TradeId};
use tickplane_rings::{Overwritten, Receiver, WorkerEvent};
use tickplane_segments::{EventWriter, Stage, ThreadCounter, ThreadHealth, TradeRingReader};

use crate::feed::{Feed, Told};
use crate::history::History;
use crate::now::{Clock, Now};

/// Events taken from one ring before what changed is published.
const BATCH_MAX: u64 = 256;
/// Events of one ring taken without a look at the clock.
const EVENTS_PER_LOOK: u64 = 32;
/// A turn begins nothing more that may wait once it has lasted so long: the piece in hand takes tens of microseconds at
/// most, so that no turn exceeds 200.
const TURN_NS: u64 = 120_000;
/// Rows closed by time in one turn, whatever the clock says; the rest follows in the next, finest timeframes first.
const CLOSES_PER_TURN: u32 = 512;
/// Rows of one series closed by time without a look at the clock.
const CLOSES_PER_LOOK: u64 = 16;
/// Rows of waiting work done in one turn, whatever the clock says.
const WORK_PER_TURN: u32 = 1_024;
/// Rows of waiting work done without a look at the clock.
const WORK_PER_LOOK: u32 = 16;
/// Series looked at without a look at the clock.
const SERIES_PER_LOOK: u32 = 1_024;
/// The most series of one symbol.
const TIMEFRAMES: usize = Timeframe::ALL.len();
/// So long a venue may have been silent since its series began before the local clock stands in for its time.
const SILENCE_NS: u64 = 10_000_000_000;
/// Then rows close this much later than the local clock alone would have it: it may be ahead of the venue's.
const LOCAL_MARGIN_NS: i64 = 2_000_000_000;
/// Slots of the table of venues.
const EXCHANGES: usize = ExchangeId::ALL.len() + 1;

/// A symbol and all its series, made by the cold path and then owned by one worker.
pub struct SymbolFeeds {
    /// The venue.
    pub exchange: ExchangeId,
    /// Where trades are read that did not fit the ring.
    pub trades: TradeRingReader,
    /// Its series, finest timeframe first.
    pub feeds: Vec<Feed>,
}

impl SymbolFeeds {
    /// Bytes of the worker's own memory that a symbol takes with so many series, which all have the same rows to revise and
    /// indicators; see [`Feed::bytes`].
    #[must_use]
    pub fn bytes(series: usize, revise_rows: u32, indicators: &[IndicatorSpec]) -> usize {
        let of_series = Feed::bytes(revise_rows, indicators) + size_of::<(u32, usize)>();
        size_of::<Symbol>() + size_of::<u32>() + series * of_series
    }
}

struct Symbol {
    exchange: ExchangeId,
    trades: TradeRingReader,
    feeds: Vec<Feed>,
    /// The venue time at which each of its series has to close, in their order: all that a sweep over series that are not
    /// due has to read.
    dues_ns: [i64; TIMEFRAMES],
    /// Finds the decimals of its trades, once for all timeframes.
    decimals: Decimals,
    /// The number of the trade folded last.
    trade_seq: u64,
    /// Its id and venue time.
    last: (TradeId, i64),
    /// Trades that had been overwritten when they were to be read, up to the next one folded.
    hole: Option<Hole>,
    /// Losses the shard was told of and has not dealt with.
    owed: u32,
    /// When the newest trade folded was read from its socket.
    receive_ns: i64,
    /// Whether a trade that is no history was folded since the last publication.
    has_live_trades: bool,
    is_changed: bool,
}

/// Numbers of the trade ring whose trades nobody can read there any more.
#[derive(Clone, Copy)]
struct Hole {
    ring: usize,
    from: u64,
    to: u64,
}

/// What a worker knows of a venue.
struct Venue {
    skew: Skew,
    /// The venue time at which the first of its series has to close.
    due_ns: i64,
    /// Since when, by monotonic time, series wait for a venue that no trade has come from.
    silent_since_ns: Option<u64>,
}

impl Default for Venue {
    fn default() -> Self {
        Self { skew: Skew::default(), due_ns: i64::MAX, silent_since_ns: None }
    }
}

impl Venue {
    /// The venue's time; `None` while it is unknown, or of no use because nothing is open. Of a venue that stays silent
    /// the local clock is all there is.
    fn time(&mut self, now: Now) -> Option<i64> {
        let is_open = self.due_ns < i64::MAX;
        if self.skew.is_known() {
            return self.skew.venue_time(now.epoch_ns).filter(|_| is_open);
        }
        if !is_open {
            return None;
        }
        let since_ns = *self.silent_since_ns.get_or_insert(now.monotonic_ns);
        let is_silent = now.monotonic_ns.saturating_sub(since_ns) >= SILENCE_NS;
        is_silent.then(|| now.epoch_ns - LOCAL_MARGIN_NS)
    }

    /// Nanoseconds until time closes the first of its series; `None` if nothing is open.
    fn due_in_ns(&mut self, now: Now) -> Option<u64> {
        let time_ns = self.time(now);
        let left_ns = |time_ns: i64| (self.due_ns - time_ns).max(0) as u64;
        let silence_ns = || {
            let since_ns = self.silent_since_ns.filter(|_| !self.skew.is_known())?;
            Some((since_ns + SILENCE_NS).saturating_sub(now.monotonic_ns))
        };
        time_ns.map(left_ns).or_else(silence_ns)
    }
}

/// Where closing by time goes on in the next turn.
#[derive(Clone, Copy)]
struct Sweep {
    timeframe: usize,
    slot: usize,
}

/// The candle builder of some symbols.
pub struct Worker {
    receivers: Vec<Receiver>,
    symbols: Vec<Symbol>,
    venues: [Venue; EXCHANGES],
    changed: Vec<u32>,
    events: EventWriter,
    health: ThreadHealth,
    sweep: Option<Sweep>,
    /// Series with work that may wait: the symbol's slot and the place among its feeds, each once.
    waiting: VecDeque<(u32, usize)>,
    told: Told,
}

impl Worker {
    /// A worker without symbols.
    #[must_use]
    pub fn new(receivers: Vec<Receiver>, events: EventWriter, health: ThreadHealth) -> Self {
        Self {
            receivers,
            symbols: Vec::new(),
            venues: std::array::from_fn(|_| Venue::default()),
            changed: Vec::new(),
            events,
            health,
            sweep: None,
            waiting: VecDeque::new(),
            told: Told::default(),
        }
    }

    /// Takes ownership of a symbol; it gets the next slot, beginning with 0.
    pub fn add_symbol(&mut self, symbol: SymbolFeeds) {
        let SymbolFeeds { exchange, trades, feeds } = symbol;
        let venue = &mut self.venues[exchange as usize];
        let mut dues_ns = [i64::MAX; TIMEFRAMES];
        for (due_ns, feed) in dues_ns.iter_mut().zip(&feeds) {
            *due_ns = feed.next_close_ns();
            venue.due_ns = venue.due_ns.min(*due_ns);
        }
        self.symbols.push(Symbol {
            dues_ns,
            exchange,
            trades,
            feeds,
            decimals: Decimals::default(),
            trade_seq: 0,
            last: (TradeId::NONE, 0),
            hole: None,
            owed: 0,
            receive_ns: 0,
            has_live_trades: false,
            is_changed: false,
        });
        self.changed.reserve(self.symbols.len());
        self.waiting.reserve(self.symbols.iter().map(|symbol| symbol.feeds.len()).sum());
    }

    /// Takes candles of the venue for one series; they go into its rows in the next turns, a few at a time. A series that
    /// this worker does not build takes none.
    pub fn history(&mut self, history: History) {
        let slot = history.slot;
        let Some(symbol) = self.symbols.get_mut(slot as usize) else { return };
        let feed = symbol.feeds.iter_mut().position(|feed| feed.timeframe() == history.timeframe);
        if let Some(at) = feed {
            symbol.feeds[at].history(history);
            queue(symbol, slot, at, &mut self.waiting);
        }
    }

    /// One turn: what waits in the rings, then what time closes, then work that may wait, then what of all that is to be
    /// published. Returns whether there was anything to do.
    pub fn turn(&mut self, clock: &impl Clock) -> bool {
        let deadline_ns = clock.now().monotonic_ns + TURN_NS;
        let mut events = 0;
        for ring in 0..self.receivers.len() {
            events += self.drain(ring, clock, deadline_ns);
        }
        self.health.count(ThreadCounter::Events, events);
        let closed = self.close_by_time(clock, deadline_ns);
        let worked = self.work(clock, deadline_ns);
        if !self.changed.is_empty() {
            self.publish(clock);
        }
        let Told { closed: rows, revised } = std::mem::take(&mut self.told);
        self.health.closed(rows);
        self.health.count(ThreadCounter::Revisions, revised);
        events > 0 || closed || worked
    }

    /// Goes on after a panic in the middle of a turn: what was in hand is lost, and every candle says so.
    pub fn recover(&mut self, now: Now) {
        self.changed.clear();
        self.waiting.clear();
        self.sweep = None;
        for slot in 0..self.symbols.len() {
            let symbol = &mut self.symbols[slot];
            symbol.is_changed = false;
            for at in 0..symbol.feeds.len() {
                symbol.feeds[at].is_queued = false;
                if symbol.feeds[at].has_work() {
                    queue(symbol, slot as u32, at, &mut self.waiting);
                }
            }
            self.each_feed_at(slot as u32, now.epoch_ns, Feed::lost_for_good);
        }
        self.refresh_due();
    }

    /// Counts a turn of the runtime, and how long it took if there was anything to do.
    pub fn turned(&mut self, busy_ns: Option<u64>) {
        self.health.turn(busy_ns.is_some());
        if let Some(ns) = busy_ns {
            self.health.record(Stage::Turn, ns as i64);
        }
    }

    /// Whether a ring holds events.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.sweep.is_some() || !self.waiting.is_empty() || self.receivers.iter().any(|receiver| !receiver.is_empty())
    }

    /// Nanoseconds from `now` until time closes a series; `None` if nothing is open.
    #[must_use]
    pub fn next_close_in_ns(&mut self, now: Now) -> Option<u64> {
        self.venues.iter_mut().filter_map(|venue| venue.due_in_ns(now)).min()
    }

    /// Takes what waits in a ring, at least a few of it whatever the clock says.
    fn drain(&mut self, ring: usize, clock: &impl Clock, deadline_ns: u64) -> u64 {
        let mut events = 0;
        while events < BATCH_MAX
            && let Some(event) = self.receivers[ring].pop()
        {
            self.take(ring, event);
            events += 1;
            if events % EVENTS_PER_LOOK == 0 && clock.now().monotonic_ns >= deadline_ns {
                break;
            }
        }
        events
    }

    fn take(&mut self, ring: usize, event: WorkerEvent) {
        match event {
            WorkerEvent::Trade { slot, seq, trade } => self.fold(slot, seq, &trade),
            WorkerEvent::CatchUp { slot, from, to } => self.catch_up(ring, slot, from, to),
            WorkerEvent::Down { slot, at_ns } => self.each_feed_at(slot, at_ns, Feed::down),
            WorkerEvent::Up { slot, at_ns } => self.each_feed_at(slot, at_ns, Feed::up),
            WorkerEvent::Lost { slot, at_ns } => self.each_feed_at(slot, at_ns, Feed::lost),
            WorkerEvent::Missing { slot, from_ns, to_ns } => self.each_feed(slot, |feed| feed.missing(from_ns, to_ns)),
            WorkerEvent::Filled { slot, from_ns, to_ns } => self.filled(slot, from_ns, to_ns),
            WorkerEvent::Again { slot, trade } => self.fold_again(slot, &trade),
            WorkerEvent::Repaid { slot, lost } => self.repaid(slot, lost),
        }
    }

    fn fold(&mut self, slot: u32, seq: u64, trade: &Trade) {
        if self.symbols[slot as usize].hole.is_some() {
            self.report_hole(slot, trade);
        }
        self.fold_again(slot, trade);
        let symbol = &mut self.symbols[slot as usize];
        symbol.trade_seq = seq;
        symbol.last = (trade.id, trade.exchange_ns);
    }

    /// Folds a trade, whatever its number.
    fn fold_again(&mut self, slot: u32, trade: &Trade) {
        let symbol = &mut self.symbols[slot as usize];
        let venue = &mut self.venues[symbol.exchange as usize];
        if !trade.flags.contains(TradeFlags::HISTORY) && !trade.flags.contains(TradeFlags::BACKFILLED) {
            venue.skew.observe(trade.exchange_ns, trade.receive_ns);
            symbol.has_live_trades = true;
        }
        let prepared = symbol.decimals.prepare(trade);
        for (feed, due_ns) in symbol.feeds.iter_mut().zip(&mut symbol.dues_ns) {
            match feed.trade(&prepared) {
                Outcome::Live | Outcome::Revised => {}
                Outcome::TooLate => self.health.too_late(),
                Outcome::Refused => self.health.count(ThreadCounter::Refused, 1),
            }
            *due_ns = feed.next_close_ns();
            venue.due_ns = venue.due_ns.min(*due_ns);
        }
        symbol.receive_ns = trade.receive_ns;
        mark_changed(symbol, slot, &mut self.changed);
    }

    /// Reads trades that did not fit the ring from the shared one; what was overwritten there is a counted loss, of which
    /// the shard is told.
    fn catch_up(&mut self, ring: usize, slot: u32, from: u64, to: u64) {
        for seq in from..=to {
            let symbol = &mut self.symbols[slot as usize];
            match symbol.trades.trade(seq) {
                Some(trade) => self.fold(slot, seq, &trade),
                None => {
                    symbol.hole.get_or_insert(Hole { ring, from: seq, to: seq }).to = seq;
                    self.health.lost(1);
                }
            }
        }
    }

    /// The first trade after a hole: now it is known how far the hole goes.
    #[cold]
    fn report_hole(&mut self, slot: u32, next: &Trade) {
        let symbol = &mut self.symbols[slot as usize];
        let Some(Hole { ring, from, to }) = symbol.hole.take() else { return };
        let before = (next.id, next.exchange_ns);
        // Where nothing was folded before, the hole begins with the shard's own first trade.
        let after = if symbol.trade_seq > 0 { symbol.last } else { before };
        let (from_ns, to_ns) = (after.1.min(before.1), after.1.max(before.1));
        if self.receivers[ring].report(Overwritten { slot, from, to, after, before }) {
            symbol.owed += 1;
            self.each_feed(slot, |feed| feed.missing(from_ns, to_ns));
        } else {
            self.each_feed(slot, |feed| feed.missing_for_good(from_ns, to_ns));
        }
    }

    /// The shard has dealt with a loss.
    fn repaid(&mut self, slot: u32, lost: Option<(i64, i64)>) {
        let symbol = &mut self.symbols[slot as usize];
        symbol.owed = symbol.owed.saturating_sub(1);
        if let Some((from_ns, to_ns)) = lost {
            self.each_feed(slot, |feed| feed.missing_for_good(from_ns, to_ns));
        }
    }

    /// Nothing is missing in a span of venue time. Without a live trade that time is unknown, and nothing would come to
    /// publish the rows that change by it.
    fn filled(&mut self, slot: u32, from_ns: i64, to_ns: i64) {
        let Symbol { exchange, owed, hole, .. } = self.symbols[slot as usize];
        if owed > 0 || hole.is_some() {
            // Complete is what the shard has, not what came here. It says so again when it has dealt with that.
            return;
        }
        let is_timeless = !self.venues[exchange as usize].skew.is_known();
        self.each_feed(slot, |feed| {
            feed.filled(from_ns, to_ns);
            if is_timeless {
                feed.advance(0, CLOSES_PER_LOOK);
            }
        });
    }

    /// Tells every series of a symbol what happened at a local time.
    fn each_feed_at(&mut self, slot: u32, at_ns: i64, tell: impl Fn(&mut Feed, i64)) {
        let exchange = self.symbols[slot as usize].exchange;
        let venue_ns = self.venues[exchange as usize].skew.past_venue_time(at_ns).unwrap_or(at_ns);
        self.each_feed(slot, |feed| tell(feed, venue_ns));
    }

    fn each_feed(&mut self, slot: u32, tell: impl Fn(&mut Feed)) {
        let symbol = &mut self.symbols[slot as usize];
        let venue = &mut self.venues[symbol.exchange as usize];
        for (feed, due_ns) in symbol.feeds.iter_mut().zip(&mut symbol.dues_ns) {
            tell(feed);
            // Closed rows that changed are due at once.
            *due_ns = feed.next_close_ns();
            venue.due_ns = venue.due_ns.min(*due_ns);
        }
        mark_changed(symbol, slot, &mut self.changed);
    }

    /// Closes series whose time has come, each published at once: a boundary of many symbols is spread over turns.
    fn close_by_time(&mut self, clock: &impl Clock, deadline_ns: u64) -> bool {
        let mut now = clock.now();
        if self.sweep.is_none() {
            let is_due = |venue: &mut Venue| venue.time(now).is_some_and(|time_ns| time_ns >= venue.due_ns);
            if !self.venues.iter_mut().any(is_due) {
                return false;
            }
            self.sweep = Some(Sweep { timeframe: 0, slot: 0 });
        }
        let (mut left, mut looked) = (CLOSES_PER_TURN, 0);
        while let Some(at) = self.sweep {
            if left == 0 {
                return true;
            }
            let closed = self.close_one(at, now);
            if !closed {
                self.sweep = self.after(at);
            }
            left -= u32::from(closed);
            looked += 1;
            if closed || looked % SERIES_PER_LOOK == 0 {
                now = clock.now();
                if now.monotonic_ns >= deadline_ns {
                    return true;
                }
            }
        }
        self.refresh_due();
        true
    }

    /// Closes some rows of one series if its time has come; returns whether it had.
    fn close_one(&mut self, at: Sweep, now: Now) -> bool {
        let Some(symbol) = self.symbols.get_mut(at.slot) else { return false };
        let Some(venue_ns) = self.venues[symbol.exchange as usize].time(now) else {
            return false;
        };
        if venue_ns < symbol.dues_ns[at.timeframe] {
            return false;
        }
        let Some(feed) = symbol.feeds.get_mut(at.timeframe) else { return false };
        feed.advance(venue_ns, CLOSES_PER_LOOK);
        symbol.dues_ns[at.timeframe] = feed.next_close_ns();
        if feed.has_work() {
            queue(symbol, at.slot as u32, at.timeframe, &mut self.waiting);
        }
        let feed = &mut symbol.feeds[at.timeframe];
        self.told += feed.publish(symbol.exchange, symbol.trade_seq, now.epoch_ns, &mut self.events);
        true
    }

    fn after(&self, at: Sweep) -> Option<Sweep> {
        let slot = at.slot + 1;
        if slot < self.symbols.len() {
            return Some(Sweep { slot, ..at });
        }
        let timeframe = at.timeframe + 1;
        let deepest = self.symbols.iter().map(|symbol| symbol.feeds.len()).max().unwrap_or(0);
        (timeframe < deepest).then_some(Sweep { timeframe, slot: 0 })
    }

    fn refresh_due(&mut self) {
        for venue in &mut self.venues {
            venue.due_ns = i64::MAX;
        }
        for symbol in &self.symbols {
            let venue = &mut self.venues[symbol.exchange as usize];
            venue.due_ns = symbol.dues_ns.iter().copied().fold(venue.due_ns, i64::min);
        }
    }

    /// Goes on with work that may wait; returns whether there was any.
    fn work(&mut self, clock: &impl Clock, deadline_ns: u64) -> bool {
        for slot in &self.changed {
            let symbol = &mut self.symbols[*slot as usize];
            for at in 0..symbol.feeds.len() {
                if symbol.feeds[at].has_work() {
                    queue(symbol, *slot, at, &mut self.waiting);
                }
            }
        }
        let had_work = !self.waiting.is_empty();
        let mut left = WORK_PER_TURN;
        while left > 0
            && let Some((slot, at)) = self.waiting.pop_front()
        {
            let symbol = &mut self.symbols[slot as usize];
            let feed = &mut symbol.feeds[at];
            feed.is_queued = feed.work(WORK_PER_LOOK);
            symbol.dues_ns[at] = feed.next_close_ns();
            let venue = &mut self.venues[symbol.exchange as usize];
            venue.due_ns = venue.due_ns.min(symbol.dues_ns[at]);
            if feed.is_queued {
                self.waiting.push_front((slot, at));
            } else {
                mark_changed(symbol, slot, &mut self.changed);
            }
            left = left.saturating_sub(WORK_PER_LOOK);
            if clock.now().monotonic_ns >= deadline_ns {
                break;
            }
        }
        had_work
    }

    fn publish(&mut self, clock: &impl Clock) {
        for slot in self.changed.drain(..) {
            let symbol = &mut self.symbols[slot as usize];
            let now_ns = clock.now().epoch_ns;
            for at in 0..symbol.feeds.len() {
                let feed = &mut symbol.feeds[at];
                if feed.is_changed {
                    self.told += feed.publish(symbol.exchange, symbol.trade_seq, now_ns, &mut self.events);
                    if feed.has_events() {
                        queue(symbol, slot, at, &mut self.waiting);
                    }
                }
            }
            if symbol.has_live_trades {
                self.health.record(Stage::ReadToCandle, clock.now().epoch_ns - symbol.receive_ns);
                symbol.has_live_trades = false;
            }
            symbol.is_changed = false;
        }
    }
}

fn mark_changed(symbol: &mut Symbol, slot: u32, changed: &mut Vec<u32>) {
    if !symbol.is_changed {
        symbol.is_changed = true;
        changed.push(slot);
    }
}

/// Notes that a series has work that may wait: a revision before everything that waits, a history after it.
fn queue(symbol: &mut Symbol, slot: u32, at: usize, waiting: &mut VecDeque<(u32, usize)>) {
    let feed = &mut symbol.feeds[at];
    if feed.is_queued {
        return;
    }
    feed.is_queued = true;
    if feed.has_history() {
        waiting.push_back((slot, at));
    } else {
        waiting.push_front((slot, at));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tickplane_candles::SeriesConfig;
    use tickplane_model::{Calendar, Instrument, InstrumentStatus, Product, Timeframe, TradeId};
    use tickplane_rings::ring;
    use tickplane_segments::{
        ArenaShape, Instance, InstrumentShape, Plane, PlaneShape, PlaneWriter, SeriesShape, TradeReader,
    };

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Now {
            Now { monotonic_ns: 1, epoch_ns: 1_790_358_480_500_000_000 }
        }
    }

    fn trade(id: u64) -> Trade {
        let at_ns = Still.now().epoch_ns + id as i64;
        let id = TradeId::number(id.into());
        Trade { exchange_ns: at_ns, receive_ns: at_ns, price: 2.0, quantity: 1.0, id, flags: TradeFlags::default() }
    }

    #[test]
    fn after_a_panic_trades_go_on_into_candles_that_say_what_is_missing() {
        let root = tempfile::tempdir().unwrap();
        let instance = Instance::new(Some(root.path()), "worker").unwrap();
        let mut writer = PlaneWriter::open(&instance, &PlaneShape::default(), 1).unwrap();
        let exchange = ExchangeId::Kraken;
        let mut arena = writer.exchange(exchange, &ArenaShape::holding(8, 1 << 20)).unwrap();
        let facts = Instrument {
            exchange,
            symbol: "BTC-USD".parse().unwrap(),
            venue_symbol: "BTC/USD".to_owned(),
            product: Product::Spot,
            tick_size: 0.1,
            lot_size: 0.1,
            contract_size: 1.0,
            quote_volume_24h: 0.0,
            status: InstrumentStatus::Trading,
        };
        let trades: TradeReader = arena.instrument(&facts, &InstrumentShape::default()).unwrap().trades();
        let series = arena.series(&facts.symbol, Timeframe::M1, &SeriesShape::default()).unwrap();
        let config = SeriesConfig {
            timeframe: Timeframe::M1,
            calendar: Calendar::AlwaysOpen,
            grace_ns: 0,
            revise_rows: 8,
            filler_rows_max: 8,
        };
        let (mut sender, receiver) = ring(64);
        let (events, health) = (writer.events("worker-0").unwrap(), writer.thread("worker-0").unwrap());
        let mut worker = Worker::new(vec![receiver], events, health);
        worker.add_symbol(SymbolFeeds { exchange, trades, feeds: vec![Feed::new(config, &[], series)] });
        (0..3).for_each(|slot| sender.add_slot(slot));

        sender.trade(0, 1, &trade(1));
        // No symbol has this slot: the worker meets a defect in the middle of its turn.
        sender.trade(2, 1, &trade(2));
        sender.trade(0, 2, &trade(3));
        assert!(catch_unwind(AssertUnwindSafe(|| worker.turn(&Still))).is_err());
        worker.recover(Still.now());
        assert!(worker.turn(&Still), "the ring is still there");

        let plane = Plane::open(&instance).unwrap();
        let series = plane.series(&"candles:kraken:BTC-USD:1m".parse().unwrap()).unwrap();
        let candle = series.live().unwrap().candle;
        assert_eq!(candle.trade_count, 2);
        assert!(candle.quality.gap_ms() > 0, "{:?}", candle.quality);
    }
}
