//! The histories of the running exchanges: looks at the rows in shared memory, asks as the planner says, and gives out
//! what the venue has.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tickplane_candles::roll_up;
use tickplane_control::history::{
    Action, Answer, Input, Planner, Progress, SeriesId, Standing, Wish, compare, is_comparable, look,
};
use tickplane_exchanges::Exchange;
use tickplane_model::{Calendar, Candle, ExchangeId, Instrument, Key, Symbol, Timeframe};
use tickplane_segments::{HistoryCounter, HistoryRecord, Plane as Reader, ReadError, SeriesReader};
use tickplane_shards::{Now, Purpose};

use crate::config::{Config, Reconcile};
use crate::history_pool::{self, HistoryPool, Question};
use crate::rest::Rest;
use crate::talk::Talk;

const NS_PER_MS: u64 = 1_000_000;
/// Series looked at in one go, so that the cold thread's heartbeat goes on.
const LOOKS_MAX: usize = 64;
/// A series that has not begun is looked at again this soon, any other each half minute at least.
const SOON_NS: u64 = 500 * NS_PER_MS;
/// So long a series may wait for the first trade to say where it begins; then the venue's candles begin it.
const FIRST_TRADE_NS: u64 = 3_000 * NS_PER_MS;
const LOOK_NS_MAX: u64 = 30_000 * NS_PER_MS;
/// Streams that are being repaired are asked for this often.
const STREAMS_NS: u64 = 1_000 * NS_PER_MS;
/// People hear of the progress this often.
const TELL_NS: u64 = 5_000 * NS_PER_MS;

/// What is to go into the rows of a series.
pub(crate) struct Fill {
    pub(crate) symbol: Symbol,
    pub(crate) timeframe: Timeframe,
    pub(crate) candles: Vec<Candle>,
    pub(crate) purpose: Purpose,
}

/// A series and when it is looked at next.
struct Watched {
    id: SeriesId,
    reader: SeriesReader,
    due_ns: u64,
}

/// The history of one exchange.
pub(crate) struct History {
    exchange: &'static dyn Exchange,
    instruments: Vec<Instrument>,
    planner: Planner,
    pool: HistoryPool,
    reader: Arc<Reader>,
    record: HistoryRecord,
    watched: Vec<Watched>,
    /// Where the next looks begin.
    cursor: usize,
    repairing: HashSet<Symbol>,
    streams_due_ns: u64,
    wish: Wish,
    is_repairing_rows: bool,
    look_every_ns: u64,
    begun_ns: u64,
    told_ns: u64,
    /// What people heard last: series filled, requests left.
    told: (u64, u64),
    is_told_complete: bool,
    talk: Talk,
}

/// What a history is made for.
pub(crate) struct Subject {
    pub(crate) exchange: &'static dyn Exchange,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) rest: Arc<Rest>,
}

