//! One client: HTTP requests first, then perhaps a WebSocket with a venue's feed.

mod hurt;
mod mute;
mod playing;
mod scripted;

use std::io::{self, Read, Write};
use std::sync::atomic::Ordering::Relaxed;

use mio::net::TcpStream;
use tickplane_model::NS_PER_SECOND;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use self::hurt::{FAULT_PING, Hurt};
use self::scripted::Scripted;
use super::counts::{ArrivalKind, Counters};
use super::http::{self, Response};
use super::tls::Handshake;
use super::wire::Wire;
use crate::fault::{FaultKind, FaultStage, Faults};
use crate::market::{Market, MarketEvent};
use crate::venue::{Control, Feed, Frame, Outbox, Venue};

/// Bytes an incoming WebSocket message may have.
const MESSAGE_MAX: usize = 1 << 20;
/// A client that says nothing after connecting, or between requests, is let go.
const HTTP_IDLE_NS: i64 = 75 * NS_PER_SECOND;
/// How long a closing connection may linger.
const LINGER_NS: i64 = NS_PER_SECOND;

/// The connection is over; drop it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// What a connection works with during one turn.
pub(crate) struct Turn<'a> {
    pub(crate) venue: &'a mut dyn Venue,
    pub(crate) market: &'a mut Market,
    pub(crate) faults: &'a Faults,
    pub(crate) counters: &'a Counters,
    pub(crate) now_ns: i64,
}

enum Phase {
    Scripted(Scripted),
    Http { wire: Wire, inbox: Vec<u8> },
    Socket { socket: Box<WebSocket<Wire>>, feed: Box<dyn Feed> },
    Gone,
}

/// One client's connection.
pub(crate) struct Connection {
    /// Position of its venue.
    pub(crate) venue: usize,
    phase: Phase,
    /// When to give up on it, if nothing changes.
    deadline_ns: i64,
    closing: bool,
    /// When the WebSocket opened, or its client last said something.
    heard_ns: i64,
    /// An answer that waits.
    held: Option<Held>,
    hurt: Hurt,
}

/// A slow answer.
struct Held {
    bytes: Vec<u8>,
    keep_alive: bool,
    due_ns: i64,
}

impl Connection {
    /// A connection just accepted, met by TLS or not.
    pub(crate) fn new(
        venue: usize,
        socket: TcpStream,
        handshake: Option<&Handshake>,
        now_ns: i64,
    ) -> Result<Self, rustls::Error> {
        let (config, corrupt) = match handshake {
            None => (None, false),
            Some(Handshake::Proper(config)) => (Some(config), false),
            Some(Handshake::Corrupt(config)) => (Some(config), true),
            Some(script) => return Ok(Self::in_phase(venue, Phase::Scripted(Scripted::new(socket, script)), now_ns)),
        };
        let mut wire = Wire::new(socket, config)?;
        wire.corrupt = corrupt;
        Ok(Self::in_phase(venue, Phase::Http { wire, inbox: Vec::new() }, now_ns))
    }

    fn in_phase(venue: usize, phase: Phase, now_ns: i64) -> Self {
        Self {
            venue,
            phase,
            deadline_ns: now_ns + HTTP_IDLE_NS,
            closing: false,
            heard_ns: now_ns,
            held: None,
            hurt: Hurt::default(),
        }
    }

    /// The socket can be read or written.
    pub(crate) fn ready(&mut self, turn: &mut Turn<'_>) -> Result<(), Gone> {
        if let Phase::Scripted(scripted) = &mut self.phase {
            return scripted.ready();
        }
        if self.hurt.is_half_open() {
            return Ok(());
        }
        if matches!(self.phase, Phase::Http { .. }) {
            self.read_requests(turn)?;
        }
        if matches!(self.phase, Phase::Socket { .. }) {
            self.read_messages(turn)?;
        }
        self.pump(turn.counters)
    }

    /// The market moved.
    pub(crate) fn happened(&mut self, events: &[MarketEvent], turn: &mut Turn<'_>) -> Result<(), Gone> {
        if !self.listens() {
            return Ok(());
        }
        let mut outbox = self.outbox(turn.faults);
        let Phase::Socket { feed, .. } = &mut self.phase else { return Ok(()) };
        feed.happened(events, turn.market, turn.now_ns, &mut outbox);
        self.send(outbox, turn)
    }

    /// When [`Connection::timer`] is due.
    pub(crate) fn timer_ns(&self) -> i64 {
        match &self.phase {
            Phase::Socket { .. } if !self.closing && self.hurt.is_stuck() => i64::MAX,
            Phase::Socket { feed, .. } if !self.closing => feed.timer_ns().min(self.hurt.tick_ns()),
            _ => self.held.as_ref().map_or(i64::MAX, |held| held.due_ns).min(self.deadline_ns),
        }
    }

