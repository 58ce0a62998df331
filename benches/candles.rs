//! A trade into the candles of 1, 4 and 8 timeframes: nanoseconds per trade, closes included. Alone, and in a worker that
//! publishes what changed once a batch: with twelve indicator outputs on one timeframe and without, beside a bare loop
//! that writes as many words.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{BenchmarkId, Criterion, Throughput};
use tickplane_benches::market::{TRADE_SPACING_NS, trades};
use tickplane_benches::plane::{self, Bench};
use tickplane_benches::timed;
use tickplane_candles::{Outcome, Rows, Series, SeriesConfig};
use tickplane_model::{Calendar, Candle, Timeframe, Trade};

/// Trades made beforehand; they are played again and again, each time later.
const TRADES: usize = 1 << 14;

/// Trades of one turn of the worker.
const BATCH: u64 = 256;
/// Twelve outputs.
const INDICATORS: [&str; 6] = ["sma_20", "ema_20", "rsi_14", "macd_12_26_9", "bbands_20_2", "macdv_12_26_26_9"];
/// Words of one live candle: its head of three and the ten columns.
const LIVE_WORDS: usize = 13;

const TIMEFRAMES: [Timeframe; 8] = [
    Timeframe::S1,
    Timeframe::M1,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::S5,
    Timeframe::S15,
    Timeframe::H1,
    Timeframe::D1,
];

fn main() {
    let mut criterion = tickplane_benches::criterion();
    fold(&mut criterion);
    work(&mut criterion);
    criterion.final_summary();
}

fn fold(criterion: &mut Criterion) {
    let trades = trades(TRADES);
    let mut group = criterion.benchmark_group("candles");
    group.throughput(Throughput::Elements(1));
    for timeframes in [1, 4, 8] {
        group.bench_with_input(BenchmarkId::new("fold", timeframes), &timeframes, |bencher, timeframes| {
            bencher.iter_custom(|count| {
                let mut series: Vec<Series> = TIMEFRAMES[..*timeframes].iter().map(|t| series(*t)).collect();
                let mut closed = vec![Closed::default(); *timeframes];
                let time = timed(|| play(&trades, count, &mut series, &mut closed));
                for (series, closed) in series.iter().zip(&closed) {
                    assert_folded(series, closed, &trades, count);
                }
                time
            });
        });
    }
    group.finish();
}

fn play(trades: &[Trade], count: u64, series: &mut [Series], closed: &mut [Closed]) {
    for n in 0..count {
        let mut trade = trades[n as usize % TRADES];
        trade.exchange_ns += (n / TRADES as u64) as i64 * TRADES as i64 * TRADE_SPACING_NS;
        for (series, closed) in series.iter_mut().zip(&mut *closed) {
            assert_eq!(series.trade(&trade, closed), Outcome::Live);
        }
    }
}

/// Trades through the ring into a worker of one symbol and eight timeframes, a batch a turn.
fn work(criterion: &mut Criterion) {
    let trades = trades(TRADES);
    let specs = INDICATORS.map(|name| name.parse().expect("an indicator"));
    let mut group = criterion.benchmark_group("worker");
    group.throughput(Throughput::Elements(BATCH));
    for (name, names) in [("eight_timeframes", 0), ("and_twelve_outputs", specs.len())] {
        let indicators = |timeframe| if timeframe == Timeframe::M1 { specs[..names].to_vec() } else { Vec::new() };
        let mut bench = Bench::new(1, &plane::TIMEFRAMES, indicators);
        let mut sent = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                send(&mut bench, &trades, &mut sent);
                assert!(bench.worker.turn(&bench.clock));
            });
        });
        assert_published(&bench, &trades, sent);
    }
    let words: Vec<AtomicU64> = (0..TIMEFRAMES.len() * LIVE_WORDS).map(|_| AtomicU64::new(0)).collect();
    let mut written = 0;
    group.bench_function("bare_loop", |bencher| {
        bencher.iter(|| {
            for _ in 0..BATCH {
                written += 1;
                // What a trade changes in each candle: high, low, close, three volumes, the count.
                words.chunks_exact(LIVE_WORDS).for_each(|candle| {
                    candle[..7].iter().for_each(|word| word.store(black_box(written), Ordering::Relaxed));
                });
            }
            words.iter().for_each(|word| word.store(black_box(written), Ordering::Relaxed));
        });
    });
    assert!(words.iter().all(|word| word.load(Ordering::Relaxed) == written));
    group.finish();
}

fn send(bench: &mut Bench, trades: &[Trade], sent: &mut u64) {
    for _ in 0..BATCH {
        let mut trade = trades[*sent as usize % TRADES];
        let later_ns = (*sent / TRADES as u64) as i64 * TRADES as i64 * TRADE_SPACING_NS;
        trade.exchange_ns += later_ns;
        trade.receive_ns += later_ns;
        *sent += 1;
        assert!(bench.sender.trade(0, *sent, &trade));
        bench.clock.epoch_ns.set(trade.receive_ns);
    }
}

/// The live candle of every timeframe holds the last trade, and the day's all of them that are of its day.
fn assert_published(bench: &Bench, trades: &[Trade], sent: u64) {
    for timeframe in plane::TIMEFRAMES {
        let live = bench.series(0, timeframe).live().expect("an open row");
        assert_eq!(live.trade_seq, sent);
        assert_eq!(live.candle.close, trades[(sent - 1) as usize % TRADES].price);
    }
}

/// Every trade is in exactly one candle, and the open one ends with the last.
fn assert_folded(series: &Series, closed: &Closed, trades: &[Trade], count: u64) {
    let (row, live) = series.live().expect("a candle after a trade");
    assert_eq!(closed.trade_count + live.trade_count, count);
    assert_eq!(live.close, trades[(count - 1) as usize % TRADES].price);
    if let Some(last) = closed.last {
        assert_eq!(last + 1, row);
    }
}

fn series(timeframe: Timeframe) -> Series {
    Series::new(SeriesConfig {
        timeframe,
        calendar: Calendar::AlwaysOpen,
        grace_ns: 500_000_000,
        revise_rows: 120,
        filler_rows_max: 500,
    })
}

#[derive(Clone, Default)]
struct Closed {
    trade_count: u64,
    last: Option<u64>,
}

impl Rows for Closed {
    fn closed(&mut self, row: u64, candle: &Candle) {
        self.trade_count += candle.trade_count;
        self.last = Some(row);
    }

    fn skipped(&mut self, from: u64, to: u64) {
        panic!("rows {from}..{to} were skipped in a market without a hole");
    }

    fn revised(&mut self, row: u64, _: &Candle) {
        panic!("row {row} was revised by trades in order");
    }
}
