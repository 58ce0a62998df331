//! The one thread: it waits for sockets and for the next thing due, and gives each its turn.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Registry, Token};
use tickplane_model::{ExchangeId, NS_PER_MS};

use super::clock::Clock;
use super::connection::{Connection, Gone, Turn};
use super::counts::Counters;
use super::site::Site;
use super::tls::{Authority, Handshake};
use super::wire::reset_at_end;
use crate::fault::{Change, FaultKind, FaultStage};
use crate::market::Market;

/// The token of the waker; listeners follow, then connections.
pub(crate) const WAKE: Token = Token(0);
/// With nobody listening the markets are brought up to date this often.
const IDLE_NS: i64 = 250 * NS_PER_MS;
/// Readiness events taken per turn.
const EVENTS: usize = 256;
/// A recording waits while a client has so much unread; it is played in batches, so many a turn.
const BACKLOG_MAX: usize = 256 << 10;
const BATCH: usize = 64;
const BATCHES: usize = 32;

/// What other threads ask of the reactor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    /// Drop every connection of this venue.
    Disconnect(ExchangeId),
    /// Let this begin now, and end so much later.
    Fault(ExchangeId, FaultKind, i64),
    /// End.
    Stop,
}

/// What the reactor shares with the handle.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) markets: Mutex<Vec<Market>>,
    pub(crate) commands: Mutex<Vec<Command>>,
    pub(crate) counters: Counters,
    /// Whether a recording was played to its end.
    pub(crate) playback_finished: AtomicBool,
}

impl Shared {
    /// The markets; a panic elsewhere does not make them unusable.
    pub(crate) fn markets(&self) -> MutexGuard<'_, Vec<Market>> {
        self.markets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue of commands.
    pub(crate) fn commands(&self) -> MutexGuard<'_, Vec<Command>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server of all venues.
pub(crate) struct Reactor {
    pub(crate) poll: Poll,
    pub(crate) sites: Vec<Site>,
    pub(crate) shared: Arc<Shared>,
    /// Absent without TLS.
    pub(crate) authority: Option<Authority>,
    pub(crate) clock: Clock,
    connections: HashMap<usize, Connection>,
    next_token: usize,
}

impl Reactor {
    /// A reactor for venues that listen.
    pub(crate) fn new(
        poll: Poll,
        mut sites: Vec<Site>,
        shared: Arc<Shared>,
        authority: Option<Authority>,
        clock: Clock,
    ) -> io::Result<Self> {
        for (index, listener) in sites.iter_mut().filter_map(|site| site.listener.as_mut()).enumerate() {
            poll.registry().register(listener, Token(1 + index), Interest::READABLE)?;
        }
        let next_token = 1 + sites.len();
        Ok(Self { poll, sites, shared, authority, clock, connections: HashMap::new(), next_token })
    }

