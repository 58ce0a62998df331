//! A data plane of one connection and one instrument, put together by hand: everything a trade passes, nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rustls::ClientConfig;
use tickplane_candles::SeriesConfig;
use tickplane_exchanges::{ConnectionPlan, Endpoint, Exchange, Hosts, exchange};
use tickplane_indicators::{IndicatorSpec, Kind};
use tickplane_model::{ExchangeId, Instrument, InstrumentStatus, Key, Product, Symbol, Timeframe};
use tickplane_rings::{Receiver as RingReceiver, Sender as RingSender, ring};
use tickplane_runtimes::{Command, Notice, Resolver, Thread, ThreadSpec, spawn};
use tickplane_segments::{
    ArenaShape, Instance, InstrumentShape, Plane, PlaneShape, PlaneWriter, SegmentError, SeriesReader, SeriesShape,
    TradeReader,
};
use tickplane_shards::{Address, ConnectionSpec, Feed, OwnedInstrument, Route, Shard, SymbolFeeds, Worker};

use crate::settings::{Pins, Settings};
use crate::{PerfError, machine};

const EXCHANGE: ExchangeId = ExchangeId::Binance;
const TICKER: &str = "BTCUSDT";
/// As the daemon makes them.
const RING_EVENTS: usize = 8_192;
const STALL_MS_MAX: u64 = 200;
const DEPTH: u64 = 500;
const SLACK: u64 = 12;
const REVISE_ROWS: u32 = 120;
const GRACE_NS: i64 = 500_000_000;
/// The candle that is waited for: the second of seven that a trade changes.
const FOLLOWED: Timeframe = Timeframe::M1;

/// A running data plane, and the public readers of what it publishes.
pub(crate) struct DataPlane {
    threads: Vec<Thread>,
    writer: PlaneWriter,
    /// What its threads report; kept for the reason of a failure.
    notices: Receiver<Notice>,
    pub(crate) trades: TradeReader,
    pub(crate) candles: SeriesReader,
    /// Dropped last: removes the files.
    _folder: Folder,
}

impl DataPlane {
    /// Starts the threads and connects to `websocket`, the base of a venue that speaks as Binance does.
    pub(crate) fn start(
        settings: &Settings,
        pins: Pins,
        websocket: &str,
        tls: Arc<ClientConfig>,
    ) -> Result<Self, PerfError> {
        let folder = Folder::new();
        let instance = Instance::new(Some(&folder.0), "perf")?;
        let mut writer = PlaneWriter::open(&instance, &PlaneShape::default(), machine::now_ns())?;
        let venue = exchange(EXCHANGE).ok_or_else(|| PerfError::Subscription(format!("{EXCHANGE} is unknown")))?;
        let instrument = btc_usdt();
        let (owned, symbol) = regions(&mut writer, venue, &instrument)?;
        let connection = connection(&mut writer, venue, websocket, &instrument, tls)?;
        let (notices, told) = unbounded();
        let threads = Starting { settings, pins, writer: &mut writer, notices }.threads()?;
        if let [shard, .., worker] | [shard @ worker] = &threads[..] {
            // A worker must know its symbols before a shard may send it their trades.
            tell(worker, |done| Command::AddSymbols(vec![symbol], done));
            tell(shard, |done| Command::AddInstruments(vec![owned], done));
            tell(shard, |done| Command::AddConnections(vec![connection], done));
        }
        let (trades, candles) = readers(&instance, &instrument.symbol)?;
        Ok(Self { threads, writer, notices: told, trades, candles, _folder: folder })
    }

    /// What the threads said, for an error's text.
    pub(crate) fn talk(&self) -> String {
        self.notices.try_iter().map(|notice| format!("{notice:?}")).collect::<Vec<_>>().join("; ")
    }

    /// Ends the threads and removes the files.
    pub(crate) fn stop(self) {
        for thread in self.threads {
            thread.waking().send(Command::Stop);
            thread.join();
        }
        self.writer.close(machine::now_ns());
    }
}

