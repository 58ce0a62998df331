//! The raw header beside the library and the Rust reader on a plane that is written at full speed, and on one whose
//! writer was killed.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tickplane_layout::series::{CANDLE_WORDS, SeriesLayout};
use tickplane_layout::table::{
    JOURNAL_CELLS, JOURNAL_KIND, JOURNAL_ROW, JOURNAL_SEQ, KIND_ROW, REVISE_BEGIN, REVISE_END,
};
use tickplane_segments::{Instance, Plane, ReadError};

use super::rig::{self, DEPTH, Rig, SANITIZERS, version};
use crate::fixture::Scratch;
use crate::library;

const KEY: &str = "candles:binance:BTC-USDT:1m";
const ROOT: &str = "TICKPLANE_TEST_RAW_ROOT";

fn plane(root: &Path) -> Plane {
    Plane::open(&Instance::new(Some(root), "test").unwrap()).unwrap()
}

/// What the Rust reader accepts is whole.
fn read_in_rust(root: &Path, stop: &AtomicBool) -> u64 {
    let plane = plane(root);
    let series = plane.series(&KEY.parse().unwrap()).unwrap();
    let mut accepted = 0;
    while !stop.load(Ordering::Relaxed) {
        match series.candles(DEPTH as usize) {
            Ok(copy) => {
                for (row, candle) in (copy.first_row..).zip(&copy.candles) {
                    assert_eq!(*candle, version(row, candle.trade_count), "row {row} is torn");
                }
                accepted += 1;
            }
            Err(error) => assert!(matches!(error, ReadError::Busy | ReadError::Empty), "{error}"),
        }
        std::thread::yield_now();
    }
    accepted
}

#[test]
fn three_readers_agree_beside_a_hot_writer() {
    for compiler in rig::compilers("hot.c") {
        for flags in [&["-std=c11"][..], &SANITIZERS] {
            let program = rig::build(compiler, "tests/raw/hot.c", flags);
            let scratch = Scratch::new();
            let mut rig = Rig::new(&scratch);
            rig.steps(1000);
            let stop = AtomicBool::new(false);
            let told = std::thread::scope(|scope| {
                let rust = scope.spawn(|| read_in_rust(&scratch.root, &stop));
                let mut command = program.command();
                command.arg(&scratch.root).args(["test", "20000"]);
                let output = rig.beside(|| library::run(&mut command));
                stop.store(true, Ordering::Relaxed);
                assert!(rust.join().unwrap() > 0, "the Rust reader never read");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            });
            eprintln!("{compiler} {flags:?}: {told}");
        }
    }
}

/// A view survives as many closes as there is slack, and not one more.
#[test]
fn a_view_is_valid_until_its_oldest_row_is_overwritten() {
    let Some(compiler) = rig::compilers("slack.c").into_iter().next() else { return };
    let program = rig::build(compiler, "tests/raw/slack.c", &["-std=c11"]);
    let scratch = Scratch::new();
    let mut rig = Rig::new(&scratch);
    rig.steps(1000);
    let mut command = program.command();
    command.arg(&scratch.root).arg("test").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut ask, mut told) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut line = || told.next().unwrap().unwrap();
    assert_eq!(line(), "open");
    // Depth 24 in a ring of 32.
    for closes in 1..=10 {
        rig.close();
        writeln!(ask).unwrap();
        assert_eq!(line(), if closes <= 8 { "whole" } else { "changed" }, "after {closes} closes");
    }
    drop(ask);
    assert!(child.wait().unwrap().success());
}

/// Regions of another shape: readers of the old ones are told, and a follower of trades goes on without a loss.
#[test]
fn moved_regions_say_so_and_followers_go_on() {
    let Some(compiler) = rig::compilers("moved.c").into_iter().next() else { return };
    let program = rig::build(compiler, "tests/raw/moved.c", &SANITIZERS);
    let scratch = Scratch::new();
    let mut rig = Rig::new(&scratch);
    rig.steps(1000);
    let mut command = program.command();
    command.arg(&scratch.root).arg("test").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut ask, mut told) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut line = || told.next().unwrap().unwrap();
    assert_eq!(line(), "ready");
    let mut say = || {
        writeln!(ask).unwrap();
        line()
    };
    rig.steps(3);
    assert_eq!(say(), "0 0 0 0 0 0 0: 3 trades, 0 lost");
    assert_eq!(say(), "0 0 0 0 0 0 0: 0 trades, 0 lost");
    rig.steps(2);
    drop(rig);
    let mut rig = Rig::shaped(&scratch.root, 2 * DEPTH, 128);
    rig.steps(70);
    // What stood in the old ring is read first; -15 is TPR_EMOVED.
    assert_eq!(say(), "-15 -15 -15 -15 -15 -15 0: 2 trades, 0 lost");
    assert_eq!(say(), "-15 -15 -15 -15 -15 -15 -15: 0 trades, 0 lost");
    assert_eq!(say(), "0 0 0 0 0 0 0: 64 trades, 0 lost");
    assert_eq!(say(), "0 0 0 0 0 0 0: 6 trades, 0 lost");
    // Another start, which compacts the file; then more comes than the new ring holds.
    drop(rig);
    let mut rig = Rig::shaped(&scratch.root, DEPTH, 32);
    assert_eq!(say(), "-15 -15 -15 -15 -15 -15 -15: 0 trades, 0 lost");
    rig.steps(100);
    // A lapped follower stands half a ring behind the head: 100 - 16 are lost.
    assert_eq!(say(), "0 0 0 0 0 0 0: 17 trades, 83 lost");
    drop(ask);
    assert!(child.wait().unwrap().success());
}

