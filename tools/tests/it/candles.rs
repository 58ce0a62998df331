//! `candles`: trades in, the rows others computed from them out, and what each option does.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::{Outcome, tickplane, tickplane_with};

const HEADER: &str = "open_time_ns,open,high,low,close,volume,quote_volume,taker_buy_volume,trade_count,quality";

/// The text of a captured file, or `None` after saying that it is absent.
fn capture(name: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures")).join(name);
    let Ok(file) = File::open(&path) else {
        eprintln!("skipped: no {} beside the project", path.display());
        return None;
    };
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(text)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The numbers of a line; its quality is none.
fn numbers(line: &str) -> Vec<f64> {
    line.split(',').filter_map(|field| field.parse().ok()).collect()
}

/// Everything but the quality, of every row.
#[track_caller]
fn rows(outcome: &Outcome) -> Vec<[f64; 9]> {
    let lines = outcome.lines();
    assert_eq!(lines[0], HEADER);
    lines[1..].iter().map(|line| numbers(line).try_into().unwrap()).collect()
}

#[test]
fn a_million_bitmex_trades_make_the_candles_computed_elsewhere() {
    let Some(text) = capture("bitmex-1m-trades/Bitmex_XBTUSD_1M.csv.gz") else { return };
    // Its columns are timestamp, price and a size that is negative for sells.
    let mut trades = "side,venue,quantity,time_ms,price\n".to_owned();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (side, quantity) = fields[2].strip_prefix('-').map_or(("Buy", fields[2]), |quantity| ("Sell", quantity));
        trades += &format!("{side},bitmex,{quantity},{},{}\n", fields[0], fields[1]);
    }
    let folder = tempfile::tempdir().unwrap();
    let plain = write(folder.path(), "trades.csv", trades.as_bytes());
    let packed = write(folder.path(), "trades", &gzip(trades.as_bytes()));
    for (timeframe, file) in [("1m", &plain), ("5m", &plain), ("1h", &packed)] {
        let expected = capture(&format!("bitmex-1m-trades/candles_{timeframe}_computed.csv.gz")).unwrap();
        let outcome = tickplane(&["candles", "--timeframe", timeframe, file]);
        let ours = rows(&outcome);
        assert_eq!(ours.len(), expected.lines().count() - 1, "{timeframe}");
        for (ours, theirs) in ours.iter().zip(expected.lines().skip(1).map(numbers)) {
            let [time_ns, open, high, low, close, volume, _, taker_buy_volume, trade_count] = *ours;
            let ours = [time_ns / 1e6, open, high, low, close, volume, trade_count, taker_buy_volume];
            assert_eq!(ours[..], theirs[..], "{timeframe}");
        }
        let rows = ours.len();
        assert_eq!(outcome.stderr, format!("1000000 trades, {rows} rows, 0 duplicates left out, 0 lines rejected\n"));
    }
}

#[test]
fn binance_aggregate_trades_make_the_candles_of_another_project() {
    let name = "trades-with-candles/binance_XRPETH_2019-10-11_aggtrades_freqtrade_1m_5m.json.gz";
    let Some(text) = capture(name) else { return };
    let capture: Value = serde_json::from_str(&text).unwrap();
    let mut trades = "id,time_ms,price,quantity,side\n".to_owned();
    for trade in capture["aggTrades"].as_array().unwrap() {
        let side = if trade["m"] == true { "sell" } else { "buy" };
        let (price, quantity) = (trade["p"].as_str().unwrap(), trade["q"].as_str().unwrap());
        trades += &format!("{},{},{price},{quantity},{side}\n", trade["a"], trade["T"]);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "trades.csv", trades.as_bytes());
    for timeframe in ["1m", "5m"] {
        let theirs = capture["candles"][timeframe].as_array().unwrap();
        let ours = rows(&tickplane(&["candles", "--timeframe", timeframe, &file]));
        assert!(theirs.len() > 500);
        for theirs in theirs {
            let theirs: Vec<f64> = theirs.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
            let ours = ours.iter().find(|ours| ours[0] == theirs[0] * 1e6).unwrap_or_else(|| panic!("{theirs:?}"));
            assert_eq!(ours[1..6], theirs[1..], "{timeframe} {}", theirs[0]);
        }
        eprintln!("{timeframe}: {} rows of ours, {} of theirs", ours.len(), theirs.len());
    }
}

/// A minute with two trades, two without, one with one.
const QUIET: &str = "time_s,price,quantity,side\n60,10,0.1,buy\n119.999999999,11,0.2,sell\n240,12,1,buy\n";

