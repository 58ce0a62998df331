//! What a client sees of every fault: what its name says, and then a venue as before.

mod frames;
mod network;
mod rest;
mod streams;
mod tls;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tickplane_model::ExchangeId::{self, Binance, Kraken};
use tickplane_simulator::{Fault, FaultKind, Simulation, SimulationConfig, SimulationError};
use tungstenite::{Message, WebSocket};

use crate::client::{Stream, authority, endpoint};

/// Binance and Kraken with three symbols.
pub(super) fn start(plain: bool) -> Simulation {
    let config = SimulationConfig { venues: vec![Binance, Kraken], symbols: 3, plain, ..SimulationConfig::default() };
    Simulation::start(config).unwrap()
}

/// The kind of a fault's text, with its arguments.
pub(super) fn kind(text: &str) -> FaultKind {
    let (name, arguments) =
        text.split_once(':').map_or((text, String::new()), |(name, rest)| (name, format!(":{rest}")));
    format!("binance:{name}@0{arguments}").parse::<Fault>().unwrap().kind
}

/// Lets a fault strike Binance now.
pub(super) fn strike(simulation: &Simulation, text: &str, seconds: f64) {
    let before = simulation.counts().faults;
    simulation.inject_for(Binance, kind(text), Duration::from_secs_f64(seconds)).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while simulation.counts().faults == before && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The next message that is not a ping of the venue's own.
pub(super) fn next(socket: &mut WebSocket<Box<dyn Stream>>) -> tungstenite::Result<Message> {
    loop {
        match socket.read()? {
            Message::Ping(payload) if payload != "fault" => {}
            message => return Ok(message),
        }
    }
}

/// Ids of Binance's trades as they come.
pub(super) fn trade_ids(socket: &mut WebSocket<Box<dyn Stream>>, count: usize) -> Vec<u64> {
    let mut ids = Vec::new();
    while ids.len() < count {
        if let Message::Text(text) = socket.read().unwrap() {
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            ids.extend(message["t"].as_u64());
        }
    }
    ids
}

/// A plain TCP connection to a venue that is simulated without TLS.
pub(super) fn tcp(simulation: &Simulation, exchange: ExchangeId) -> std::io::Result<TcpStream> {
    let socket = TcpStream::connect(authority(&endpoint(simulation, exchange).rest))?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(socket)
}

/// A WebSocket whose bytes are read by hand.
pub(super) fn raw_socket(simulation: &Simulation, path: &str) -> TcpStream {
    let mut socket = tcp(simulation, Binance).unwrap();
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    socket
}

#[test]
fn ordered_faults_begin_and_end_on_time() {
    let faults = ["binance:rest-503@0.8+0.8", "kraken:rest-418@0.8+0.8"].map(|text| text.parse().unwrap()).to_vec();
    let config = SimulationConfig { symbols: 1, plain: true, faults, ..SimulationConfig::default() };
    let simulation = Simulation::start(config).unwrap();
    let begin = Instant::now();
    let (mut first, mut last) = (None, None);
    while begin.elapsed() < Duration::from_millis(2_400) {
        let at = begin.elapsed();
        if rest::status(&simulation, Binance, "/api/v3/ping") == 503 {
            first.get_or_insert(at);
            last = Some(at);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (first, last) = (first.unwrap().as_millis(), last.unwrap().as_millis());
    assert!((600..1_200).contains(&first) && (1_300..2_000).contains(&last), "{first} to {last} ms");
    assert_eq!(simulation.counts().faults, 2);
}

#[test]
fn faults_that_can_strike_nothing_are_refused() {
    let simulation = start(true);
    let error = simulation.inject(ExchangeId::Coinbase, FaultKind::Silence).unwrap_err();
    assert!(matches!(error, SimulationError::FaultVenue { .. }), "{error}");
    let error = simulation.inject(Binance, kind("stale-stream:NO-SUCH")).unwrap_err().to_string();
    assert!(error.contains("NO-SUCH") && error.contains("BTC-USDT"), "{error}");
    let error = simulation.inject(Binance, kind("tls:expired")).unwrap_err().to_string();
    assert!(error.contains("--plain"), "{error}");
    let faults = vec!["coinbase:silence@1".parse().unwrap()];
    let config = SimulationConfig { venues: vec![Binance], faults, ..SimulationConfig::default() };
    assert!(matches!(Simulation::start(config), Err(SimulationError::FaultVenue { .. })));
}
