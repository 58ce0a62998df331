//! The public reader: attaches to a plane, finds keys, follows what happens.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tickplane_layout::bell::BellWord;
use tickplane_layout::directory::{Entry, EntryState};
use tickplane_layout::header::{LifeState, SegmentKind};
use tickplane_layout::instrument::{FACT_EPOCH, FACT_WORDS, InstrumentLayout};
use tickplane_layout::region::{RegionHeader, RegionKind};
use tickplane_layout::series::{CANDLE_WORDS, SeriesLayout};
use tickplane_layout::text;
use tickplane_model::{ExchangeId, Instrument, Key, Symbol, Timeframe, split_column};

use crate::arena::{EntryKey, open_region};
use crate::error::Refusal;
use crate::region::Region;
use crate::segment::Segment;
use crate::{
    ConnectionStatus, EntryId, EventFollower, FindError, HistoryStatus, Instance, InstrumentReader, Life, OpenError,
    PlaneStatus, QuoteReader, RestStatus, SeriesReader, StreamStatus, ThreadStatus, TradeReader, convert, futex,
    history_record, lock, process, rest_record, status,
};

/// A plane open for reading, read-only and registered nowhere. Shared between threads by reference.
#[derive(Debug)]
pub struct Plane {
    instance: Instance,
    /// The instance's, kept so that asking about it allocates nothing.
    lock_path: PathBuf,
    attached: Mutex<Attached>,
    /// Entries that could not be told because their file is another one by now.
    stale: AtomicU64,
}

#[derive(Debug)]
struct Attached {
    plane: Arc<Segment>,
    epoch: u64,
    exchanges: HashMap<ExchangeId, Arc<Segment>>,
}

impl Attached {
    fn new(instance: &Instance) -> Result<Self, OpenError> {
        let path = instance.plane_path();
        let plane = Segment::open(&path)?.ok_or_else(|| OpenError::NoPlane(instance.directory().to_owned()))?;
        if plane.identity().kind != SegmentKind::Plane {
            return Err(OpenError::Refused { path, refusal: Refusal::Kind });
        }
        let epoch = epoch(&plane);
        Ok(Self { plane: Arc::new(plane), epoch, exchanges: HashMap::new() })
    }

    fn is_taken_over(&self) -> bool {
        self.plane.header().state() == LifeState::Replaced || epoch(&self.plane) != self.epoch
    }
}

fn epoch(segment: &Segment) -> u64 {
    segment.header().writer().map_or(0, |writer| writer.epoch)
}

impl Plane {
    /// Attaches to an instance, whether its writer lives or not.
    ///
    /// # Errors
    /// [`OpenError::NoPlane`] when there is none, [`OpenError::Refused`] when its files are of another version or
    /// damaged.
    pub fn open(instance: &Instance) -> Result<Self, OpenError> {
        let attached = Mutex::new(Attached::new(instance)?);
        let lock_path = instance.lock_path();
        Ok(Self { instance: instance.clone(), lock_path, attached, stale: AtomicU64::new(0) })
    }

    /// The instance.
    #[must_use]
    pub const fn instance(&self) -> &Instance {
        &self.instance
    }

    fn attached(&self) -> MutexGuard<'_, Attached> {
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plane(&self) -> Arc<Segment> {
        Arc::clone(&self.attached().plane)
    }

    /// Whether another writer took over, or the files were made anew, since this reader attached. A few system calls.
    #[must_use]
    pub fn changed(&self) -> bool {
        let attached = self.attached();
        attached.is_taken_over()
            || !attached.plane.is_at_its_path()
            || attached.exchanges.values().any(|segment| !segment.is_at_its_path())
    }

    /// The part of [`changed`](Self::changed) that needs no system call: whether another writer says in the plane's own
    /// file that it took over, or made it anew.
    #[must_use]
    pub fn is_taken_over(&self) -> bool {
        self.attached().is_taken_over()
    }

    /// Attaches again. Readers made before keep what they have; find their keys again.
    ///
    /// # Errors
    /// As [`open`](Self::open); then the old attachment stays.
    pub fn reattach(&self) -> Result<(), OpenError> {
        let fresh = Attached::new(&self.instance)?;
        *self.attached() = fresh;
        Ok(())
    }

    /// The plane's life signs.
    #[must_use]
    pub fn status(&self) -> PlaneStatus {
        let Life { state, alive, pid, epoch, opened_ns, heartbeat_ns, .. } = self.life();
        let (_, release) = self.plane().header().release();
        let release = text::unpack(&release, &mut [0; 64]).unwrap_or_default().to_owned();
        PlaneStatus { state, alive, pid, epoch, opened_ns, heartbeat_ns, release, exchanges: self.exchanges() }
    }

