//! The turns of one thread: commands, sockets, shard, worker, then sleep until something is due.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use core_affinity::CoreId;
use crossbeam_channel::Receiver;
use crossbeam_utils::sync::Parker;
use tickplane_model::ExchangeId;
use tickplane_shards::{Action, Clock, CloseReason, ConnectionId, Fetch, FetchError, Now, Shard};

use crate::choice::Runtime;
use crate::clock::SystemClock;
use crate::sockets::Sockets;
use crate::thread::{Command, Notice, ThreadSpec, Waking};

/// A parked thread looks at the world at least this often.
const SLEEP_MS_MAX: u64 = 1_000;
/// While a ring is full, a parked shard tries again this soon.
const RETRY_MS: u64 = 1;
/// Panics after which a thread gives up instead of starting over.
const PANICS_MAX: u32 = 8;

/// What a thread sleeps in: one with a shard in its sockets, one without in a parker.
pub(crate) enum Waiting {
    Sockets(Sockets),
    Parker(Parker),
}

/// A thread between its turns.
pub(crate) struct Turns {
    spec: ThreadSpec,
    inbox: Receiver<Command>,
    waiting: Waiting,
    waking: Waking,
    clock: SystemClock,
    panics: u32,
}

impl Turns {
    pub(crate) const fn new(
        spec: ThreadSpec,
        inbox: Receiver<Command>,
        waiting: Waiting,
        waking: Waking,
        clock: SystemClock,
    ) -> Self {
        Self { spec, inbox, waiting, waking, clock, panics: 0 }
    }

    /// Turns until told to stop.
    pub(crate) fn run(mut self) {
        if let Some(core) = self.spec.core {
            // A core that left the affinity mask since it was chosen costs the pinning, not the thread.
            core_affinity::set_for_current(CoreId { id: core });
        }
        match self.spec.runtime {
            Runtime::Poll => {
                while self.next().is_some() {
                    std::hint::spin_loop();
                }
            }
            Runtime::Park => self.run_parked(),
            Runtime::Glommio => self.run_in_ring(),
        }
    }

    fn run_parked(&mut self) {
        while let Some(timeout) = self.next() {
            self.wait(timeout);
        }
    }

    /// Turns inside a glommio executor. A thread without sockets has nothing an io_uring could wait for: it parks.
    #[cfg(feature = "glommio")]
    fn run_in_ring(&mut self) {
        let Waiting::Sockets(sockets) = &self.waiting else { return self.run_parked() };
        let set = sockets.set().map_err(|error| error.to_string());
        match set.and_then(|set| crate::ring::Ring::new().map(|ring| (ring, set))) {
            Ok((ring, set)) => {
                let mut spin = Spin::new(self.spec.core.is_some());
                ring.run(set, || {
                    self.wait(Duration::ZERO);
                    let timeout = self.next()?;
                    Some(spin.instead_of(timeout, self.clock.now()))
                });
            }
            Err(reason) => self.fall_back(reason),
        }
    }

    #[cfg(not(feature = "glommio"))]
    fn run_in_ring(&mut self) {
        self.fall_back(crate::probe::NOT_BUILT.to_owned());
    }

    fn fall_back(&mut self, reason: String) {
        let (thread, wanted) = (self.spec.name.clone(), self.spec.runtime);
        self.spec.runtime = Runtime::Park;
        let _ = self.spec.notices.send(Notice::FellBack { thread, wanted, used: Runtime::Park, reason });
        self.run_parked();
    }

    /// One turn, and how long to sleep after it; `None` ends the thread.
    fn next(&mut self) -> Option<Duration> {
        match catch_unwind(AssertUnwindSafe(|| self.step())) {
            Ok(timeout) => timeout,
            Err(_) => self.panicked(),
        }
    }

    fn step(&mut self) -> Option<Duration> {
        while let Ok(command) = self.inbox.try_recv() {
            if !self.obey(command) {
                return None;
            }
        }
        let is_busy = self.turn();
        let is_polled = self.spec.runtime == Runtime::Poll;
        Some(if is_busy || is_polled { Duration::ZERO } else { self.sleep() })
    }

