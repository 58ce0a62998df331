//! The examples that go on: started beside a writer, told what they must say, over a restart of the plane.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tickplane_model::{Symbol, Timeframe};
use tickplane_segments::{SeriesShape, SeriesWriter};

use crate::fixture::{NOW_NS, Scratch, Writer, candle};
use crate::library::{self, Link};

const KEY: &str = "candles:binance:ETH-USDT:1m";

/// A program that runs until it is dropped.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { child, lines }
    }

    fn says(&self, expected: &str) {
        let line = self.lines.recv_timeout(Duration::from_secs(30)).expect("the program says something");
        assert_eq!(line, expected);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A plane whose series has the histogram of MACD-V.
struct Market {
    writer: Writer,
    series: SeriesWriter,
}

impl Market {
    fn open(scratch: &Scratch, depth: u64) -> Self {
        let mut writer = Writer::new(scratch);
        let shape = SeriesShape { depth, slack: 8, indicators: vec!["macdv_12_26_26_9.hist".to_owned()] };
        let series = writer.exchange.series(&Symbol::new("ETH-USDT").unwrap(), Timeframe::M1, &shape).unwrap();
        Self { writer, series }
    }

    /// Closes a row with this value of the histogram.
    fn close(&mut self, histogram: f64) {
        let row = self.series.rows().end;
        assert_eq!(self.series.append(&candle(row, 0.0), &[histogram]), row);
        self.writer.plane.bell().mark();
        self.writer.plane.bell().ring();
    }
}

#[test]
fn the_strategy_tells_every_crossing_over_restarts() {
    let Some(program) = library::compile("examples/macdv_cross.c", Link::Shared) else { return };
    let scratch = Scratch::new();
    let mut market = Market::open(&scratch, 32);
    [f64::NAN, 1.0, 2.0, -1.0, -2.0].into_iter().for_each(|value| market.close(value));
    let mut command = program.command();
    command.args([KEY, "test"]).arg(&scratch.root);
    let strategy = Running::start(command);
    strategy.says(&format!("watching {KEY} from row 5"));
    // Zero and NaN are neither side.
    [-0.5, 0.25, 3.0, 0.0, 0.5, f64::NAN, -4.0].into_iter().for_each(|value| market.close(value));
    strategy.says(&format!("BUY {KEY} row=6 close=10 histogram=0.25"));
    strategy.says(&format!("SELL {KEY} row=11 close=15 histogram=-4"));

    // Resumed in place, then moved to another region, then back with new files.
    drop(market);
    let mut market = Market::open(&scratch, 32);
    market.close(1.0);
    strategy.says(&format!("BUY {KEY} row=12 close=16 histogram=1"));
    drop(market);
    let mut market = Market::open(&scratch, 64);
    market.close(-1.0);
    strategy.says(&format!("SELL {KEY} row=13 close=17 histogram=-1"));
    market.writer.plane.remove(NOW_NS).unwrap();
    let mut market = Market::open(&scratch, 32);
    market.series.begin_at(20);
    market.close(7.0);
    strategy.says(&format!("BUY {KEY} row=20 close=24 histogram=7"));
}

#[test]
fn the_strategy_needs_its_indicator() {
    let Some(program) = library::compile("examples/macdv_cross.c", Link::Shared) else { return };
    let scratch = Scratch::new();
    let _writer = Writer::new(&scratch);
    let run = |key: &str, code: i32, words: &str| {
        let output = library::run(program.command().args([key, "test"]).arg(&scratch.root));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{key}: {said}");
        assert!(said.contains(words), "{key}: {said}");
    };
    run("candles:binance:BTC-USDT:1m", 1, "macdv_12_26_26_9.hist: the series has no such column");
    run("candles:binance:BTC-USDT:5m", 3, "TP_ENOKEY");
}

#[test]
fn thirty_lines_follow_a_series() {
    let source = std::fs::read_to_string(library::path("examples/follow.c")).unwrap();
    assert!(source.lines().count() <= 30, "the shortest program that does it all");
    let Some(program) = library::compile("examples/follow.c", Link::Shared) else { return };
    let scratch = Scratch::new();
    let mut market = Market::open(&scratch, 32);
    (0..3).for_each(|_| market.close(0.0));
    let mut command = program.command();
    command.args([KEY, "test"]).arg(&scratch.root);
    let follower = Running::start(command);
    follower.says("row=2 close=6 volume=7");
    (0..2).for_each(|_| market.close(0.0));
    follower.says("row=3 close=7 volume=8");
    follower.says("row=4 close=8 volume=9");
    drop(market);
    let mut market = Market::open(&scratch, 64);
    market.close(0.0);
    follower.says("row=5 close=9 volume=10");
    market.writer.plane.remove(NOW_NS).unwrap();
    let mut market = Market::open(&scratch, 64);
    market.series.begin_at(6);
    market.close(0.0);
    follower.says("row=6 close=10 volume=11");
}
