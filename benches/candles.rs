//! A trade into the candles of 1, 4 and 8 timeframes: nanoseconds per trade, closes included.

use criterion::{BenchmarkId, Criterion, Throughput};
use tickplane_benches::market::{TRADE_SPACING_NS, trades};
use tickplane_benches::timed;
use tickplane_candles::{Outcome, Rows, Series, SeriesConfig};
use tickplane_model::{Calendar, Candle, Timeframe, Trade};

/// Trades made beforehand; they are played again and again, each time later.
const TRADES: usize = 1 << 14;

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
