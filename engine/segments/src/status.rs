//! What a plane says about itself.

use std::sync::Arc;

use hdrhistogram::Histogram;
use tickplane_layout::Word;
use tickplane_layout::header::LifeState;
use tickplane_layout::health::{
    CONNECTION_ATTEMPTS, CONNECTION_CLOSES, CONNECTION_CONNECTED_AT, CONNECTION_COUNTERS, CONNECTION_HOLD,
    CONNECTION_LAST_ATTEMPT, CONNECTION_LAST_CLOSE, CONNECTION_LAST_DATA, CONNECTION_LAST_HEARTBEAT,
    CONNECTION_NEXT_ATTEMPT, CONNECTION_REJECTS, CONNECTION_STATE, CloseKind, ConnectionCounter, ConnectionState,
    HoldKind, RECORD_EPOCH, Stage, THREAD_CORE, THREAD_COUNTERS, THREAD_RUNTIME, ThreadCounter, ThreadRuntime,
    connection_header, stage_word, thread_head, thread_stages,
};
use tickplane_layout::histogram::{self, HISTOGRAM_WORDS};
use tickplane_layout::region::{RegionHeader, RegionKind};
use tickplane_layout::sync::Ordering;
use tickplane_layout::text;
use tickplane_model::{ExchangeId, RejectReason};

use crate::arena::open_region;
use crate::region::Region;
use crate::segment::Segment;

/// An older heartbeat, of a process that cannot be asked about, belongs to nobody.
const HEARTBEAT_NS_MAX: i64 = 3_000_000_000;

/// The life signs of a plane's writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life {
    /// What the writer said last.
    pub state: LifeState,
    /// Whether its process lives, as far as this one can know: it said live and not goodbye, holds the lock where that can
    /// be asked, and is the process it says where [`is_known`](Self::is_known).
    pub alive: bool,
    /// Whether its process id means something here: the same boot, the same pid namespace.
    pub is_known: bool,
    /// Its process.
    pub pid: u32,
    /// How many writers the plane's segment has had.
    pub epoch: u64,
    /// When that process opened it.
    pub opened_ns: i64,
    /// When it last said that it lives.
    pub heartbeat_ns: i64,
}

impl Life {
    /// Whether it lives at this time: a process that is not known here is judged by its heartbeat.
    #[must_use]
    pub const fn is_alive_at(&self, now_ns: i64) -> bool {
        self.alive && (self.is_known || now_ns.saturating_sub(self.heartbeat_ns) <= HEARTBEAT_NS_MAX)
    }
}

/// The plane's life signs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlaneStatus {
    /// What its writer said last.
    pub state: LifeState,
    /// Whether its writing process lives, as [`Life::alive`] says.
    pub alive: bool,
    /// The writing process.
    pub pid: u32,
    /// How many writers the plane's segment has had.
    pub epoch: u64,
    /// When that process opened it.
    pub opened_ns: i64,
    /// When it last said that it lives.
    pub heartbeat_ns: i64,
    /// Name of the release that writes it, such as "tickplane 0.1.0".
    pub release: String,
    /// Exchanges that have a segment.
    pub exchanges: Vec<ExchangeId>,
}

/// The health of one connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectionStatus {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The connection's name within it.
    pub label: String,
    /// Its state.
    pub state: ConnectionState,
    /// When it connected last, 0 if never.
    pub connected_at_ns: i64,
    /// Its last sign of life, 0 if none.
    pub last_heartbeat_ns: i64,
    /// Its last data, 0 if none.
    pub last_data_ns: i64,
    /// Attempts to connect since the plane started.
    pub attempts: u64,
    /// When the last attempt began.
    pub last_attempt_ns: i64,
    /// Its counters, in the order of [`ConnectionCounter::ALL`].
    pub counters: Vec<(ConnectionCounter, u64)>,
    /// What was rejected, by reason, in the order of [`RejectReason::ALL`].
    pub rejects: Vec<(RejectReason, u64)>,
    /// How often it ended, by kind, in the order of [`CloseKind::ALL`].
    pub closes: Vec<(CloseKind, u64)>,
    /// Why it ended last.
    pub last_close: Option<CloseKind>,
    /// When it is tried next, 0 if no attempt is to come or one is under way.
    pub next_attempt_ns: i64,
    /// What keeps it back until then.
    pub hold: Option<HoldKind>,
}

impl ConnectionStatus {
    /// One counter.
    #[must_use]
    pub fn count(&self, counter: ConnectionCounter) -> u64 {
        self.counters.iter().find(|(of, _)| *of == counter).map_or(0, |(_, count)| *count)
    }

    /// How often it ended for this reason.
    #[must_use]
    pub fn closed(&self, kind: CloseKind) -> u64 {
        self.closes.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count)
    }

    /// Rejects of every reason.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejects.iter().map(|(_, count)| count).fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// The health of one thread.
#[derive(Clone, PartialEq, Debug)]
pub struct ThreadStatus {
    /// The thread.
    pub name: String,
    /// How it waits; nothing if its writer did not say.
    pub runtime: Option<ThreadRuntime>,
    /// The core it is bound to.
    pub core: Option<u64>,
    /// Its counters, in the order of [`ThreadCounter::ALL`].
    pub counters: Vec<(ThreadCounter, u64)>,
    /// Its latencies, in the order of [`Stage::ALL`]: those that its writer knows.
    pub stages: Vec<StageStatus>,
}