impl History {
    /// Begins the history of an exchange whose series stand in shared memory. `answer` takes each ticket with what came of
    /// it, for [`History::answered`].
    pub(crate) fn begin(
        config: &Config,
        subject: Subject,
        reader: Arc<Reader>,
        record: HistoryRecord,
        answer: impl Fn(u64, history_pool::Answer) + Clone + Send + 'static,
        talk: Talk,
        now: Now,
    ) -> Result<Self, String> {
        let Subject { exchange, instruments, rest } = subject;
        let meta = exchange.meta();
        let pool = HistoryPool::start(exchange, &rest, answer).map_err(|error| format!("history threads: {error}"))?;
        let now_ns = now.monotonic_ns;
        let compare_every_ns = (config.reconcile != Reconcile::Off).then_some(config.reconcile_ms * NS_PER_MS);
        let planner = Planner::new(exchange, instruments.clone(), &config.timeframes, compare_every_ns, now_ns);
        let watch = |id: SeriesId| {
            let symbol = instruments[id.rank as usize].symbol.clone();
            let key = Key::Candles { exchange: meta.id, symbol, timeframe: id.timeframe };
            let reader = reader.series(&key).map_err(|error| error.to_string())?;
            Ok(Watched { id, reader, due_ns: now_ns + SOON_NS })
        };
        let watched = planner.series().map(watch).collect::<Result<Vec<_>, String>>()?;
        let ms = |ms: u64| (ms * NS_PER_MS).cast_signed();
        let wish = Wish {
            rows: config.history.of_depth(config.depth),
            heal_ns: ms(config.heal_ms),
            lag_ns: ms(meta.candles.lag_ms.into()),
        };
        let history = Self {
            planner,
            pool,
            record,
            watched,
            cursor: 0,
            repairing: HashSet::new(),
            streams_due_ns: 0,
            wish,
            is_repairing_rows: config.reconcile == Reconcile::Repair,
            look_every_ns: (config.heal_ms * NS_PER_MS).min(LOOK_NS_MAX),
            begun_ns: now_ns,
            told_ns: now_ns,
            told: (0, 0),
            is_told_complete: wish.rows == 0,
            talk,
            exchange,
            instruments,
            reader,
        };
        history.announce(now_ns);
        Ok(history)
    }

    fn id(&self) -> ExchangeId {
        self.exchange.meta().id
    }

    fn announce(&self, now_ns: u64) {
        if self.wish.rows == 0 {
            return;
        }
        let Progress { series, requests_left, weight_left, eta_ns, .. } = self.planner.forecast(self.wish.rows, now_ns);
        let limit = self.exchange.meta().limits.requests.map_or_else(String::new, |rate| {
            format!(" of the {} that the venue allows in {} s", rate.count, f64::from(rate.per_ms) / 1_000.0)
        });
        self.talk.say(&format!(
            "{}: history of {series} series, {} rows each: at most {requests_left} requests of weight {weight_left}{limit}, \
             about {}",
            self.id(),
            self.wish.rows,
            seconds(eta_ns)
        ));
    }

    /// Looks at the series whose time has come, and goes on with what was planned.
    pub(crate) fn tick(&mut self, now: Now) -> Vec<Fill> {
        let mut fills = Vec::new();
        for _ in 0..self.watched.len().min(LOOKS_MAX) {
            self.cursor = (self.cursor + 1) % self.watched.len();
            if now.monotonic_ns >= self.watched[self.cursor].due_ns {
                self.look_at(self.cursor, now, &mut fills);
            }
        }
        let actions = self.planner.timeout(now.monotonic_ns);
        self.act(actions, now, &mut fills);
        self.report(now.monotonic_ns);
        fills
    }

    /// Takes what came of a question.
    pub(crate) fn answered(&mut self, ticket: u64, answer: history_pool::Answer, now: Now) -> Vec<Fill> {
        if answer.is_err() {
            self.record.count(HistoryCounter::Failures, 1);
        }
        let mut fills = Vec::new();
        let actions = self.planner.handle(Input::Answered { ticket, answer }, now.monotonic_ns);
        self.act(actions, now, &mut fills);
        fills
    }

    fn look_at(&mut self, at: usize, now: Now, fills: &mut Vec<Fill>) {
        self.refresh_streams(now.monotonic_ns);
        let (id, reader) = (self.watched[at].id, &self.watched[at].reader);
        let calendar = self.exchange.meta().calendar;
        let is_waiting = now.monotonic_ns < self.begun_ns + FIRST_TRADE_NS;
        let unbegun = || (!is_waiting).then(|| last_begun(calendar, id.timeframe, now.epoch_ns - self.wish.lag_ns));
        let standing = standing_rows(reader).or_else(|| Some((unbegun()?, Vec::new())));
        let found = standing.and_then(|(first_row, candles)| {
            let standing = Standing {
                timeframe: id.timeframe,
                calendar,
                first_row,
                candles: &candles,
                is_repairing: self.repairing.contains(&self.instruments[id.rank as usize].symbol),
            };
            look(&standing, &self.wish, now.epoch_ns)
        });
        let wait_ns = if found.is_some() { self.look_every_ns } else { SOON_NS };
        self.watched[at].due_ns = now.monotonic_ns + wait_ns;
        let Some(mut look) = found else { return };
        if self.wish.rows == 0 {
            look.missing.clear();
        }
        let actions = self.planner.handle(Input::Looked(id, look), now.monotonic_ns);
        self.act(actions, now, fills);
    }

