//! The state machine of one core's connections: bytes and time in, published trades and actions out.

use std::collections::VecDeque;

use tickplane_exchanges::Payload;
use tickplane_frames::Message;
use tickplane_model::ExchangeId;
use tickplane_rings::Sender;
use tickplane_segments::{
    CloseKind, ConnectionState, EntryId, EventKind, EventWriter, HoldKind, PlaneEvent, Stage, ThreadHealth,
};

use crate::close_reason::CloseReason;
use crate::connection::{Connection, ConnectionSpec, Due};
use crate::instrument::OwnedInstrument;
use crate::link::{Address, Link, LinkError};
use crate::now::{Clock, Now};
use crate::questions::Questions;
use crate::reading::{Reading, Saw};
use crate::report::{Action, Happening, Report};
use crate::streams::StreamPhase;

/// The number of a connection within its shard.
pub type ConnectionId = usize;

/// The connections, instruments and rings of one core.
pub struct Shard {
    pub(crate) connections: Vec<Option<Connection>>,
    pub(crate) instruments: Vec<OwnedInstrument>,
    /// By instrument: the connection that carries it.
    pub(crate) homes: Vec<Option<ConnectionId>>,
    pub(crate) senders: Vec<Sender>,
    pub(crate) events: EventWriter,
    health: ThreadHealth,
    pub(crate) actions: VecDeque<Action>,
    /// What venues are asked by REST.
    pub(crate) questions: Questions,
    /// Whose turn it is to ask.
    pub(crate) next_asker: usize,
    /// When streams are looked at next.
    pub(crate) next_sweep_ns: u64,
    /// Since when a full ring keeps us from reading.
    stalled_since_ns: Option<u64>,
    stall_ms_max: u64,
}

impl Shard {
    /// A shard without connections. `senders` lead to the workers, in the order of [`crate::Route::ring`].
    #[must_use]
    pub fn new(senders: Vec<Sender>, events: EventWriter, health: ThreadHealth, stall_ms_max: u64) -> Self {
        Self {
            connections: Vec::new(),
            instruments: Vec::new(),
            homes: Vec::new(),
            senders,
            events,
            health,
            actions: VecDeque::new(),
            questions: Questions::new(),
            next_asker: 0,
            next_sweep_ns: 0,
            stalled_since_ns: None,
            stall_ms_max,
        }
    }

    /// Takes ownership of an instrument; it gets the next index, beginning with 0.
    pub fn add_instrument(&mut self, instrument: OwnedInstrument) {
        let route = instrument.route();
        self.senders[route.ring].add_slot(route.slot);
        self.instruments.push(instrument);
        self.homes.push(None);
    }

    /// Adds a connection; its first attempt follows by itself.
    ///
    /// # Panics
    /// If it has no address.
    pub fn add_connection(&mut self, spec: ConnectionSpec, now: Now) -> ConnectionId {
        assert!(!spec.addresses.is_empty(), "a connection goes somewhere");
        let id = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
        for (index, _) in spec.instruments.iter().filter(|_| spec.has_trades) {
            self.homes[*index as usize] = Some(id);
        }
        let connection = Some(Connection::new(spec, now));
        match self.connections.get_mut(id) {
            Some(free) => *free = connection,
            None => self.connections.push(connection),
        }
        id
    }

    /// Puts close frames into [`Shard::outgoing`] of an exchange's connections.
    pub fn say_goodbye(&mut self, exchange: ExchangeId) {
        for connection in self.connections.iter_mut().flatten() {
            if connection.exchange() == exchange
                && let Some(link) = &mut connection.link
            {
                link.close();
                // A connection that cannot say goodbye is closed all the same.
                let _ = link.flush(&mut connection.outgoing);
            }
        }
    }

