//! SIGKILL of a hot writer at random moments: no torn read is accepted, no reader hangs, every successor resumes.
//!
//! ```text
//! parent (readers that validate all the time) ── spawns, kills ──► hot_writer, this binary again
//! ```
//!
//! `TICKPLANE_KILLS` sets the number of kills (1,000 by default), `TICKPLANE_SEED` the moments.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tickplane_model::{Candle, ExchangeId, Quality, Timeframe};
use tickplane_segments::{
    ArenaShape, EventKind, EventWriter, Instance, InstrumentShape, InstrumentWriter, Next, Plane, PlaneEvent,
    PlaneWriter, ReadError, SeriesWriter, TradeReader,
};

use crate::fixture::*;

const ROOT: &str = "TICKPLANE_TEST_KILL_ROOT";
const ARENA: ArenaShape = ArenaShape { bytes_max: 1 << 20, entries_max: 16 };
const DEPTH: u64 = 32;

/// Version v of a row: every field follows from both.
fn version(row: u64, v: u64) -> Candle {
    let x = (row * 8 + v) as f64;
    Candle { trade_count: v, quality: Quality(!v), close: -x, volume: x + 1.0, ..candle(row * 8 + v) }
}

fn check_row(row: u64, found: &Candle, value: f64) {
    let v = found.trade_count;
    assert!(*found == version(row, v) && value == (row * 8 + v) as f64, "row {row} is torn: {found:?}, {value}");
}

// ---- the writer ----

/// Writes without a pause until it is killed.
#[test]
fn hot_writer() {
    let Ok(root) = std::env::var(ROOT) else { return };
    let instance = Instance::new(Some(Path::new(&root)), "kill").unwrap();
    let mut writer = PlaneWriter::open(&instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 16 }).unwrap();
    let series = exchange.series(&symbol(), Timeframe::M1, &series_shape(DEPTH, &["ema_9"])).unwrap();
    let events = writer.events("worker-0").unwrap();
    check_inheritance(&btc, &series);
    println!("ready");
    write_forever(btc, series, events);
}

fn check_inheritance(btc: &InstrumentWriter, series: &SeriesWriter) {
    assert_eq!(btc.last_trade(), (btc.trade_seq() > 0).then(|| trade(btc.trade_seq())));
    for row in series.rows() {
        let mut value = [0.0];
        assert!(series.values(row, &mut value));
        check_row(row, &series.candle(row).unwrap(), value[0]);
    }
}

fn write_forever(mut btc: InstrumentWriter, mut series: SeriesWriter, mut events: EventWriter) -> ! {
    let mut n: u64 = 0;
    loop {
        n += 1;
        let seq = btc.trade_seq() + 1;
        assert_eq!(btc.publish_trade(&trade(seq), 0), seq);
        btc.publish_quote(&quote(n), 0);
        let row = series.rows().end;
        series.publish_live(row, seq, 0, &version(row, n % 8), &[(row * 8 + n % 8) as f64]);
        match n % 16 {
            0 => {
                series.append(&version(row, 0), &[(row * 8) as f64]);
                let event = PlaneEvent {
                    kind: EventKind::CandleClose,
                    exchange: ExchangeId::Binance,
                    entry: series.entry(),
                    row,
                    publish_ns: 0,
                    detail: !row,
                };
                events.publish(&event);
            }
            1..=8 if row > 0 => {
                let revised = row - 1 - n % row.min(DEPTH / 2);
                series.revise(revised, &version(revised, n % 8), &[(revised * 8 + n % 8) as f64]);
            }
            15 if n.is_multiple_of(4096 - 1) => series.begin_at(row + 3),
            _ => {}
        }
    }
}

// ---- the readers ----

#[derive(Default)]
struct Tally {
    reads: AtomicU64,
    busy: AtomicU64,
    trades: AtomicU64,
}

impl Tally {
    fn note(&self, error: ReadError) {
        self.busy.fetch_add(u64::from(error == ReadError::Busy), Ordering::Relaxed);
    }
}

