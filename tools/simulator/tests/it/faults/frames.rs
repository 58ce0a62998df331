//! Frames nobody can read, frames that are too large, fragments and floods.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tickplane_model::ExchangeId::Binance;
use tungstenite::Message;
use tungstenite::error::{CapacityError, Error};
use tungstenite::protocol::WebSocketConfig;

use super::{next, raw_socket, start, strike};
use crate::client::{connect, endpoint, hear, hear_until, open, say};

#[test]
fn garbage_is_what_it_says() {
    for (fault, check) in [
        (
            "garbage:text",
            (|heard| matches!(heard, Ok(Message::Text(text)) if text.contains("no JSON")))
                as fn(&tungstenite::Result<Message>) -> bool,
        ),
        ("garbage:binary", |heard| matches!(heard, Ok(Message::Binary(_)))),
        ("garbage:unknown", |heard| matches!(heard, Ok(Message::Text(text)) if text.contains("weather"))),
        ("garbage:utf8", |heard| matches!(heard, Err(Error::Utf8(_)))),
        ("garbage:opcode", |heard| matches!(heard, Err(Error::Protocol(_)))),
    ] {
        let simulation = start(false);
        let mut socket = open(&simulation, Binance, "/ws");
        strike(&simulation, fault, 0.0);
        let heard = next(&mut socket);
        assert!(check(&heard), "{fault}: {heard:?}");
        if heard.is_ok() {
            say(&mut socket, r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#);
            assert_eq!(hear(&mut socket)["id"], 1, "{fault}: the socket lives");
        }
    }
}

#[test]
fn large_frames_are_announced_or_really_sent() {
    let simulation = start(true);
    let mut socket = open(&simulation, Binance, "/ws");
    strike(&simulation, "oversized:declared", 0.0);
    let error = next(&mut socket).unwrap_err();
    assert!(matches!(error, Error::Capacity(CapacityError::MessageTooLong { size, .. }) if size == 1 << 40), "{error}");

    let url = format!("{}/ws", endpoint(&simulation, Binance).websocket);
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    let stream = connect(&url, None);
    let mut patient = tungstenite::client::client_with_config(url.as_str(), stream, Some(config)).unwrap().0;
    strike(&simulation, "oversized:real", 0.0);
    let Message::Text(text) = next(&mut patient).unwrap() else { panic!("no text") };
    assert_eq!(text.len(), 64 << 20);
    say(&mut patient, r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#);
    assert_eq!(hear(&mut patient)["id"], 1);
    assert_eq!(simulation.counts().dropped_slow, 0);
}

/// First byte and payload of a server's frame.
fn frame(socket: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    socket.read_exact(&mut head).unwrap();
    let length = match head[1] {
        126 => {
            let mut length = [0; 2];
            socket.read_exact(&mut length).unwrap();
            usize::from(u16::from_be_bytes(length))
        }
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    socket.read_exact(&mut payload).unwrap();
    (head[0], payload)
}

#[test]
fn fragments_hold_a_text_and_a_ping_among_them() {
    let simulation = start(true);
    let mut socket = raw_socket(&simulation, "/ws/btcusdt@trade");
    strike(&simulation, "fragmented", 5.0);
    while frame(&mut socket).0 != 0x01 {}
    assert_eq!(frame(&mut socket), (0x89, b"fault".to_vec()), "a ping after the first fragment");
    assert_eq!([frame(&mut socket).0, frame(&mut socket).0, frame(&mut socket).0], [0x00, 0x00, 0x80]);
    let (first, mut text) = frame(&mut socket);
    assert_eq!(first, 0x01);
    while text.last() != Some(&b'}') || !text.ends_with(b"\"M\":true}") {
        let (first, payload) = frame(&mut socket);
        text.extend(payload.iter().filter(|_| first != 0x89));
    }
    let trade: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(trade["e"], "trade");
}

#[test]
fn floods_of_pings_leave_the_data_alone() {
    let simulation = start(true);
    let mut socket = open(&simulation, Binance, "/ws/btcusdt@trade");
    strike(&simulation, "ping-flood:2000", 2.0);
    let (begin, mut pings, mut trades) = (Instant::now(), 0, 0);
    while begin.elapsed() < Duration::from_millis(1_500) {
        match socket.read().unwrap() {
            Message::Ping(payload) if payload == "fault" => pings += 1,
            Message::Text(_) => trades += 1,
            _ => {}
        }
    }
    assert!(pings > 500 && trades > 5, "{pings} pings, {trades} trades");
    // The pongs are no reason for the venue to hang up, though it allows five messages a second.
    std::thread::sleep(Duration::from_millis(700));
    hear_until(&mut socket, |message| message["e"] == "trade");
}