    /// Closes and forgets the connections of an exchange.
    pub fn remove_exchange(&mut self, exchange: ExchangeId, now: Now) {
        for id in 0..self.connections.len() {
            if self.connections[id].as_ref().is_some_and(|connection| connection.exchange() == exchange) {
                self.end(id, CloseReason::Stopped, now);
                self.connections[id] = None;
                self.homes.iter_mut().filter(|home| **home == Some(id)).for_each(|home| *home = None);
            }
        }
        self.questions.forget(exchange);
    }

    /// The next thing the runtime has to do.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Bytes to write to a connection's TCP socket; the runtime removes what it wrote.
    pub fn outgoing(&mut self, id: ConnectionId) -> Option<&mut Vec<u8>> {
        self.connections.get_mut(id)?.as_mut().map(|connection| &mut connection.outgoing)
    }

    /// Whether this attempt of this connection is the one under way.
    #[must_use]
    pub fn expects(&self, id: ConnectionId, attempt: u64) -> bool {
        matches!(self.connections.get(id), Some(Some(connection)) if connection.attempt == attempt)
    }

    /// Whether the runtime should read sockets now: not while a full ring asks for patience.
    #[must_use]
    pub fn wants_read(&self, now: Now) -> bool {
        self.stalled_since_ns.is_none_or(|since| now.monotonic_ns >= since + self.stall_ms_max * 1_000_000)
    }

    /// The attempt waits its turn at the runtime's gate: it gets as much longer to open.
    pub fn delayed(&mut self, id: ConnectionId, attempt: u64, (wait_ms, hold): (u64, HoldKind), now: Now) {
        if self.expects(id, attempt)
            && let Some(Some(connection)) = self.connections.get_mut(id)
        {
            connection.delayed(wait_ms, hold, now);
        }
    }

    /// The attempt leaves the runtime's gate.
    pub fn leaves(&mut self, id: ConnectionId) {
        if let Some(Some(connection)) = self.connections.get_mut(id) {
            connection.leaves();
        }
    }

    /// The answer to [`Action::AskToSpeak`]: one message may go after this time.
    pub fn permitted(&mut self, id: ConnectionId, attempt: u64, wait_ms: u64, now: Now) {
        if self.expects(id, attempt)
            && let Some(Some(connection)) = self.connections.get_mut(id)
        {
            connection.permitted(wait_ms, now);
        }
    }

    /// The TCP connection is open.
    pub fn connected(&mut self, id: ConnectionId, now: Now) {
        let Some(Some(connection)) = self.connections.get_mut(id) else { return };
        connection.heard(now);
        if let Err(error) = connection.connected() {
            self.end(id, error.into(), now);
        }
    }

    /// Bytes came from the TCP socket. They are changed in place by decryption.
    pub fn received(&mut self, id: ConnectionId, bytes: &mut [u8], stamp: Now, clock: &impl Clock) {
        if let Err(reason) = self.take_in(id, bytes, stamp, clock) {
            self.end(id, reason, stamp);
        }
    }

    /// The TCP connection ended, or could not be opened.
    pub fn closed(&mut self, id: ConnectionId, reason: CloseReason, now: Now) {
        let Some(Some(connection)) = self.connections.get(id) else { return };
        let is_cut = matches!(reason.kind(), CloseKind::TcpClosed | CloseKind::TcpReset);
        let is_shaking_hands = connection.link.as_ref().is_some_and(Link::is_shaking_hands);
        self.end(id, if is_cut && is_shaking_hands { LinkError::Cut.into() } else { reason }, now);
    }

    /// Does what has become due.
    pub fn timeout(&mut self, now: Now) {
        for id in 0..self.connections.len() {
            let Some(connection) = &mut self.connections[id] else { continue };
            match connection.due(now) {
                Due::Nothing => {}
                Due::Connect => self.begin(id, now),
                Due::Close(reason) => self.end(id, reason, now),
            }
            self.ask_to_speak(id, now);
        }
        self.sweep(now);
    }