    /// The life signs of its writer. A few system calls, no allocation.
    #[must_use]
    pub fn life(&self) -> Life {
        let plane = self.plane();
        let header = plane.header();
        let writer = header.writer().unwrap_or_default();
        let state = header.state();
        let own = process::host();
        let is_known = own.shares_pids(&writer.host);
        // Another machine's locks, and its processes, are not seen from here.
        let is_lock_free = || own.is_same_boot(&writer.host) && lock::is_held(&self.lock_path) == Some(false);
        let is_other_process = || match process::start_ticks(writer.pid) {
            Ok(ticks) => ticks != writer.start_ticks,
            Err(error) => !process::is_unknown(&error),
        };
        Life {
            state,
            alive: state == LifeState::Live && !is_lock_free() && !(is_known && is_other_process()),
            is_known,
            pid: writer.pid,
            epoch: writer.epoch,
            opened_ns: writer.opened_ns,
            heartbeat_ns: header.heartbeat_ns(),
        }
    }

    /// Exchanges that have a segment.
    #[must_use]
    pub fn exchanges(&self) -> Vec<ExchangeId> {
        ExchangeId::ALL.into_iter().filter(|exchange| self.instance.exchange_path(*exchange).exists()).collect()
    }

    fn exchange(&self, exchange: ExchangeId) -> Result<Arc<Segment>, FindError> {
        let mut attached = self.attached();
        if let Some(segment) = attached.exchanges.get(&exchange)
            && segment.header().state() != LifeState::Replaced
        {
            return Ok(Arc::clone(segment));
        }
        let path = self.instance.exchange_path(exchange);
        let segment = Segment::open(&path)?.ok_or(FindError::NoExchange(exchange))?;
        if segment.identity().kind != SegmentKind::Exchange(exchange as u8) {
            return Err(OpenError::Refused { path, refusal: Refusal::Kind }.into());
        }
        let segment = Arc::new(segment);
        attached.exchanges.insert(exchange, Arc::clone(&segment));
        Ok(segment)
    }