    /// Time passed.
    pub(crate) fn timer(&mut self, turn: &mut Turn<'_>) -> Result<(), Gone> {
        if !self.is_websocket() || self.closing {
            return if turn.now_ns >= self.deadline_ns { Err(Gone) } else { self.answer_held(turn) };
        }
        self.tick(turn)?;
        let mut outbox = self.outbox(turn.faults);
        match &mut self.phase {
            Phase::Socket { feed, .. } if feed.timer_ns() <= turn.now_ns => {
                feed.timer(turn.market, turn.now_ns, &mut outbox);
                self.send(outbox, turn)
            }
            _ => Ok(()),
        }
    }

    /// Whether the feed wants to hear of the market.
    pub(crate) fn listens(&self) -> bool {
        let open = !self.closing && !self.hurt.is_stuck();
        matches!(&self.phase, Phase::Socket { feed, .. } if open && feed.listens())
    }

    /// Whether it has become a WebSocket.
    pub(crate) fn is_websocket(&self) -> bool {
        matches!(self.phase, Phase::Socket { .. })
    }

    fn read_requests(&mut self, turn: &mut Turn<'_>) -> Result<(), Gone> {
        let Phase::Http { wire, inbox } = &mut self.phase else { return Ok(()) };
        let ended = read_all(wire, inbox);
        while let Phase::Http { wire, inbox } = &mut self.phase {
            if self.closing || self.held.is_some() {
                break;
            }
            match http::parse(inbox) {
                Ok(None) => break,
                Ok(Some((request, length))) => {
                    inbox.drain(..length);
                    self.deadline_ns = turn.now_ns + HTTP_IDLE_NS;
                    self.answer(&request, turn)?;
                }
                Err(response) => {
                    wire.write_all(&response.to_bytes(false))?;
                    self.close(turn.now_ns);
                }
            }
        }
        match ended {
            Err(error) => {
                // A failed TLS handshake leaves an alert to send.
                let _ = self.pump(turn.counters);
                Err(error.into())
            }
            Ok(true) if matches!(self.phase, Phase::Http { .. }) => self.pump(turn.counters).and(Err(Gone)),
            Ok(_) => Ok(()),
        }
    }

    fn answer(&mut self, request: &http::Request, turn: &mut Turn<'_>) -> Result<(), Gone> {
        turn.counters.requests.fetch_add(1, Relaxed);
        let kind = if request.websocket_key.is_some() { ArrivalKind::Connect } else { ArrivalKind::Request };
        turn.counters.arrived(turn.market.exchange, kind, turn.now_ns);
        if let Some(key) = &request.websocket_key {
            if turn.faults.has(&FaultKind::ResetHandshake(FaultStage::Upgrade)) {
                self.reset_at_end();
                return Err(Gone);
            }
            let refused = hurt::refused_upgrade(turn.faults);
            return match refused.map_or_else(|| turn.venue.upgrade(request, turn.market, turn.now_ns), Err) {
                Ok(feed) => self.upgrade(key, feed, turn),
                Err(response) => self.respond(&response.to_bytes(false), response.status, false, turn),
            };
        }
        turn.counters.asked(turn.market.exchange, request.target());
        let response = match request.method.as_str() {
            "GET" => {
                hurt::rest_answer(turn.faults).unwrap_or_else(|| turn.venue.rest(request, turn.market, turn.now_ns))
            }
            _ => Response::json(405, "{\"message\":\"the simulator serves public data by GET only\"}"),
        };
        let truncated = turn.faults.has(&FaultKind::RestTruncated);
        let keep_alive = request.keep_alive && !truncated;
        let mut bytes = response.to_bytes(keep_alive);
        if truncated {
            bytes.truncate(bytes.len() - response.body.len().div_ceil(2));
        }
        match hurt::rest_delay_ns(turn.faults) {
            Some(delay_ns) => {
                let due_ns = turn.now_ns + delay_ns;
                self.deadline_ns = due_ns + HTTP_IDLE_NS;
                self.held = Some(Held { bytes, keep_alive, due_ns });
                Ok(())
            }
            None => self.respond(&bytes, response.status, keep_alive, turn),
        }
    }

    /// Sends the answer that is due, and hears what was asked meanwhile.
    fn answer_held(&mut self, turn: &mut Turn<'_>) -> Result<(), Gone> {
        let Some(held) = self.held.take_if(|held| held.due_ns <= turn.now_ns) else { return Ok(()) };
        self.respond(&held.bytes, 200, held.keep_alive, turn)?;
        self.ready(turn)
    }

    fn respond(&mut self, bytes: &[u8], status: u16, keep_alive: bool, turn: &Turn<'_>) -> Result<(), Gone> {
        let Phase::Http { wire, .. } = &mut self.phase else { return Err(Gone) };
        if status >= 400 {
            turn.counters.refusals.fetch_add(1, Relaxed);
        }
        wire.write_all(bytes)?;
        if !keep_alive {
            self.close(turn.now_ns);
        }
        Ok(())
    }