impl ThreadStatus {
    /// One counter.
    #[must_use]
    pub fn count(&self, counter: ThreadCounter) -> u64 {
        self.counters.iter().find(|(of, _)| *of == counter).map_or(0, |(_, count)| *count)
    }
}

/// The latencies of one stage.
#[derive(Clone, PartialEq, Debug)]
pub struct StageStatus {
    /// The stage.
    pub stage: Stage,
    /// Sum of the durations, in nanoseconds.
    pub sum_ns: u64,
    /// The longest one, in nanoseconds.
    pub max_ns: u64,
    /// The distribution, in nanoseconds, to two significant digits.
    pub histogram: Histogram<u64>,
}

/// The records of a kind that the present or last writer opened.
pub(crate) fn records(segment: &Arc<Segment>, kind: RegionKind, shape: RegionHeader) -> Vec<(Region, u8, String)> {
    let epoch = segment.header().writer().map_or(0, |writer| writer.epoch);
    let directory = segment.directory();
    let record = |index| {
        let (region, header) = open_region(segment, index).filter(|(_, header)| header.serves(&shape))?;
        let entry = directory.entry(index).filter(|entry| entry.kind == kind && header.kind == kind)?;
        let is_current = load(region.words(), RECORD_EPOCH) == epoch && region.check_current().is_ok();
        let name = text::unpack(&entry.name, &mut [0; 64])?.to_owned();
        is_current.then_some((region, entry.exchange, name))
    };
    (0..directory.count()).filter_map(record).collect()
}

fn load(words: &[Word], at: usize) -> u64 {
    words[at].load(Ordering::Relaxed)
}

pub(crate) fn connections(segment: &Arc<Segment>) -> Vec<ConnectionStatus> {
    let records = records(segment, RegionKind::Connection, connection_header());
    records.into_iter().filter_map(|(region, exchange, label)| connection(region.words(), exchange, label)).collect()
}

fn connection(words: &[Word], exchange: u8, label: String) -> Option<ConnectionStatus> {
    let time = |at| load(words, at).cast_signed();
    Some(ConnectionStatus {
        exchange: ExchangeId::from_number(exchange)?,
        label,
        state: ConnectionState::from_number(load(words, CONNECTION_STATE)),
        connected_at_ns: time(CONNECTION_CONNECTED_AT),
        last_heartbeat_ns: time(CONNECTION_LAST_HEARTBEAT),
        last_data_ns: time(CONNECTION_LAST_DATA),
        attempts: load(words, CONNECTION_ATTEMPTS),
        last_attempt_ns: time(CONNECTION_LAST_ATTEMPT),
        counters: counted(ConnectionCounter::ALL, words, CONNECTION_COUNTERS),
        rejects: counted(&RejectReason::ALL, words, CONNECTION_REJECTS),
        closes: counted(CloseKind::ALL, words, CONNECTION_CLOSES),
        last_close: named(CloseKind::ALL, words, CONNECTION_LAST_CLOSE),
        next_attempt_ns: time(CONNECTION_NEXT_ATTEMPT),
        hold: named(HoldKind::ALL, words, CONNECTION_HOLD),
    })
}

/// What a word names by 1 + its number; nothing for 0, or a number of a later release.
fn named<T: Copy>(all: &[T], words: &[Word], at: usize) -> Option<T> {
    load(words, at).checked_sub(1).and_then(|number| all.get(usize::try_from(number).ok()?).copied())
}

fn counted<T: Copy>(all: &[T], words: &[Word], first: usize) -> Vec<(T, u64)> {
    all.iter().enumerate().map(|(at, of)| (*of, load(words, first + at))).collect()
}

pub(crate) fn threads(segment: &Arc<Segment>) -> Vec<ThreadStatus> {
    let read = |(region, _, name): (Region, u8, String)| {
        let (_, header) = open_region(segment, region.entry())?;
        Some(thread(region.words(), thread_stages(&header)?, name))
    };
    records(segment, RegionKind::Thread, thread_head()).into_iter().filter_map(read).collect()
}

fn thread(words: &[Word], stages: usize, name: String) -> ThreadStatus {
    let stage = |stage: &Stage| {
        let start = stage_word(*stage);
        stage_status(*stage, histogram::Histogram::new(&words[start..start + HISTOGRAM_WORDS]))
    };
    let stages = Stage::ALL[..stages].iter().filter_map(stage).collect();
    let runtime = named(ThreadRuntime::ALL, words, THREAD_RUNTIME);
    let core = load(words, THREAD_CORE).checked_sub(1);
    ThreadStatus { name, runtime, core, counters: counted(ThreadCounter::ALL, words, THREAD_COUNTERS), stages }
}

fn stage_status(stage: Stage, source: histogram::Histogram<'_>) -> Option<StageStatus> {
    let mut histogram = Histogram::new_with_bounds(1, histogram::VALUE_MAX, 2).ok()?;
    for (value, count) in source.buckets() {
        histogram.saturating_record_n(value, count);
    }
    Some(StageStatus { stage, sum_ns: source.sum(), max_ns: source.max(), histogram })
}