    /// Every key the present or last writer serves: candles, indicators, trades and quotes, by exchange.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        for exchange in self.exchanges() {
            // An exchange whose file cannot be read has no keys; asking for one of them says why.
            if let Ok(segment) = self.exchange(exchange) {
                segment_keys(&segment, exchange, &mut keys);
            }
        }
        keys
    }

    /// The key of a series that an event names by its entry; none if the exchange's file was made anew since, which is
    /// counted in [`stale_entries`](Self::stale_entries).
    ///
    /// # Errors
    /// When the exchange's segment cannot be attached.
    pub fn key_of(&self, exchange: ExchangeId, entry: EntryId) -> Result<Option<Key>, FindError> {
        Ok(self.entry_of(exchange, entry)?.and_then(|entry| {
            let (symbol, timeframe) = (entry_symbol(&entry)?, Timeframe::from_number(entry.timeframe)?);
            Some(Key::Candles { exchange, symbol, timeframe })
        }))
    }

    /// The instruments the present or last writer serves on an exchange.
    ///
    /// # Errors
    /// [`FindError::NoExchange`], or when its segment cannot be attached.
    pub fn instruments(&self, exchange: ExchangeId) -> Result<Vec<Instrument>, FindError> {
        let segment = self.exchange(exchange)?;
        let epoch = epoch(&segment);
        let current = current_entries(&segment).filter(|(_, entry)| entry.kind == RegionKind::Instrument);
        let instruments = current.filter_map(|(index, entry)| {
            let facts = facts(&segment, index).filter(|facts| facts[FACT_EPOCH] == epoch)?;
            convert::instrument(exchange, entry_symbol(&entry)?, &facts)
        });
        Ok(instruments.collect())
    }

    /// The streams the present or last writer serves on an exchange: one per instrument.
    ///
    /// # Errors
    /// As [`instruments`](Self::instruments).
    pub fn streams(&self, exchange: ExchangeId) -> Result<Vec<StreamStatus>, FindError> {
        let segment = self.exchange(exchange)?;
        let epoch = epoch(&segment);
        let current = current_entries(&segment).filter(|(_, entry)| entry.kind == RegionKind::Instrument);
        let streams = current.filter_map(|(index, entry)| {
            let (region, header) = open_region(&segment, index)?;
            let layout = InstrumentLayout::from_header(&header)?;
            let facts = facts(&segment, index)?;
            (facts[FACT_EPOCH] == epoch)
                .then(|| Some(StreamStatus::read(entry_symbol(&entry)?, layout.stream(region.words()))))?
        });
        Ok(streams.collect())
    }

    /// The instrument that a stream event names by its entry; none as in [`key_of`](Self::key_of).
    ///
    /// # Errors
    /// When the exchange's segment cannot be attached.
    pub fn symbol_of(&self, exchange: ExchangeId, entry: EntryId) -> Result<Option<Symbol>, FindError> {
        Ok(self.entry_of(exchange, entry)?.and_then(|entry| entry_symbol(&entry)))
    }

    fn entry_of(&self, exchange: ExchangeId, id: EntryId) -> Result<Option<Entry>, FindError> {
        if id == EntryId::NONE {
            return Ok(None);
        }
        let segment = self.exchange(exchange)?;
        let number = id.number();
        if EntryId::new(segment.identity().generation, number) != id {
            self.stale.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        let directory = segment.directory();
        Ok(directory.entry(number.into()).filter(|_| u64::from(number) < directory.count()))
    }

    /// How many entries could not be told because they are of a file of their exchange that is no more: numbers of the
    /// present file would name something else.
    #[must_use]
    pub fn stale_entries(&self) -> u64 {
        self.stale.load(Ordering::Relaxed)
    }

    /// The series of a `candles:` key, or the one an `indicator:` key belongs to.
    ///
    /// # Errors
    /// [`FindError::NoExchange`], [`FindError::NoKey`], or when the segment cannot be attached.
    pub fn series(&self, key: &Key) -> Result<SeriesReader, FindError> {
        let (exchange, symbol, timeframe) = match key {
            Key::Candles { exchange, symbol, timeframe }
            | Key::Indicator { exchange, symbol, timeframe, .. }
            | Key::CandleClose { exchange, symbol, timeframe }
            | Key::CandleRevise { exchange, symbol, timeframe } => (*exchange, symbol, *timeframe),
            _ => return Err(FindError::WrongKey { key: key.clone(), wanted: "candles:, indicator:" }),
        };
        let (region, header) = self.find(key, RegionKind::Series, exchange, timeframe as u8, symbol)?;
        SeriesLayout::from_header(&header)
            .and_then(|layout| SeriesReader::new(region, layout))
            .filter(|series| has_indicator(series, key))
            .ok_or_else(|| FindError::NoKey(key.clone()))
    }

    /// The trades of a `trades:` key, from now on.
    ///
    /// # Errors
    /// As [`series`](Self::series).
    pub fn trades(&self, key: &Key) -> Result<TradeReader, FindError> {
        let Key::Trades { exchange, symbol } = key else {
            return Err(FindError::WrongKey { key: key.clone(), wanted: "trades:" });
        };
        let (region, layout) = self.instrument_region(key, *exchange, symbol)?;
        Ok(TradeReader::new(region, layout))
    }

    /// The last quote of a `quote:` key.
    ///
    /// # Errors
    /// As [`series`](Self::series).
    pub fn quote(&self, key: &Key) -> Result<QuoteReader, FindError> {
        let Key::Quote { exchange, symbol } = key else {
            return Err(FindError::WrongKey { key: key.clone(), wanted: "quote:" });
        };
        let (region, layout) = self.instrument_region(key, *exchange, symbol)?;
        Ok(QuoteReader::new(region, layout))
    }

    /// The instrument of a `trades:` or `quote:` key.
    ///
    /// # Errors
    /// As [`series`](Self::series).
    pub fn instrument(&self, key: &Key) -> Result<InstrumentReader, FindError> {
        let (Key::Trades { exchange, symbol } | Key::Quote { exchange, symbol }) = key else {
            return Err(FindError::WrongKey { key: key.clone(), wanted: "trades:, quote:" });
        };
        let (region, layout) = self.instrument_region(key, *exchange, symbol)?;
        Ok(InstrumentReader::new(*exchange, symbol.clone(), region, layout))
    }

    fn instrument_region(
        &self,
        key: &Key,
        exchange: ExchangeId,
        symbol: &Symbol,
    ) -> Result<(Region, InstrumentLayout), FindError> {
        let (region, header) = self.find(key, RegionKind::Instrument, exchange, 0, symbol)?;
        let layout = InstrumentLayout::from_header(&header).ok_or_else(|| FindError::NoKey(key.clone()))?;
        Ok((region, layout))
    }

    fn find(
        &self,
        key: &Key,
        kind: RegionKind,
        exchange: ExchangeId,
        timeframe: u8,
        symbol: &Symbol,
    ) -> Result<(Region, RegionHeader), FindError> {
        let segment = self.exchange(exchange)?;
        let wanted = EntryKey::new(kind, exchange as u8, timeframe, symbol.as_str())
            .map_err(|_| FindError::NoKey(key.clone()))?;
        // The last live entry of a key holds.
        let found = current_entries(&segment).filter(|(_, entry)| EntryKey::of(entry) == wanted).last();
        found.and_then(|(index, _)| open_region(&segment, index)).ok_or_else(|| FindError::NoKey(key.clone()))
    }

    /// Follows the plane's events from now on.
    #[must_use]
    pub fn events(&self) -> EventFollower {
        EventFollower::new(&self.plane())
    }

    /// Lets a follower go on after [`reattach`](Self::reattach), from where it stands: nothing that a ring still holds
    /// is lost.
    pub fn renew_events(&self, events: &mut EventFollower) {
        events.go_on_in(&self.plane());
    }

    /// The connections of the present or last writer.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionStatus> {
        status::connections(&self.plane())
    }

    /// The histories of the exchanges that the present or last writer started.
    #[must_use]
    pub fn histories(&self) -> Vec<HistoryStatus> {
        history_record::histories(&self.plane())
    }

    /// What the present or last writer asked of venues by REST, by host.
    #[must_use]
    pub fn rests(&self) -> Vec<RestStatus> {
        rest_record::rests(&self.plane())
    }

    /// The threads of the present or last writer.
    #[must_use]
    pub fn threads(&self) -> Vec<ThreadStatus> {
        status::threads(&self.plane())
    }

    /// The bell as it stands: take it before looking at data, and give it to [`wait`](Self::wait).
    #[must_use]
    pub fn seen(&self) -> u64 {
        BellWord(self.plane().header().bell()).seen()
    }

    /// Sleeps until the bell no longer stands at `seen`, at most so long, and gives the bell as it stands then.
    ///
    /// ```text
    /// let mut seen = plane.seen();
    /// loop { read everything new; seen = plane.wait(seen, timeout); }
    /// ```
    /// misses nothing: what is published after the reads moves the bell away from `seen`.
    #[must_use]
    pub fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let plane = self.plane();
        let word = plane.header().bell();
        if BellWord(word).seen() == seen {
            futex::wait(word, seen, timeout);
        }
        BellWord(word).seen()
    }
}

