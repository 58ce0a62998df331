//! A worker over real segments, for the benches that measure it whole.

use std::cell::Cell;
use std::fs::remove_dir_all;
use std::path::PathBuf;
use std::time::Instant;

use tickplane_candles::SeriesConfig;
use tickplane_indicators::IndicatorSpec;
use tickplane_model::{Calendar, ExchangeId, Key, Symbol, Timeframe};
use tickplane_rings::{Receiver, Sender, ring};
use tickplane_segments::{
    ArenaShape, Instance, InstrumentShape, Plane, PlaneShape, PlaneWriter, SeriesReader, SeriesShape,
};
use tickplane_shards::{Clock, Feed, Now, SymbolFeeds, Worker};

use crate::market::{START_NS, instrument};

/// Rows a series serves.
pub const DEPTH: u64 = 500;
/// In silence a row closes this long after its end.
pub const GRACE_NS: i64 = 500_000_000;
/// The venue of every symbol.
pub const EXCHANGE: ExchangeId = ExchangeId::Binance;

/// Eight timeframes, finest first.
pub const TIMEFRAMES: [Timeframe; 8] = [
    Timeframe::S1,
    Timeframe::S5,
    Timeframe::S15,
    Timeframe::M1,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::H1,
    Timeframe::D1,
];

/// Monotonic time as it passes, the time of day as it is set.
pub struct SetClock {
    start: Instant,
    /// Nanoseconds since the epoch.
    pub epoch_ns: Cell<i64>,
}

impl Default for SetClock {
    fn default() -> Self {
        Self { start: Instant::now(), epoch_ns: Cell::new(START_NS) }
    }
}

impl Clock for SetClock {
    fn now(&self) -> Now {
        Now { monotonic_ns: self.start.elapsed().as_nanos() as u64, epoch_ns: self.epoch_ns.get() }
    }
}

/// Symbols, their series, and the worker that builds them.
pub struct Bench {
    /// Where its trades go in.
    pub sender: Sender,
    /// The worker.
    pub worker: Worker,
    /// Its clock.
    pub clock: SetClock,
    /// Reads what it publishes.
    pub plane: Plane,
    _writer: PlaneWriter,
    _scratch: Scratch,
}

impl Bench {
    /// So many symbols, in all timeframes named, with the indicators that `indicators` gives each.
    ///
    /// # Panics
    /// If shared memory does not hold them.
    #[must_use]
    pub fn new(symbols: usize, timeframes: &[Timeframe], indicators: impl Fn(Timeframe) -> Vec<IndicatorSpec>) -> Self {
        let scratch = Scratch::new("worker");
        let instance = Instance::new(Some(&scratch.0), "bench").expect("a name");
        let mut writer = PlaneWriter::open(&instance, &PlaneShape::default(), START_NS).expect("a plane");
        let (mut sender, receiver) = ring(8_192);
        let mut worker = new_worker(&mut writer, receiver);
        let specs: Vec<_> = timeframes.iter().map(|timeframe| (*timeframe, indicators(*timeframe))).collect();
        let shapes: Vec<SeriesShape> = specs.iter().map(|(_, specs)| shape(specs)).collect();
        let trades = InstrumentShape { trade_capacity: 64 };
        let bytes = shapes.iter().map(SeriesShape::bytes).sum::<u64>() + trades.bytes();
        let entries = symbols as u64 * (timeframes.len() as u64 + 1);
        let arena = ArenaShape::holding(entries, symbols as u64 * bytes);
        let mut arena = writer.exchange(EXCHANGE, &arena).expect("an arena");
        for slot in 0..symbols {
            let facts = instrument(EXCHANGE, symbol(slot).as_str(), &format!("S{slot}USD"));
            let trades = arena.instrument(&facts, &trades).expect("an instrument").trades();
            let feeds = specs.iter().zip(&shapes).map(|((timeframe, specs), shape)| {
                let series = arena.series(&facts.symbol, *timeframe, shape).expect("a series");
                Feed::new(config(*timeframe), specs, series)
            });
            worker.add_symbol(SymbolFeeds { exchange: EXCHANGE, trades, feeds: feeds.collect() });
            sender.add_slot(slot as u32);
        }
        let plane = Plane::open(&instance).expect("a plane to read");
        Self { sender, worker, clock: SetClock::default(), plane, _writer: writer, _scratch: scratch }
    }

    /// Reads a series.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn series(&self, slot: usize, timeframe: Timeframe) -> SeriesReader {
        let key = Key::Candles { exchange: EXCHANGE, symbol: symbol(slot), timeframe };
        self.plane.series(&key).expect("a series")
    }
}

fn new_worker(writer: &mut PlaneWriter, receiver: Receiver) -> Worker {
    let events = writer.events("worker-0").expect("a ring of events");
    let health = writer.thread("worker-0").expect("a record of health");
    Worker::new(vec![receiver], events, health)
}

/// The shape of a series with these indicators.
#[must_use]
pub fn shape(specs: &[IndicatorSpec]) -> SeriesShape {
    SeriesShape { depth: DEPTH, slack: 12, indicators: specs.iter().flat_map(IndicatorSpec::columns).collect() }
}

fn config(timeframe: Timeframe) -> SeriesConfig {
    SeriesConfig {
        timeframe,
        calendar: Calendar::AlwaysOpen,
        grace_ns: GRACE_NS,
        revise_rows: 120,
        filler_rows_max: DEPTH as u32,
    }
}

fn symbol(slot: usize) -> Symbol {
    Symbol::new(&format!("S{slot}-USD")).expect("a canonical symbol")
}

/// A folder in memory that is removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// An own folder of this process.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
        Self(base.join(format!("tickplane-bench-{name}-{}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to tell that a folder in memory could not be removed.
        let _ = remove_dir_all(&self.0);
    }
}
