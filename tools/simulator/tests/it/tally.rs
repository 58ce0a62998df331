//! The tally against a naive recount of what came over the sockets.

use std::collections::BTreeMap;

use serde_json::Value;
use tickplane_model::ExchangeId::{self, Binance, Coinbase, Kraken};
use tickplane_model::{Calendar, NS_PER_SECOND, Symbol, Timeframe};
use tickplane_simulator::{Simulation, SimulationConfig, TallyRow};

use crate::client::{Socket, hear_until, open, say};

/// A trade as a client reads it: time, price, quantity, and whether the taker bought.
type Seen = (i64, f64, f64, bool);

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}

/// Nanoseconds of an RFC 3339 time in microseconds, by way of the day's start.
fn time_ns(text: &str) -> i64 {
    let part = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let days = tickplane_model::days_from_civil(part(0, 4), part(5, 7), part(8, 10));
    let seconds = days * 86_400 + part(11, 13) * 3_600 + part(14, 16) * 60 + part(17, 19);
    seconds * NS_PER_SECOND + part(20, 26) * 1_000
}

fn binance(message: &Value, seen: &mut BTreeMap<u64, Seen>) {
    if message["e"] == "trade" {
        let time_ns = message["T"].as_i64().unwrap() * 1_000_000;
        let buy = message["m"] == false;
        seen.insert(message["t"].as_u64().unwrap(), (time_ns, number(&message["p"]), number(&message["q"]), buy));
    }
}

fn coinbase(message: &Value, seen: &mut BTreeMap<u64, Seen>) {
    for trade in message["events"][0]["trades"].as_array().into_iter().flatten() {
        let id = trade["trade_id"].as_str().unwrap().parse().unwrap();
        let buy = trade["side"] == "SELL";
        let time_ns = time_ns(trade["time"].as_str().unwrap());
        seen.insert(id, (time_ns, number(&trade["price"]), number(&trade["size"]), buy));
    }
}

fn kraken(message: &Value, seen: &mut BTreeMap<u64, Seen>) {
    for trade in message["data"].as_array().into_iter().flatten().filter(|trade| trade["trade_id"].is_u64()) {
        let time_ns = time_ns(trade["timestamp"].as_str().unwrap());
        let row = (time_ns, number(&trade["price"]), number(&trade["qty"]), trade["side"] == "buy");
        seen.insert(trade["trade_id"].as_u64().unwrap(), row);
    }
}

fn recount(trades: &BTreeMap<u64, Seen>, timeframe: Timeframe) -> BTreeMap<i64, Vec<Seen>> {
    let mut rows: BTreeMap<i64, Vec<Seen>> = BTreeMap::new();
    for trade in trades.values() {
        let row = Calendar::AlwaysOpen.row(timeframe, trade.0);
        rows.entry(Calendar::AlwaysOpen.open_time_ns(timeframe, row)).or_default().push(*trade);
    }
    rows
}

fn agree(row: &TallyRow, trades: &[Seen]) {
    let fold = |pick: fn(f64, f64) -> f64| trades.iter().map(|trade| trade.1).reduce(pick).unwrap();
    assert_eq!((row.open, row.close), (trades[0].1, trades[trades.len() - 1].1));
    assert_eq!((row.high, row.low), (fold(f64::max), fold(f64::min)));
    assert_eq!(row.trade_count, trades.len() as u64);
    let near = |exact: f64, naive: f64| assert!((exact - naive).abs() <= exact.abs() * 1e-12, "{exact} {naive}");
    near(row.volume, trades.iter().map(|trade| trade.2).sum());
    near(row.quote_volume, trades.iter().map(|trade| trade.1 * trade.2).sum());
    near(row.taker_buy_volume, trades.iter().filter(|trade| trade.3).map(|trade| trade.2).sum());
}

fn check(
    exchange: ExchangeId,
    symbol: &str,
    mut socket: Socket,
    read: fn(&Value, &mut BTreeMap<u64, Seen>),
    simulation: &Simulation,
) {
    let mut seen = BTreeMap::new();
    let begin = std::time::Instant::now();
    hear_until(&mut socket, |message| {
        read(message, &mut seen);
        begin.elapsed().as_secs() >= 6
    });
    let ids: Vec<u64> = seen.keys().copied().collect();
    assert!(ids.len() > 60 && ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "no trade lost on the way");
    let symbol = Symbol::new(symbol).unwrap();
    for timeframe in [Timeframe::S1, Timeframe::S5] {
        let rows = recount(&seen, timeframe);
        // The first and the last interval were seen only in part.
        let whole: Vec<i64> = rows.keys().copied().skip(1).take(rows.len().saturating_sub(2)).collect();
        let tally = simulation.tally(exchange, &symbol, timeframe);
        let compared = tally.iter().filter(|row| whole.contains(&row.open_time_ns));
        assert_eq!(compared.clone().count(), whole.len());
        for row in compared {
            agree(row, &rows[&row.open_time_ns]);
        }
    }
    let minutes = simulation.tally(exchange, &symbol, Timeframe::M1);
    assert!(minutes.len() >= 2, "the market ran before anybody came");
    let counted: u64 = minutes.iter().map(|row| row.trade_count).sum();
    assert!(counted <= simulation.trades_made(exchange, &symbol));
}

#[test]
fn the_tally_is_what_the_sockets_carried() {
    let simulation = &Simulation::start(SimulationConfig::default()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let socket = open(simulation, Binance, "/ws/btcusdt@trade");
            check(Binance, "BTC-USDT", socket, binance, simulation);
        });
        scope.spawn(|| {
            let mut socket = open(simulation, Coinbase, "");
            say(&mut socket, r#"{"type":"subscribe","product_ids":["BTC-USD"],"channel":"market_trades"}"#);
            check(Coinbase, "BTC-USD", socket, coinbase, simulation);
        });
        scope.spawn(|| {
            let mut socket = open(simulation, Kraken, "");
            say(
                &mut socket,
                r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":true}}"#,
            );
            check(Kraken, "BTC-USD", socket, kraken, simulation);
        });
    });
    assert!(simulation.tally(Binance, &Symbol::new("NO-SUCH").unwrap(), Timeframe::S1).is_empty());
}
