//! The client's end of a WebSocket against tungstenite's own server end, byte by byte in memory.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

use std::io::{self, ErrorKind, Read, Write};

use tickplane_frames::{FrameError, Limits, Message, Socket};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Role, WebSocket};

const LIMITS: Limits = Limits { message_bytes_max: 1024, outgoing_bytes_max: 4096 };

#[derive(Default)]
struct Wire {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.to_server.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = buffer.len().min(self.to_server.len());
        buffer[..count].copy_from_slice(&self.to_server[..count]);
        self.to_server.drain(..count);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to_client.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn request(client: &mut Socket) -> String {
    assert_eq!(client.poll(), Ok(None));
    String::from_utf8(std::mem::take(client.outgoing())).unwrap()
}

fn open() -> (Socket, WebSocket<Wire>) {
    let mut client =
        Socket::connect("wss://localhost:9443/ws", "tickplane-test", &[("X-Venue", "yes".to_owned())], LIMITS).unwrap();
    let request = request(&mut client);
    assert!(request.starts_with("GET /ws HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("localhost:9443") && request.contains("tickplane-test"), "{request}");
    assert!(request.to_ascii_lowercase().contains("x-venue: yes"), "{request}");
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap().trim();
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    for byte in answer.as_bytes().split_last().unwrap().1 {
        client.receive(&[*byte]);
        assert_eq!(client.poll(), Ok(None));
    }
    client.receive(b"\n");
    assert_eq!(client.poll(), Ok(Some(Message::Opened)));
    assert!(client.is_open());
    (client, WebSocket::from_raw_socket(Wire::default(), Role::Server, None))
}

fn sent(server: &mut WebSocket<Wire>) -> Vec<u8> {
    std::mem::take(&mut server.get_mut().to_client)
}

#[test]
fn messages_arrive_whole_whatever_the_reads() {
    let (mut client, mut server) = open();
    for size in [0, 1, 125, 126, 1024] {
        server.send(tungstenite::Message::text("x".repeat(size))).unwrap();
    }
    server.send(tungstenite::Message::binary(vec![7; 3])).unwrap();
    let bytes = sent(&mut server);
    let mut got = Vec::new();
    for byte in &bytes {
        client.receive(&[*byte]);
        while let Some(message) = client.poll().unwrap() {
            match message {
                Message::Text(text) => got.push(text.len()),
                Message::Binary(bytes) => assert_eq!(bytes, [7; 3]),
                other => panic!("unexpected {other:?}"),
            }
        }
    }
    assert_eq!(got, [0, 1, 125, 126, 1024]);
}

#[test]
fn a_ping_is_answered_with_its_payload() {
    let (mut client, mut server) = open();
    server.send(tungstenite::Message::Ping(b"1763650039".to_vec().into())).unwrap();
    client.receive(&sent(&mut server));
    assert_eq!(client.poll(), Ok(Some(Message::Ping)));
    server.get_mut().to_server = std::mem::take(client.outgoing());
    assert_eq!(server.read().unwrap(), tungstenite::Message::Pong(b"1763650039".to_vec().into()));
}

#[test]
fn sent_text_and_close_reach_the_server() {
    let (mut client, mut server) = open();
    client.send_text("{\"method\":\"SUBSCRIBE\"}").unwrap();
    client.send_binary(&[0, 1, 11]).unwrap();
    client.close();
    assert!(!client.is_open());
    server.get_mut().to_server = std::mem::take(client.outgoing());
    assert_eq!(server.read().unwrap(), tungstenite::Message::text("{\"method\":\"SUBSCRIBE\"}"));
    assert_eq!(server.read().unwrap(), tungstenite::Message::binary(vec![0, 1, 11]));
    assert!(server.read().unwrap().is_close());
}

#[test]
fn the_peers_close_is_told_with_its_code_and_then_final() {
    let (mut client, mut server) = open();
    let frame = tungstenite::protocol::CloseFrame { code: 1008.into(), reason: "too many requests".into() };
    server.close(Some(frame)).unwrap();
    client.receive(&sent(&mut server));
    assert_eq!(client.poll(), Ok(Some(Message::Close(1008))));
    assert!(!client.outgoing().is_empty(), "the close is answered");
    assert!(client.send_text("late").is_err());
}

#[test]
fn a_refused_upgrade_carries_status_and_retry_after() {
    let date = "Date: Sun, 06 Nov 1994 08:49:30 GMT";
    for (headers, expected) in [
        ("Retry-After: 17".to_owned(), Some(17)),
        (format!("{date}\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT"), Some(7)),
        (format!("{date}\r\nRetry-After: Sunday, 06-Nov-94 08:50:30 GMT"), Some(60)),
        (format!("{date}\r\nRetry-After: Sun Nov  6 08:49:37 1994"), Some(7)),
        (format!("{date}\r\nRetry-After: Sun, 06 Nov 1994 08:00:00 GMT"), Some(0)),
        (format!("{date}\r\nRetry-After: soon"), None),
        ("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT".to_owned(), None),
        (date.to_owned(), None),
    ] {
        let mut client =
            Socket::connect("wss://localhost/ws", "tickplane-test", &[("X-Venue", "yes".to_owned())], LIMITS).unwrap();
        request(&mut client);
        let answer = format!("HTTP/1.1 429 Too Many Requests\r\n{headers}\r\nContent-Length: 0\r\n\r\n");
        client.receive(answer.as_bytes());
        assert_eq!(client.poll(), Err(FrameError::Refused { status: 429, retry_after_s: expected }), "{headers}");
        assert_eq!(client.poll(), Err(FrameError::Closed));
    }
}

#[test]
fn an_oversized_message_is_refused_before_it_is_held() {
    let (mut client, mut server) = open();
    server.send(tungstenite::Message::text("x".repeat(1025))).unwrap();
    client.receive(&sent(&mut server)[..16]);
    assert!(matches!(client.poll(), Err(FrameError::TooLarge(_))));
}

#[test]
fn a_masked_frame_from_the_server_breaks_the_protocol() {
    let (mut client, _) = open();
    client.receive(&[0x81, 0x81, 1, 2, 3, 4, b'x' ^ 1]);
    assert!(matches!(client.poll(), Err(FrameError::Protocol(_))));
}

#[test]
fn a_wrong_address_is_named() {
    let error = Socket::connect("https://localhost/ws", "tickplane-test", &[("X-Venue", "yes".to_owned())], LIMITS)
        .unwrap_err();
    assert!(error.to_string().contains("https://localhost/ws"), "{error}");
}
