//! A recorded session through the whole plane: exactly what the file holds is published.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{root, tickplane};

const SPOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/captures/hftbacktest/spot");

/// Plays a recording in a demo and gives its summary.
fn play(file: &Path) -> Value {
    let root = root();
    let folder = root.path().to_str().unwrap();
    let file = file.to_str().unwrap();
    let args = ["demo", "--quiet", "--format", "json", "--root", folder, "--venues", "binance"];
    let outcome = tickplane(&[&args[..], &["--capture", file, "--speed", "max", "--seconds", "60"]].concat());
    serde_json::from_str(outcome.lines()[0]).unwrap()
}

#[track_caller]
fn is_exact(summary: &Value, trades: u64, quotes: u64) {
    for (name, expected) in [
        ("capture_trades", trades),
        ("capture_quotes", quotes),
        ("published_trades", trades),
        ("published_quotes", quotes),
        ("gaps", 0),
        ("rejects", 0),
        ("torn_reads", 0),
        ("candles_different", 0),
    ] {
        assert_eq!(summary[name], expected, "{name}: {summary}");
    }
}

#[test]
fn two_days_of_binance_are_published_exactly() {
    for (name, trades, quotes) in [("btcusdt_20240808.gz", 9_757, 28_040), ("btcusdt_20240809.gz", 10_147, 45_134)] {
        let path = Path::new(SPOT).join(name);
        if !path.exists() {
            eprintln!("skipped: no {} beside the project", path.display());
            return;
        }
        is_exact(&play(&path), trades, quotes);
    }
}

/// A session made for this test, in the form of such files: a trade each 100 ms and three quotes between them.
fn made(folder: &Path, trades: u64) -> PathBuf {
    let mut text = String::new();
    for number in 0..trades {
        let ms = 1_723_161_255_000 + number * 100;
        text += &format!(
            "{ms}000000 {{\"stream\":\"btcusdt@trade\",\"data\":{{\"e\":\"trade\",\"E\":{ms},\"s\":\"BTCUSDT\",\"t\":{},\
             \"p\":\"61685.{:02}000000\",\"q\":\"0.00{}00000\",\"T\":{ms},\"m\":{},\"M\":true}}}}\n",
            3_700_000_000 + number,
            number % 100,
            100 + number % 900,
            number % 3 == 0
        );
        for quote in 0..3 {
            text += &format!(
                "{ms}00000{} {{\"stream\":\"btcusdt@bookTicker\",\"data\":{{\"u\":{},\"s\":\"BTCUSDT\",\
                 \"b\":\"61685.00000000\",\"B\":\"1.{quote}0000000\",\"a\":\"61686.00000000\",\"A\":\"2.00000000\"}}}}\n",
                quote + 1,
                50_000_000_000 + number * 3 + quote
            );
        }
    }
    let path = folder.join("made.txt");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_made_session_is_published_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let summary = play(&made(folder.path(), 200));
    is_exact(&summary, 200, 600);
    assert!(summary["candles_traded"].as_u64().unwrap() >= 18, "20 s of one symbol: {summary}");
}

#[test]
fn a_recording_that_cannot_be_played_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = made(folder.path(), 2);
    let file = file.to_str().unwrap();
    let nothing = folder.path().join("nothing.gz");
    let nothing = nothing.to_str().unwrap();
    for (args, says) in [
        (vec!["demo", "--capture", file], "--capture plays one venue"),
        (vec!["demo", "--venues", "kraken", "--capture", file], "is of binance"),
        (vec!["demo", "--venues", "binance", "--capture", nothing], "nothing.gz"),
        (vec!["demo", "--venues", "binance", "--speed", "max"], "--capture"),
        (vec!["simulate", "binance", "--capture", file, "--speed", "fast"], "speed `fast`"),
        (vec!["demo", "--seconds", "5", "--fault", "kraken:silence@9"], "begins after the end"),
        (vec!["demo", "--fault", "kraken:nothing@9"], "there is no kind `nothing`"),
        (vec!["simulate", "binance", "--fault", "kraken:silence@9"], "not among the simulated venues"),
        (vec!["demo", "--fault-script", nothing], "cannot read the fault script"),
    ] {
        tickplane(&args).fails(2, says);
    }
}
