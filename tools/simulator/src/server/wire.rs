//! One accepted socket, with or without TLS, and a bounded queue of what is still to be sent.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use rustls::{ServerConfig, ServerConnection};

/// A client that lets this much pile up is dropped, as the venues do.
pub(crate) const QUEUE_MAX: usize = 8 << 20;
/// Plaintext handed to TLS at a time, so that its own buffer stays small.
const PIECE: usize = 16 << 10;
/// An application record of the right form whose contents decrypt to nothing.
const CORRUPT_RECORD: [u8; 45] = {
    let mut record = [0x5a; 45];
    (record[0], record[1], record[2], record[3], record[4]) = (23, 3, 3, 0, 40);
    record
};

/// Reads give plaintext or `WouldBlock`; writes queue and never block; [`Wire::pump`] sends.
pub(crate) struct Wire {
    socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
    queue: Vec<u8>,
    sent: usize,
    /// Bytes the queue may hold beyond the usual bound, for what is large on purpose.
    allowance: usize,
    /// What is written now is lost, and nothing is sent.
    pub(crate) muted: bool,
    /// At most so many bytes may be sent, one at a time; any number if absent.
    pub(crate) drip: Option<usize>,
    /// The first record after the handshake is to be a corrupt one.
    pub(crate) corrupt: bool,
    /// Whether TLS says goodbye once everything queued is sent: rustls takes no data after that.
    finishing: bool,
}

impl Wire {
    /// Takes an accepted socket.
    pub(crate) fn new(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> Result<Self, rustls::Error> {
        let tls = tls.map(|config| ServerConnection::new(Arc::clone(config)).map(Box::new)).transpose()?;
        let (queue, sent, allowance) = (Vec::new(), 0, 0);
        Ok(Self { socket, tls, queue, sent, allowance, muted: false, drip: None, corrupt: false, finishing: false })
    }

    /// The socket, for registration.
    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Makes the end of this connection a reset.
    pub(crate) fn reset_at_end(&self) {
        reset_at_end(&self.socket);
    }

    /// Bytes that wait to be sent.
    pub(crate) fn backlog(&self) -> usize {
        self.queue.len() - self.sent
    }

    /// Lets this much more pile up until all is sent.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.allowance += bytes;
    }

    /// Whether the client has let too much pile up.
    pub(crate) fn is_overrun(&self) -> bool {
        self.backlog() > QUEUE_MAX + self.allowance
    }

    /// Sends what the socket takes now; true when nothing is left.
    pub(crate) fn pump(&mut self) -> io::Result<bool> {
        if self.muted {
            return Ok(false);
        }
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
            (self.sent, self.allowance) = (0, 0);
        } else if self.sent > QUEUE_MAX / 8 {
            self.queue.drain(..self.sent);
            self.sent = 0;
        }
        Ok(done)
    }

    fn pump_once(&mut self) -> io::Result<Option<bool>> {
        let mut outlet = Outlet { socket: &mut self.socket, drip: self.drip.as_mut() };
        let rest = &self.queue[self.sent..];
        let Some(tls) = &mut self.tls else {
            if rest.is_empty() {
                return Ok(Some(true));
            }
            self.sent += outlet.write(rest)?;
            return Ok(None);
        };
        if tls.wants_write() {
            tls.write_tls(&mut outlet)?;
            return Ok(None);
        }
        if self.corrupt && !tls.is_handshaking() {
            self.corrupt = false;
            // Shorter than any send buffer, and nothing was sent on this connection but its handshake.
            let _ = outlet.write(&CORRUPT_RECORD)?;
        }
        if rest.is_empty() {
            if !std::mem::take(&mut self.finishing) {
                return Ok(Some(true));
            }
            tls.send_close_notify();
            return Ok(None);
        }
        self.sent += tls.writer().write(&rest[..rest.len().min(PIECE)])?;
        Ok(None)
    }

    /// Says goodbye in TLS, after everything queued.
    pub(crate) fn finish(&mut self) {
        self.finishing = self.tls.is_some();
    }
}

/// Makes the end of this socket a reset (RST) instead of an orderly end.
pub(crate) fn reset_at_end(socket: &TcpStream) {
    // A socket that does not take it ends in order, which is the worst that can happen.
    let _ = rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO));
}

/// The socket, perhaps a dripping one.
struct Outlet<'a> {
    socket: &'a mut TcpStream,
    drip: Option<&'a mut usize>,
}

impl Write for Outlet<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.drip {
            None => self.socket.write(bytes),
            Some(left) if **left == 0 => Err(io::ErrorKind::WouldBlock.into()),
            Some(left) => {
                let sent = self.socket.write(&bytes[..bytes.len().min(1)])?;
                **left -= sent;
                Ok(sent)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
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
        if !self.muted {
            self.queue.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pump().map(|_| ())
    }
}
