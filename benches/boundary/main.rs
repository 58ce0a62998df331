//! Midnight: every series of 500 symbols in 8 timeframes with 25 columns closes at once, by time alone.
//!
//! Not by criterion: a midnight comes once. Each sample builds the plane, fills its tables with a history, puts a trade
//! into every open row, lets the time pass and takes the turns one by one.
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

mod bare;

use std::time::Instant;

use tickplane_benches::market::START_NS;
use tickplane_benches::plane::{Bench, DEPTH, GRACE_NS, TIMEFRAMES};
use tickplane_indicators::IndicatorSpec;
use tickplane_model::{Calendar, Candle, NS_PER_DAY, Quality, Timeframe, Trade, TradeFlags, TradeId};
use tickplane_shards::{History, Purpose};

use crate::bare::{Backing, BareTables};

const SYMBOLS: usize = 500;
const SAMPLES: usize = 7;
/// Trades that arrive during a midnight, one every so often: 4,000 a second, for as long as a midnight lasts.
const TRADES_ARRIVING: u64 = 100;
const ARRIVAL_SPACING_NS: u64 = 250_000;
/// Fifteen outputs beside the ten columns of the candle.
const INDICATORS: [&str; 9] =
    ["sma_20", "ema_20", "rsi_14", "atr_14", "macd_12_26_9", "bbands_20_2", "macdv_12_26_26_9", "vwap_session", "obv"];
const MIDNIGHT_NS: i64 = START_NS + NS_PER_DAY;

fn main() {
    // Cargo asks whether a test is meant by asking for one.
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    bare();
    println!("boundary: {SYMBOLS} symbols x {} timeframes x 25 columns close at midnight", TIMEFRAMES.len());
    let mut totals: Vec<f64> = (0..SAMPLES).map(sample).collect();
    totals.sort_by(f64::total_cmp);
    println!("median of {SAMPLES}: {:.2} ms in all, fastest {:.2}", totals[SAMPLES / 2] / 1e6, totals[0] / 1e6);
    for is_midnight in [false, true, false, true] {
        latency(is_midnight);
    }
}

