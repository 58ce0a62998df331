//! One thread of the data plane: a shard, a worker, or both, turn after turn.
#![allow(clippy::disallowed_methods, reason = "this file starts the threads of the data path")]

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, unbounded};
use crossbeam_utils::sync::{Parker, Unparker};
use tickplane_model::ExchangeId;
use tickplane_segments::{Bell, HoldKind};
use tickplane_shards::{
    ConnectionId, ConnectionSpec, Fetch, FetchError, History, OwnedInstrument, Report, Shard, SymbolFeeds, Worker,
};

use crate::choice::Runtime;
use crate::clock::SystemClock;
use crate::resolver::Resolver;
use crate::ringer::Ringer;
use crate::sockets::Sockets;
use crate::turns::{Turns, Waiting};

/// What the cold path tells a thread. Each is done when its `done` is dropped.
pub enum Command {
    /// The shard takes over instruments, in this order.
    AddInstruments(Vec<OwnedInstrument>, Sender<()>),
    /// The shard opens connections.
    AddConnections(Vec<ConnectionSpec>, Sender<()>),
    /// The shard closes the connections of an exchange.
    RemoveExchange(ExchangeId, Sender<()>),
    /// The worker takes over symbols, in this order.
    AddSymbols(Vec<SymbolFeeds>, Sender<()>),
    /// The worker takes candles of the venue into its rows, in slices of its next turns.
    History(Vec<History>),
    /// The resolver's answer.
    Resolved {
        /// For which connection.
        connection: ConnectionId,
        /// Which attempt asked.
        attempt: u64,
        /// Addresses, or why there are none.
        result: Result<Vec<SocketAddr>, String>,
    },
    /// The attempt waits its turn, so that it gets as much longer to open.
    Delayed {
        /// For which connection.
        connection: ConnectionId,
        /// Which attempt.
        attempt: u64,
        /// How long it waits.
        wait: Duration,
        /// What keeps it back.
        hold: HoldKind,
    },
    /// A connection may say one more thing, where its venue counts what all connections say together.
    Permitted {
        /// Which connection.
        connection: ConnectionId,
        /// Which attempt asked.
        attempt: u64,
        /// In how long.
        wait: Duration,
    },
    /// The answer to a [`Fetch`].
    Fetched {
        /// Which question of the shard.
        ticket: u64,
        /// The venue's answer.
        answer: Result<Vec<u8>, FetchError>,
    },
    /// Close everything and end.
    Stop,
}

/// Carries a shard's questions to venues. Called on the shard's thread, so it only passes them on.
pub trait Fetcher: Send + Sync {
    /// Takes a question; `answer` gets a [`Command::Fetched`], whatever comes of it.
    fn fetch(&self, fetch: Fetch, answer: &Waking);
}

/// What a thread tells the cold path.
#[derive(Clone, PartialEq, Debug)]
pub enum Notice {
    /// Something about a connection.
    Report(Report),
    /// A connection attempt waits to stay within the venue's limit, or for the end of a ban.
    Delayed {
        /// Where it goes, `host:port`.
        host: String,
        /// How long it waits.
        wait: Duration,
        /// What keeps it back.
        hold: HoldKind,
    },
    /// The thread could not have the runtime it was to use, and waits another way.
    FellBack {
        /// The thread's name.
        thread: String,
        /// The runtime it was to use.
        wanted: Runtime,
        /// What it uses.
        used: Runtime,
        /// Why.
        reason: String,
    },
    /// The thread met a defect in tickplane; it goes on with new connections unless `is_final`.
    Panicked {
        /// The thread's name.
        thread: String,
        /// Whether it gave up.
        is_final: bool,
    },
}

/// What a thread is made of.
pub struct ThreadSpec {
    /// Its name, at most 15 bytes.
    pub name: String,
    /// How it waits.
    pub runtime: Runtime,
    /// The core it is pinned to.
    pub core: Option<usize>,
    /// Its shard.
    pub shard: Option<Shard>,
    /// Its worker.
    pub worker: Option<Worker>,
    /// Behind each of the shard's rings: how to wake the thread of that worker; `None` if it is this thread.
    pub workers: Vec<Option<Waking>>,
    /// Where host names are resolved, and attempts kept within the venues' limits.
    pub resolver: Resolver,
    /// Who asks venues by REST; without it every question fails at once.
    pub fetcher: Option<Arc<dyn Fetcher>>,
    /// Tells sleeping readers that something was published.
    pub bell: Bell,
    /// Calls the thread that rings the bell, where that may sleep.
    pub ringer: Option<Ringer>,
    /// Where notices go.
    pub notices: Sender<Notice>,
}

/// How to reach a thread: commands, and what ends its sleep.
#[derive(Clone)]
pub struct Waking {
    commands: Sender<Command>,
    sleep: SleepEnd,
}

#[derive(Clone)]
enum SleepEnd {
    Sockets(Arc<mio::Waker>),
    Parked(Unparker),
}

impl Waking {
    /// Sends a command and ends the thread's sleep. A thread that is gone takes none, which is no error: it ended
    /// because it was told to, or said why.
    pub fn send(&self, command: Command) {
        if self.commands.send(command).is_ok() {
            self.wake();
        }
    }

    pub(crate) fn wake(&self) {
        match &self.sleep {
            // An eventfd that cannot be written is full of wakes already.
            SleepEnd::Sockets(waker) => drop(waker.wake()),
            SleepEnd::Parked(unparker) => unparker.unpark(),
        }
    }
}

/// A running thread; clones speak of the same one.
#[derive(Clone)]
pub struct Thread {
    waking: Waking,
    handle: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Thread {
    /// How to reach it.
    #[must_use]
    pub fn waking(&self) -> &Waking {
        &self.waking
    }

    /// Waits until the thread has ended; it must have been told to [`Command::Stop`].
    pub fn join(self) {
        let handle = self.handle.lock().ok().and_then(|mut handle| handle.take());
        if let Some(handle) = handle {
            // A panic was already reported by the thread itself.
            let _ = handle.join();
        }
    }
}

/// Starts a thread.
///
/// # Errors
/// When the system refuses a thread or epoll. An io_uring it refuses is told by [`Notice::FellBack`].
pub fn spawn(spec: ThreadSpec) -> io::Result<Thread> {
    let (commands, inbox) = unbounded();
    let (waiting, sleep) = if spec.shard.is_some() {
        let sockets = Sockets::new(spec.runtime)?;
        let waker = Arc::new(sockets.waker()?);
        (Waiting::Sockets(sockets), SleepEnd::Sockets(waker))
    } else {
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        (Waiting::Parker(parker), SleepEnd::Parked(unparker))
    };
    let waking = Waking { commands, sleep };
    let name = spec.name.clone();
    let turns = Turns::new(spec, inbox, waiting, waking.clone(), SystemClock::new());
    let handle = std::thread::Builder::new().name(name).spawn(move || turns.run())?;
    Ok(Thread { waking, handle: Arc::new(Mutex::new(Some(handle))) })
}
