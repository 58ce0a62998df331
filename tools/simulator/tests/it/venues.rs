//! Each venue's protocol as a client meets it, with all its layers.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;
use tickplane_model::ExchangeId::{Binance, Coinbase, Kraken};
use tickplane_simulator::{Simulation, SimulationConfig};
use tungstenite::Message;

use crate::client::{connect, endpoint, get, hear, hear_until, open, say};

fn start() -> Simulation {
    Simulation::start(SimulationConfig::default()).unwrap()
}

#[test]
fn binance_speaks() {
    let simulation = start();
    let mut socket = open(&simulation, Binance, "/stream");
    say(&mut socket, r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@bookTicker"],"id":1}"#);
    let mut trades = 0;
    let heard = hear_until(&mut socket, |message| {
        trades += usize::from(message["stream"] == "btcusdt@trade");
        trades == 20
    });
    assert!(heard.contains(&json!({"result": null, "id": 1})));
    assert!(heard.iter().any(|message| message["stream"] == "btcusdt@bookTicker"));
    socket.send(Message::Ping("hi".into())).unwrap();
    loop {
        if let Message::Pong(payload) = socket.read().unwrap() {
            assert_eq!(&payload[..], b"hi");
            break;
        }
    }
    let mut flood = open(&simulation, Binance, "/ws");
    for id in 0..9 {
        let _ = flood.send(Message::text(format!(r#"{{"method":"LIST_SUBSCRIPTIONS","id":{id}}}"#)));
    }
    let end = loop {
        match flood.read() {
            Ok(Message::Close(frame)) => break frame.unwrap(),
            Ok(_) => {}
            Err(error) => panic!("closed without a word: {error}"),
        }
    };
    assert_eq!((u16::from(end.code), end.reason.as_str()), (1008, "Too many requests"));
    assert_eq!(simulation.counts().websockets_opened, 2);
}

#[test]
fn coinbase_speaks() {
    let simulation = start();
    let mut late = open(&simulation, Coinbase, "");
    let mut socket = open(&simulation, Coinbase, "");
    let opened = Instant::now();
    say(&mut socket, r#"{"type":"subscribe","product_ids":["BTC-USD"],"channel":"market_trades"}"#);
    say(&mut socket, r#"{"type":"subscribe","channel":"heartbeats"}"#);
    let mut beats = 0;
    let heard = hear_until(&mut socket, |message| {
        beats += usize::from(message["channel"] == "heartbeats");
        beats == 2
    });
    for (number, message) in heard.iter().enumerate() {
        assert_eq!(message["sequence_num"], number);
    }
    assert!(heard.iter().any(|message| message["events"][0]["type"] == "update"));
    assert!(matches!(late.read(), Ok(Message::Close(_)) | Err(_)));
    assert!(opened.elapsed() > Duration::from_millis(4_500), "the deadline is five seconds");
}

#[test]
fn kraken_speaks() {
    let simulation = start();
    let mut socket = open(&simulation, Kraken, "");
    assert_eq!(hear(&mut socket)["channel"], "status");
    say(
        &mut socket,
        r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD","XBT/USD"],"snapshot":true},"req_id":5}"#,
    );
    let mut updates = 0;
    let heard = hear_until(&mut socket, |message| {
        updates += usize::from(message["type"] == "update");
        updates == 5
    });
    assert_eq!((&heard[0]["success"], &heard[0]["req_id"]), (&json!(true), &json!(5)));
    assert_eq!(heard[1]["data"].as_array().unwrap().len(), 50);
    assert_eq!(heard[2]["error"], "Currency pair not supported XBT/USD");
}

#[test]
fn one_port_serves_rest_with_keep_alive() {
    let simulation = start();
    let answers = get(&simulation, Binance, &["/api/v3/time", "/api/v3/klines?symbol=BTCUSDT&interval=1m", "/nothing"]);
    assert_eq!(answers.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [200, 200, 404]);
    assert_eq!(answers[1].1.as_array().unwrap().len(), 500);
    let answers = get(&simulation, Coinbase, &["/api/v3/brokerage/market/products/ETH-USD"]);
    assert_eq!(answers[0].1["product_id"], "ETH-USD");
    let answers = get(&simulation, Kraken, &["/0/public/AssetPairs", "/0/public/SystemStatus"]);
    assert_eq!(answers[0].1["result"].as_object().unwrap().len(), 20);
    assert_eq!(answers[1].1["result"]["status"], "online");
}

#[test]
fn a_dropped_client_can_come_back_and_others_stay() {
    let simulation = start();
    let mut kraken = open(&simulation, Kraken, "");
    let mut first = open(&simulation, Binance, "/ws/btcusdt@trade");
    let last = hear(&mut first)["t"].as_i64().unwrap();
    simulation.disconnect_all(Binance);
    while first.read().is_ok() {}
    let mut second = open(&simulation, Binance, "/ws/btcusdt@trade");
    assert!(hear(&mut second)["t"].as_i64().unwrap() > last, "the market went on");
    say(&mut kraken, r#"{"method":"ping"}"#);
    hear_until(&mut kraken, |message| message["method"] == "pong");
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    let config = SimulationConfig { symbols: 2, rate: 800.0, plain: true, ..SimulationConfig::default() };
    let simulation = Simulation::start(config).unwrap();
    let mut stuck = open(&simulation, Binance, "/stream?streams=btcusdt@trade/btcusdt@bookTicker/ethusdt@bookTicker");
    let deadline = Instant::now() + Duration::from_secs(30);
    while simulation.counts().dropped_slow == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(simulation.counts().dropped_slow, 1);
    while stuck.read().is_ok() {}
}

#[test]
fn nonsense_on_the_port_harms_nobody() {
    let simulation = start();
    let rest = endpoint(&simulation, Binance).rest;
    let mut raw = connect(&rest, None);
    raw.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut inside = connect(&rest, simulation.ca_pem());
    inside.write_all(&[0xff; 100]).unwrap();
    inside.flush().unwrap();
    assert_eq!(get(&simulation, Binance, &["/api/v3/ping"])[0].0, 200);
}