#[test]
fn quiet_intervals_have_rows_only_when_asked_for() {
    let first = "60000000000,10,11,10,11,0.3,3.2,0.1,2,final|partial";
    let last = "240000000000,12,12,12,12,1,12,1,1,open";
    let outcome = tickplane_with(&["candles", "--timeframe", "1m"], QUIET);
    assert_eq!(outcome.lines(), [HEADER, first, last]);
    assert_eq!(outcome.stderr, "3 trades, 2 rows, 0 duplicates left out, 0 lines rejected\n");
    let outcome = tickplane_with(&["candles", "-t", "1m", "--fill", "--quiet", "-"], QUIET);
    let quiet =
        ["120000000000,11,11,11,11,0,0,0,0,final|synthetic", "180000000000,11,11,11,11,0,0,0,0,final|synthetic"];
    assert_eq!(outcome.lines(), [HEADER, first, quiet[0], quiet[1], last]);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_hole_longer_than_what_can_be_revised_is_filled_whole_or_left_out_whole() {
    let text = "time_s,price,quantity,side\n0,1,1,buy\n86400,2,1,buy\n";
    let filled = tickplane_with(&["candles", "--timeframe", "1s", "--fill", "--revise-rows", "5"], text);
    assert_eq!(filled.lines().len(), 1 + 86_400 + 1);
    let times: Vec<&str> = filled.lines()[1..].iter().map(|line| line.split(',').next().unwrap()).collect();
    assert!(times.iter().enumerate().all(|(second, time)| *time == (second as u64 * 1_000_000_000).to_string()));
    for revise_rows in ["0", "5", "100000"] {
        let traded = tickplane_with(&["candles", "--timeframe", "1s", "--revise-rows", revise_rows], text);
        assert_eq!(traded.lines().len(), 3, "{revise_rows}");
    }
}

#[test]
fn late_trades_revise_what_is_not_written_yet_and_are_rejected_beyond() {
    // Trades of the seconds 10, 11, 13, 12 (one row back) and 10 (three rows back).
    let text = "time_s,price,quantity,side\n10,1,1,buy\n11,2,1,buy\n13,3,1,buy\n12,4,1,sell\n10.5,9,1,buy\n";
    let outcome = tickplane_with(&["candles", "--timeframe", "1s"], text);
    assert_eq!(
        outcome.lines(),
        [
            HEADER,
            "10000000000,1,9,1,9,2,10,2,2,final|partial|revised=1",
            "11000000000,2,2,2,2,1,2,1,1,final",
            "12000000000,4,4,4,4,1,4,0,1,final|revised=1",
            "13000000000,3,3,3,3,1,3,1,1,open",
        ]
    );
    let outcome = tickplane_with(&["candles", "--timeframe", "1s", "--revise-rows", "2", "--quiet"], text);
    assert_eq!(outcome.code, Some(4));
    assert_eq!(outcome.stdout.lines().nth(1), Some("10000000000,1,1,1,1,1,1,1,1,final|partial"));
    let late = "older than every row that can still change; sort the file or raise --revise-rows";
    assert_eq!(outcome.stderr, format!("stdin:6: rejected: time_s: {late}\n"), "rejects are told to the quiet too");
}

#[test]
fn a_trade_counts_once_and_the_lowest_id_of_an_instant_is_first() {
    let text = "time_ms,price,quantity,side,id\n1000,2,1,buy,8\n1000,1,1,buy,7\n1000,3,1,buy,9\n1000,2,1,buy,8\n\
                1001,5,1,sell,a-b\n1001,5,1,sell,a-b\n1002,4,1,sell,\n1002,4,1,sell,\n";
    let outcome = tickplane_with(&["candles", "--timeframe", "1s"], text);
    assert_eq!(outcome.lines()[1], "1000000000,1,5,1,4,6,19,3,6,partial");
    assert_eq!(outcome.stderr, "6 trades, 1 rows, 2 duplicates left out, 0 lines rejected\n");
}

#[test]
fn a_time_that_leaps_ahead_alone_closes_nothing() {
    let text = "time_s,price,quantity,side\n10,1,1,buy\n90000,2,1,buy\n11,3,1,buy\n7200,4,1,buy\n7201,5,1,buy\n";
    let outcome = tickplane_with(&["candles", "--timeframe", "1m"], text);
    assert_eq!(outcome.code, Some(4));
    let rows: Vec<&str> = outcome.stdout.lines().skip(1).collect();
    assert_eq!(rows, ["0,1,3,1,3,2,4,2,2,final|partial", "7200000000000,4,5,4,5,2,9,2,2,open"]);
    let says = "stdin:3: rejected: time_s: more than an hour ahead of the trades before and after it\n";
    assert!(outcome.stderr.starts_with(says), "{outcome:?}");
}

#[test]
fn other_formats_say_the_same() {
    let json = tickplane_with(&["candles", "--timeframe", "1m", "--format", "json"], QUIET);
    assert_eq!(
        json.lines()[1],
        r#"{"row":4,"open_time_ns":240000000000,"open":12.0,"high":12.0,"low":12.0,"close":12.0,"volume":1.0,"quote_volume":12.0,"taker_buy_volume":1.0,"trade_count":1,"quality":"open","state":"open"}"#
    );
    let table = tickplane_with(&["candles", "--timeframe", "1m", "--format", "table"], QUIET);
    assert!(table.lines()[0].starts_with("open time, UTC "), "{table:?}");
    assert!(table.lines()[1].starts_with("1970-01-01 00:01:00.000 "), "{table:?}");
}

#[test]
fn rows_come_while_trades_still_do() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tickplane"))
        .args(["candles", "--timeframe", "1s", "--revise-rows", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    stdin.write_all(b"time_s,price,quantity,side\n1,1,1,buy\n2,1,1,buy\n3,1,1,buy\n").unwrap();
    assert_eq!(lines.next().unwrap(), HEADER);
    assert!(lines.next().unwrap().starts_with("1000000000,"), "row 1 cannot change any more");
    stdin.write_all(b"4,1,1,buy\n").unwrap();
    assert!(lines.next().unwrap().starts_with("2000000000,"));
    drop(stdin);
    assert_eq!(lines.count(), 2);
    assert!(child.wait().unwrap().success());
}