    /// Serves until told to stop.
    pub(crate) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut events = Events::with_capacity(EVENTS);
        loop {
            if let Err(error) = self.poll.poll(&mut events, Some(self.patience()))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return;
            }
            let commands = std::mem::take(&mut *shared.commands());
            for command in commands {
                match command {
                    Command::Stop => return,
                    Command::Disconnect(exchange) => self.disconnect(exchange, &mut shared.markets()),
                    Command::Fault(exchange, kind, duration_ns) => {
                        self.order(exchange, kind, duration_ns, &shared.markets());
                    }
                }
            }
            self.turn(&events, &mut shared.markets());
            shared.counters.connections.store(self.connections.len() as u64, Relaxed);
        }
    }

    /// How long nothing can be due. Waits are whole milliseconds, so that a busy market is served in batches.
    fn patience(&self) -> Duration {
        let now_ns = self.clock.now_ns();
        let mut due_ns = now_ns + IDLE_NS;
        let mut listened = vec![false; self.sites.len()];
        due_ns = self.sites.iter().map(|site| site.faults.due_ns()).fold(due_ns, i64::min);
        // While a client has too much unread, what it reads wakes us.
        let playing = self.sites.iter().zip(0..).filter_map(|(site, venue)| Some((site.playback.as_ref()?, venue)));
        for (playback, venue) in playing.filter(|(_, venue)| self.backlog(*venue) < BACKLOG_MAX) {
            due_ns = due_ns.min(playback.due_ns());
            listened[venue] = false;
        }
        for connection in self.connections.values() {
            due_ns = due_ns.min(connection.timer_ns());
            listened[connection.venue] |= connection.listens();
        }
        for (market, _) in self.shared.markets().iter().zip(listened).filter(|(_, listened)| *listened) {
            due_ns = due_ns.min(market.due_ns());
        }
        let wait_ms = (due_ns - now_ns).div_euclid(NS_PER_MS) + 1;
        Duration::from_millis(wait_ms.max(1) as u64)
    }

    /// First the market moves, so that whoever subscribes in this turn hears of nothing twice; then the sockets.
    fn turn(&mut self, events: &Events, markets: &mut [Market]) {
        let now_ns = self.clock.now_ns();
        for (venue, market) in markets.iter_mut().enumerate() {
            self.faults(venue, market, now_ns);
            market.advance(now_ns);
            let site = &mut self.sites[venue];
            let happened = site.edits.apply(market.take_events(), &site.faults);
            if !happened.is_empty() {
                self.each(venue, market, now_ns, |connection, turn| connection.happened(&happened, turn));
            }
            market.reuse(happened);
        }
        for (venue, market) in markets.iter_mut().enumerate() {
            self.play(venue, market, now_ns);
        }
        for event in events {
            match event.token() {
                WAKE => {}
                Token(token) if token <= self.sites.len() => self.accept(token - 1, now_ns),
                Token(token) => self.ready(token, markets, now_ns),
            }
        }
        for (venue, market) in markets.iter_mut().enumerate() {
            self.each(venue, market, now_ns, |connection, turn| {
                if connection.timer_ns() <= now_ns { connection.timer(turn) } else { Ok(()) }
            });
        }
    }

    /// Lets faults of a venue begin and end.
    fn faults(&mut self, venue: usize, market: &mut Market, now_ns: i64) {
        for change in self.sites[venue].faults.turn(now_ns, market) {
            if matches!(change, Change::Begins(_)) {
                self.shared.counters.faults.fetch_add(1, Relaxed);
            }
            self.each(venue, market, now_ns, |connection, turn| connection.fault(&change, turn));
            self.sites[venue].meet(self.authority.as_ref());
        }
        self.sites[venue].listen(self.poll.registry(), Token(1 + venue));
    }

    /// Plays what is due of a recording, as far as the clients keep up.
    fn play(&mut self, venue: usize, market: &mut Market, now_ns: i64) {
        let ours = self.connections.values().filter(|connection| connection.venue == venue);
        let subscribed_ns = ours.filter_map(Connection::subscribed_ns).max();
        match &mut self.sites[venue].playback {
            Some(playback) => playback.listened(subscribed_ns, now_ns),
            None => return,
        }
        for _ in 0..BATCHES {
            if self.backlog(venue) >= BACKLOG_MAX {
                break;
            }
            let Site { playback: Some(playback), played, faults, .. } = &mut self.sites[venue] else { return };
            let due = playback.take(BATCH, now_ns, market);
            let done = due.is_empty();
            self.shared.playback_finished.store(playback.is_finished(), Release);
            let batch = played.apply(due, faults);
            if !batch.is_empty() {
                self.each(venue, market, now_ns, |connection, turn| connection.played(&batch, turn));
            }
            if done {
                break;
            }
        }
    }

    /// The most that waits to be sent to one client of a venue.
    fn backlog(&self, venue: usize) -> usize {
        let ours = self.connections.values().filter(|connection| connection.venue == venue);
        ours.map(Connection::backlog).max().unwrap_or(0)
    }

    fn order(&mut self, exchange: ExchangeId, kind: FaultKind, duration_ns: i64, markets: &[Market]) {
        let now_ns = self.clock.now_ns();
        if let Some(venue) = markets.iter().position(|market| market.exchange == exchange) {
            self.sites[venue].faults.order(kind, now_ns, duration_ns);
        }
    }

    /// Gives every connection of a venue a turn and drops those that end.
    fn each(
        &mut self,
        venue: usize,
        market: &mut Market,
        now_ns: i64,
        mut act: impl FnMut(&mut Connection, &mut Turn<'_>) -> Result<(), Gone>,
    ) {
        let mut turn = self.sites[venue].turn(market, &self.shared.counters, now_ns);
        self.connections.retain(|_, connection| connection.venue != venue || act(connection, &mut turn).is_ok());
    }

    fn accept(&mut self, venue: usize, now_ns: i64) {
        let usual = self.authority.as_ref().map(|authority| Handshake::Proper(Arc::clone(&authority.config)));
        let site = &self.sites[venue];
        let handshake = site.handshake.as_ref().or(usual.as_ref());
        let resets = site.faults.has(&FaultKind::ResetHandshake(FaultStage::Tcp));
        while let Some(Ok((mut socket, _))) = site.listener.as_ref().map(TcpListener::accept) {
            if resets {
                reset_at_end(&socket);
                continue;
            }
            let token = self.next_token;
            self.next_token += 1;
            let _ = socket.set_nodelay(true);
            if register(self.poll.registry(), &mut socket, token).is_err() {
                continue;
            }
            if let Ok(connection) = Connection::new(venue, socket, handshake, now_ns) {
                self.connections.insert(token, connection);
            }
        }
    }

    fn ready(&mut self, token: usize, markets: &mut [Market], now_ns: i64) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let venue = connection.venue;
        let mut turn = self.sites[venue].turn(&mut markets[venue], &self.shared.counters, now_ns);
        if connection.ready(&mut turn).is_err() {
            self.connections.remove(&token);
        }
    }

    fn disconnect(&mut self, exchange: ExchangeId, markets: &mut [Market]) {
        let Some(venue) = markets.iter().position(|market| market.exchange == exchange) else { return };
        self.connections.retain(|_, connection| connection.venue != venue || !connection.is_websocket());
    }
}

fn register(registry: &Registry, socket: &mut mio::net::TcpStream, token: usize) -> io::Result<()> {
    registry.register(socket, Token(token), Interest::READABLE | Interest::WRITABLE)
}