    /// When [`Shard::timeout`] has something to do, in monotonic nanoseconds.
    #[must_use]
    pub fn next_timeout_ns(&self) -> u64 {
        let due = self.connections.iter().flatten().map(Connection::next_due_ns).min();
        due.map_or(u64::MAX, |due| due.min(self.next_sweep_ns))
    }

    /// Ends a turn of the runtime: what found no room in a ring is tried again.
    pub fn end_of_turn(&mut self, now: Now) {
        let mut is_behind = false;
        for sender in &mut self.senders {
            is_behind |= !sender.flush();
        }
        match (is_behind, self.stalled_since_ns) {
            (true, None) => {
                self.stalled_since_ns = Some(now.monotonic_ns);
                self.health.stalled();
            }
            (false, Some(_)) => self.stalled_since_ns = None,
            _ => {}
        }
    }

    /// Whether something went to the worker behind this ring since the last call.
    pub fn take_sent(&mut self, ring: usize) -> bool {
        self.senders[ring].take_sent()
    }

    /// Counts a turn of the runtime, and how long it took if there was anything to do.
    pub fn turned(&mut self, busy_ns: Option<u64>) {
        self.health.turn(busy_ns.is_some());
        if let Some(ns) = busy_ns {
            self.health.record(Stage::Turn, ns as i64);
        }
    }

    /// Goes on after a panic in the middle of a turn: every connection is opened anew.
    pub fn recover(&mut self, now: Now) {
        for id in 0..self.connections.len() {
            self.end(id, CloseReason::Panicked, now);
        }
    }

    fn begin(&mut self, id: ConnectionId, now: Now) {
        let Some(connection) = &mut self.connections[id] else { return };
        connection.begin(now);
        let exchange = connection.exchange();
        self.lifecycle(exchange, ConnectionState::Connecting, now);
        self.each_stream(id, now, StreamPhase::Connecting);
        if !self.ask_for_address(id) {
            self.connect(id);
        }
    }

    /// The address is known: the runtime opens TCP.
    pub(crate) fn connect(&mut self, id: ConnectionId) {
        let Some(Some(connection)) = self.connections.get(id) else { return };
        let address = connection.address();
        self.actions.push_back(Action::Connect {
            connection: id,
            attempt: connection.attempt,
            host: address.host.clone(),
            port: address.port,
        });
    }

    /// Asks for leave to say what waits, where the venue wants that.
    fn ask_to_speak(&mut self, id: ConnectionId, now: Now) {
        let Some(Some(connection)) = self.connections.get_mut(id) else { return };
        if connection.asks_to_speak(now) {
            let Address { host, port, .. } = connection.address();
            let (attempt, host, port) = (connection.attempt, host.clone(), *port);
            self.actions.push_back(Action::AskToSpeak { connection: id, attempt, host, port });
        }
    }

    pub(crate) fn end(&mut self, id: ConnectionId, reason: CloseReason, now: Now) {
        let Some(Some(connection)) = self.connections.get_mut(id) else { return };
        let exchange = connection.exchange();
        let is_stopped = reason == CloseReason::Stopped;
        let retry_ms = connection.ended(now, &reason);
        if !is_stopped {
            connection.spec.health.closed(reason.kind());
        }
        self.each_stream(id, now, StreamPhase::Closed);
        self.actions.push_back(Action::Close { connection: id });
        let what = Happening::Closed { reason, retry_ms: (!is_stopped).then_some(retry_ms) };
        self.actions.push_back(Action::Report(Report { exchange, what }));
        self.lifecycle(exchange, ConnectionState::Closed, now);
    }

    fn lifecycle(&mut self, exchange: ExchangeId, state: ConnectionState, now: Now) {
        self.events.publish(&PlaneEvent {
            kind: EventKind::Lifecycle,
            exchange,
            entry: EntryId::NONE,
            row: 0,
            publish_ns: now.epoch_ns,
            detail: state as u64,
        });
    }

