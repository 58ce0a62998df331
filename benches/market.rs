//! A made-up market: the same trades and candles in every run.

use tickplane_model::{
    Candle, ExchangeId, Instrument, InstrumentStatus, NS_PER_MS, NS_PER_SECOND, Product, Quality, Symbol, Trade,
    TradeFlags, TradeId,
};

/// When the market begins: a Monday midnight in UTC, where a row of every timeframe opens.
pub const START_NS: i64 = 1_763_942_400 * NS_PER_SECOND;

/// Time between two trades.
pub const TRADE_SPACING_NS: i64 = 2 * NS_PER_MS;

/// An instrument of this name; its other facts do not matter to any bench.
///
/// # Panics
/// If the symbol is none.
#[must_use]
pub fn instrument(exchange: ExchangeId, symbol: &str, venue_symbol: &str) -> Instrument {
    Instrument {
        exchange,
        symbol: Symbol::new(symbol).expect("a canonical symbol"),
        venue_symbol: venue_symbol.to_owned(),
        product: Product::Spot,
        tick_size: 0.01,
        lot_size: 0.000_01,
        contract_size: 1.0,
        quote_volume_24h: 1.0e9,
        status: InstrumentStatus::Trading,
    }
}

/// The first trades of the market: a price that walks in steps of 0.01, every [`TRADE_SPACING_NS`].
#[must_use]
pub fn trades(count: usize) -> Vec<Trade> {
    let mut walk = Walk::default();
    (0..count as i64).map(|n| walk.trade(n)).collect()
}

/// The first one-minute candles of the market, all traded.
#[must_use]
pub fn candles(count: usize) -> Vec<Candle> {
    let mut walk = Walk::default();
    (0..count as i64).map(|n| walk.candle(n)).collect()
}

/// A price that wanders, by a linear congruential generator (Knuth, MMIX).
struct Walk {
    random: u64,
    ticks: i64,
}

impl Default for Walk {
    fn default() -> Self {
        Self { random: 1, ticks: 6_183_763 }
    }
}

impl Walk {
    fn next(&mut self, below: u64) -> i64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.random >> 33) % below) as i64
    }

    fn price(&mut self) -> f64 {
        self.ticks += self.next(201) - 100;
        self.ticks as f64 / 100.0
    }

    fn trade(&mut self, n: i64) -> Trade {
        let exchange_ns = START_NS + n * TRADE_SPACING_NS;
        let side = if self.next(2) == 0 { TradeFlags::default() } else { TradeFlags::SELL };
        Trade {
            exchange_ns,
            receive_ns: exchange_ns + NS_PER_MS,
            price: self.price(),
            quantity: (1 + self.next(1_000_000)) as f64 / 100_000.0,
            id: TradeId::number(n as u128 + 1),
            flags: side,
        }
    }

    fn candle(&mut self, n: i64) -> Candle {
        let prices: [f64; 8] = std::array::from_fn(|_| self.price());
        let volume = (1 + self.next(1_000_000)) as f64 / 1_000.0;
        Candle {
            open_time_ns: START_NS + n * 60 * NS_PER_SECOND,
            open: prices[0],
            high: prices.into_iter().fold(f64::MIN, f64::max),
            low: prices.into_iter().fold(f64::MAX, f64::min),
            close: prices[7],
            volume,
            quote_volume: volume * prices[0],
            taker_buy_volume: volume / 2.0,
            trade_count: prices.len() as u64,
            quality: Quality::FINAL,
        }
    }
}
