//! A plain client: tungstenite and raw HTTP over rustls, none of the plane's code.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use tickplane_model::ExchangeId;
use tickplane_simulator::{Simulation, VenueEndpoint};
use tungstenite::{Message, WebSocket};

/// A byte stream, with or without TLS.
pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A WebSocket on it.
pub(crate) type Socket = WebSocket<Box<dyn Stream>>;

/// The endpoint of a venue.
pub(crate) fn endpoint(simulation: &Simulation, exchange: ExchangeId) -> VenueEndpoint {
    simulation.endpoints().iter().find(|endpoint| endpoint.exchange == exchange).unwrap().clone()
}

/// Host and port of a URL.
pub(crate) fn authority(url: &str) -> &str {
    url.split("://").nth(1).unwrap().split('/').next().unwrap()
}

/// Connects; with a CA by TLS that verifies it and the name `localhost`.
pub(crate) fn connect(url: &str, ca_pem: Option<&str>) -> Box<dyn Stream> {
    let socket = TcpStream::connect(authority(url)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let Some(pem) = ca_pem else { return Box::new(socket) };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    Box::new(StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), socket))
}

/// Opens a WebSocket at a venue; `path` is added to its base.
pub(crate) fn open(simulation: &Simulation, exchange: ExchangeId, path: &str) -> Socket {
    let url = format!("{}{path}", endpoint(simulation, exchange).websocket);
    let stream = connect(&url, simulation.ca_pem());
    tungstenite::client(url.as_str(), stream).unwrap().0
}

/// Sends a text.
pub(crate) fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).unwrap();
}

/// The next text, as JSON.
pub(crate) fn hear(socket: &mut Socket) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// Texts until `enough` says so; panics after a quarter of a minute.
pub(crate) fn hear_until(socket: &mut Socket, mut enough: impl FnMut(&Value) -> bool) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(15);
    let mut heard = Vec::new();
    while Instant::now() < deadline {
        let message = hear(socket);
        let done = enough(&message);
        heard.push(message);
        if done {
            return heard;
        }
    }
    panic!("not heard within 15 s; the last message was {:?}", heard.last());
}

/// Several GETs on one connection: status and JSON of each.
pub(crate) fn get(simulation: &Simulation, exchange: ExchangeId, paths: &[&str]) -> Vec<(u16, Value)> {
    let mut stream = connect(&endpoint(simulation, exchange).rest, simulation.ca_pem());
    let answer = |path: &&str| {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        stream.flush().unwrap();
        let (status, body) = read_response(&mut stream);
        (status, serde_json::from_str(&body).unwrap_or_default())
    };
    paths.iter().map(answer).collect()
}

fn read_response(stream: &mut Box<dyn Stream>) -> (u16, String) {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head[9..12].parse().unwrap(), String::from_utf8(body).unwrap())
}