    fn take_in(
        &mut self,
        id: ConnectionId,
        bytes: &mut [u8],
        stamp: Now,
        clock: &impl Clock,
    ) -> Result<(), CloseReason> {
        self.note_missed_heartbeats(id, stamp);
        let Some(Some(connection)) = self.connections.get_mut(id) else { return Ok(()) };
        let Some(mut link) = connection.link.take() else { return Ok(()) };
        connection.heard(stamp);
        connection.spec.health.received(bytes.len() as u64, stamp.epoch_ns);
        let mut result = link.receive(bytes, &mut connection.outgoing).map_err(CloseReason::from);
        while result.is_ok() {
            result = match link.poll() {
                Ok(None) => break,
                Ok(Some(message)) => self.message(id, message, stamp, clock),
                Err(error) => Err(error.into()),
            };
        }
        let Some(Some(connection)) = self.connections.get_mut(id) else { return Ok(()) };
        connection.link = Some(link);
        result?;
        connection.send_paced(stamp)?;
        self.ask_to_speak(id, stamp);
        Ok(())
    }

    /// The venue speaks after heartbeats that did not come: it lives, but what it said meanwhile may be lost.
    fn note_missed_heartbeats(&mut self, id: ConnectionId, now: Now) {
        if let Some(Some(connection)) = self.connections.get_mut(id)
            && connection.missed_heartbeats()
        {
            connection.spec.health.gap(0);
            self.each_stream(id, now, StreamPhase::Lost);
        }
    }

    fn message(
        &mut self,
        id: ConnectionId,
        message: Message<'_>,
        stamp: Now,
        clock: &impl Clock,
    ) -> Result<(), CloseReason> {
        let payload = match message {
            Message::Opened => {
                self.opened(id, stamp);
                return Ok(());
            }
            Message::Text(text) => Payload::Text(text),
            Message::Binary(bytes) => Payload::Binary(bytes),
            Message::Ping | Message::Pong => return Ok(()),
            Message::Close(code) => return Err(CloseReason::Peer(code)),
        };
        let Some(Some(connection)) = self.connections.get_mut(id) else { return Ok(()) };
        let Some(mut session) = connection.session.take() else { return Ok(()) };
        let mut reading = Reading {
            exchange: connection.exchange(),
            health: &mut connection.spec.health,
            carried: &connection.spec.instruments,
            instruments: &mut self.instruments,
            senders: &mut self.senders,
            thread: &mut self.health,
            actions: &mut self.actions,
            outbox: &mut connection.answers,
            stamp,
            clock,
            saw: Saw::default(),
        };
        reading.health.message();
        session.message(payload, stamp.epoch_ns, &mut reading);
        let saw = reading.saw;
        connection.session = Some(session);
        self.after_message(id, saw, stamp)
    }

    fn after_message(&mut self, id: ConnectionId, saw: Saw, stamp: Now) -> Result<(), CloseReason> {
        let Some(Some(connection)) = self.connections.get_mut(id) else { return Ok(()) };
        if (saw.ack || saw.data) && !connection.is_subscribed {
            connection.is_subscribed = true;
            connection.spec.health.set_state(ConnectionState::Subscribed);
        }
        if saw.news {
            connection.served(stamp);
        }
        if saw.sequence_gap {
            self.each_stream(id, stamp, StreamPhase::Lost);
        }
        if saw.closing { Err(CloseReason::Announced) } else { Ok(()) }
    }

    fn opened(&mut self, id: ConnectionId, now: Now) {
        let Some(Some(connection)) = self.connections.get_mut(id) else { return };
        connection.opened(now);
        let exchange = connection.exchange();
        let address = connection.address();
        let what = Happening::Connected {
            host: format!("{}:{}", address.host, address.port),
            instruments: connection.spec.instruments.len(),
        };
        self.actions.push_back(Action::Report(Report { exchange, what }));
        self.lifecycle(exchange, ConnectionState::Connected, now);
        self.each_stream(id, now, StreamPhase::Opened);
    }
}
