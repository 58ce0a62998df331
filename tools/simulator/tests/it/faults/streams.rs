//! Streams that die, stop, repeat, swap, lose; clocks that jump. The market beneath goes on and REST shows it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tickplane_model::ExchangeId::{Binance, Coinbase, Kraken};
use tickplane_model::Symbol;
use tickplane_simulator::{Simulation, SimulationConfig};

use super::{kind, start, strike, trade_ids};
use crate::client::{Socket, get, hear, hear_until, open, say};

const SUBSCRIBE: &str =
    r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@bookTicker","ethusdt@trade"],"id":1}"#;
const UNSUBSCRIBE: &str = r#"{"method":"UNSUBSCRIBE","params":["btcusdt@trade","btcusdt@bookTicker"],"id":2}"#;

/// How many messages of each symbol (and kind) came in so long; acks count as "ack".
fn heard(socket: &mut Socket, length: Duration) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    let begin = Instant::now();
    while begin.elapsed() < length {
        let message = hear(socket);
        let name = match (message["s"].as_str(), message["e"].as_str()) {
            (Some(symbol), kind) => format!("{symbol} {}", kind.unwrap_or("bookTicker")),
            _ => "ack".to_owned(),
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn newest(simulation: &Simulation, symbol: &str) -> u64 {
    let path = format!("/api/v3/trades?symbol={symbol}&limit=1");
    get(simulation, Binance, &[&path])[0].1[0]["id"].as_u64().unwrap()
}

#[test]
fn dead_subscriptions_are_acked_and_silent() {
    let simulation = start(true);
    for (fault, quotes) in [("dead-subscription:BTC-USDT", false), ("dead-subscription:BTC-USDT:trades", true)] {
        strike(&simulation, fault, 6.0);
        let mut socket = open(&simulation, Binance, "/ws");
        say(&mut socket, SUBSCRIBE);
        let first = newest(&simulation, "BTCUSDT");
        let counts = heard(&mut socket, Duration::from_millis(1_500));
        assert_eq!(counts.get("ack"), Some(&1), "{fault}: {counts:?}");
        assert!(!counts.contains_key("BTCUSDT trade"), "{fault}: {counts:?}");
        assert_eq!(counts.contains_key("BTCUSDT bookTicker"), quotes, "{fault}: {counts:?}");
        assert!(counts.contains_key("ETHUSDT trade"), "{fault}: {counts:?}");
        assert!(newest(&simulation, "BTCUSDT") > first, "the market goes on");
        std::thread::sleep(Duration::from_millis(4_600));
        hear_until(&mut socket, |message| message["s"] == "BTCUSDT" && message["e"] == "trade");
    }
}

#[test]
fn stale_streams_are_cured_by_what_cures_them() {
    for (cure, by_subscription, by_socket) in
        [("resubscribe", true, true), ("reconnect", false, true), ("time", false, false)]
    {
        let simulation = start(true);
        let mut socket = open(&simulation, Binance, "/ws");
        say(&mut socket, SUBSCRIBE);
        hear_until(&mut socket, |message| message["s"] == "BTCUSDT");
        strike(&simulation, &format!("stale-stream:BTC-USDT:{cure}"), 6.0);
        let first = newest(&simulation, "BTCUSDT");
        heard(&mut socket, Duration::from_millis(100));
        let counts = heard(&mut socket, Duration::from_millis(1_200));
        assert!(!counts.contains_key("BTCUSDT trade") && counts.contains_key("ETHUSDT trade"), "{cure}: {counts:?}");
        assert!(newest(&simulation, "BTCUSDT") > first);
        say(&mut socket, UNSUBSCRIBE);
        say(&mut socket, SUBSCRIBE);
        let counts = heard(&mut socket, Duration::from_millis(1_000));
        assert_eq!(counts.contains_key("BTCUSDT bookTicker"), by_subscription, "{cure}: {counts:?}");
        let mut other = open(&simulation, Binance, "/ws/btcusdt@bookTicker/ethusdt@bookTicker");
        let counts = heard(&mut other, Duration::from_millis(1_000));
        assert_eq!(counts.contains_key("BTCUSDT bookTicker"), by_socket, "{cure}: {counts:?}");
        // Every fault ends by itself.
        hear_until(&mut socket, |message| message["s"] == "BTCUSDT");
    }
}

#[test]
fn other_venues_have_dead_subscriptions_too() {
    let config = SimulationConfig { symbols: 2, plain: true, ..SimulationConfig::default() };
    let simulation = Simulation::start(config).unwrap();
    let dead = kind("dead-subscription:BTC-USD");
    simulation.inject_for(Kraken, dead.clone(), Duration::from_secs(60)).unwrap();
    simulation.inject_for(Coinbase, dead, Duration::from_secs(60)).unwrap();
    let mut kraken = open(&simulation, Kraken, "");
    say(&mut kraken, r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","ETH/USD"]}}"#);
    let mut coinbase = open(&simulation, Coinbase, "");
    say(&mut coinbase, r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"ticker"}"#);
    let of = |messages: &[Value], mark: &str| messages.iter().filter(|m| m.to_string().contains(mark)).count();
    // The dead symbol is the busier one: ten updates of the other without any of it are no chance.
    let ten = |seen: &mut u32, message: &Value| {
        *seen += u32::from(message["channel"] == "ticker");
        *seen == 10
    };
    let mut seen = 0;
    let heard = hear_until(&mut kraken, |message| ten(&mut seen, message));
    assert_eq!(of(&heard, r#""success":true"#), 2, "acks, for both");
    let updates: Vec<Value> = heard.into_iter().filter(|m| m["channel"] == "ticker").collect();
    assert_eq!((of(&updates, "ETH/USD"), of(&updates, "BTC/USD")), (10, 0));
    let mut seen = 0;
    let heard = hear_until(&mut coinbase, |message| ten(&mut seen, message));
    assert!(heard.iter().any(|m| m["channel"] == "subscriptions"));
    let updates: Vec<Value> = heard.iter().filter(|m| m["channel"] == "ticker").cloned().collect();
    assert_eq!((of(&updates, "ETH-USD"), of(&updates, "BTC-USD")), (10, 0));
    for (number, message) in heard.iter().enumerate() {
        assert_eq!(message["sequence_num"], number, "what is withheld is no gap in the sequence");
    }
}

#[test]
fn trades_are_doubled_swapped_and_lost_and_the_account_is_right() {
    let simulation = start(true);
    let mut socket = open(&simulation, Binance, "/ws/btcusdt@trade");
    hear(&mut socket);
    strike(&simulation, "duplicated-trades", 1.5);
    let ids = trade_ids(&mut socket, 60);
    let doubles = ids.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(doubles > 10 && ids.windows(2).all(|pair| pair[1] - pair[0] <= 1), "{doubles} of {ids:?}");

    // What is still to be read of one fault must not be taken for the next.
    std::thread::sleep(Duration::from_millis(1_600));
    let mut socket = open(&simulation, Binance, "/ws/btcusdt@trade");
    strike(&simulation, "reordered-trades:BTC-USDT", 1.5);
    let mut ids = trade_ids(&mut socket, 100);
    let swaps = ids.windows(2).filter(|pair| pair[1] + 1 == pair[0]).count();
    assert!(swaps > 3, "{swaps} of {ids:?}");
    // At the end one of a pair may wait beyond what was read; nothing else is missing.
    ids.sort_unstable();
    ids.dedup();
    let holes: u64 = ids.windows(2).map(|pair| pair[1] - pair[0] - 1).sum();
    assert!(holes <= 1, "{holes} holes");

    std::thread::sleep(Duration::from_millis(1_600));
    let mut socket = open(&simulation, Binance, "/ws/btcusdt@trade");
    let mut ids = trade_ids(&mut socket, 1);
    strike(&simulation, "lost-trades:BTC-USDT:7", 20.0);
    ids.extend(trade_ids(&mut socket, 300));
    let holes: Vec<(u64, u64)> =
        ids.windows(2).filter(|pair| pair[1] > pair[0] + 1).map(|pair| (pair[0], pair[1])).collect();
    assert_eq!(holes.len(), 1, "{holes:?}");
    let (before, after) = holes[0];
    assert_eq!(after - before - 1, 7);
    let path = format!("/api/v3/historicalTrades?symbol=BTCUSDT&fromId={}&limit=7", before + 1);
    let rows = get(&simulation, Binance, &[&path])[0].1.clone();
    let fetched: Vec<u64> = rows.as_array().unwrap().iter().filter_map(|row| row["id"].as_u64()).collect();
    assert_eq!(fetched, (before + 1..after).collect::<Vec<_>>(), "REST has them");
    assert!(simulation.trades_made(Binance, &Symbol::new("BTC-USDT").unwrap()) > 300);
}

#[test]
fn a_clock_that_jumps_shows_in_new_messages_only() {
    let simulation = start(true);
    let mut binance = open(&simulation, Binance, "/ws/btcusdt@trade");
    let now = hear(&mut binance)["E"].as_i64().unwrap();
    for (seconds, expected) in [("3600", 3_600_000), ("-3600", -3_600_000)] {
        strike(&simulation, &format!("clock-jump:{seconds}"), 1.5);
        let far = hear_until(&mut binance, |message| (message["E"].as_i64().unwrap() - now).abs() > 1_000_000);
        let message = far.last().unwrap();
        for time in [&message["E"], &message["T"]] {
            assert!((time.as_i64().unwrap() - now - expected).abs() < 60_000, "{seconds}: {message}");
        }
        let rest = get(&simulation, Binance, &["/api/v3/trades?symbol=BTCUSDT&limit=1"])[0].1[0]["time"].as_i64();
        assert!((rest.unwrap() - now).abs() < 60_000, "REST is right");
        hear_until(&mut binance, |message| (message["E"].as_i64().unwrap() - now).abs() < 60_000);
    }
}