    fn upgrade(&mut self, key: &str, feed: Box<dyn Feed>, turn: &mut Turn<'_>) -> Result<(), Gone> {
        let Phase::Http { mut wire, inbox } = std::mem::replace(&mut self.phase, Phase::Gone) else { return Err(Gone) };
        wire.write_all(&http::switching_protocols(key))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(8 << 10)
            .max_message_size(Some(MESSAGE_MAX))
            .max_frame_size(Some(MESSAGE_MAX));
        let socket = WebSocket::from_partially_read(wire, inbox, Role::Server, Some(config));
        turn.counters.websockets.fetch_add(1, Relaxed);
        self.heard_ns = turn.now_ns;
        self.phase = Phase::Socket { socket: Box::new(socket), feed };
        self.meet_faults(turn)?;
        let mut outbox = self.outbox(turn.faults);
        if let Phase::Socket { feed, .. } = &mut self.phase {
            feed.opened(turn.market, turn.now_ns, &mut outbox);
        }
        self.send(outbox, turn)?;
        self.suffer_all(turn)
    }

    fn read_messages(&mut self, turn: &mut Turn<'_>) -> Result<(), Gone> {
        while matches!(self.phase, Phase::Socket { .. }) {
            let mut outbox = self.outbox(turn.faults);
            let Phase::Socket { socket, feed } = &mut self.phase else { return Ok(()) };
            match socket.read() {
                _ if self.closing => {}
                Ok(Message::Text(text)) => {
                    turn.counters.messages.fetch_add(1, Relaxed);
                    turn.counters.arrived(turn.market.exchange, ArrivalKind::Message, turn.now_ns);
                    self.heard_ns = turn.now_ns;
                    outbox.withheld = self.hurt.withheld_after(&text, turn.faults);
                    feed.text(&text, turn.market, turn.now_ns, &mut outbox);
                }
                Ok(Message::Binary(_)) => feed.text("", turn.market, turn.now_ns, &mut outbox),
                Ok(Message::Ping(_)) => feed.control(Control::Ping, turn.now_ns, &mut outbox),
                Ok(Message::Pong(payload)) if payload == FAULT_PING => {}
                Ok(Message::Pong(payload)) => feed.control(Control::Pong(&payload), turn.now_ns, &mut outbox),
                Ok(Message::Close(_) | Message::Frame(_)) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return self.pump(turn.counters).and(Err(Gone)),
            }
            if self.closing {
                return Ok(());
            }
            self.send(outbox, turn)?;
        }
        Ok(())
    }

    /// Puts frames on the wire; a close ends the conversation.
    fn send(&mut self, outbox: Outbox, turn: &Turn<'_>) -> Result<(), Gone> {
        if self.hurt.is_mute() {
            self.lose(outbox, turn.now_ns);
            return Ok(());
        }
        let Phase::Socket { socket, .. } = &mut self.phase else { return Err(Gone) };
        turn.counters.refusals.fetch_add(outbox.refusals, Relaxed);
        turn.counters.frames.fetch_add(outbox.frames.len() as u64, Relaxed);
        let mut closing = false;
        for frame in outbox.frames {
            let sent = match frame {
                Frame::Text(text) if self.hurt.fragments() => hurt::write_fragments(socket, &text),
                Frame::Text(text) => socket.write(Message::text(text)),
                Frame::Ping(payload) => socket.write(Message::Ping(payload.into())),
                Frame::Close { code, reason } => {
                    closing = true;
                    socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() }))
                }
            };
            if sent.is_err() || closing {
                break;
            }
        }
        let _ = socket.flush();
        if closing {
            self.close(turn.now_ns);
        }
        self.pump(turn.counters)
    }

    /// Nothing more is said or heard: what is queued goes out, then the connection ends.
    fn close(&mut self, now_ns: i64) {
        self.closing = true;
        self.deadline_ns = now_ns + LINGER_NS;
        match &mut self.phase {
            Phase::Http { wire, .. } => wire.finish(),
            Phase::Socket { socket, .. } => {
                socket.get_mut().drip = None;
                socket.get_mut().finish();
            }
            Phase::Scripted(_) | Phase::Gone => {}
        }
    }

    /// The wire, where there is one.
    fn wire(&mut self) -> Option<&mut Wire> {
        match &mut self.phase {
            Phase::Http { wire, .. } => Some(wire),
            Phase::Socket { socket, .. } => Some(socket.get_mut()),
            Phase::Scripted(_) | Phase::Gone => None,
        }
    }

    fn pump(&mut self, counters: &Counters) -> Result<(), Gone> {
        let closing = self.closing;
        let Some(wire) = self.wire() else { return Err(Gone) };
        let done = wire.pump()?;
        if wire.is_overrun() {
            counters.slow.fetch_add(1, Relaxed);
            return Err(Gone);
        }
        if done && closing {
            // The client ends first, so that no reset overtakes our last words; the deadline bounds its patience.
            let _ = wire.socket().shutdown(std::net::Shutdown::Write);
        }
        Ok(())
    }
}

/// Reads until the socket has no more: true at its end.
fn read_all(wire: &mut Wire, inbox: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    loop {
        match wire.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(length) => inbox.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        // A request is small; the rest of a flood is parsed (and refused) first.
        if inbox.len() > 256 << 10 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}
