//! The bare relay: receives bytes from a loopback socket and stores one word. Nothing that moves a message from a
//! socket to a spinning reader does less.
#![allow(clippy::disallowed_methods, reason = "a baseline has its own socket and thread")]

use std::hint::spin_loop;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use core_affinity::CoreId;
use crossbeam_utils::CachePadded;
use rustix::event::{PollFd, PollFlags, poll};
use tickplane_runtimes::Runtime;

use crate::PerfError;

/// As much as the plane reads at once.
const READ_BYTES: usize = 64 * 1024;

/// A running relay and the sender's end of its socket.
pub(crate) struct Relay {
    stream: TcpStream,
    received: Arc<CachePadded<AtomicU64>>,
    sent: u64,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Relay {
    pub(crate) fn start(waiting: Runtime, core: usize) -> Result<Self, PerfError> {
        let (stream, inbound) = pair().map_err(PerfError::io("connect the relay's socket"))?;
        let received = Arc::new(CachePadded::new(AtomicU64::new(0)));
        let word = received.clone();
        let relay = std::thread::Builder::new().name("relay".to_owned()).spawn(move || {
            core_affinity::set_for_current(CoreId { id: core });
            relay(inbound, waiting, &word)
        });
        let thread = Some(relay.map_err(PerfError::io("start the relay's thread"))?);
        Ok(Self { stream, received, sent: 0, thread })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), PerfError> {
        self.sent += bytes.len() as u64;
        self.stream.write_all(bytes).map_err(PerfError::io("send to the relay"))
    }

    /// Whether everything sent has come out.
    #[inline]
    pub(crate) fn has_all(&self) -> bool {
        // SYNC relay-word: acquire, pairs with the release in `relay`: as a reader of data behind the word would need.
        self.received.load(Ordering::Acquire) == self.sent
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // The relay ends when its socket does; its own failure showed as a message that never came out.
        let _ = self.stream.shutdown(Shutdown::Both);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    let (inbound, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    inbound.set_nonblocking(true)?;
    Ok((stream, inbound))
}

fn relay(mut inbound: TcpStream, waiting: Runtime, received: &AtomicU64) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    let mut total = 0;
    loop {
        match inbound.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                total += count as u64;
                // SYNC relay-word: release, pairs with the acquire in `has_all`.
                received.store(total, Ordering::Release);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => match waiting {
                Runtime::Poll => spin_loop(),
                Runtime::Park | Runtime::Glommio => drop(poll(&mut [PollFd::new(&inbound, PollFlags::IN)], None)?),
            },
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
