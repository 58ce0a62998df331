//! CSV that is not as it should be: exact words and exit codes.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Outcome, tickplane, tickplane_with};

/// One good trade.
const TRADE: &str = "time_ns,price,quantity,side,id\n1000000000,2.5,2,buy,1\n";
/// Its row.
const ROW: &str = "1000000000,2.5,2.5,2.5,2.5,2,5,2,1,partial";

/// Runs `candles` over these bytes in a file that is called `FILE` in what it says.
fn candles(bytes: &[u8]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades");
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    let outcome = tickplane(&["candles", "--timeframe", "1s", path]);
    Outcome { stderr: outcome.stderr.replace(path, "FILE"), ..outcome }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn headers_that_do_not_do_are_usage_errors() {
    let all = "time_ns (or time_us, time_ms, time_s), price, quantity, side";
    for (text, says) in [
        ("", "FILE: empty; its first line must name the columns: time_ns,price,quantity,side,id".to_owned()),
        ("\u{feff}", format!("FILE:1: no columns {all}; there are: ")),
        (
            "1000000000,2.5,2,buy,1\n",
            format!("FILE:1: no columns {all}; there are: 1000000000, 2.5, 2, buy, 1; is the header missing?"),
        ),
        ("time_ns,price,quantity,id\n", "FILE:1: no column side; there are: time_ns, price, quantity, id".to_owned()),
        (
            "timestamp;price;quantity;side\n",
            format!("FILE:1: no columns {all}; there are: timestamp;price;quantity;side"),
        ),
        ("time_ns,price,price,quantity,side\n", "FILE:1: the column price stands there 2 times".to_owned()),
    ] {
        let outcome = candles(text.as_bytes());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{text:?}: {outcome:?}");
        assert_eq!(outcome.stderr, format!("tickplane: {says}\n"), "{text:?}");
    }
    tickplane(&["candles", "--timeframe", "1m", "/nonexistent.csv"]).fails(2, "/nonexistent.csv: No such file");
    tickplane(&["candles", "--timeframe", "1m", "/tmp"]).fails(2, "/tmp: Is a directory");
}

#[test]
fn what_other_programs_write_is_read() {
    let crlf = TRADE.replace('\n', "\r\n");
    let quoted =
        "\"time_ns\",\"price\",\"quantity\",\"side\",\"note\"\n\"1000000000\",\"2.5\",2,\"BUY\",\"a, \"\"b\"\"\"\n";
    let spaced = " time_ns , price,quantity ,side\n 1000000000 ,\t2.5, 2 , buy \n\n  \n";
    for bytes in [
        TRADE.as_bytes(),
        TRADE.trim_end().as_bytes(),
        crlf.as_bytes(),
        format!("\u{feff}{TRADE}").as_bytes(),
        quoted.as_bytes(),
        &gzip(TRADE.as_bytes()),
        &[gzip(&TRADE.as_bytes()[..40]), gzip(&TRADE.as_bytes()[40..])].concat(),
    ] {
        let outcome = candles(bytes);
        assert_eq!(outcome.lines()[1..], [ROW], "{:?}", String::from_utf8_lossy(bytes));
        assert_eq!(outcome.stderr, "1 trades, 1 rows, 0 duplicates left out, 0 lines rejected\n");
    }
    // A line of spaces has fewer fields than it should.
    let outcome = candles(spaced.as_bytes());
    assert_eq!((outcome.code, outcome.stdout.lines().nth(1)), (Some(4), Some(ROW)));
    let only_header = candles(b"time_ns,price,quantity,side\n");
    assert_eq!(only_header.lines().len(), 1, "the header of no rows");
}

#[test]
fn each_reason_is_told_with_its_first_line_and_the_rest_is_used() {
    let bad = [
        ("1000000000,2.5,2,buy", "fewer fields than the header"),
        ("1000000000,2.5,2,buy,,2", "more fields than the header"),
        ("1000000000,2.5,2,\"buy,", "a quoted field that does not end before a comma or in this line"),
        ("soon,2.5,2,buy,", "time_ns: not a time"),
        ("1.5,2.5,2,buy,", "time_ns: not a time"),
        (",2.5,2,buy,", "time_ns: empty"),
        ("99999999999999999999,2.5,2,buy,", "time_ns: time out of range"),
        ("1000000000,NaN,2,buy,", "price: not a number"),
        ("1000000000,-2.5,2,buy,", "price: negative number"),
        ("1000000000,0,2,buy,", "price: zero"),
        ("1000000000,1e999,2,buy,", "price: number out of range"),
        ("1000000000,1e25,2,buy,", "price: too small or too large to be summed exactly"),
        ("1000000000,2.5,,buy,", "quantity: empty"),
        ("1000000000,2.5,1e-30,buy,", "quantity: too small or too large to be summed exactly"),
        ("1000000000,2.5,2,hold,", "side: neither buy nor sell"),
        ("1000000000,2.5,2,,", "side: neither buy nor sell"),
    ];
    for (line, reason) in bad {
        let outcome = candles(format!("{TRADE}{line}\n{line}\n").as_bytes());
        assert_eq!((outcome.code, outcome.stdout.lines().nth(1)), (Some(4), Some(ROW)), "{line}: {outcome:?}");
        let says = format!(
            "FILE:3: rejected: {reason} (2 such lines, this is the first)\n\
             1 trades, 1 rows, 0 duplicates left out, 2 lines rejected\n"
        );
        assert_eq!(outcome.stderr, says, "{line}");
    }
    let all: Vec<&str> = bad.iter().map(|(line, _)| *line).collect();
    let outcome = candles(format!("{}{}\n{}", TRADE, all.join("\n"), "1000000000,2.5,2,buy,5\n").as_bytes());
    assert_eq!(outcome.stdout.lines().nth(1), Some("1000000000,2.5,2.5,2.5,2.5,4,10,4,2,partial"));
    assert!(outcome.stderr.ends_with("2 trades, 1 rows, 0 duplicates left out, 16 lines rejected\n"), "{outcome:?}");
}

#[test]
fn gzip_cut_short_is_a_failure_after_the_rows_that_were_read() {
    let mut text = "time_s,price,quantity,side\n".to_owned();
    for second in 0..200_000 {
        text += &format!("{second},{}.5,1,buy\n", second % 977);
    }
    let packed = gzip(text.as_bytes());
    let outcome = candles(&packed[..packed.len() - 100]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.starts_with("tickplane: FILE: cut short or damaged gzip: "), "{}", outcome.stderr);
    assert!(outcome.stdout.lines().count() > 100_000);
    let mut damaged = packed;
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    assert_eq!(candles(&damaged).code, Some(1));
    let outcome = candles(&[0x1f, 0x8b, 8, 0]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
}

#[test]
fn what_is_no_text_is_told() {
    let outcome = candles(&[TRADE.as_bytes(), &vec![b'x'; 300 << 10]].concat());
    assert_eq!(outcome.code, Some(1));
    assert_eq!(outcome.stderr, "tickplane: FILE:3: a line of more than 256 KiB; is this CSV?\n");
    assert_eq!(candles(&[0; 1000]).code, Some(2));
}

#[test]
fn indicators_read_candles_with_the_same_care() {
    let header = "open_time_s,open,high,low,close,volume\n";
    let run = |text: &str| tickplane_with(&["indicators", "--set", "ema_2"], text);
    run("close\n1\n").fails(
        2,
        "stdin:1: no columns open_time_ns (or open_time_us, open_time_ms, open_time_s), open, high, low, volume; there are: close",
    );
    let good = "60,1,2,1,2,5\n120,2,3,2,3,5\n";
    for (line, reason) in [
        ("180,1,2,,2,5", "low: empty"),
        ("180,1,nan,1,2,5", "high: not a number"),
        ("180,1,2,1,-2,5", "close: negative number"),
        ("180,1,2,3,2,5", "high: below the low"),
        ("180,1,2,1,2,", "volume: empty"),
        ("120,2,3,2,3,5", "open_time_s: not after the row before; sort the file, and leave out what stands twice"),
        ("60,2,3,2,3,5", "open_time_s: not after the row before; sort the file, and leave out what stands twice"),
    ] {
        let outcome = run(&format!("{header}{good}{line}\n"));
        assert_eq!(outcome.code, Some(4), "{line}");
        assert_eq!(outcome.stdout, "open_time_ns,ema_2\n60000000000,\n120000000000,2.5\n", "{line}");
        let says = format!("stdin:4: rejected: {reason}\n2 rows, 1 values in each, 1 lines rejected\n");
        assert_eq!(outcome.stderr, says, "{line}");
    }
    let header = "open_time_s,open,high,low,close,volume,quality,trade_count\n";
    for (cells, reason) in [
        ("odd,1", "quality: not a quality such as final|gap=1200ms|revised=2"),
        ("final,many", "trade_count: not a whole number"),
    ] {
        let outcome = run(&format!("{header}60,1,1,1,1,1,{cells}\n"));
        assert!(outcome.stderr.starts_with(&format!("stdin:2: rejected: {reason}\n")), "{outcome:?}");
    }
    let gap = run(&format!("{header}60,1,1,1,1,1,,\n120,,,,,0,final|gap=60000ms,0\n180,3,3,3,3,1,final,1\n"));
    assert_eq!(gap.lines()[1..], ["60000000000,", "120000000000,", "180000000000,2"]);
}

#[test]
fn options_are_checked() {
    for (args, says) in [
        (vec!["candles"], "--timeframe"),
        (vec!["candles", "--timeframe", "7m"], "unknown timeframe \"7m\"; known are: 1s"),
        (vec!["candles", "--timeframe", "1m", "--revise-rows", "100001"], "--revise-rows"),
        (vec!["indicators"], "--set"),
        (vec!["indicators", "--set", "nothing_9"], "indicator \"nothing_9\": is not known"),
        (vec!["indicators", "--set", "rsi,rsi_14"], "rsi_14 stands twice"),
        (vec!["indicators", "--set", ""], "indicator \"\": is not known"),
    ] {
        tickplane(&args).fails(2, says);
    }
}