    /// Learns which streams are still being repaired by trades.
    fn refresh_streams(&mut self, now_ns: u64) {
        if now_ns >= self.streams_due_ns {
            self.streams_due_ns = now_ns + STREAMS_NS;
            // A segment that cannot be read names none: then the rows' age alone decides.
            let streams = self.reader.streams(self.id()).unwrap_or_default();
            self.repairing =
                streams.into_iter().filter(|stream| stream.seams > 0).map(|stream| stream.symbol).collect();
        }
    }

    fn act(&mut self, actions: Vec<Action>, now: Now, fills: &mut Vec<Fill>) {
        for action in actions {
            match action {
                Action::Ask { ticket, rank, timeframe, request } => {
                    self.record.count(HistoryCounter::Requests, 1);
                    let instrument = self.instruments[rank as usize].clone();
                    self.pool.ask(Question { ticket, instrument, timeframe, request });
                }
                Action::Fill(answer) => self.fill(answer, fills),
                Action::Compare(answer) => fills.extend(self.compare(&answer, now.epoch_ns)),
                Action::Tell(text) => self.talk.say(&text),
            }
        }
    }

    fn fill(&mut self, answer: Answer, fills: &mut Vec<Fill>) {
        let Answer { series, source, candles, .. } = answer;
        if source == series.timeframe {
            self.record.count(HistoryCounter::Fetched, candles.len() as u64);
            fills.push(self.filling(series, candles, Purpose::Fill));
            return;
        }
        let rolled = roll_up(self.exchange.meta().calendar, series.timeframe, source, &candles);
        self.record.count(HistoryCounter::Fetched, rolled.len() as u64);
        // A row that lacks a part is unknown, and not quiet: it stands between two histories, not inside one.
        let follows = |a: &Candle, b: &Candle| b.open_time_ns - a.open_time_ns == series.timeframe.length_ns();
        let runs = rolled.chunk_by(follows).rev();
        fills.extend(runs.map(|run| self.filling(series, run.to_vec(), Purpose::Fill)));
    }

    fn filling(&self, series: SeriesId, candles: Vec<Candle>, purpose: Purpose) -> Fill {
        let symbol = self.instruments[series.rank as usize].symbol.clone();
        Fill { symbol, timeframe: series.timeframe, candles, purpose }
    }

    /// Holds our rows against the venue's; those that differ are to be replaced if the config says so.
    fn compare(&mut self, answer: &Answer, epoch_ns: i64) -> Option<Fill> {
        let Answer { series, rows, candles: venue, .. } = answer;
        let reader = &self.watched.iter().find(|watched| watched.id == *series)?.reader;
        // Rows that are gone by now are compared no more.
        let ours = reader.rows(rows.clone()).ok()?.candles;
        let ours: Vec<Candle> =
            ours.into_iter().filter(|candle| is_comparable(candle, series.timeframe, epoch_ns)).collect();
        let market = self.exchange.market(self.instruments[series.rank as usize].product);
        let found = compare(&ours, venue, &market.candles);
        self.record.count(HistoryCounter::Equal, found.equal);
        if found.different.is_empty() {
            return None;
        }
        let different = found.different.len() as u64;
        self.record.count(HistoryCounter::Different, different);
        self.record.differed(reader.entry(), found.price_difference_max, found.volume_difference_max);
        self.talk.say(&format!(
            "{}: {different} of {} rows of {} {} differ from the venue's candles, prices by {:.2e}, volumes by {:.2e} at most",
            self.id(),
            found.compared(),
            self.instruments[series.rank as usize].symbol,
            series.timeframe,
            found.price_difference_max,
            found.volume_difference_max,
        ));
        if !self.is_repairing_rows {
            return None;
        }
        self.record.count(HistoryCounter::Repaired, different);
        Some(self.filling(*series, found.different, Purpose::Repair))
    }

