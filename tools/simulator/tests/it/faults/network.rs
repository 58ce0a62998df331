//! Connections that end, hang, crawl, or never begin.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use tickplane_model::ExchangeId::{Binance, Coinbase, Kraken};
use tickplane_simulator::{Simulation, SimulationConfig};
use tungstenite::{Error, Message};

use super::{kind, next, raw_socket, start, strike, tcp};
use crate::client::{get, hear, open, say};

/// What ended the socket.
fn ending(hangup: &str, plain: bool) -> String {
    let simulation = start(plain);
    let mut socket = open(&simulation, Binance, "/ws/btcusdt@trade");
    let mut kraken = open(&simulation, Kraken, "");
    hear(&mut socket);
    strike(&simulation, hangup, 0.0);
    let end = loop {
        match socket.read() {
            Ok(Message::Close(frame)) => break format!("close {}", u16::from(frame.unwrap().code)),
            Ok(_) => {}
            Err(Error::Io(error)) => break format!("{:?}", error.kind()),
            Err(Error::Protocol(_)) => break "end".to_owned(),
            Err(error) => break error.to_string(),
        }
    };
    hear(&mut open(&simulation, Binance, "/ws/btcusdt@trade"));
    say(&mut kraken, r#"{"method":"ping"}"#);
    while hear(&mut kraken)["method"] != "pong" {}
    end
}

#[test]
fn disconnects_end_as_they_say() {
    for (hangup, plain, expected) in [
        ("disconnect:close", true, "close 1001"),
        ("disconnect:close", false, "close 1001"),
        ("disconnect:fin", true, "end"),
        // rustls calls an end of TCP without an end of TLS by its name.
        ("disconnect:fin", false, "UnexpectedEof"),
        ("disconnect:rst", true, "ConnectionReset"),
        ("disconnect:rst", false, "ConnectionReset"),
    ] {
        assert_eq!(ending(hangup, plain), expected, "{hangup} plain {plain}");
    }
}

#[test]
fn a_lasting_disconnect_ends_new_sockets_too() {
    let simulation = start(true);
    strike(&simulation, "disconnect:close", 1.0);
    let mut socket = open(&simulation, Binance, "/ws/btcusdt@trade");
    while !matches!(socket.read().unwrap(), Message::Close(_)) {}
    std::thread::sleep(Duration::from_millis(1_100));
    hear(&mut open(&simulation, Binance, "/ws/btcusdt@trade"));
}

#[test]
fn silence_sends_nothing_and_keeps_the_socket() {
    let simulation = start(false);
    let mut socket = open(&simulation, Binance, "/ws/btcusdt@trade");
    let last = hear(&mut socket)["t"].as_u64().unwrap();
    strike(&simulation, "silence", 2.0);
    let begin = Instant::now();
    socket.send(Message::Ping("anybody?".into())).unwrap();
    let mut late = open(&simulation, Binance, "/ws/btcusdt@trade");
    let newer = get(&simulation, Binance, &["/api/v3/trades?symbol=BTCUSDT&limit=1"])[0].1[0]["id"].as_u64();
    assert!(newer.unwrap() >= last, "REST answers, in silence");
    assert!(begin.elapsed() < Duration::from_millis(1_500));
    // What was on its way before is heard at once; then nothing until the end.
    let (mut longest, mut heard) = (Duration::ZERO, Instant::now());
    while begin.elapsed() < Duration::from_millis(2_600) {
        let message = next(&mut socket).unwrap();
        assert!(!matches!(message, Message::Pong(_)), "a pong was sent");
        longest = longest.max(heard.elapsed());
        heard = Instant::now();
    }
    assert!(longest > Duration::from_millis(1_200), "the longest pause was {longest:?}");
    assert!(hear(&mut late)["t"].as_u64().unwrap() > last);
}

/// What Coinbase's sequence and heartbeat counter skip while this lasts.
fn skipped(fault: &str, seconds: u64) -> (u64, u64) {
    let config = SimulationConfig { venues: vec![Coinbase], symbols: 2, plain: true, ..SimulationConfig::default() };
    let simulation = Simulation::start(config).unwrap();
    let mut socket = open(&simulation, Coinbase, "");
    for text in [
        r#"{"type":"subscribe","channel":"heartbeats"}"#,
        r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"market_trades"}"#,
    ] {
        say(&mut socket, text);
    }
    let (mut sequence, mut counter): (Option<u64>, Option<u64>) = (None, None);
    let (mut messages, mut beats) = (0, 0);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(2) || counter.is_none() {
        let message = hear(&mut socket);
        sequence = message["sequence_num"].as_u64();
        counter = message["events"][0]["heartbeat_counter"].as_u64().or(counter);
    }
    let duration = Duration::from_secs(seconds);
    simulation.inject_for(Coinbase, kind(fault), duration).unwrap();
    while begin.elapsed() < Duration::from_secs(4) + duration {
        let message = hear(&mut socket);
        let number = message["sequence_num"].as_u64();
        messages += number.zip(sequence).map_or(0, |(now, before)| now - before - 1);
        sequence = number;
        if let Some(now) = message["events"][0]["heartbeat_counter"].as_u64() {
            beats += counter.map_or(0, |before| now - before - 1);
            counter = Some(now);
        }
    }
    (messages, beats)
}

