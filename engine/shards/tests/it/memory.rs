//! What a worker says its symbols take is what they take, from the first trade to a table full of revised rows.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tickplane_candles::SeriesConfig;
use tickplane_indicators::IndicatorSpec;
use tickplane_model::{Calendar, ExchangeId, NS_PER_SECOND, Timeframe, Trade, TradeFlags, TradeId};
use tickplane_rings::ring;
use tickplane_segments::{ArenaShape, Instance, InstrumentShape, PlaneShape, PlaneWriter, SeriesShape};
use tickplane_shards::{Clock, Feed, Now, SymbolFeeds, Worker};

use crate::book::{START_S, facts};

thread_local! {
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends still frees.
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + layout.size() as isize));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() - layout.size() as isize));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const SYMBOLS: usize = 64;
const REVISE_ROWS: u32 = 120;
const TIMEFRAMES: [Timeframe; 3] = [Timeframe::S1, Timeframe::M1, Timeframe::H1];
const NAMES: [&str; 7] = ["sma_20", "ema_20", "rsi_14", "atr_14", "bbands_20_2", "macdv_12_26_26_9", "obv"];

struct At(Cell<i64>);

impl Clock for At {
    fn now(&self) -> Now {
        Now { monotonic_ns: self.0.get() as u64, epoch_ns: START_S * NS_PER_SECOND + self.0.get() }
    }
}

fn is_near(found: isize, said: usize) -> bool {
    (found as f64 / said as f64 - 1.0).abs() <= 0.02
}

#[test]
fn a_symbol_takes_as_much_memory_as_it_says() {
    let root = tempfile::tempdir().unwrap();
    let instance = Instance::new(Some(root.path()), "memory").unwrap();
    let mut writer = PlaneWriter::open(&instance, &PlaneShape::default(), 1).unwrap();
    let exchange = ExchangeId::Kraken;
    let specs: Vec<IndicatorSpec> = NAMES.iter().map(|name| name.parse().unwrap()).collect();
    let indicators = specs.iter().flat_map(IndicatorSpec::columns).collect();
    let shape = SeriesShape { depth: 300, slack: 8, indicators };
    let shapes = SYMBOLS as u64 * (TIMEFRAMES.len() as u64 * shape.bytes() + InstrumentShape::default().bytes());
    let mut arena = writer.exchange(exchange, &ArenaShape::holding(4 * SYMBOLS as u64, shapes)).unwrap();
    let (mut sender, receiver) = ring(4_096);
    let (events, health) = (writer.events("worker-0").unwrap(), writer.thread("worker-0").unwrap());
    let mut worker = Worker::new(vec![receiver], events, health);
    let mut regions = Vec::new();
    for symbol in 0..SYMBOLS {
        let facts = tickplane_model::Instrument { symbol: format!("S{symbol}-USD").parse().unwrap(), ..facts() };
        let trades = arena.instrument(&facts, &InstrumentShape::default()).unwrap().trades();
        let series = TIMEFRAMES.map(|timeframe| arena.series(&facts.symbol, timeframe, &shape).unwrap());
        regions.push((trades, series));
        sender.add_slot(symbol as u32);
    }
    let before = BYTES.get();
    for (trades, series) in regions {
        let config = |timeframe| SeriesConfig {
            timeframe,
            calendar: Calendar::AlwaysOpen,
            grace_ns: 0,
            revise_rows: REVISE_ROWS,
            filler_rows_max: 300,
        };
        let feeds = TIMEFRAMES.into_iter().zip(series);
        let feeds = feeds.map(|(timeframe, series)| Feed::new(config(timeframe), &specs, series)).collect();
        worker.add_symbol(SymbolFeeds { exchange, trades, feeds });
    }
    let said = SYMBOLS * SymbolFeeds::bytes(TIMEFRAMES.len(), REVISE_ROWS, &specs);
    let taken = BYTES.get() - before;
    assert!(is_near(taken, said), "{taken} bytes, said {said}");

    let clock = At(Cell::new(0));
    for at in 0..400_i64 {
        for slot in 0..SYMBOLS as u32 {
            // Every tenth comes late, and revises.
            let second = if at % 10 == 9 { at - 60 } else { at };
            let exchange_ns = (START_S + second) * NS_PER_SECOND;
            let receive_ns = (START_S + at) * NS_PER_SECOND;
            let (id, flags) = (TradeId::number(at as u128 + 1), TradeFlags::default());
            let trade = Trade { exchange_ns, receive_ns, price: 100.0 + at as f64, quantity: 1.0, id, flags };
            assert!(sender.trade(slot, at as u64 + 1, &trade));
        }
        clock.0.set(at * NS_PER_SECOND);
        while worker.turn(&clock) {}
    }
    let taken = BYTES.get() - before;
    assert!(is_near(taken, said), "{taken} bytes after revisions, said {said}");
}
