//! A connection that never gets as far as HTTP: the client's first bytes are met by a script.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;

use super::Gone;
use crate::server::tls::Handshake;
use crate::server::wire::reset_at_end;

/// What is still to happen.
enum Script {
    /// The first bytes are answered so, then our side ends.
    Answer(Vec<u8>),
    Reset,
    /// Whatever comes is read and not answered.
    Listen,
}

/// One such connection.
pub(super) struct Scripted {
    socket: TcpStream,
    script: Script,
}

impl Scripted {
    pub(super) fn new(socket: TcpStream, handshake: &Handshake) -> Self {
        let script = match handshake {
            Handshake::Answer(bytes) => Script::Answer(bytes.clone()),
            Handshake::Reset => Script::Reset,
            Handshake::Stall | Handshake::Proper(_) | Handshake::Corrupt(_) => Script::Listen,
        };
        Self { socket, script }
    }

    /// The socket can be read.
    pub(super) fn ready(&mut self) -> Result<(), Gone> {
        let mut buffer = [0; 4096];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => return Err(Gone),
                Ok(_) => self.heard()?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    fn heard(&mut self) -> Result<(), Gone> {
        match std::mem::replace(&mut self.script, Script::Listen) {
            Script::Answer(bytes) => {
                // A few hundred bytes at most: an empty send buffer takes them whole.
                self.socket.write_all(&bytes)?;
                Ok(self.socket.shutdown(Shutdown::Write)?)
            }
            Script::Reset => {
                reset_at_end(&self.socket);
                Err(Gone)
            }
            Script::Listen => Ok(()),
        }
    }
}
