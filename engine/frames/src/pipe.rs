//! The in-memory stream tungstenite reads from and writes to.

use std::io::{self, ErrorKind, Read, Write};

/// Two byte queues that never block: an empty read says `WouldBlock`, a write always succeeds.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    incoming: Vec<u8>,
    /// Bytes of `incoming` already read.
    read: usize,
    pub(crate) outgoing: Vec<u8>,
}

impl Pipe {
    /// Adds bytes that came from the peer.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        if self.read == self.incoming.len() {
            self.incoming.clear();
            self.read = 0;
        }
        self.incoming.extend_from_slice(bytes);
    }

    /// Bytes from the peer that were not read yet.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.incoming[self.read..]
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let waiting = self.waiting();
        if waiting.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = waiting.len().min(buffer.len());
        buffer[..count].copy_from_slice(&waiting[..count]);
        self.read += count;
        Ok(count)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
