//! What the tests share: throw-away instances, and values that are functions of a number.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tickplane_model::{
    Candle, ExchangeId, Instrument, InstrumentStatus, Key, Product, Quality, Quote, Symbol, Timeframe, Trade,
    TradeFlags, TradeId,
};
use tickplane_segments::{ArenaShape, Instance, PlaneShape, SeriesShape};

pub(crate) const NOW_NS: i64 = 1_763_650_000_000_000_000;

/// An instance in a folder of its own, removed at the end of the test.
pub(crate) struct Scratch {
    pub(crate) root: PathBuf,
    pub(crate) instance: Instance,
}

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let base = if Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
        let root = base.join(format!("tickplane-test-{}-{number}", std::process::id()));
        let instance = Instance::new(Some(&root), name).unwrap();
        Self { root, instance }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.instance.directory().join(file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Ends the other threads of a test, also when this one fails.
pub(crate) struct StopOnDrop<'a>(pub(crate) &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) const PLANE: PlaneShape =
    PlaneShape { event_rings: 2, event_capacity: 64, threads: 1, connections: 2, histories: 2, rest_hosts: 3 };
pub(crate) const ARENA: ArenaShape = ArenaShape { bytes_max: 64 << 20, entries_max: 64 };

pub(crate) fn symbol() -> Symbol {
    Symbol::new("BTC-USDT").unwrap()
}

pub(crate) fn candles_key() -> Key {
    Key::Candles { exchange: ExchangeId::Binance, symbol: symbol(), timeframe: Timeframe::M1 }
}

pub(crate) fn trades_key() -> Key {
    Key::Trades { exchange: ExchangeId::Binance, symbol: symbol() }
}

pub(crate) fn quote_key() -> Key {
    Key::Quote { exchange: ExchangeId::Binance, symbol: symbol() }
}

pub(crate) fn instrument() -> Instrument {
    Instrument {
        exchange: ExchangeId::Binance,
        symbol: symbol(),
        venue_symbol: "BTCUSDT".to_owned(),
        product: Product::Spot,
        tick_size: 0.01,
        lot_size: 0.00001,
        contract_size: 1.0,
        quote_volume_24h: 1.5e9,
        status: InstrumentStatus::Trading,
    }
}

pub(crate) fn series_shape(depth: u64, indicators: &[&str]) -> SeriesShape {
    SeriesShape { depth, slack: 8, indicators: indicators.iter().map(|name| (*name).to_owned()).collect() }
}

/// A trade whose every field follows from `n`.
pub(crate) fn trade(n: u64) -> Trade {
    Trade {
        exchange_ns: NOW_NS + n as i64,
        receive_ns: NOW_NS + n as i64 + 1000,
        price: n as f64 + 0.5,
        quantity: n as f64 * 2.0,
        id: TradeId::number(u128::from(n) << 64 | u128::from(!n)),
        flags: if n.is_multiple_of(2) { TradeFlags::SELL } else { TradeFlags::AGGREGATE },
    }
}

/// A quote whose every field follows from `n`.
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

/// A candle whose every field follows from `n`.
pub(crate) fn candle(n: u64) -> Candle {
    let x = n as f64;
    Candle {
        open_time_ns: n as i64 * 60_000_000_000,
        open: x + 1.0,
        high: x + 2.0,
        low: x + 3.0,
        close: x + 4.0,
        volume: x + 5.0,
        quote_volume: x + 6.0,
        taker_buy_volume: x + 7.0,
        trade_count: n,
        quality: Quality::FINAL.with_gap_ms(n as u32),
    }
}
