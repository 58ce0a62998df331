//! What the tests share: throw-away planes whose every value is a function of its row, and a thread that keeps writing.

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tickplane::{InstrumentHandle, PlaneHandle, SeriesHandle, TP_OK, tp_find, tp_find_instrument, tp_open};
use tickplane_model::{
    Candle, ExchangeId, Instrument, InstrumentStatus, Product, Quality, Quote, Symbol, Timeframe, Trade, TradeFlags,
    TradeId,
};
use tickplane_segments::{
    ArenaShape, ConnectionHealth, EventKind, EventWriter, ExchangeWriter, Instance, InstrumentShape, InstrumentWriter,
    PlaneEvent, PlaneShape, PlaneWriter, SeriesShape, SeriesWriter,
};

pub(crate) const NOW_NS: i64 = 1_763_650_000_000_000_000;
pub(crate) const KEY: &CStr = c"candles:binance:BTC-USDT:1m";
/// Rows a view may span, and rows the ring holds: depth and eight of slack, rounded up to eight.
pub(crate) const DEPTH: u64 = 24;
pub(crate) const CAPACITY: u64 = 32;

pub(crate) const TRADES_KEY: &CStr = c"trades:binance:BTC-USDT";
/// Trades the ring of the instrument holds.
pub(crate) const TRADES_KEPT: u64 = 16;

const PLANE: PlaneShape =
    PlaneShape { event_rings: 1, event_capacity: 64, threads: 1, connections: 1, histories: 1, rest_hosts: 1 };
const ARENA: ArenaShape = ArenaShape { bytes_max: 16 << 20, entries_max: 64 };

/// A folder for one test, removed at its end.
pub(crate) struct Scratch {
    pub(crate) root: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let base = if Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
        let root = base.join(format!("tickplane-ffi-test-{}-{number}", std::process::id()));
        Self { root }
    }

    /// Its path as C takes it.
    pub(crate) fn c_root(&self) -> CString {
        CString::new(self.root.to_str().unwrap()).unwrap()
    }

    /// A file of the plane in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join("test").join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// A plane named `test` with one instrument and one series, open for writing.
pub(crate) struct Writer {
    pub(crate) plane: PlaneWriter,
    pub(crate) exchange: ExchangeWriter,
    pub(crate) instrument: InstrumentWriter,
    pub(crate) series: SeriesWriter,
    pub(crate) events: EventWriter,
    pub(crate) connection: ConnectionHealth,
}

impl Writer {
    pub(crate) fn new(scratch: &Scratch) -> Self {
        Self::with_depth(scratch, DEPTH)
    }

    pub(crate) fn with_depth(scratch: &Scratch, depth: u64) -> Self {
        Self::opened_at(NOW_NS, scratch, depth)
    }

    /// Files that are made anew are told from older ones by when they were made.
    pub(crate) fn opened_at(now_ns: i64, scratch: &Scratch, depth: u64) -> Self {
        let instance = Instance::new(Some(&scratch.root), "test").unwrap();
        let mut plane = PlaneWriter::open(&instance, &PLANE, now_ns).unwrap();
        let mut exchange = plane.exchange(ExchangeId::Binance, &ARENA).unwrap();
        let instrument = exchange.instrument(&facts(), &InstrumentShape { trade_capacity: TRADES_KEPT }).unwrap();
        let series = exchange.series(&symbol(), Timeframe::M1, &shape(depth)).unwrap();
        let events = plane.events("worker-0").unwrap();
        let connection = plane.connection(ExchangeId::Binance, "binance-0").unwrap();
        Self { plane, exchange, instrument, series, events, connection }
    }

    /// Appends the rows up to `head`, and the live candle after each.
    pub(crate) fn fill(&mut self, head: u64) {
        for row in self.series.rows().end..head {
            append(&mut self.series, row);
        }
    }

    /// Publishes so many trades, each a function of its number.
    pub(crate) fn trade(&mut self, count: u64) {
        for _ in 0..count {
            let seq = self.instrument.trade_seq() + 1;
            assert_eq!(self.instrument.publish_trade(&trade(seq), NOW_NS + 500 + seq as i64), seq);
        }
        self.plane.bell().mark();
    }

    /// Announces something about the series.
    pub(crate) fn announce(&mut self, kind: EventKind, row: u64) {
        let (exchange, entry) = (ExchangeId::Binance, self.series.entry());
        self.events.publish(&PlaneEvent { kind, exchange, entry, row, publish_ns: NOW_NS, detail: 0 });
        self.plane.bell().mark();
        self.plane.bell().ring();
    }
}

