//! One thread of the data plane: a shard, a worker, or both, turn after turn.
#![allow(clippy::disallowed_methods, reason = "this file starts the threads of the data path")]

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use core_affinity::CoreId;
use crossbeam_channel::{Receiver, Sender, unbounded};
use crossbeam_utils::sync::{Parker, Unparker};
use tickplane_model::ExchangeId;
use tickplane_segments::Bell;
use tickplane_shards::{
    Action, Clock, CloseReason, ConnectionId, ConnectionSpec, Fetch, FetchError, Now, OwnedInstrument, Report, Shard,
    SymbolFeeds, Worker,
};

use crate::choice::Runtime;
use crate::clock::SystemClock;
use crate::resolver::Resolver;
use crate::sockets::Sockets;

/// A parked thread looks at the world at least this often.
const SLEEP_MS_MAX: u64 = 1_000;
/// While a ring is full, a parked shard tries again this soon.
const RETRY_MS: u64 = 1;
/// Panics after which a thread gives up instead of starting over.
const PANICS_MAX: u32 = 8;

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
    /// The resolver's answer.
    Resolved {
        /// For which connection.
        connection: ConnectionId,
        /// Which attempt asked.
        attempt: u64,
        /// Addresses, or why there are none.
        result: Result<Vec<SocketAddr>, String>,
    },
    /// Close everything and end.
    Stop,
}

/// What a thread tells the cold path.
#[derive(Clone, PartialEq, Debug)]
pub enum Notice {
    /// Something about a connection.
    Report(Report),
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
    /// Where host names are resolved.
    pub resolver: Resolver,
    /// Tells sleeping readers that something was published.
    pub bell: Bell,
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

    fn wake(&self) {
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
/// When the system refuses a thread or epoll.
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
    let body = Body { spec, inbox, waiting, waking: waking.clone(), clock: SystemClock::new() };
    let handle = std::thread::Builder::new().name(body.spec.name.clone()).spawn(move || body.run())?;
    Ok(Thread { waking, handle: Arc::new(Mutex::new(Some(handle))) })
}

enum Waiting {
    Sockets(Sockets),
    Parker(Parker),
}

struct Body {
    spec: ThreadSpec,
    inbox: Receiver<Command>,
    waiting: Waiting,
    waking: Waking,
    clock: SystemClock,
}

impl Body {
    fn run(mut self) {
        if let Some(core) = self.spec.core {
            // A core that left the affinity mask since it was chosen costs the pinning, not the thread.
            core_affinity::set_for_current(CoreId { id: core });
        }
        for panics in 1..=PANICS_MAX {
            if catch_unwind(AssertUnwindSafe(|| self.turns())).is_ok() {
                return;
            }
            let notice = Notice::Panicked { thread: self.spec.name.clone(), is_final: panics == PANICS_MAX };
            let _ = self.spec.notices.send(notice);
            if let Some(shard) = &mut self.spec.shard {
                shard.recover(self.clock.now());
            }
        }
    }

    fn turns(&mut self) {
        loop {
            while let Ok(command) = self.inbox.try_recv() {
                if !self.obey(command) {
                    return;
                }
            }
            let is_busy = self.turn();
            self.wait(is_busy);
        }
    }

    /// One turn of everything on this thread; returns whether there was anything to do.
    fn turn(&mut self) -> bool {
        let start_ns = self.clock.now().monotonic_ns;
        let mut is_busy = false;
        if let (Some(shard), Waiting::Sockets(sockets)) = (&mut self.spec.shard, &mut self.waiting) {
            is_busy |= sockets.turn(shard, &self.clock);
            shard.timeout(self.clock.now());
            sockets.flush(shard, &self.clock);
            self.act();
        }
        if let Some(worker) = &mut self.spec.worker {
            is_busy |= worker.turn(&self.clock);
        }
        if let Some(shard) = &mut self.spec.shard {
            shard.end_of_turn(self.clock.now());
            for (ring, worker) in self.spec.workers.iter().enumerate() {
                if shard.take_sent(ring)
                    && let Some(worker) = worker
                {
                    worker.wake();
                }
            }
        }
        let busy_ns = is_busy.then(|| self.clock.now().monotonic_ns - start_ns);
        match (&mut self.spec.shard, &mut self.spec.worker) {
            (Some(shard), _) => shard.turned(busy_ns),
            (None, Some(worker)) => worker.turned(busy_ns),
            (None, None) => {}
        }
        if is_busy {
            self.spec.bell.mark();
        }
        is_busy
    }

