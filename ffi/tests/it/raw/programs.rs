//! The headers under every standard they are for, the C++ face on a hot plane, the examples, and their speed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{ArenaShape, Instance, PlaneShape, PlaneWriter, SeriesShape};

use super::rig::{self, DEPTH, Rig, SANITIZERS, Venues, values, version};
use crate::fixture::{NOW_NS, Scratch};
use crate::library;

#[test]
fn the_headers_compile_under_every_standard() {
    // The other programs are compiled under C11 and C++17, warnings and sanitizers on, by the tests that run them.
    for (source, flags) in [
        ("tests/raw/dead.c", ["-std=c11", "-O0"]),
        ("tests/raw/dead.c", ["-std=gnu11", "-O2"]),
        ("tests/raw/dead.c", ["-std=c17", "-O3"]),
        ("tests/raw/faces.cpp", ["-std=c++17", "-O0"]),
        ("examples/follow.cpp", ["-std=c++20", "-O2"]),
        ("examples/spread.cpp", ["-std=c++20", "-O3"]),
    ] {
        for compiler in rig::compilers(source) {
            rig::build(compiler, source, &flags);
        }
    }
    for compiler in rig::compilers("spread.cpp") {
        rig::build(compiler, "examples/spread.cpp", &["-std=c++17", "-fno-exceptions", "-fno-rtti"]);
        // A C program's header in a C++ file, too.
        rig::build(compiler, "tests/raw/dead.c", &["-x", "c++", "-std=c++17"]);
    }
}

#[test]
fn the_cpp_face_accepts_nothing_torn() {
    for compiler in rig::compilers("faces.cpp") {
        for flags in [&["-std=c++17"][..], &["-std=c++20"], &SANITIZERS] {
            let program = rig::build(compiler, "tests/raw/faces.cpp", flags);
            let scratch = Scratch::new();
            let mut rig = Rig::new(&scratch);
            rig.steps(1000);
            let mut command = program.command();
            command.arg(&scratch.root).args(["test", "10000"]);
            let told = rig.beside(|| library::must(&mut command));
            eprintln!("{compiler} {flags:?}: {told}");
        }
    }
}

