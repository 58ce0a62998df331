//! A plane on simulated exchanges: what the reading and controlling commands say, and what outlives a kill.

use std::path::Path;

use serde_json::Value;

use crate::support::{Beside, root, tickplane};

/// Simulated exchanges and where a plane finds them.
struct Venues {
    _simulation: Beside,
    config: String,
}

impl Venues {
    fn start() -> Self {
        let mut simulation = Beside::start(&["simulate", "binance,kraken", "--symbols", "3"]);
        let hint = simulation.hears("tickplane run --config ");
        let config = hint.trim().trim_start_matches("tickplane run --config ").to_owned();
        Self { _simulation: simulation, config }
    }

    fn plane(&self, root: &Path) -> Beside {
        let mut plane = Beside::start(&[
            "run",
            "--config",
            &self.config,
            "--instance",
            "default",
            "--root",
            root.to_str().unwrap(),
        ]);
        // In either order.
        plane.hears("connected to localhost");
        plane.hears("connected to localhost");
        plane
    }
}

fn rows(lines: &[String], key: &str) -> Vec<u64> {
    let values = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    values.filter(|value| value["key"] == key).map(|value| value["row"].as_u64().unwrap()).collect()
}

#[test]
fn the_commands_tell_of_a_running_plane() {
    let (venues, root) = (Venues::start(), root());
    let at = root.path().to_str().unwrap();
    let mut plane = venues.plane(root.path());

    let listed = tickplane(&["ls", "candles:binance:BTC*", "--root", at]);
    assert_eq!(listed.lines()[..2], ["candles:binance:BTC-USDT:1s", "candles:binance:BTC-USDT:1m"]);
    tickplane(&["ls", "nothing-of-the-kind", "--root", at]).fails(3, "no key fits \"nothing-of-the-kind\"");

    let status = tickplane(&["status", "kraken", "--root", at, "--format", "json"]);
    let types: Vec<Value> = status.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&types[0]["type"], &types[0]["state"]), (&Value::from("plane"), &Value::from("running")));
    let connections: Vec<&Value> = types.iter().filter(|value| value["type"] == "connection").collect();
    assert!(!connections.is_empty() && connections.iter().all(|value| value["exchange"] == "kraken"), "{status:?}");
    streams(at, &types);
    tickplane(&["status", "coinbase", "--root", at]).fails(3, "`tickplane start coinbase` connects it");

    let taken = types[0]["memory_bytes"].as_u64().unwrap();
    let stated = tickplane(&["check-config", &venues.config, "--root", at, "--format", "json"]);
    let stated: Value = serde_json::from_str(stated.lines()[0]).unwrap();
    let stated = stated["memory_bytes"].as_u64().unwrap();
    assert!(taken <= stated && stated < taken + (2 << 20), "{taken} bytes taken, {stated} stated");

    wrong_keys(at);
    formats(at);
    lifecycle(at);

    tickplane(&["start", "binance", "--root", at]).fails(1, "binance runs already");
    let stopped = tickplane(&["stop", "binance", "--root", at]);
    assert_eq!((stopped.code, stopped.stdout.as_str()), (Some(0), ""));
    tickplane(&["stop", "binance", "--root", at]).fails(1, "binance does not run");

    let second = tickplane(&["run", "--config", &venues.config, "--instance", "default", "--root", at]);
    second.fails(2, "another plane");
    assert!(second.stderr.contains("choose another --instance"), "{second:?}");

    plane.signal("TERM");
    assert_eq!(plane.ends(), Some(0));
    let closed = tickplane(&["status", "--root", at, "--format", "json"]);
    assert!(closed.lines()[0].contains(r#""state":"closed""#), "{closed:?}");
    let left = tickplane(&["ls", "--root", at]);
    assert!(left.lines().len() > 10 && left.stderr.contains("does not run"), "{:?}", left.stderr);
    assert!(!root.path().join("default/control.sock").exists());
}

/// Every stream has a record, and a table without an exchange counts them.
fn streams(at: &str, of_kraken: &[Value]) {
    let streams: Vec<&Value> = of_kraken.iter().filter(|value| value["type"] == "stream").collect();
    assert!(!streams.is_empty() && streams.iter().all(|value| value["exchange"] == "kraken"), "{of_kraken:?}");
    for stream in &streams {
        assert!(["subscribed", "live"].contains(&stream["state"].as_str().unwrap()), "{stream}");
        for name in ["last_trade_ns", "asks", "resubscribes", "open_seams", "backfilled", "lost"] {
            assert!(stream[name].is_number(), "{name}: {stream}");
        }
    }
    let table = tickplane(&["status", "kraken", "--root", at]);
    let listed = table.lines().iter().filter(|line| line.starts_with("kraken ") && line.contains("-USD")).count();
    assert_eq!(listed, streams.len(), "{table:?}");
    let table = tickplane(&["status", "--root", at]);
    assert!(table.lines().iter().any(|line| line.contains(" streams: ")), "{table:?}");
    assert!(table.lines()[1].starts_with("runtime "), "{table:?}");
    let plane: Value =
        serde_json::from_str(tickplane(&["status", "--root", at, "--format", "json"]).lines()[0]).unwrap();
    assert!(["poll", "park", "glommio"].contains(&plane["runtime"].as_str().unwrap()), "{plane}");
}

fn wrong_keys(at: &str) {
    let near = tickplane(&["tail", "candles:binance:BTC-USD:1s", "--root", at]);
    near.fails(3, "no key \"candles:binance:BTC-USD:1s\"");
    assert!(near.stderr.contains("candles:binance:BTC-USDT:1s"), "{near:?}");
    tickplane(&["tail", "candles:coinbase:BTC-USD:1s", "--root", at]).fails(3, "no exchange \"coinbase\"");
    tickplane(&["tail", "channel:exchange:binance:lifecycle", "--root", at]).fails(2, "add --follow");
    let mixed = ["tail", "trades:binance:BTC-USDT", "quote:binance:BTC-USDT", "--format", "csv", "--root", at];
    tickplane(&mixed).fails(2, "CSV has one header");
}

/// The channel tells of connections and, by symbol, of streams.
fn lifecycle(at: &str) {
    let key = "channel:exchange:binance:lifecycle";
    let mut told = Beside::start(&["tail", key, "--follow", "--format", "json", "--root", at]);
    // A follower begins with what comes next: it has to be there first.
    std::thread::sleep(std::time::Duration::from_secs(2));
    tickplane(&["stop", "binance", "--root", at]);
    tickplane(&["start", "binance", "--root", at]);
    let mut awaited = vec![(None, "closed"), (Some("BTC-USDT"), "closed"), (Some("BTC-USDT"), "live")];
    while !awaited.is_empty() {
        let event: Value = serde_json::from_str(&told.line()).unwrap();
        awaited.retain(|(symbol, state)| event["symbol"].as_str() != *symbol || event["state"] != *state);
    }
}

fn formats(at: &str) {
    // The venue's own ticker is an alias.
    let mut follow = Beside::start(&["tail", "trades:binance:BTCUSDT", "--follow", "--format", "csv", "--root", at]);
    assert_eq!(follow.line(), "seq,time_ns,price,quantity,side,id,flags,lag_us");
    let first: u64 = follow.line().split(',').next().unwrap().parse().unwrap();
    let second: u64 = follow.line().split(',').next().unwrap().parse().unwrap();
    assert_eq!(second, first + 1, "sequence numbers are dense");
    let mut closes = Beside::start(&[
        "tail",
        "channel:exchange:binance:candle:close:BTC-USDT:1s",
        "--follow",
        "--format",
        "json",
        "--root",
        at,
    ]);
    let event: Value = serde_json::from_str(&closes.line()).unwrap();
    let next: Value = serde_json::from_str(&closes.line()).unwrap();
    assert_eq!(next["row"].as_u64(), event["row"].as_u64().map(|row| row + 1), "{event} {next}");
    let rows = tickplane(&["tail", "candles:binance:BTC-USDT:1s", "--last", "2", "--format", "csv", "--root", at]);
    let header = "row,open_time_ns,open,high,low,close,volume,quote_volume,taker_buy_volume,trade_count,quality,state";
    assert_eq!(rows.lines()[0], header);
    assert_eq!(rows.lines().len(), 3);
}

#[test]
fn a_follower_outlives_a_killed_plane_and_prints_every_row_once() {
    let (venues, root) = (Venues::start(), root());
    let at = root.path().to_str().unwrap();
    let keys = ["candles:binance:BTC-USDT:1s", "candles:kraken:ETH-USD:1s"];
    let mut plane = venues.plane(root.path());
    let mut tail = Beside::start(&["tail", keys[0], keys[1], "--follow", "--format", "json", "--root", at]);
    let mut lines = Vec::new();
    for _ in 0..2 {
        lines.push(tail.line());
        std::thread::sleep(std::time::Duration::from_millis(1_300));
        plane.signal("KILL");
        plane.ends();
        tail.hears("is gone; waiting for the next one");
        std::thread::sleep(std::time::Duration::from_millis(700));
        plane = venues.plane(root.path());
        tail.hears("is back");
        lines.extend(tail.so_far());
    }
    for _ in 0..4 {
        lines.push(tail.line());
    }
    plane.signal("TERM");
    assert_eq!(plane.ends(), Some(0));
    tail.hears("the plane has closed; waiting for the next one");
    lines.extend(tail.so_far());
    for key in keys {
        let rows = rows(&lines, key);
        let expect: Vec<u64> = (rows[0]..rows[0] + rows.len() as u64).collect();
        assert_eq!(rows, expect, "{key}: each row once, none missing");
        assert!(rows.len() >= 4, "{key}: {rows:?}");
    }
}

#[test]
fn an_idle_plane_waits_to_be_told() {
    let (venues, root) = (Venues::start(), root());
    let at = root.path().to_str().unwrap();
    let text = std::fs::read_to_string(&venues.config).unwrap().replace("autostart = true", "autostart = false");
    let config = root.path().join("idle.toml");
    std::fs::write(&config, text).unwrap();
    let mut plane =
        Beside::start(&["run", "--config", config.to_str().unwrap(), "--instance", "default", "--root", at]);
    plane.hears("idle; `tickplane start EXCHANGE");
    let empty = tickplane(&["ls", "--root", at]);
    assert!(empty.lines().is_empty() && empty.stderr.contains("nothing is published yet"), "{empty:?}");
    let started = tickplane(&["start", "kraken", "--root", at]);
    assert_eq!(started.code, Some(0), "{started:?}");
    assert!(started.stderr.contains("kraken: started with 3 symbols: BTC-USD"), "{started:?}");
    assert!(!tickplane(&["ls", "kraken", "--root", at]).lines().is_empty());
    plane.signal("INT");
    assert_eq!(plane.ends(), Some(0));
}