    fn act(&mut self) {
        while let Some(action) = self.spec.shard.as_mut().and_then(Shard::next_action) {
            let Waiting::Sockets(sockets) = &mut self.waiting else { return };
            match action {
                Action::Connect { connection, attempt, host, port } => {
                    self.spec.resolver.ask(connection, attempt, host, port, self.waking.clone());
                }
                Action::Close { connection } => sockets.close(connection),
                Action::Fetch(fetch) => self.refuse(&fetch),
                Action::Report(report) => drop(self.spec.notices.send(Notice::Report(report))),
            }
        }
    }

    /// Answers a question that no one here can carry to the venue.
    fn refuse(&mut self, fetch: &Fetch) {
        if let Some(shard) = &mut self.spec.shard {
            let error = FetchError::Failed("this thread cannot ask venues by REST".to_owned());
            shard.fetched(fetch.ticket, Err(error), self.clock.now(), &self.clock);
        }
    }

    /// Sleeps until something is due. A busy thread only learns which sockets became ready.
    fn wait(&mut self, is_busy: bool) {
        if self.spec.runtime == Runtime::Poll {
            std::hint::spin_loop();
            return;
        }
        let timeout = if is_busy { Duration::ZERO } else { self.sleep() };
        match &mut self.waiting {
            Waiting::Sockets(sockets) => {
                // epoll fails only for reasons that no retry mends; a thread that cannot sleep still serves.
                let _ = sockets.wait(Some(timeout));
            }
            Waiting::Parker(parker) => {
                if !timeout.is_zero() {
                    parker.park_timeout(timeout);
                }
            }
        }
    }

    /// How long nothing is due.
    fn sleep(&mut self) -> Duration {
        let now = self.clock.now();
        let mut ns = SLEEP_MS_MAX * 1_000_000;
        if let (Some(shard), Waiting::Sockets(sockets)) = (&self.spec.shard, &self.waiting) {
            ns = ns.min(shard.next_timeout_ns().saturating_sub(now.monotonic_ns));
            if !shard.wants_read(now) {
                ns = ns.min(RETRY_MS * 1_000_000);
            } else if sockets.has_readable() {
                return Duration::ZERO;
            }
        }
        if let Some(worker) = &mut self.spec.worker {
            if worker.has_work() {
                return Duration::ZERO;
            }
            ns = ns.min(worker.next_close_in_ns(now).unwrap_or(u64::MAX));
        }
        Duration::from_nanos(ns)
    }

    /// Does what a command says; `false` ends the thread.
    fn obey(&mut self, command: Command) -> bool {
        let now = self.clock.now();
        match (command, &mut self.spec.shard, &mut self.spec.worker) {
            (Command::AddSymbols(symbols, _done), _, Some(worker)) => {
                symbols.into_iter().for_each(|symbol| worker.add_symbol(symbol));
            }
            (Command::AddInstruments(instruments, _done), Some(shard), _) => {
                instruments.into_iter().for_each(|instrument| shard.add_instrument(instrument));
            }
            (Command::AddConnections(specs, _done), Some(shard), _) => {
                for spec in specs {
                    shard.add_connection(spec, now);
                }
            }
            (Command::RemoveExchange(exchange, _done), Some(_), _) => self.remove(exchange, now),
            (Command::Resolved { connection, attempt, result }, Some(_), _) => {
                self.resolved(connection, attempt, result);
            }
            (Command::Stop, _, _) => {
                ExchangeId::ALL.into_iter().for_each(|exchange| self.remove(exchange, now));
                return false;
            }
            _ => {}
        }
        true
    }

    /// Says goodbye on an exchange's connections, then closes them.
    fn remove(&mut self, exchange: ExchangeId, now: Now) {
        if let (Some(shard), Waiting::Sockets(sockets)) = (&mut self.spec.shard, &mut self.waiting) {
            shard.say_goodbye(exchange);
            sockets.flush(shard, &self.clock);
            shard.remove_exchange(exchange, now);
            self.act();
        }
    }

    fn resolved(&mut self, id: ConnectionId, attempt: u64, result: Result<Vec<SocketAddr>, String>) {
        let (Some(shard), Waiting::Sockets(sockets)) = (&mut self.spec.shard, &mut self.waiting) else { return };
        if !shard.expects(id, attempt) {
            return;
        }
        let opened = match result {
            Ok(addresses) => sockets.connect(id, VecDeque::from(addresses)),
            Err(reason) => Err(CloseReason::Dns(reason)),
        };
        if let Err(reason) = opened {
            shard.closed(id, reason, self.clock.now());
        }
    }
}
