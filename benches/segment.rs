//! Publishing to and reading from shared memory, writer and reader on one thread: what each side pays when the lines
//! are its own. What the way between cores adds stands in the end-to-end records (`perf/records`).

use std::fs::remove_dir_all;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput};
use tickplane_benches::market::{START_NS, candles, instrument, trades};
use tickplane_benches::{mix, timed};
use tickplane_model::{ExchangeId, Instrument, Key, Timeframe};
use tickplane_segments::{
    ArenaShape, Instance, InstrumentShape, InstrumentWriter, LiveCandle, Next, Plane, PlaneShape, PlaneWriter,
    SeriesReader, SeriesShape, SeriesWriter, TradeReader,
};

/// Ten columns of the candle and these make a row of 25.
const INDICATORS: usize = 15;
const DEPTH: usize = 500;
const TRADES_KEPT: usize = 4_096;
/// Rows and trades made beforehand; they come again and again.
const ITEMS: usize = 1 << 12;
/// The column of the close.
const CLOSE: usize = 4;

fn main() {
    let mut criterion = tickplane_benches::criterion();
    let scratch = Scratch::new();
    let mut fixture = Fixture::new(&scratch.0);
    publish_trade(&mut criterion, &mut fixture);
    poll_trade(&mut criterion, &mut fixture);
    publish_live(&mut criterion, &mut fixture);
    read_live(&mut criterion, &mut fixture);
    append_row(&mut criterion, &mut fixture);
    view_rows(&mut criterion, &mut fixture);
    criterion.final_summary();
}

fn publish_trade(criterion: &mut Criterion, fixture: &mut Fixture) {
    let trades = trades(ITEMS);
    bench(criterion, "publish_trade", |count| {
        let before = fixture.trades.head();
        let time = timed(|| {
            for n in 0..count as usize {
                fixture.instrument.publish_trade(&trades[n % ITEMS], START_NS);
            }
        });
        assert_eq!(fixture.trades.head(), before + count);
        assert_eq!(fixture.trades.trade(before + count), Some(trades[(count - 1) as usize % ITEMS]));
        time
    });
}

/// Half a ring is published, which is not measured, then read.
fn poll_trade(criterion: &mut Criterion, fixture: &mut Fixture) {
    let trades = trades(TRADES_KEPT / 2);
    bench(criterion, "poll_trade", |count| {
        let mut time = std::time::Duration::ZERO;
        let mut left = count as usize;
        while left > 0 {
            let batch = &trades[..left.min(trades.len())];
            fixture.trades.seek(fixture.trades.head() + 1);
            for trade in batch {
                fixture.instrument.publish_trade(trade, START_NS);
            }
            let mut checksum = 0;
            time += timed(|| {
                while let Next::Item(record) = fixture.trades.poll() {
                    checksum = mix(checksum, record.trade.price);
                }
            });
            assert_eq!(checksum, batch.iter().fold(0, |checksum, trade| mix(checksum, trade.price)));
            left -= batch.len();
        }
        time
    });
}

fn publish_live(criterion: &mut Criterion, fixture: &mut Fixture) {
    let candles = candles(ITEMS);
    let values = [1.5; INDICATORS];
    bench(criterion, "publish_live", |count| {
        let before = fixture.reader.live_seq();
        let time = timed(|| {
            for n in 0..count {
                fixture.series.publish_live(n, n, START_NS, &candles[n as usize % ITEMS], &values);
            }
        });
        assert_eq!(fixture.reader.live_seq(), before + count);
        let live = fixture.reader.live().expect("a live candle");
        assert_eq!((live.row, live.candle), (count - 1, candles[(count - 1) as usize % ITEMS]));
        assert_eq!(live.indicators, values);
        time
    });
}

fn read_live(criterion: &mut Criterion, fixture: &mut Fixture) {
    let candle = candles(1)[0];
    fixture.series.publish_live(7, 7, START_NS, &candle, &[2.5; INDICATORS]);
    let mut live = LiveCandle::default();
    bench(criterion, "read_live", |count| {
        let mut checksum = 0;
        let time = timed(|| {
            for _ in 0..count {
                fixture.reader.live_into(&mut live).expect("a live candle");
                checksum = mix(mix(checksum, live.candle.close), live.indicators[INDICATORS - 1]);
            }
        });
        assert_eq!(checksum, (0..count).fold(0, |checksum, _| mix(mix(checksum, candle.close), 2.5)));
        time
    });
}

