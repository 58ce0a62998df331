//! One accepted socket, with or without TLS, and a bounded queue of what is still to be sent.

use std::io::{self, Read, Write};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::{ServerConfig, ServerConnection};

/// A client that lets this much pile up is dropped, as the venues do.
pub(crate) const QUEUE_MAX: usize = 8 << 20;
/// Plaintext handed to TLS at a time, so that its own buffer stays small.
const PIECE: usize = 16 << 10;

/// Reads give plaintext or `WouldBlock`; writes queue and never block; [`Wire::pump`] sends.
pub(crate) struct Wire {
    socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
    queue: Vec<u8>,
    sent: usize,
}

impl Wire {
    /// Takes an accepted socket.
    pub(crate) fn new(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> Result<Self, rustls::Error> {
        let tls = tls.map(|config| ServerConnection::new(Arc::clone(config)).map(Box::new)).transpose()?;
        Ok(Self { socket, tls, queue: Vec::new(), sent: 0 })
    }

    /// The socket, for registration.
    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Whether the client has let too much pile up.
    pub(crate) fn is_overrun(&self) -> bool {
        self.queue.len() - self.sent > QUEUE_MAX
    }

    /// Sends what the socket takes now; true when nothing is left.
    pub(crate) fn pump(&mut self) -> io::Result<bool> {
        let done = loop {
            match self.pump_once() {
                Ok(Some(done)) => break done,
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        if self.sent == self.queue.len() {
            self.queue.clear();
            self.sent = 0;
        } else if self.sent > QUEUE_MAX / 8 {
            self.queue.drain(..self.sent);
            self.sent = 0;
        }
        Ok(done)
    }

    fn pump_once(&mut self) -> io::Result<Option<bool>> {
        let rest = &self.queue[self.sent..];
        let Some(tls) = &mut self.tls else {
            if rest.is_empty() {
                return Ok(Some(true));
            }
            self.sent += self.socket.write(rest)?;
            return Ok(None);
        };
        if tls.wants_write() {
            tls.write_tls(&mut self.socket)?;
            return Ok(None);
        }
        if rest.is_empty() {
            return Ok(Some(true));
        }
        self.sent += tls.writer().write(&rest[..rest.len().min(PIECE)])?;
        Ok(None)
    }

    /// Says goodbye in TLS, after everything queued.
    pub(crate) fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.read(buffer) };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                other => return other,
            }
            if tls.read_tls(&mut self.socket)? == 0 {
                return Ok(0);
            }
            tls.process_new_packets().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.queue.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pump().map(|_| ())
    }
}
