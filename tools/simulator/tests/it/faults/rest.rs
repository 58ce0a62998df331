//! REST that refuses, delays and breaks off; upgrades that are refused.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use tickplane_model::ExchangeId::{self, Binance, Kraken};
use tickplane_simulator::Simulation;

use super::{start, strike, tcp};
use crate::client::{get, hear, open};

/// Everything the venue says to one request.
fn answer(simulation: &Simulation, exchange: ExchangeId, request: &str) -> String {
    let mut socket = tcp(simulation, exchange).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn get_once(simulation: &Simulation, path: &str) -> String {
    answer(simulation, Binance, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
}

/// The status of a GET.
pub(super) fn status(simulation: &Simulation, exchange: ExchangeId, path: &str) -> u16 {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    answer(simulation, exchange, &request)[9..12].parse().unwrap()
}

#[test]
fn refusals_have_their_status_and_header() {
    let simulation = start(true);
    for (fault, head, retry) in [
        ("rest-429:7", "HTTP/1.1 429 ", Some("Retry-After: 7\r\n")),
        ("rest-429", "HTTP/1.1 429 ", None),
        ("rest-418:120", "HTTP/1.1 418 ", Some("Retry-After: 120\r\n")),
        ("rest-403", "HTTP/1.1 403 Forbidden", None),
        ("rest-500", "HTTP/1.1 500 ", None),
        ("rest-503:2", "HTTP/1.1 503 ", Some("Retry-After: 2\r\n")),
    ] {
        strike(&simulation, fault, 0.4);
        let answer = get_once(&simulation, "/api/v3/ping");
        assert!(answer.starts_with(head), "{fault}: {answer}");
        assert_eq!(answer.contains("Retry-After"), retry.is_some(), "{fault}: {answer}");
        assert!(retry.is_none_or(|retry| answer.contains(retry)), "{fault}: {answer}");
        assert_eq!(status(&simulation, Kraken, "/0/public/Time"), 200);
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(status(&simulation, Binance, "/api/v3/ping"), 200, "{fault} ended");
    }
}

#[test]
fn slow_answers_are_right_in_the_end() {
    let simulation = start(true);
    strike(&simulation, "rest-slow:700", 1.0);
    let begin = Instant::now();
    let answers = get(&simulation, Binance, &["/api/v3/exchangeInfo"]);
    assert!((Duration::from_millis(650)..Duration::from_secs(3)).contains(&begin.elapsed()));
    assert_eq!(answers[0].1["symbols"].as_array().unwrap().len(), 3);
    std::thread::sleep(Duration::from_millis(500));
    let begin = Instant::now();
    assert_eq!(get(&simulation, Binance, &["/api/v3/ping", "/api/v3/time"])[1].0, 200);
    assert!(begin.elapsed() < Duration::from_millis(600));
}

#[test]
fn truncated_and_garbled_bodies() {
    let simulation = start(true);
    strike(&simulation, "rest-truncated", 0.5);
    let answer = get_once(&simulation, "/api/v3/exchangeInfo");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let announced = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    assert_eq!(body.len(), announced.parse::<usize>().unwrap() / 2, "half of it comes");
    std::thread::sleep(Duration::from_millis(600));
    strike(&simulation, "rest-garbage", 0.5);
    let answer = get_once(&simulation, "/api/v3/exchangeInfo");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("text/html") && answer.contains("<html>"));
}

#[test]
fn upgrades_are_refused_and_rest_is_not() {
    let simulation = start(true);
    for (fault, head) in
        [("upgrade-429:9", "HTTP/1.1 429 "), ("upgrade-403", "HTTP/1.1 403 "), ("upgrade-503", "HTTP/1.1 503 ")]
    {
        strike(&simulation, fault, 0.4);
        let request = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc==\r\n\r\n";
        let answer = answer(&simulation, Binance, request);
        assert!(answer.starts_with(head), "{fault}: {answer}");
        assert_eq!(answer.contains("Retry-After: 9"), fault.ends_with('9'));
        assert_eq!(status(&simulation, Binance, "/api/v3/ping"), 200);
        std::thread::sleep(Duration::from_millis(500));
        hear(&mut open(&simulation, Binance, "/ws/btcusdt@trade"));
    }
}