/// Reads everything once; panics at anything torn.
fn read_once(plane: &Plane, tally: &Tally) {
    if let Ok(quotes) = plane.quote(&quote_key()) {
        match quotes.read() {
            Ok(read) => assert_eq!(read.quote, quote(read.quote.bid_price as u64), "a torn quote"),
            Err(error) => tally.note(error),
        }
    }
    if let Ok(series) = plane.series(&candles_key()) {
        match series.live() {
            Ok(live) => check_row(live.row, &live.candle, live.indicators[0]),
            Err(error) => tally.note(error),
        }
        match series.candles(DEPTH as usize) {
            Ok(copy) => (copy.first_row..).zip(&copy.candles).for_each(|(row, found)| {
                assert_eq!(*found, version(row, found.trade_count), "row {row} is torn");
            }),
            Err(error) => tally.note(error),
        }
        if let Ok(view) = series.view(DEPTH as usize) {
            let columns: Vec<Vec<f64>> = [4, 5, 10].map(|column| view.values(column).collect()).into();
            if view.validate() {
                for (at, row) in view.rows().enumerate() {
                    let x = columns[2][at];
                    let of_row = x >= (row * 8) as f64 && x < (row * 8 + 8) as f64;
                    assert!(of_row && columns[0][at] == -x && columns[1][at] == x + 1.0, "row {row} of a view is torn");
                }
            }
        }
    }
    tally.reads.fetch_add(1, Ordering::Relaxed);
}

/// Follows trades and events for good, re-attaching as any reader would.
fn follow(plane: &Plane, stop: &AtomicBool, tally: &Tally) {
    let mut trades = None;
    let mut events = plane.events();
    while !stop.load(Ordering::Relaxed) {
        if trades.is_none() {
            trades = plane.trades(&trades_key()).ok();
        }
        if let Some(reader) = &mut trades {
            follow_trades(reader, tally);
        }
        if let Next::Item(announced) = events.poll() {
            assert_eq!(announced.event.detail, !announced.event.row, "a torn event");
        }
        read_once(plane, tally);
    }
}

fn follow_trades(trades: &mut TradeReader, tally: &Tally) {
    for _ in 0..256 {
        let due = trades.next_seq();
        match trades.poll() {
            Next::Item(record) => {
                assert_eq!((record.seq, record.trade), (due, trade(due)), "a torn trade, or one out of order");
                tally.trades.fetch_add(1, Ordering::Relaxed);
            }
            Next::Lost(lost) => assert_eq!(trades.next_seq(), due + lost, "an inexact loss"),
            Next::Empty => return,
        }
    }
}

// ---- the parent ----

fn spawn(root: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::hot_writer", "--nocapture", "--test-threads=1"])
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the writer has opened everything, or has ended.
fn wait_until_ready(child: &mut Child) {
    let out = child.stdout.as_mut().unwrap();
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"ready") && matches!(out.read(&mut byte), Ok(1)) {
        text.push(byte[0]);
    }
}

fn kill(mut child: Child, round: u64) {
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(status.signal(), Some(9), "writer {round} did not live to be killed:\n{text}");
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn random_kills_are_survived() {
    let scratch = Scratch::new("kill");
    let (kills, mut seed) = (number("TICKPLANE_KILLS", 1000), number("TICKPLANE_SEED", 0x7155) | 1);
    let mut first = spawn(&scratch.root);
    wait_until_ready(&mut first);
    kill(first, 0);

    let plane = Plane::open(&scratch.instance).unwrap();
    let (stop, tally) = (AtomicBool::new(false), Tally::default());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        let reader = scope.spawn(|| follow(&plane, &stop, &tally));
        for round in 1..=kills {
            assert!(!reader.is_finished(), "a reader failed in round {round}");
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let mut child = spawn(&scratch.root);
            // Every eighth dies somewhere in its start, the others hot.
            if seed >> 61 != 0 {
                wait_until_ready(&mut child);
            }
            std::thread::sleep(Duration::from_micros((seed >> 33) % 6000));
            kill(child, round);
            check_after_death(&plane, &tally, round);
        }
    });
    let [reads, busy, trades] = [&tally.reads, &tally.busy, &tally.trades].map(|count| count.load(Ordering::Relaxed));
    let epoch = plane.status().epoch;
    eprintln!(
        "{kills} kills in {:.1} s: {epoch} writers, {reads} rounds of reads ({busy} busy), {trades} trades followed",
        begun.elapsed().as_secs_f64()
    );
    assert!(epoch > kills * 3 / 4, "{epoch} writers came to write");
    assert!(reads > kills && trades > kills, "readers made progress");
}

/// With the writer dead, everything reads at once: nothing waits for a successor.
fn check_after_death(plane: &Plane, tally: &Tally, round: u64) {
    assert!(!plane.status().alive, "round {round}: a dead writer counts as alive");
    let quiet = Tally::default();
    let begun = Instant::now();
    read_once(plane, &quiet);
    assert_eq!(quiet.busy.load(Ordering::Relaxed), 0, "round {round}: a dead writer blocks a reader");
    assert!(begun.elapsed() < Duration::from_secs(5), "round {round}: a read hangs");
    tally.reads.fetch_add(1, Ordering::Relaxed);
}