    /// Shows the progress, to readers each time and to people now and then.
    fn report(&mut self, now_ns: u64) {
        let progress = self.planner.progress(now_ns);
        let Progress { series, filled, requests_left, eta_ns, .. } = progress;
        self.record.progress(series, filled, requests_left, eta_ns);
        if self.is_told_complete {
            return;
        }
        let id = self.id();
        if filled == series {
            self.is_told_complete = true;
            let took = seconds(now_ns - self.begun_ns);
            self.talk.say(&format!("{id}: history complete: {series} series in {took}"));
        } else if now_ns >= self.told_ns + TELL_NS && self.told != (filled, requests_left) {
            (self.told_ns, self.told) = (now_ns, (filled, requests_left));
            let about = seconds(eta_ns);
            self.talk.say(&format!(
                "{id}: history {filled} of {series} series, {requests_left} requests left, about {about}"
            ));
        }
    }
}

/// The newest row that has begun at `time_ns`.
fn last_begun(calendar: Calendar, timeframe: Timeframe, time_ns: i64) -> u64 {
    let row = calendar.row(timeframe, time_ns.max(0));
    // Between two sessions the row of a time is one that begins later.
    row.saturating_sub(u64::from(calendar.open_time_ns(timeframe, row) > time_ns))
}

/// The closed rows of a series and the row of the first; the open row while none is closed. `None` before it has begun.
fn standing_rows(reader: &SeriesReader) -> Option<(u64, Vec<Candle>)> {
    match reader.candles(reader.depth()) {
        Ok(rows) => Some((rows.first_row, rows.candles)),
        Err(ReadError::Empty) => reader.live().ok().map(|live| (live.row, Vec::new())),
        Err(_) => None,
    }
}

fn seconds(ns: u64) -> String {
    format!("{} s", ns.div_ceil(1_000 * NS_PER_MS))
}

/// An answer on its way to the history that asked.
pub(crate) struct Answered {
    pub(crate) exchange: ExchangeId,
    /// Which start of the exchange asked: answers of an earlier one are of no use.
    pub(crate) start: u64,
    pub(crate) ticket: u64,
    pub(crate) answer: history_pool::Answer,
}

/// The histories of all exchanges that run, each with the number of its start.
#[derive(Default)]
pub(crate) struct Histories {
    running: BTreeMap<ExchangeId, (u64, History)>,
    starts: u64,
}

impl Histories {
    /// Puts in the history that `begin` makes for this start's number.
    pub(crate) fn start(
        &mut self,
        id: ExchangeId,
        begin: impl FnOnce(u64) -> Result<History, String>,
    ) -> Result<(), String> {
        self.starts += 1;
        let history = begin(self.starts)?;
        self.running.insert(id, (self.starts, history));
        Ok(())
    }

    /// The exchange stopped: nothing more is asked.
    pub(crate) fn end(&mut self, id: ExchangeId) {
        self.running.remove(&id);
    }

    /// Lets every history go on; says what is to be filled where.
    pub(crate) fn tick(&mut self, now: Now) -> Vec<(ExchangeId, Vec<Fill>)> {
        self.running.iter_mut().map(|(id, (_, history))| (*id, history.tick(now))).collect()
    }

    /// Takes what came of a question.
    pub(crate) fn answered(&mut self, answered: Answered, now: Now) -> Vec<Fill> {
        let Answered { exchange, start, ticket, answer } = answered;
        let history = self.running.get_mut(&exchange).filter(|(current, _)| *current == start);
        history.map_or_else(Vec::new, |(_, history)| history.answered(ticket, answer, now))
    }
}
