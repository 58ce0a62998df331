//! What each command says to bad input, and with which exit code.

use std::net::TcpListener;

use crate::support::{root, tickplane};

#[test]
fn words_that_are_none_are_usage_errors() {
    for (args, says) in [
        (vec!["start", "bitstamp"], "unknown exchange \"bitstamp\"; known are: binance"),
        (vec!["start", "fyers"], "exchange \"fyers\" is not carried yet; carried are: binance"),
        (vec!["run", "--autostart", "bitstamp"], "unknown exchange \"bitstamp\""),
        (vec!["simulate", "bitstamp"], "unknown exchange \"bitstamp\""),
        (vec!["simulate", "binance,binance"], "binance stands twice"),
        (vec!["simulate", "binance", "--symbols", "0"], "it must be 1 to 1000"),
        (vec!["simulate", "binance", "--port", "0"], "--port"),
        (vec!["demo", "--seconds", "0"], "--seconds"),
        (vec!["demo", "--runtime", "spin"], "unknown runtime \"spin\""),
        (vec!["demo", "--workers", "1000"], "must be 0 to 64"),
        (vec!["status", "--format", "xml"], "--format"),
        (vec!["ls", "--instance", "a/b"], "instance name \"a/b\" must be"),
        (vec!["tail"], "<KEY>"),
        (vec!["decode"], "<EXCHANGE>"),
        (vec!["frobnicate"], "frobnicate"),
        (vec![], "Usage"),
    ] {
        let outcome = tickplane(&args);
        outcome.fails(2, says);
    }
}

#[test]
fn keys_are_checked_before_a_plane_is_looked_for() {
    for (key, says) in [
        ("candles:bitstamp:BTC-USD:1m", "unknown exchange \"bitstamp\""),
        ("candles:binance:BTC-USDT:7m", "unknown timeframe \"7m\"; known are: 1s"),
        ("candles:binance:BTCUSDT:1m", "symbol \"BTCUSDT\" is not BASE-QUOTE"),
        ("candles", "write candles:EXCHANGE:SYMBOL:TIMEFRAME"),
    ] {
        let root = root();
        tickplane(&["tail", key, "--root", root.path().to_str().unwrap()]).fails(2, says);
    }
}

#[test]
fn without_a_plane_the_remedy_is_told() {
    let root = root();
    let root = root.path().to_str().unwrap();
    for args in [
        vec!["ls"],
        vec!["status"],
        vec!["tail", "candles:binance:BTC-USDT:1m"],
        vec!["start", "binance"],
        vec!["stop", "binance"],
    ] {
        let args: Vec<&str> = args.into_iter().chain(["--root", root]).collect();
        tickplane(&args).fails(3, "tickplane run");
    }
}

#[test]
fn config_mistakes_are_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plane.toml");
    std::fs::write(&path, "dpeth = 5\n\n[exchanges.kraken]\ntimeframes = []\ntop = 0\n").unwrap();
    let path = path.to_str().unwrap();
    for args in [vec!["check-config", path], vec!["run", "--config", path]] {
        let outcome = tickplane(&args);
        outcome.fails(2, "");
        let starts: Vec<String> = [1, 4, 5].iter().map(|line| format!("{path}:{line}: ")).collect();
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert_eq!(lines.len(), 3, "{outcome:?}");
        assert!(lines.iter().zip(&starts).all(|(line, start)| line.starts_with(start)), "{outcome:?}");
        assert!(lines[0].ends_with("unknown key \"dpeth\"; did you mean \"depth\"?"), "{outcome:?}");
    }
    tickplane(&["check-config", "/nonexistent.toml"]).fails(2, "/nonexistent.toml: No such file");
}

#[test]
fn the_examples_pass_and_say_what_they_take() {
    for name in ["default", "laptop", "colocated"] {
        let path = format!("{}/../config/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let outcome = tickplane(&["check-config", &path, "--format", "json"]);
        let line = outcome.lines()[0].to_owned();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(value["memory_bytes"].as_u64().unwrap() > 1 << 20, "{line}");
    }
}

#[test]
fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let outcome = tickplane(&["simulate", "kraken", "--port", &port]);
    outcome.fails(2, &format!("port {port} for simulated kraken is in use"));
}

#[test]
fn a_root_without_permission_is_told() {
    // The super-user may write nearly everywhere; /proc refuses everybody.
    for command in ["run", "demo"] {
        let outcome = tickplane(&[command, "--root", "/proc/tickplane", "--quiet"]);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains("/proc/tickplane") && outcome.stderr.contains("--root"), "{outcome:?}");
    }
}

#[test]
fn help_is_data() {
    for args in [vec!["--help"], vec!["tail", "--help"], vec!["decode", "-h"], vec!["--version"]] {
        let outcome = tickplane(&args);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        assert!(!outcome.stdout.is_empty());
    }
    let hidden = tickplane(&["--help"]).stdout;
    assert!(!hidden.contains("demo-reader"), "{hidden}");
    for command in [
        "demo",
        "simulate",
        "run",
        "start",
        "stop",
        "ls",
        "status",
        "tail",
        "decode",
        "candles",
        "indicators",
        "check-config",
    ] {
        assert!(hidden.contains(&format!("\n  {command} ")), "{command} is missing");
        let help = tickplane(&[command, "--help"]).stdout;
        assert!(help.contains("Example"), "{command} --help has no example");
    }
}
