//! C programs against a live writer in this process.

use std::process::Command;
use std::time::Duration;

use crate::fixture::{Hot, Scratch, Writer, candle};
use crate::library::{self, Link};

const EXAMPLE: &str = "examples/last_candle.c";
const KEY: &str = "candles:binance:BTC-USDT:1m";

/// What the example writes for row r.
fn line(state: &str, row: u64) -> String {
    format!(
        "{state} row={row} open_time_ns={} open={} high={} low={} close={} volume={} trade_count={row} quality=0x1",
        row * 60_000_000_000,
        row + 1,
        row + 2,
        row + 3,
        row + 4,
        row + 5
    )
}

#[test]
fn the_example_prints_the_last_candle_and_the_live_one() {
    for link in [Link::Shared, Link::Static] {
        let Some(program) = library::compile(EXAMPLE, link) else { return };
        let scratch = Scratch::new();
        let mut writer = Writer::new(&scratch);
        writer.fill(200);
        let told = library::must(program.command().args([KEY, "test"]).arg(&scratch.root));
        assert_eq!(told, format!("{}\n{}\n", line("closed", 199), line("live", 200)));

        // A writer that died between a close and the next live candle: the closed row is not counted twice.
        assert_eq!(writer.series.append(&candle(200, 0.0), &[]), 200);
        assert_eq!(library::must(program.command().args([KEY, "test"]).arg(&scratch.root)), told);
        writer.fill(210);

        // Beside a writer that goes on: whatever rows it meets, they are whole, and live comes after closed.
        let _hot = Hot::start(writer, Duration::from_micros(50));
        let rows = |told: &str| -> Vec<u64> {
            let row = |line: &str| line.split("row=").nth(1)?.split(' ').next()?.parse().ok();
            told.lines().map(|line| row(line).expect("a line names its row")).collect()
        };
        for _ in 0..20 {
            let told = library::must(program.command().args([KEY, "test"]).arg(&scratch.root));
            let found = rows(&told);
            assert_eq!(found.len(), 2, "{told}");
            assert_eq!(found[0] + 1, found[1], "the closed row is the one before the live one");
            // The closed row may have been revised; the live one is as it was written.
            assert_eq!(told.lines().nth(1).unwrap(), line("live", found[1]));
        }
    }
}

#[test]
fn the_example_fails_with_clear_errors() {
    let Some(program) = library::compile(EXAMPLE, Link::Shared) else { return };
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    let check = |arguments: &[&str], code: i32, words: &[&str]| {
        let output = library::run(program.command().args(arguments).arg(&scratch.root));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
    };
    check(&[KEY, "other"], 3, &["other: no such plane", "tickplane run"]);
    check(&[KEY, "a b"], 1, &["a b: an instance name"]);
    check(&["candles:binance:DOGE-USDT:1m", "test"], 3, &["candles:binance:DOGE-USDT:1m", "tickplane ls"]);
    check(&["candles:kraken:BTC-USDT:1m", "test"], 3, &["tickplane start"]);
    check(&["candle", "test"], 1, &["candle: not a key", "candles:EXCHANGE:SYMBOL:TIMEFRAME"]);
    check(&[KEY, "test"], 1, &[KEY, "nothing has been published yet"]);
    check(&[KEY, "test", "extra"], 2, &["usage:"]);
    writer.fill(1);
    check(&[KEY, "test"], 0, &[]);
}

fn consume(mut program: Command, scratch: &Scratch, rounds: u32) -> String {
    library::must(program.arg(&scratch.root).args(["test", KEY]).arg(rounds.to_string()))
}

#[test]
fn nothing_torn_is_accepted_beside_a_hot_writer() {
    let Some(program) = library::compile("tests/c/consumer.c", Link::Shared) else { return };
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(100);
    let _hot = Hot::start(writer, Duration::from_micros(2));
    eprintln!("{}", consume(program.command(), &scratch, 50_000));
}

#[test]
fn sanitizers_find_nothing() {
    if !library::has_sanitizers("no program watches itself") {
        return;
    }
    for (link, rounds) in [(Link::Shared, 5_000), (Link::Static, 2_000)] {
        let dialect = library::Dialect::of("cc", "-std=c11");
        let program = library::compile_with(dialect, "tests/c/consumer.c", link, &library::SANITIZERS);
        let scratch = Scratch::new();
        let mut writer = Writer::new(&scratch);
        writer.fill(100);
        let _hot = Hot::start(writer, Duration::from_micros(20));
        eprintln!("{}", consume(program.expect("there is a compiler").command(), &scratch, rounds));
    }
}

#[test]
fn valgrind_finds_nothing() {
    if !library::has("valgrind", "nothing runs under it") {
        return;
    }
    let Some(program) = library::compile("tests/c/consumer.c", Link::Shared) else { return };
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(100);
    let _hot = Hot::start(writer, Duration::from_millis(1));
    let valgrind = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=all"];
    eprintln!("{}", consume(program.under(&valgrind), &scratch, 200));
}

#[test]
fn the_library_is_loaded_and_unloaded_a_thousand_times() {
    let Some(program) = library::compile("tests/c/reload.c", Link::Loaded) else { return };
    let scratch = Scratch::new();
    let _writer = Writer::new(&scratch);
    let shared = library::folder().join(library::SONAME);
    library::must(program.command().arg(shared).arg(&scratch.root).arg("test"));
}