    /// Starts over after a panic, unless there were too many or starting over meets one itself.
    fn panicked(&mut self) -> Option<Duration> {
        self.panics += 1;
        let recovered = catch_unwind(AssertUnwindSafe(|| self.recover()));
        let is_final = recovered.is_err() || self.panics == PANICS_MAX;
        let _ = self.spec.notices.send(Notice::Panicked { thread: self.spec.name.clone(), is_final });
        (!is_final).then_some(Duration::ZERO)
    }

    fn recover(&mut self) {
        let now = self.clock.now();
        if let Some(shard) = &mut self.spec.shard {
            shard.recover(now);
        }
        if let Some(worker) = &mut self.spec.worker {
            worker.recover(now);
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
            if let Some(ringer) = &self.spec.ringer {
                ringer.call();
            }
        }
        is_busy
    }

    fn act(&mut self) {
        while let Some(action) = self.spec.shard.as_mut().and_then(Shard::next_action) {
            let Waiting::Sockets(sockets) = &mut self.waiting else { return };
            match action {
                Action::Connect { connection, attempt, host, port } => {
                    let (answer, notices) = (self.waking.clone(), self.spec.notices.clone());
                    self.spec.resolver.ask((connection, attempt), (host, port), answer, notices);
                }
                Action::AskToSpeak { connection, attempt, host, port } => {
                    self.spec.resolver.ask_to_speak((connection, attempt), (host, port), self.waking.clone());
                }
                Action::Close { connection } => sockets.close(connection),
                Action::Fetch(fetch) => self.fetch(fetch),
                Action::Report(report) => drop(self.spec.notices.send(Notice::Report(report))),
            }
        }
    }

    fn fetch(&mut self, fetch: Fetch) {
        if let Some(fetcher) = &self.spec.fetcher {
            fetcher.fetch(fetch, &self.waking);
        } else if let Some(shard) = &mut self.spec.shard {
            let error = FetchError::Failed("this thread cannot ask venues by REST".to_owned());
            shard.fetched(fetch.ticket, Err(error), self.clock.now(), &self.clock);
        }
    }

    /// Sleeps until something is due; a busy thread, with no time to sleep, only learns which sockets became ready.
    fn wait(&mut self, timeout: Duration) {
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
            (Command::History(histories), _, Some(worker)) => {
                histories.into_iter().for_each(|history| worker.history(history));
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
            (Command::Delayed { connection, attempt, wait, hold }, Some(shard), _) => {
                shard.delayed(connection, attempt, (wait.as_millis() as u64, hold), now);
            }
            (Command::Permitted { connection, attempt, wait }, Some(shard), _) => {
                shard.permitted(connection, attempt, wait.as_millis() as u64, now);
            }
            (Command::Fetched { ticket, answer }, Some(shard), _) => {
                shard.fetched(ticket, answer, now, &self.clock);
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
        shard.leaves(id);
        let opened = match result {
            Ok(addresses) => sockets.connect(id, VecDeque::from(addresses)),
            Err(reason) => Err(CloseReason::Dns(reason)),
        };
        if let Err(reason) = opened {
            shard.closed(id, reason, self.clock.now());
        }
    }
}

/// How long a thread bound to a core of its own looks again before it sleeps: three times what a wake costs (30-35 µs), so
/// that a busy market finds it awake and an idle one costs nothing.
#[cfg(feature = "glommio")]
const SPIN_NS: u64 = 100_000;

/// Whether to look again instead of sleeping.
#[cfg(feature = "glommio")]
struct Spin {
    is_allowed: bool,
    /// When the thread last had something to do.
    busy_ns: u64,
}

#[cfg(feature = "glommio")]
impl Spin {
    const fn new(is_allowed: bool) -> Self {
        Self { is_allowed, busy_ns: 0 }
    }

    fn instead_of(&mut self, timeout: Duration, now: Now) -> Duration {
        if timeout.is_zero() {
            self.busy_ns = now.monotonic_ns;
        }
        let is_spinning = self.is_allowed && now.monotonic_ns < self.busy_ns + SPIN_NS;
        if is_spinning { Duration::ZERO } else { timeout }
    }
}