/// Trades that arrive while midnight closes, or while nothing does: from their arrival to the end of the turn that
/// publishes their candles.
fn latency(is_midnight: bool) {
    let mut bench = midnight_bench();
    let exchange_ns = if is_midnight { MIDNIGHT_NS + GRACE_NS + 1_000_000 } else { MIDNIGHT_NS - 400_000_000 };
    bench.clock.epoch_ns.set(exchange_ns + 1_000_000);
    let (mut sent, mut latencies) = (0_u64, Vec::with_capacity(TRADES_ARRIVING as usize));
    let start = Instant::now();
    let elapsed_ns = || start.elapsed().as_nanos() as u64;
    while sent < TRADES_ARRIVING {
        let first = sent;
        while sent < TRADES_ARRIVING && sent * ARRIVAL_SPACING_NS <= elapsed_ns() && sent - first < 32 {
            let slot = (sent * 7 % SYMBOLS as u64) as u32;
            let (id, flags) = (TradeId::number(u128::from(sent) + 2), TradeFlags::default());
            let receive_ns = exchange_ns + 1_000_000;
            let trade = Trade { exchange_ns, receive_ns, price: 100.5, quantity: 0.25, id, flags };
            sent += 1;
            assert!(bench.sender.trade(slot, sent + 1, &trade));
        }
        bench.worker.turn(&bench.clock);
        let end_ns = elapsed_ns();
        latencies.extend((first..sent).map(|n| (end_ns - n * ARRIVAL_SPACING_NS) as f64));
    }
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize] / 1e3;
    let what = if is_midnight { "while midnight closes" } else { "without a boundary" };
    println!(
        "{sent} trades {what}: p50 {:.1} us, p90 {:.1} us, p99 {:.1} us, max {:.0} us",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

/// All symbols with their tables full and a trade in every open row, just before midnight.
fn midnight_bench() -> Bench {
    let specs: Vec<IndicatorSpec> = INDICATORS.iter().map(|name| name.parse().expect("an indicator")).collect();
    let mut bench = Bench::new(SYMBOLS, &TIMEFRAMES, |_| specs.clone());
    fill(&mut bench);
    bench
}

/// The layout's own cost on this machine, in each kind of memory.
fn bare() {
    let specs: Vec<IndicatorSpec> = INDICATORS.iter().map(|name| name.parse().expect("an indicator")).collect();
    let shape = tickplane_benches::plane::shape(&specs);
    let columns = 10 + shape.indicators.len();
    for backing in [Backing::SharedFile, Backing::Anonymous, Backing::Huge] {
        let mut tables = BareTables::new(SYMBOLS * TIMEFRAMES.len(), &shape, columns, backing);
        let huge = BareTables::huge_bytes() >> 20;
        let mut times: Vec<f64> = (0..7).map(|row| tables.write(row, TIMEFRAMES.len())).collect();
        times.sort_by(f64::total_cmp);
        println!(
            "bare loop, {backing:?} ({huge} MiB in huge pages): {:.2} ms, fastest {:.2}",
            times[3] / 1e6,
            times[0] / 1e6
        );
    }
}

/// One midnight; nanoseconds in all.
fn sample(number: usize) -> f64 {
    let mut bench = midnight_bench();
    bench.clock.epoch_ns.set(MIDNIGHT_NS + GRACE_NS + 2_000_000);
    let mut turns = Vec::with_capacity(10_000);
    loop {
        let start = Instant::now();
        let worked = bench.worker.turn(&bench.clock);
        if !worked {
            break;
        }
        turns.push(start.elapsed().as_nanos() as f64);
    }
    assert_closed(&bench);
    let total: f64 = turns.iter().sum();
    turns.sort_by(f64::total_cmp);
    let at = |share: f64| turns[((turns.len() - 1) as f64 * share) as usize] / 1e3;
    let above = turns.iter().filter(|ns| **ns > 200_000.0).count();
    println!(
        "sample {number}: {:.2} ms in {} turns; a turn p50 {:.0} us, p99 {:.0} us, max {:.0} us; above 200 us: {above}",
        total / 1e6,
        turns.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    total
}

/// A trade in every open row, half a second before midnight, and a table full of history behind it.
fn fill(bench: &mut Bench) {
    let exchange_ns = MIDNIGHT_NS - 500_000_000;
    bench.clock.epoch_ns.set(exchange_ns + 1_000_000);
    for slot in 0..SYMBOLS as u32 {
        let (id, flags) = (TradeId::number(1), TradeFlags::default());
        let receive_ns = exchange_ns + 1_000_000;
        let trade = Trade { exchange_ns, receive_ns, price: 100.25, quantity: 0.5, id, flags };
        assert!(bench.sender.trade(slot, 1, &trade));
    }
    for timeframe in TIMEFRAMES {
        for slot in 0..SYMBOLS as u32 {
            let candles = history(timeframe, slot);
            bench.worker.history(History { slot, timeframe, candles, purpose: Purpose::Fill });
        }
        while bench.worker.turn(&bench.clock) {}
    }
}

fn history(timeframe: Timeframe, slot: u32) -> Vec<Candle> {
    let open = Calendar::AlwaysOpen.row(timeframe, MIDNIGHT_NS - 1);
    let candle = |row: u64| {
        let close = 100.0 + ((row % 97) as f64 + f64::from(slot % 13)) / 8.0;
        Candle {
            open_time_ns: Calendar::AlwaysOpen.open_time_ns(timeframe, row),
            open: close - 0.25,
            high: close + 1.0,
            low: close - 1.0,
            close,
            volume: 3.0,
            quote_volume: 300.0,
            taker_buy_volume: 1.5,
            trade_count: 7,
            quality: Quality::VENUE,
        }
    };
    (open - DEPTH..open).map(candle).collect()
}

/// Every series has closed its row, with the trade in it and with values, and stands at the next.
fn assert_closed(bench: &Bench) {
    for slot in 0..SYMBOLS {
        for timeframe in TIMEFRAMES {
            let series = bench.series(slot, timeframe);
            let rows = series.candles(1).expect("a closed row");
            let closed = Calendar::AlwaysOpen.row(timeframe, MIDNIGHT_NS - 1);
            assert_eq!((rows.first_row, rows.candles[0].trade_count, rows.candles[0].close), (closed, 1, 100.25));
            assert_eq!(series.row_range().expect("rows").start, closed + 1 - DEPTH, "the table is full");
            let mut values = [0.0];
            for name in ["sma_20", "macdv_12_26_26_9.hist"] {
                series.column(name, &mut values).expect("a value");
                assert!(values[0].is_finite(), "{name}");
            }
            assert_eq!(series.live().expect("an open row").row, closed + 1);
        }
    }
}