/// A folder of its own, in memory where the system has such a file system; removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // SYNC folder-number: relaxed, only its own value matters.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
        Self(base.join(format!("tickplane-perf-{}-{number}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind changes no result.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn btc_usdt() -> Instrument {
    Instrument {
        exchange: EXCHANGE,
        symbol: Symbol::new("BTC-USDT").expect("a symbol"),
        venue_symbol: TICKER.to_owned(),
        product: Product::Spot,
        tick_size: 0.01,
        lot_size: 0.000_01,
        contract_size: 1.0,
        quote_volume_24h: 1.0e9,
        status: InstrumentStatus::Trading,
    }
}

/// The instrument and its series: the default seven timeframes with the default five indicators.
fn regions(
    writer: &mut PlaneWriter,
    venue: &'static dyn Exchange,
    instrument: &Instrument,
) -> Result<(OwnedInstrument, SymbolFeeds), PerfError> {
    let indicators: Vec<IndicatorSpec> =
        [Kind::Ema, Kind::Rsi, Kind::Atr, Kind::Macd, Kind::Macdv].map(Kind::default_spec).to_vec();
    let columns = indicators.iter().flat_map(IndicatorSpec::columns).collect();
    let shape = SeriesShape { depth: DEPTH, slack: SLACK, indicators: columns };
    let mut arena = writer.exchange(EXCHANGE, &ArenaShape::default())?;
    let trades = arena.instrument(instrument, &InstrumentShape::default())?;
    let mut feeds = Vec::new();
    for timeframe in Timeframe::DEFAULT {
        let series = SeriesConfig {
            timeframe,
            calendar: venue.meta().calendar,
            grace_ns: GRACE_NS,
            revise_rows: REVISE_ROWS,
            filler_rows_max: DEPTH as u32,
        };
        feeds.push(Feed::new(series, &indicators, arena.series(&instrument.symbol, timeframe, &shape)?));
    }
    let symbol = SymbolFeeds { exchange: EXCHANGE, trades: trades.trades(), feeds };
    let owned = OwnedInstrument::new(trades, venue.meta().trade_ids, Route { ring: 0, slot: 0 });
    Ok((owned, symbol))
}

fn connection(
    writer: &mut PlaneWriter,
    venue: &'static dyn Exchange,
    websocket: &str,
    instrument: &Instrument,
    tls: Arc<ClientConfig>,
) -> Result<ConnectionSpec, PerfError> {
    let refused = |reason: &str| PerfError::Subscription(reason.to_owned());
    let hosts = Hosts { websocket: websocket.to_owned(), rest: String::new() };
    let plans = venue.plan(&hosts, std::slice::from_ref(instrument));
    let [ConnectionPlan { endpoint: Endpoint::Url(url), route, headers, .. }] = &plans[..] else {
        return Err(refused("the venue's plan is not one connection"));
    };
    Ok(ConnectionSpec {
        exchange: venue,
        addresses: vec![Address::parse(url).map_err(|error| refused(&error.to_string()))?],
        grant: None,
        has_trades: true,
        route,
        headers: headers.clone(),
        tls,
        instruments: Arc::new([(0, instrument.clone())]),
        health: writer.connection(EXCHANGE, url)?,
        trial_ms: tickplane_shards::TRIAL_MS,
        first_attempt_ms: 0,
        seed: 1,
    })
}

fn readers(instance: &Instance, symbol: &Symbol) -> Result<(TradeReader, SeriesReader), PerfError> {
    let plane = Plane::open(instance)?;
    let trades = plane.trades(&Key::Trades { exchange: EXCHANGE, symbol: symbol.clone() })?;
    let candles = Key::Candles { exchange: EXCHANGE, symbol: symbol.clone(), timeframe: FOLLOWED };
    Ok((trades, plane.series(&candles)?))
}

/// Sends one command and waits until it is done.
fn tell(thread: &Thread, command: impl FnOnce(Sender<()>) -> Command) {
    let (done, taken) = bounded(0);
    thread.waking().send(command(done));
    // The thread drops its end when it has obeyed, which is all there is to hear.
    let _ = taken.recv();
}

struct Starting<'a> {
    settings: &'a Settings,
    pins: Pins,
    writer: &'a mut PlaneWriter,
    notices: Sender<Notice>,
}

impl Starting<'_> {
    /// The shard's thread first; the worker's after it, if there is one.
    fn threads(mut self) -> Result<Vec<Thread>, PerfError> {
        let resolver = Resolver::start(None).map_err(PerfError::io("start the resolver"))?;
        let (sender, receiver) = ring(RING_EVENTS);
        let shard = self.shard(sender)?;
        let worker = self.worker(receiver)?;
        if self.settings.workers == 0 {
            let spec = self.spec("shard-0", self.pins.shard, resolver);
            let spec = ThreadSpec { shard: Some(shard), worker: Some(worker), workers: vec![None], ..spec };
            return Ok(vec![started(spec)?]);
        }
        let spec = self.spec("worker-0", self.pins.worker, resolver.clone());
        let worker = started(ThreadSpec { worker: Some(worker), ..spec })?;
        let spec = self.spec("shard-0", self.pins.shard, resolver);
        let workers = vec![Some(worker.waking().clone())];
        let shard = started(ThreadSpec { shard: Some(shard), workers, ..spec })?;
        Ok(vec![shard, worker])
    }

    fn shard(&mut self, sender: RingSender) -> Result<Shard, SegmentError> {
        let (events, health) = (self.writer.events("shard-0")?, self.writer.thread("shard-0")?);
        Ok(Shard::new(vec![sender], events, health, STALL_MS_MAX))
    }

    fn worker(&mut self, receiver: RingReceiver) -> Result<Worker, SegmentError> {
        let (events, health) = (self.writer.events("worker-0")?, self.writer.thread("worker-0")?);
        Ok(Worker::new(vec![receiver], events, health))
    }

    fn spec(&self, name: &str, core: usize, resolver: Resolver) -> ThreadSpec {
        ThreadSpec {
            name: name.to_owned(),
            runtime: self.settings.runtime,
            core: Some(core),
            shard: None,
            worker: None,
            workers: Vec::new(),
            resolver,
            fetcher: None,
            bell: self.writer.bell(),
            ringer: None,
            notices: self.notices.clone(),
        }
    }
}

fn started(spec: ThreadSpec) -> Result<Thread, PerfError> {
    spawn(spec).map_err(PerfError::io("start a thread of the plane"))
}
