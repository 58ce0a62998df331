//! The TCP sockets of one shard, read by spinning over them or by readiness from epoll.
#![allow(clippy::disallowed_methods, reason = "this file opens the sockets of the data path")]

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
#[cfg(feature = "glommio")]
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use tickplane_shards::{Clock, CloseReason, ConnectionId, Shard};

use crate::choice::Runtime;
use crate::liveness::watch;

/// Bytes read at once, and so the most that one socket takes of a turn.
const READ_BYTES: usize = 64 * 1024;
/// The token by which other threads wake this one.
const WAKE: Token = Token(usize::MAX);
const EVENTS: usize = 256;

struct Socket {
    stream: TcpStream,
    /// Addresses to try if this one does not connect; `None` once connected.
    untried: Option<VecDeque<SocketAddr>>,
    /// epoll tells changes only: what it told stays true until a read or write would block.
    is_readable: bool,
    is_writable: bool,
}

/// The sockets of one shard, by connection.
pub(crate) struct Sockets {
    runtime: Runtime,
    poll: Poll,
    events: Events,
    sockets: Vec<Option<Socket>>,
    buffer: Box<[u8]>,
}

impl Sockets {
    pub(crate) fn new(runtime: Runtime) -> io::Result<Self> {
        Ok(Self {
            runtime,
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            sockets: Vec::new(),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
        })
    }

    /// The epoll set of the sockets and the waker, for those who wait for it by other means than [`Sockets::wait`].
    #[cfg(feature = "glommio")]
    pub(crate) fn set(&self) -> io::Result<OwnedFd> {
        self.poll.registry().as_fd().try_clone_to_owned()
    }

    /// What wakes a thread that sleeps in [`Sockets::wait`].
    pub(crate) fn waker(&self) -> io::Result<Waker> {
        Waker::new(self.poll.registry(), WAKE)
    }

    /// Sleeps until a socket is ready, the waker is used, or the time is over.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in &self.events {
            if let Some(Some(socket)) = self.sockets.get_mut(event.token().0) {
                socket.told(event);
            }
        }
        Ok(())
    }

    /// Whether a socket has bytes that were not read yet.
    pub(crate) fn has_readable(&self) -> bool {
        self.sockets.iter().flatten().any(|socket| socket.is_readable && socket.untried.is_none())
    }

    /// Opens a connection to the first of the addresses that answers.
    pub(crate) fn connect(&mut self, id: ConnectionId, addresses: VecDeque<SocketAddr>) -> Result<(), CloseReason> {
        let socket = self.open(id, addresses)?;
        if self.sockets.len() <= id {
            self.sockets.resize_with(id + 1, || None);
        }
        self.sockets[id] = Some(socket);
        Ok(())
    }

    fn open(&mut self, id: ConnectionId, mut addresses: VecDeque<SocketAddr>) -> Result<Socket, CloseReason> {
        let mut last = "the name has no address".to_owned();
        while let Some(address) = addresses.pop_front() {
            match self.begin(id, address) {
                Ok(stream) => {
                    let is_polled = self.runtime == Runtime::Poll;
                    let untried = Some(addresses);
                    return Ok(Socket { stream, untried, is_readable: is_polled, is_writable: is_polled });
                }
                Err(error) => last = format!("{address}: {error}"),
            }
        }
        Err(CloseReason::Tcp(last))
    }

    fn begin(&self, id: ConnectionId, address: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        watch(&stream)?;
        if self.runtime != Runtime::Poll {
            self.poll.registry().register(&mut stream, Token(id), Interest::READABLE | Interest::WRITABLE)?;
        }
        Ok(stream)
    }

    /// Forgets a connection; dropping the stream closes it.
    pub(crate) fn close(&mut self, id: ConnectionId) {
        if let Some(socket) = self.sockets.get_mut(id) {
            *socket = None;
        }
    }

    /// One turn over the sockets: completes connects, reads once from each that is ready, writes what waits.
    /// Returns whether anything happened.
    pub(crate) fn turn(&mut self, shard: &mut Shard, clock: &impl Clock) -> bool {
        let mut is_busy = false;
        let is_reading = shard.wants_read(clock.now());
        for id in 0..self.sockets.len() {
            let Some(socket) = &self.sockets[id] else { continue };
            if socket.untried.is_some() {
                is_busy |= self.complete(id, shard, clock);
                continue;
            }
            if is_reading && socket.is_readable {
                is_busy |= self.read(id, shard, clock);
            }
        }
        is_busy
    }

    /// Writes what the shard has for every socket that takes it.
    pub(crate) fn flush(&mut self, shard: &mut Shard, clock: &impl Clock) {
        for id in 0..self.sockets.len() {
            let Some(Some(socket)) = self.sockets.get_mut(id) else { continue };
            let Some(outgoing) = shard.outgoing(id) else { continue };
            if socket.untried.is_some() || !socket.is_writable || outgoing.is_empty() {
                continue;
            }
            if let Err(error) = socket.write(outgoing, self.runtime) {
                shard.closed(id, CloseReason::Tcp(error.to_string()), clock.now());
            }
        }
    }

    fn complete(&mut self, id: ConnectionId, shard: &mut Shard, clock: &impl Clock) -> bool {
        let Some(Some(socket)) = self.sockets.get_mut(id) else { return false };
        if !socket.is_writable {
            return false;
        }
        let failure = match (socket.stream.take_error(), socket.stream.peer_addr()) {
            (Ok(None), Ok(_)) => None,
            (Ok(None), Err(error)) if error.kind() == ErrorKind::NotConnected => return false,
            (Ok(Some(error)) | Err(error), _) | (_, Err(error)) => Some(error),
        };
        let Some(error) = failure else {
            socket.untried = None;
            shard.connected(id, clock.now());
            return true;
        };
        let untried = socket.untried.take().unwrap_or_default();
        let next =
            if untried.is_empty() { Err(CloseReason::Tcp(error.to_string())) } else { self.connect(id, untried) };
        if let Err(reason) = next {
            shard.closed(id, reason, clock.now());
        }
        true
    }

    fn read(&mut self, id: ConnectionId, shard: &mut Shard, clock: &impl Clock) -> bool {
        let Some(Some(socket)) = self.sockets.get_mut(id) else { return false };
        match socket.stream.read(&mut self.buffer) {
            Ok(0) => shard.closed(id, CloseReason::Tcp("the venue closed the connection".to_owned()), clock.now()),
            Ok(count) => shard.received(id, &mut self.buffer[..count], clock.now(), clock),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                socket.is_readable = self.runtime == Runtime::Poll;
                return false;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => shard.closed(id, CloseReason::Tcp(error.to_string()), clock.now()),
        }
        true
    }
}

impl Socket {
    fn told(&mut self, event: &Event) {
        self.is_readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.is_writable |= event.is_writable() || event.is_error();
    }

    fn write(&mut self, outgoing: &mut Vec<u8>, runtime: Runtime) -> io::Result<()> {
        while !outgoing.is_empty() {
            match self.stream.write(outgoing) {
                Ok(count) => {
                    outgoing.drain(..count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.is_writable = runtime == Runtime::Poll;
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