#[test]
fn what_silence_and_losses_swallow_was_numbered() {
    let (messages, beats) = skipped("silence", 3);
    assert!(messages > 10, "{messages} messages: batches of two products, and heartbeats");
    assert!((2..=3).contains(&beats), "{beats} heartbeats");
    let (messages, beats) = skipped("lost-trades", 2);
    assert!(messages > 6, "{messages} messages");
    assert_eq!(beats, 0, "heartbeats are not lost");
}

#[test]
fn half_open_peers_take_everything_and_answer_nothing_until_they_restart() {
    let simulation = start(true);
    let mut socket = raw_socket(&simulation, "/ws");
    strike(&simulation, "half-open", 1.5);
    let begin = Instant::now();
    let ping = [0x89, 0x80, 0, 0, 0, 0];
    socket.write_all(&ping).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(1_000))).unwrap();
    let error = socket.read(&mut [0; 100]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    // New connections are well.
    hear(&mut open(&simulation, Binance, "/ws/btcusdt@trade"));
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(socket.read(&mut [0; 100]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(begin.elapsed() > Duration::from_millis(1_300));
}

#[test]
fn slow_drips_come_byte_by_byte() {
    let simulation = start(true);
    let mut socket = raw_socket(&simulation, "/ws/btcusdt@trade/btcusdt@bookTicker");
    strike(&simulation, "slow-drip:500", 2.0);
    // What was sent before comes at once.
    std::thread::sleep(Duration::from_millis(100));
    let mut buffer = [0; 65_536];
    let _ = socket.read(&mut buffer).unwrap();
    let (begin, mut bytes, mut reads) = (Instant::now(), 0, 0);
    while begin.elapsed() < Duration::from_millis(1_000) {
        bytes += socket.read(&mut buffer).unwrap();
        reads += 1;
    }
    assert!((100..900).contains(&bytes) && reads * 4 > bytes, "{bytes} bytes in {reads} reads");
    // Afterwards the rest comes as usual.
    std::thread::sleep(Duration::from_millis(1_500));
    let rest = socket.read(&mut buffer).unwrap();
    assert!(rest > 1_000, "{rest} bytes at the end");
}

#[test]
fn handshakes_are_reset_where_they_say() {
    let simulation = start(true);
    for stage in ["tcp", "tls", "upgrade"] {
        strike(&simulation, &format!("reset-handshake:{stage}"), 1.0);
        let mut socket = tcp(&simulation, Binance).unwrap();
        if stage != "tcp" {
            socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            let error = socket.read(&mut [0; 10]).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{stage}: {error}");
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        }
        let request = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc==\r\n\r\n";
        // A reset that came before the request is told by the write, or by the read where it races with it.
        let end = socket.write_all(request.as_bytes()).and_then(|()| socket.read(&mut [0; 10]));
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset, "{stage}");
        if stage == "upgrade" {
            assert_eq!(get(&simulation, Binance, &["/api/v3/ping"])[0].0, 200, "REST is well");
        }
        std::thread::sleep(Duration::from_millis(1_100));
        hear(&mut open(&simulation, Binance, "/ws/btcusdt@trade"));
    }
}

#[test]
fn refused_connects_are_refused_and_open_sockets_live() {
    let simulation = start(true);
    let mut socket = open(&simulation, Binance, "/ws/btcusdt@trade");
    strike(&simulation, "refuse-connects", 1.0);
    assert_eq!(tcp(&simulation, Binance).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    hear(&mut socket);
    assert_eq!(get(&simulation, Kraken, &["/0/public/Time"])[0].0, 200, "the other venue listens");
    std::thread::sleep(Duration::from_millis(1_300));
    hear(&mut open(&simulation, Binance, "/ws/btcusdt@trade"));
}
