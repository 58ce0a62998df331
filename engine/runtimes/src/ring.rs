//! A glommio executor that sleeps in its io_uring until a thread's epoll set has something to tell.
//!
//! glommio's own socket reads cost 26 µs even when spinning, and each of its waiting sockets costs idle CPU. So sockets
//! stay in the epoll set they are in under `park` and are read raw, and the executor waits for one thing: the set
//! itself, which is readable as soon as any socket, or the waker, is.

use std::io::{self, ErrorKind};
use std::net::TcpStream as AnyFile;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use futures_lite::AsyncReadExt;
use glommio::net::TcpStream;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};
use socket2::Socket;

/// Requests that may wait in a ring: one poll and one time-out do.
const DEPTH: usize = 16;
/// glommio takes registered memory for file I/O, which counts against the memlock limit; this is its least.
const MEMORY_BYTES: usize = 64 * 1024;

/// The executor of the current thread.
pub(crate) struct Ring {
    executor: LocalExecutor,
}

impl Ring {
    /// An executor, or why the system refuses one.
    pub(crate) fn new() -> Result<Self, String> {
        let executor = LocalExecutorBuilder::new(Placement::Unbound).io_memory(MEMORY_BYTES).ring_depth(DEPTH).make();
        executor.map(|executor| Self { executor }).map_err(|error| refusal(&error.to_string()))
    }

    /// Turns until `turn` returns `None`, sleeping in between until the epoll set is readable or the time is over.
    pub(crate) fn run(&self, set: OwnedFd, mut turn: impl FnMut() -> Option<Duration>) {
        self.executor.run(async {
            let mut doorbell = Doorbell { set, waiting: None };
            while let Some(timeout) = turn() {
                if !timeout.is_zero() {
                    doorbell.wait(timeout).await;
                }
            }
        });
    }
}

/// glommio's words, and what the user can do.
fn refusal(words: &str) -> String {
    let remedy = if words.contains("MemLock") {
        "raise the limit of locked memory to 512 KiB (`ulimit -l 512`, `docker run --ulimit memlock=524288`)"
    } else {
        "allow io_uring (a container's seccomp profile, sysctl kernel.io_uring_disabled)"
    };
    format!("{words}; {remedy}, or set the runtime to park")
}

/// Waits for an epoll set by a poll request in the ring.
///
/// glommio has no public call to wait for a file. But its TCP stream puts a poll request for reading into the ring when
/// it is made, and its `read` waits for that before it reads; the read then fails at once, as an epoll set is no
/// socket. So one stream over the set is one wait, and the request outlives a time-out.
struct Doorbell {
    set: OwnedFd,
    waiting: Option<TcpStream>,
}

impl Doorbell {
    async fn wait(&mut self, timeout: Duration) {
        if self.waiting.is_none() {
            // Without a descriptor to spare there is no sleep; the thread serves on.
            let Ok(set) = self.set.as_fd().try_clone_to_owned() else { return };
            self.waiting = Some(TcpStream::from(Socket::from(AnyFile::from(set))));
        }
        let Some(stream) = &mut self.waiting else { return };
        let is_rung = match stream.set_read_timeout(Some(timeout)) {
            Ok(()) => !is_timeout(&stream.read(&mut [0]).await),
            Err(_) => true,
        };
        if is_rung {
            self.waiting = None;
        }
    }
}

fn is_timeout(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut)
}