/// A program that goes on until its test ends, and the lines it writes.
struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    fn new(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("the program goes on").unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `follow` prints of a row.
fn followed(row: u64) -> String {
    format!("{} {}", row * 60_000_000_000, row * 8 + 4)
}

#[test]
fn the_cpp_example_follows_a_series_over_restarts() {
    let Some(compiler) = rig::compilers("follow.cpp").into_iter().next() else { return };
    let program = rig::build(compiler, "examples/follow.cpp", &["-std=c++17"]);
    let scratch = Scratch::new();
    let mut rig = Rig::new(&scratch);
    for _ in 0..30 {
        rig.close();
    }
    let mut command = program.command();
    command.args(["candles:binance:BTC-USDT:1m", "test"]).arg(&scratch.root);
    let mut follow = Running::new(command);
    assert_eq!(follow.line(), followed(29));
    rig.close();
    rig.close();
    assert_eq!((follow.line(), follow.line()), (followed(30), followed(31)));

    // Another writer goes on in place.
    drop(rig);
    let mut rig = Rig::new(&scratch);
    rig.close();
    assert_eq!(follow.line(), followed(32));

    // Another shape: the region moves.
    drop(rig);
    let instance = Instance::new(Some(&scratch.root), "test").unwrap();
    let shape =
        PlaneShape { event_rings: 1, event_capacity: 64, threads: 1, connections: 1, histories: 1, rest_hosts: 1 };
    let mut plane = PlaneWriter::open(&instance, &shape, NOW_NS).unwrap();
    let arena = ArenaShape { bytes_max: 1 << 20, entries_max: 16 };
    let mut exchange = plane.exchange(ExchangeId::Binance, &arena).unwrap();
    let shape = SeriesShape { depth: 2 * DEPTH, slack: 8, indicators: vec!["ema_9".into()] };
    let mut series = exchange.series(&rig::symbol(), Timeframe::M1, &shape).unwrap();
    series.append(&version(33, 0), &values(33, 0)[..1]);
    assert_eq!(follow.line(), followed(33));

    // The files are removed, and another plane makes them anew.
    drop((series, exchange));
    plane.remove(NOW_NS).unwrap();
    let mut rig = Rig::new(&scratch);
    rig.series.begin_at(34);
    rig.close();
    assert_eq!(follow.line(), followed(34));
}

#[test]
fn the_spread_of_two_venues_is_told_per_trade() {
    let Some(compiler) = rig::compilers("spread.cpp").into_iter().next() else { return };
    let program = rig::build(compiler, "examples/spread.cpp", &SANITIZERS);
    let scratch = Scratch::new();
    let mut venues = Venues::new(&scratch);
    venues.publish(0, 100.0);
    venues.publish(1, 101.0);
    let mut command = program.command();
    command.args(["trades:binance:BTC-USDT", "trades:kraken:BTC-USDT", "4", "test"]).arg(&scratch.root);
    let mut spread = Running::new(command);
    assert_eq!(spread.line(), "7 trades:kraken:BTC-USDT 101 +100.00");
    venues.publish(0, 101.0);
    assert_eq!(spread.line(), "7 trades:binance:BTC-USDT 101 +0.00");
    // Over a restart.
    drop(venues);
    let mut venues = Venues::new(&scratch);
    venues.publish(1, 100.495);
    assert_eq!(spread.line(), "7 trades:kraken:BTC-USDT 100.495 -50.00");
    venues.publish(0, 100.495);
    assert_eq!(spread.line(), "7 trades:binance:BTC-USDT 100.495 +0.00");
    assert!(spread.child.wait().unwrap().success());

    let output = library::run(program.command().args(["trades:okx:BTC-USDT", "x", "1", "test"]).arg(&scratch.root));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(1) && said.contains("trades:okx:BTC-USDT: no such plane or exchange"),
        "{said}"
    );
}

/// `cargo test -p tickplane-ffi raw_speed -- --ignored --nocapture` prints nanoseconds per read of a quiet and of a hot plane.
#[test]
#[ignore = "a measurement"]
fn raw_speed() {
    for compiler in rig::compilers("bench.c") {
        let program = rig::build(compiler, "tests/raw/bench.c", &["-std=c11", "-O3"]);
        let scratch = Scratch::new();
        let instance = Instance::new(Some(&scratch.root), "test").unwrap();
        let shape =
            PlaneShape { event_rings: 1, event_capacity: 64, threads: 1, connections: 1, histories: 1, rest_hosts: 1 };
        let mut plane = PlaneWriter::open(&instance, &shape, NOW_NS).unwrap();
        let arena = ArenaShape { bytes_max: 8 << 20, entries_max: 16 };
        let mut exchange = plane.exchange(ExchangeId::Binance, &arena).unwrap();
        let shape = SeriesShape { depth: 5000, slack: 8, indicators: vec!["ema_9".into(), "rsi_14".into()] };
        let mut series = exchange.series(&rig::symbol(), Timeframe::M1, &shape).unwrap();
        for row in 0..6000 {
            series.append(&version(row, 0), &values(row, 0));
        }
        series.publish_live(6000, 0, 0, &version(6000, 0), &values(6000, 0));
        print!("quiet, {compiler}\n{}", library::must(program.command().arg(&scratch.root).arg("test")));
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    series.publish_live(6000, 0, 0, &version(6000, 0), &values(6000, 0));
                }
            });
            let told = library::run(program.command().arg(&scratch.root).arg("test"));
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            print!("beside a writer without a pause, {compiler}\n{}", String::from_utf8_lossy(&told.stdout));
        });
    }
}
