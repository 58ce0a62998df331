//! The venue: the server's end of one WebSocket, which sends one frame at a time.
#![allow(clippy::disallowed_methods, reason = "a simulated venue listens, and waits for its client")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tungstenite::{Message, WebSocket};

use crate::PerfError;

/// The client connects, and says what it has to, within this.
const OPENING_MAX: Duration = Duration::from_secs(10);

/// Binance's answer to a subscription.
const ACK: &str = r#"{"result":null,"id":1}"#;

/// A listening venue.
pub(crate) struct Venue {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
}

impl Venue {
    pub(crate) fn listen(tls: Option<Arc<ServerConfig>>) -> Result<Self, PerfError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(PerfError::io("listen on loopback"))?;
        listener.set_nonblocking(true).map_err(PerfError::io("listen on loopback"))?;
        let address = listener.local_addr().map_err(PerfError::io("listen on loopback"))?;
        Ok(Self { listener, address, tls })
    }

    /// The WebSocket base a client is given.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}", self.address)
    }

    /// Takes the client's connection, upgrade and subscription, and acknowledges it.
    pub(crate) fn subscriber(&self) -> Result<Subscriber, PerfError> {
        let refused = |error: &dyn std::fmt::Display| PerfError::Subscription(error.to_string());
        let stream = self.accept()?;
        let mut socket = tungstenite::accept(self.secure(stream)?).map_err(|error| refused(&error))?;
        match socket.read() {
            Ok(Message::Text(text)) if text.contains("btcusdt@trade") => {}
            Ok(other) => return Err(refused(&format!("it said {other}"))),
            Err(error) => return Err(refused(&error)),
        }
        socket.send(Message::text(ACK)).map_err(|error| refused(&error))?;
        Ok(Subscriber(socket))
    }

    fn accept(&self) -> Result<TcpStream, PerfError> {
        let start = Instant::now();
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => return prepared(stream).map_err(PerfError::io("accept the plane's connection")),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(PerfError::io("accept the plane's connection")(error)),
            }
            if start.elapsed() > OPENING_MAX {
                return Err(PerfError::Subscription(format!("no connection within {OPENING_MAX:?}")));
            }
            sleep(Duration::from_millis(1));
        }
    }

    fn secure(&self, stream: TcpStream) -> Result<Stream, PerfError> {
        let Some(config) = &self.tls else { return Ok(Stream::Plain(stream)) };
        let connection = ServerConnection::new(config.clone()).map_err(|error| PerfError::Tls(error.to_string()))?;
        Ok(Stream::Tls(Box::new(StreamOwned::new(connection, stream))))
    }
}

fn prepared(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(OPENING_MAX))?;
    Ok(stream)
}

/// A client that has subscribed.
pub(crate) struct Subscriber(WebSocket<Stream>);

impl Subscriber {
    /// Sends a whole frame with one write.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Result<(), PerfError> {
        let stream = self.0.get_mut();
        stream.write_all(frame).and_then(|()| stream.flush()).map_err(PerfError::io("send to the plane"))
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