fn current_entries(segment: &Segment) -> impl Iterator<Item = (u64, Entry)> + '_ {
    let directory = segment.directory();
    (0..directory.count()).filter_map(move |index| {
        let entry = directory.entry(index)?;
        (directory.state(index) == EntryState::Live).then_some((index, entry))
    })
}

fn entry_symbol(entry: &Entry) -> Option<Symbol> {
    Symbol::new(text::unpack(&entry.name, &mut [0; 64])?).ok()
}

fn facts(segment: &Arc<Segment>, index: u64) -> Option<[u64; FACT_WORDS]> {
    let (region, header) = open_region(segment, index)?;
    let mut facts = [0; FACT_WORDS];
    InstrumentLayout::from_header(&header)?.facts(region.words()).read(&mut facts).ok()?;
    Some(facts)
}

fn segment_keys(segment: &Arc<Segment>, exchange: ExchangeId, keys: &mut Vec<Key>) {
    let epoch = epoch(segment);
    for (index, entry) in current_entries(segment) {
        let Some(symbol) = entry_symbol(&entry) else {
            continue;
        };
        match entry.kind {
            RegionKind::Instrument if facts(segment, index).is_some_and(|facts| facts[FACT_EPOCH] == epoch) => {
                keys.push(Key::Trades { exchange, symbol: symbol.clone() });
                keys.push(Key::Quote { exchange, symbol });
            }
            RegionKind::Series => {
                let timeframe = Timeframe::from_number(entry.timeframe);
                let series = timeframe.and_then(|timeframe| Some((timeframe, current_series(segment, index, epoch)?)));
                if let Some((timeframe, series)) = series {
                    keys.push(Key::Candles { exchange, symbol: symbol.clone(), timeframe });
                    let columns = series.columns();
                    let indicators = columns[CANDLE_WORDS..].iter();
                    keys.extend(indicators.map(|column| indicator_key(exchange, &symbol, timeframe, &column.name)));
                }
            }
            _ => {}
        }
    }
}

fn current_series(segment: &Arc<Segment>, index: u64, epoch: u64) -> Option<SeriesReader> {
    let (region, header) = open_region(segment, index)?;
    let layout = SeriesLayout::from_header(&header)?;
    let is_current = layout.table(region.words()).epoch() == epoch;
    SeriesReader::new(region, layout).filter(|_| is_current)
}

fn indicator_key(exchange: ExchangeId, symbol: &Symbol, timeframe: Timeframe, column: &str) -> Key {
    let (name, output) = split_column(column);
    let (name, output) = (name.to_owned(), output.map(str::to_owned));
    Key::Indicator { exchange, symbol: symbol.clone(), timeframe, name, output }
}

/// Whether a series has the column an indicator key names; without an output, any output of it.
fn has_indicator(series: &SeriesReader, key: &Key) -> bool {
    let Key::Indicator { name, output, .. } = key else {
        return true;
    };
    series.columns().iter().skip(CANDLE_WORDS).any(|column| {
        let (column_name, column_output) = split_column(&column.name);
        column_name == name && (output.is_none() || output.as_deref() == column_output)
    })
}