pub(crate) fn facts() -> Instrument {
    Instrument {
        exchange: ExchangeId::Binance,
        symbol: symbol(),
        venue_symbol: "BTCUSDT".to_owned(),
        product: Product::Spot,
        tick_size: 0.01,
        lot_size: 0.00001,
        contract_size: 1.0,
        quote_volume_24h: 1.5e9,
        status: InstrumentStatus::Restricted,
    }
}

/// A trade whose every value follows from its number.
pub(crate) fn trade(seq: u64) -> Trade {
    Trade {
        exchange_ns: NOW_NS + seq as i64 - 7,
        receive_ns: NOW_NS + seq as i64,
        price: seq as f64 + 0.5,
        quantity: seq as f64 / 4.0,
        id: TradeId::number(u128::from(seq) << 64 | u128::from(!seq)),
        flags: if seq.is_multiple_of(2) { TradeFlags::SELL } else { TradeFlags::BACKFILLED },
    }
}

/// A quote whose every value follows from `n`.
pub(crate) fn quote(n: u64) -> Quote {
    let x = n as f64;
    Quote {
        exchange_ns: n as i64,
        receive_ns: n as i64 + 1,
        bid_price: x,
        bid_quantity: x + 1.0,
        ask_price: x + 2.0,
        ask_quantity: x + 3.0,
    }
}

pub(crate) fn symbol() -> Symbol {
    Symbol::new("BTC-USDT").unwrap()
}

pub(crate) fn shape(depth: u64) -> SeriesShape {
    SeriesShape { depth, slack: 8, indicators: vec!["rsi_14".to_owned(), "macd_12_26_9.hist".to_owned()] }
}

fn append(series: &mut SeriesWriter, row: u64) {
    assert_eq!(series.append(&candle(row, 0.0), &indicators(row)), row);
    series.publish_live(row + 1, row * 3, NOW_NS, &candle(row + 1, 0.0), &indicators(row + 1));
}

fn indicators(row: u64) -> [f64; 2] {
    [row as f64 / 2.0, -(row as f64)]
}

/// A candle whose every value follows from its row and its revision.
pub(crate) fn candle(row: u64, revision: f64) -> Candle {
    let x = row as f64 + revision;
    Candle {
        open_time_ns: row as i64 * 60_000_000_000,
        open: x + 1.0,
        high: x + 2.0,
        low: x + 3.0,
        close: x + 4.0,
        volume: x + 5.0,
        quote_volume: x + 6.0,
        taker_buy_volume: x + 7.0,
        trade_count: row,
        quality: Quality::FINAL,
    }
}

/// A thread that goes on appending and revising rows, trading and quoting, one action every `pause`, until it is dropped.
pub(crate) struct Hot {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hot {
    pub(crate) fn start(mut writer: Writer, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut step = 0_u64;
            while !stopped.load(Ordering::Relaxed) {
                let head = writer.series.rows().end;
                if step % 4 == 3 {
                    let row = head - 1 - step % 5;
                    assert!(writer.series.revise(row, &candle(row, (step % 7) as f64), &indicators(row)));
                } else {
                    append(&mut writer.series, head);
                }
                writer.trade(2);
                writer.instrument.publish_quote(&quote(step), NOW_NS);
                step += 1;
                let until = Instant::now() + pause;
                while Instant::now() < until {
                    std::thread::yield_now();
                }
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Hot {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || std::thread::panicking(), "the writer failed");
    }
}

/// Opens the plane of a scratch through the library.
pub(crate) fn open(scratch: &Scratch) -> *mut PlaneHandle {
    let mut plane = std::ptr::null_mut();
    // SAFETY: terminated texts, and room for a pointer.
    let status = unsafe { tp_open(scratch.c_root().as_ptr(), c"test".as_ptr(), &raw mut plane) };
    assert_eq!(status, TP_OK);
    plane
}

/// Finds the series of a scratch through the library.
pub(crate) fn find(plane: *const PlaneHandle) -> *mut SeriesHandle {
    let mut series = std::ptr::null_mut();
    // SAFETY: an open plane, a terminated text, and room for a pointer.
    assert_eq!(unsafe { tp_find(plane, KEY.as_ptr(), &raw mut series) }, TP_OK);
    series
}

/// Finds the instrument of a scratch through the library.
pub(crate) fn find_instrument(plane: *const PlaneHandle) -> *mut InstrumentHandle {
    let mut instrument = std::ptr::null_mut();
    // SAFETY: an open plane, a terminated text, and room for a pointer.
    assert_eq!(unsafe { tp_find_instrument(plane, TRADES_KEY.as_ptr(), &raw mut instrument) }, TP_OK);
    instrument
}