// ---- a killed writer ----

/// Writes without a pause until it is killed.
#[test]
fn raw_hot_writer() {
    let Ok(root) = std::env::var(ROOT) else { return };
    let mut rig = Rig::at(Path::new(&root));
    println!("ready");
    loop {
        rig.step();
    }
}

fn spawn(root: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "raw::live::raw_hot_writer", "--nocapture", "--test-threads=1"])
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = child.stdout.as_mut().unwrap();
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"ready") {
        assert_eq!(out.read(&mut byte).unwrap(), 1, "the writer ended by itself");
        text.push(byte[0]);
    }
    child
}

/// SIGKILL at random moments, many of them within a revision: the raw reader reads everything at once, torn rows from
/// the journal. `TICKPLANE_KILLS` sets their number.
#[test]
fn killed_writers_leave_a_plane_that_reads() {
    let Some(compiler) = rig::compilers("dead.c").into_iter().next() else { return };
    let program = rig::build(compiler, "tests/raw/dead.c", &SANITIZERS);
    let scratch = Scratch::new();
    let kills = std::env::var("TICKPLANE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(60_u64);
    let (mut seed, mut in_flight) = (0x7155_u64, 0);
    for _ in 0..kills {
        let mut child = spawn(&scratch.root);
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        std::thread::sleep(Duration::from_micros((seed >> 33) % 3000));
        child.kill().unwrap();
        child.wait().unwrap();
        let told = library::must(program.command().arg(&scratch.root).arg("test"));
        in_flight += u64::from(told.contains("in flight"));
    }
    eprintln!("{kills} kills, {in_flight} of them within a revision");
}

/// The same at the one moment that matters, made by hand: the journal is committed, the row is half overwritten.
#[test]
fn a_revision_cut_short_is_read_from_the_journal() {
    let Some(compiler) = rig::compilers("dead.c").into_iter().next() else { return };
    let program = rig::build(compiler, "tests/raw/dead.c", &SANITIZERS);
    let scratch = Scratch::new();
    let mut rig = Rig::new(&scratch);
    rig.steps(1000);
    let row = rig.series.rows().end - 3;
    drop(rig);
    cut_a_revision_short(&scratch, row, 5);

    let told = library::must(program.command().arg(&scratch.root).arg("test"));
    assert_eq!(told, format!("in flight: row {row}\njournal: revision 5\n"));
    let series = plane(&scratch.root).series(&KEY.parse().unwrap()).unwrap();
    let copy = series.candles(3).unwrap();
    assert_eq!((copy.first_row, copy.candles[0]), (row, version(row, 5)), "the Rust reader");

    // The successor finishes it.
    let rig = Rig::new(&scratch);
    assert_eq!(rig.series.candle(row), Some(version(row, 5)));
}

/// Leaves the words as a writer does that dies after half of the cells of revision v of a row.
fn cut_a_revision_short(scratch: &Scratch, row: u64, v: u64) {
    let file = OpenOptions::new().read(true).write(true).open(scratch.file("binance.seg")).unwrap();
    let word = |at: u64| {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, at).unwrap();
        u64::from_le_bytes(bytes)
    };
    let set = |at: u64, value: u64| file.write_all_at(&value.to_le_bytes(), at).unwrap();
    // The series is the second entry of the directory. Places as docs/format.md computes them.
    let region = word(4096 + 128 + 8);
    let (capacity, columns) = (word(region + 16), word(region + 32));
    let layout = SeriesLayout::new(DEPTH, capacity - DEPTH, columns - CANDLE_WORDS as u64).unwrap();
    let stride = (4 + columns).next_multiple_of(8);
    let journal = region + 128 + columns * 64 + 64 + 2 * stride * 8;
    let cells = journal + (3 + columns).next_multiple_of(8) * 8;
    assert_eq!(cells, region + layout.column_start(0) as u64 * 8, "the document's arithmetic is the code's");

    let candle = version(row, v);
    let numbers = [candle.open, candle.high, candle.low, candle.close, candle.volume, candle.quote_volume];
    let mut words = vec![candle.open_time_ns.cast_unsigned()];
    words.extend(numbers.into_iter().chain([candle.taker_buy_volume]).map(f64::to_bits));
    words.extend([candle.trade_count, candle.quality.0]);
    words.extend(rig::values(row, v).map(f64::to_bits));
    let control = region + 64;
    let number = word(control + REVISE_END as u64 * 8) + 1;
    set(journal + JOURNAL_KIND as u64 * 8, KIND_ROW);
    set(journal + JOURNAL_ROW as u64 * 8, row);
    for (column, value) in words.iter().enumerate() {
        set(journal + (JOURNAL_CELLS + column) as u64 * 8, *value);
    }
    set(journal + JOURNAL_SEQ as u64 * 8, number);
    set(control + REVISE_BEGIN as u64 * 8, number);
    for (column, value) in words.iter().enumerate().take(6) {
        set(cells + (column as u64 * 2 * capacity + row % capacity) * 8, *value);
    }
}

#[test]
fn valgrind_finds_nothing_in_the_raw_header() {
    if !library::has("valgrind", "the raw header does not run under it") {
        return;
    }
    let Some(compiler) = rig::compilers("dead.c").into_iter().next() else { return };
    let program = rig::build(compiler, "tests/raw/dead.c", &["-std=c11"]);
    let scratch = Scratch::new();
    Rig::new(&scratch).steps(1000);
    let host = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full"];
    library::must(program.under(&host).arg(&scratch.root).arg("test"));
}