fn append_row(criterion: &mut Criterion, fixture: &mut Fixture) {
    let candles = candles(ITEMS);
    let values = [3.5; INDICATORS];
    fixture.series.begin_at(0);
    bench(criterion, "append_row", |count| {
        let head = fixture.series.rows().end;
        let time = timed(|| {
            for n in 0..count as usize {
                fixture.series.append(&candles[n % ITEMS], &values);
            }
        });
        assert_eq!(fixture.reader.head(), Ok(head + count));
        let last = fixture.reader.candles(1).expect("a row");
        assert_eq!((last.first_row, last.candles[0]), (head + count - 1, candles[(count - 1) as usize % ITEMS]));
        time
    });
}

/// Opens a view of 500 rows, sums the closes, validates.
fn view_rows(criterion: &mut Criterion, fixture: &mut Fixture) {
    let candles = candles(DEPTH);
    fixture.series.begin_at(0);
    for candle in &candles {
        fixture.series.append(candle, &[4.5; INDICATORS]);
    }
    let expected = candles.iter().fold(0.0, |sum, candle| sum + candle.close);
    bench(criterion, "view_500_rows", |count| {
        timed(|| {
            for _ in 0..count {
                let view = fixture.reader.view(DEPTH).expect("a view");
                let sum = view.values(CLOSE).fold(0.0, |sum, close| sum + close);
                assert!(view.validate() && view.len() == DEPTH && sum == expected);
            }
        })
    });
}

fn bench(criterion: &mut Criterion, name: &str, mut run: impl FnMut(u64) -> std::time::Duration) {
    let mut group = criterion.benchmark_group("segment");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| bencher.iter_custom(&mut run));
    group.finish();
}

/// One instrument and one series, with their readers.
struct Fixture {
    instrument: InstrumentWriter,
    series: SeriesWriter,
    trades: TradeReader,
    reader: SeriesReader,
}

impl Fixture {
    fn new(root: &Path) -> Self {
        let instance = Instance::new(Some(root), "bench").expect("a name");
        let facts = instrument(ExchangeId::Binance, "BTC-USDT", "BTCUSDT");
        let mut plane = PlaneWriter::open(&instance, &PlaneShape::default(), START_NS).expect("a plane");
        let (instrument, series) = writers(&mut plane, &facts);
        let reader = Plane::open(&instance).expect("a plane to read");
        let symbol = facts.symbol;
        let trades = Key::Trades { exchange: ExchangeId::Binance, symbol: symbol.clone() };
        let candles = Key::Candles { exchange: ExchangeId::Binance, symbol, timeframe: Timeframe::M1 };
        Self {
            instrument,
            series,
            trades: reader.trades(&trades).expect("its trades"),
            reader: reader.series(&candles).expect("its candles"),
        }
    }
}

fn writers(plane: &mut PlaneWriter, facts: &Instrument) -> (InstrumentWriter, SeriesWriter) {
    let shape = SeriesShape {
        depth: DEPTH as u64,
        slack: 12,
        indicators: (0..INDICATORS).map(|n| format!("value_{n}")).collect(),
    };
    let mut arena = plane.exchange(ExchangeId::Binance, &ArenaShape::default()).expect("an arena");
    let trades = InstrumentShape { trade_capacity: TRADES_KEPT as u64 };
    let instrument = arena.instrument(facts, &trades).expect("an instrument");
    let series = arena.series(&facts.symbol, Timeframe::M1, &shape).expect("a series");
    (instrument, series)
}

/// A folder in memory that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let memory = PathBuf::from("/dev/shm");
        let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
        Self(base.join(format!("tickplane-bench-{}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to tell that a folder in memory could not be removed.
        let _ = remove_dir_all(&self.0);
    }
}
