//! What the simulator costs: almost nothing while nobody listens, little while somebody does.

use std::process::Command;
use std::time::Duration;

use tickplane_model::ExchangeId::{Binance, Coinbase, Kraken};
use tickplane_simulator::{Simulation, SimulationConfig};

use crate::client::{hear_until, open, say};

/// Processor time of this process in clock ticks (10 ms): fields 14 and 15 of `/proc/self/stat`.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let fields: Vec<&str> = after_name.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Runs in a process of its own, so that other tests are not counted.
#[test]
#[ignore = "the child of `it_sleeps_between_events`"]
fn child() {
    let simulation = Simulation::start(SimulationConfig::default()).unwrap();
    let before = ticks();
    std::thread::sleep(Duration::from_secs(5));
    println!("idle_ticks={}", ticks() - before);

    let streams: Vec<String> =
        simulation.symbols(Binance).iter().map(|s| s.as_str().replace('-', "").to_lowercase()).collect();
    let names: Vec<String> = streams.iter().map(|s| format!("{s}@trade/{s}@bookTicker")).collect();
    let mut binance = open(&simulation, Binance, &format!("/stream?streams={}", names.join("/")));
    let mut coinbase = open(&simulation, Coinbase, "");
    say(&mut coinbase, r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"market_trades"}"#);
    let mut kraken = open(&simulation, Kraken, "");
    say(&mut kraken, r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD","ETH/USD"]}}"#);
    let (before, begin) = (ticks(), std::time::Instant::now());
    hear_until(&mut binance, |_| begin.elapsed().as_secs() >= 5);
    println!("busy_ticks={}", ticks() - before);
}

#[test]
fn it_sleeps_between_events() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["cost::child", "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    // On one processor the harness prints the test's name before our words, on the same line.
    let value = |name: &str| -> u64 {
        let (_, rest) = text.split_once(name).unwrap_or_else(|| panic!("no {name} in {text}"));
        rest.split_whitespace().next().unwrap_or_default().parse().unwrap()
    };
    // Of 500 ticks: idle at most 2 %; with the client's own reading and JSON, unoptimised, at most half.
    assert!(value("idle_ticks=") <= 10, "{text}");
    assert!(value("busy_ticks=") <= 250, "{text}");
    eprintln!("{}", text.lines().filter(|line| line.contains("ticks=")).collect::<Vec<_>>().join(" "));
}
