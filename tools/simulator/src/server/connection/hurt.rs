//! What faults do to one connection.

use std::io::Write;
use std::net::Shutdown;

use tickplane_model::{NS_PER_MS, NS_PER_SECOND};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame as RawFrame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, WebSocket};

use super::{Connection, Gone, Phase, Turn};
use crate::fault::{Active, Change, FaultKind, Faults, Garbage, Hangup, Label, Oversize, StaleCure};
use crate::server::http::Response;
use crate::server::wire::Wire;
use crate::venue::{Frame, Outbox};

/// Payload of the pings that faults send; their pongs are no business of the venue.
pub(super) const FAULT_PING: &[u8] = b"fault";
/// Floods and drips move this often.
const TICK_NS: i64 = NS_PER_MS;
/// Fragments of a text.
const FRAGMENTS: usize = 4;
/// Length of a frame that is really large, and what an announced one claims.
const REAL_BYTES: usize = 64 << 20;
const DECLARED_BYTES: u64 = 1 << 40;

/// One connection's faults.
#[derive(Default)]
pub(super) struct Hurt {
    silent: bool,
    half_open: bool,
    fragments: bool,
    drip: Option<Pace>,
    flood: Option<Pace>,
    stale: Vec<Stale>,
    /// A close frame that waits for the end of a silence.
    pub(super) goodbye: Option<Frame>,
}

/// Streams that stopped on this socket.
struct Stale {
    serial: u64,
    label: Label,
    cure: StaleCure,
}

/// So many a second, evenly: what is due is told at every tick.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Pace {
    per_second: u32,
    since_ns: i64,
    owed: f64,
}

impl Pace {
    fn new(per_second: u32, now_ns: i64) -> Self {
        Self { per_second, since_ns: now_ns, owed: 0.0 }
    }

    /// How many are due now; what a late tick missed beyond a twentieth of a second is forgotten.
    fn due(&mut self, now_ns: i64) -> usize {
        let rate = f64::from(self.per_second);
        let passed_s = (now_ns - self.since_ns) as f64 / NS_PER_SECOND as f64;
        self.since_ns = now_ns;
        self.owed = (self.owed + rate * passed_s).min((rate / 20.0).max(1.0));
        let due = self.owed.floor();
        self.owed -= due;
        due as usize
    }
}

impl Hurt {
    /// Whether the socket has stopped reading and writing.
    pub(super) fn is_half_open(&self) -> bool {
        self.half_open
    }

    /// Whether the venue's side does nothing at all any more.
    pub(super) fn is_stuck(&self) -> bool {
        self.half_open || self.goodbye.is_some()
    }

    /// Whether nothing is sent.
    pub(super) fn is_mute(&self) -> bool {
        self.silent || self.half_open
    }

    /// Whether texts are fragmented.
    pub(super) fn fragments(&self) -> bool {
        self.fragments
    }

    /// When [`Connection::tick`] is due.
    pub(super) fn tick_ns(&self) -> i64 {
        let paces = [self.drip, self.flood].into_iter().flatten();
        paces.map(|pace| pace.since_ns + TICK_NS).min().unwrap_or(i64::MAX)
    }

    /// The streams withheld on this socket, after the client said something: it may have cured one.
    pub(super) fn withheld_after(&mut self, text: &str, faults: &Faults) -> Vec<Label> {
        self.stale.retain(|stale| stale.cure != StaleCure::Resubscribe || !stale.label.is_subscribed_by(text));
        self.withheld(faults)
    }

    fn withheld(&self, faults: &Faults) -> Vec<Label> {
        faults.withheld().chain(self.stale.iter().map(|stale| &stale.label)).cloned().collect()
    }

    fn stale(&mut self, fault: &Active) {
        if let (FaultKind::StaleStream { cure, .. }, Some(label)) = (&fault.kind, &fault.label) {
            self.stale.push(Stale { serial: fault.serial, label: label.clone(), cure: *cure });
        }
    }
}

impl Connection {
    /// An empty outbox, as the faults will have it.
    pub(super) fn outbox(&self, faults: &Faults) -> Outbox {
        Outbox { skew_ns: faults.skew_ns(), withheld: self.hurt.withheld(faults), ..Outbox::default() }
    }

    /// A fault of the venue begins or ends.
    pub(crate) fn fault(&mut self, change: &Change, turn: &mut Turn<'_>) -> Result<(), Gone> {
        if !self.is_websocket() || self.closing {
            return Ok(());
        }
        match change {
            Change::Begins(fault) => self.suffer(fault, turn)?,
            Change::Ends(Active { kind: FaultKind::HalfOpen, .. }) if self.hurt.half_open => {
                self.reset_at_end();
                return Err(Gone);
            }
            Change::Ends(fault) => self.hurt.stale.retain(|stale| stale.serial != fault.serial),
        }
        self.adjust(turn.faults, turn.now_ns);
        self.say_goodbye(turn)?;
        self.pump(turn.counters)
    }

    /// A socket opens under faults: its handshake is answered, and what lasts begins with its first word.
    pub(super) fn meet_faults(&mut self, turn: &Turn<'_>) -> Result<(), Gone> {
        self.pump(turn.counters)?;
        for fault in turn.faults.active() {
            if matches!(fault.kind, FaultKind::StaleStream { cure: StaleCure::Time, .. }) {
                self.hurt.stale(fault);
            }
        }
        self.adjust(turn.faults, turn.now_ns);
        Ok(())
    }

    /// A socket that has opened under faults has its share of those that happen once.
    pub(super) fn suffer_all(&mut self, turn: &mut Turn<'_>) -> Result<(), Gone> {
        for fault in turn.faults.active() {
            if matches!(fault.kind, FaultKind::Disconnect(_) | FaultKind::Garbage(_) | FaultKind::Oversized(_)) {
                self.suffer(fault, turn)?;
            }
        }
        Ok(())
    }

    fn suffer(&mut self, fault: &Active, turn: &Turn<'_>) -> Result<(), Gone> {
        match fault.kind {
            FaultKind::Disconnect(hangup) => return self.hang_up(hangup, turn),
            FaultKind::HalfOpen => self.hurt.half_open = true,
            FaultKind::StaleStream { .. } => self.hurt.stale(fault),
            FaultKind::Garbage(garbage) => self.with_socket(|socket| write_garbage(socket, garbage)),
            FaultKind::Oversized(oversize) => self.with_socket(|socket| write_oversized(socket, oversize)),
            _ => {}
        }
        Ok(())
    }

    fn with_socket(&mut self, act: impl FnOnce(&mut WebSocket<Wire>)) {
        if let Phase::Socket { socket, .. } = &mut self.phase {
            act(socket);
        }
    }

    /// Takes over what the faults in force say of every socket.
    fn adjust(&mut self, faults: &Faults, now_ns: i64) {
        let hurt = &mut self.hurt;
        hurt.silent = faults.has(&FaultKind::Silence);
        hurt.fragments = faults.has(&FaultKind::Fragmented);
        let pace = |rate: Option<u32>, old: Option<Pace>| {
            rate.map(|rate| old.filter(|old| old.per_second == rate).unwrap_or_else(|| Pace::new(rate, now_ns)))
        };
        hurt.drip = pace(drip_rate(faults), hurt.drip);
        hurt.flood = pace(flood_rate(faults), hurt.flood);
        let (muted, drips) = (hurt.is_mute(), hurt.drip.is_some());
        if let Some(wire) = self.wire() {
            wire.muted = muted;
            wire.drip = drips.then(|| wire.drip.unwrap_or(0));
        }
    }

    /// Lets floods and drips move on.
    pub(super) fn tick(&mut self, turn: &Turn<'_>) -> Result<(), Gone> {
        if turn.now_ns < self.hurt.tick_ns() {
            return Ok(());
        }
        let pings = self.hurt.flood.as_mut().map_or(0, |flood| flood.due(turn.now_ns));
        let bytes = self.hurt.drip.as_mut().map(|drip| drip.due(turn.now_ns));
        self.with_socket(|socket| {
            for _ in 0..pings {
                // What cannot be written is reported by the next read.
                let _ = socket.write(Message::Ping(FAULT_PING.into()));
            }
            let _ = socket.flush();
            socket.get_mut().drip = bytes;
        });
        self.pump(turn.counters)
    }

    fn hang_up(&mut self, hangup: Hangup, turn: &Turn<'_>) -> Result<(), Gone> {
        match hangup {
            Hangup::Close => {
                let frame = CloseFrame { code: 1001.into(), reason: "going away".into() };
                self.with_socket(|socket| {
                    let _ = socket.close(Some(frame));
                    let _ = socket.flush();
                });
                self.close(turn.now_ns);
                self.pump(turn.counters)
            }
            Hangup::Fin => {
                self.closing = true;
                self.deadline_ns = turn.now_ns + super::LINGER_NS;
                let Some(wire) = self.wire() else { return Err(Gone) };
                wire.muted = true;
                Ok(wire.socket().shutdown(Shutdown::Write)?)
            }
            Hangup::Reset => {
                self.reset_at_end();
                Err(Gone)
            }
        }
    }

    /// Makes the end of the connection a reset.
    pub(super) fn reset_at_end(&mut self) {
        if let Some(wire) = self.wire() {
            wire.reset_at_end();
        }
    }
}

fn drip_rate(faults: &Faults) -> Option<u32> {
    faults.find(|kind| match kind {
        FaultKind::SlowDrip { bytes_per_second } => Some(*bytes_per_second),
        _ => None,
    })
}

fn flood_rate(faults: &Faults) -> Option<u32> {
    faults.find(|kind| match kind {
        FaultKind::PingFlood { per_second } => Some(*per_second),
        _ => None,
    })
}

/// The answer to a WebSocket upgrade that faults refuse.
pub(super) fn refused_upgrade(faults: &Faults) -> Option<Response> {
    faults.find(|kind| match kind {
        FaultKind::UpgradeStatus { status, retry_after_s } => Some(refusal(*status, *retry_after_s)),
        _ => None,
    })
}

/// The answer that faults give in place of the venue's.
pub(super) fn rest_answer(faults: &Faults) -> Option<Response> {
    faults.find(|kind| match kind {
        FaultKind::RestStatus { status, retry_after_s } => Some(refusal(*status, *retry_after_s)),
        FaultKind::RestGarbage => Some(Response::html(200)),
        _ => None,
    })
}

/// How much later REST answers.
pub(super) fn rest_delay_ns(faults: &Faults) -> Option<i64> {
    faults.find(|kind| match kind {
        FaultKind::RestSlow { delay_ms } => Some(i64::from(*delay_ms) * NS_PER_MS),
        _ => None,
    })
}

/// Limits are told in JSON, the rest by the machines in front of a venue.
fn refusal(status: u16, retry_after_s: Option<u32>) -> Response {
    let response = match status {
        418 | 429 => {
            Response::json(status, r#"{"code":-1003,"msg":"Too many requests.","message":"Too many requests."}"#)
        }
        _ => Response::html(status),
    };
    retry_after_s.into_iter().fold(response, |response, seconds| response.header("Retry-After", seconds))
}

/// A text in several frames, with a ping after the first of them.
pub(super) fn write_fragments(socket: &mut WebSocket<Wire>, text: &str) -> tungstenite::Result<()> {
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(text.len().div_ceil(FRAGMENTS).max(1)).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let opcode = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
        socket.write(Message::Frame(RawFrame::message(piece.to_vec(), opcode, at + 1 == pieces.len())))?;
        if at == 0 {
            socket.write(Message::Frame(RawFrame::ping(FAULT_PING)))?;
        }
    }
    Ok(())
}

/// Errors of these writes show when the socket is next used.
fn write_garbage(socket: &mut WebSocket<Wire>, garbage: Garbage) {
    let written = match garbage {
        Garbage::Text => socket.write(Message::text("<<< this is no JSON }{")),
        Garbage::Binary => socket.write(Message::binary(vec![0, 255, 17, 128, 3])),
        Garbage::Unknown => socket.write(Message::text(r#"{"weather":{"zurich":"rain","degrees":[11,9]}}"#)),
        Garbage::Utf8 => raw(socket, &[0x81, 4, 0xff, 0xfe, 0xc0, 0x80]),
        Garbage::Opcode => raw(socket, &[0xfb, 2, b'?', b'?']),
    };
    let _ = written.and_then(|()| socket.flush());
}

fn write_oversized(socket: &mut WebSocket<Wire>, oversize: Oversize) {
    let written = match oversize {
        Oversize::Declared => {
            let mut bytes = vec![0x81, 127];
            bytes.extend(DECLARED_BYTES.to_be_bytes());
            bytes.extend([b'x'; 64]);
            raw(socket, &bytes)
        }
        Oversize::Real => {
            socket.get_mut().allow(REAL_BYTES + 1024);
            socket.write(Message::text("x".repeat(REAL_BYTES)))
        }
    };
    let _ = written.and_then(|()| socket.flush());
}

/// Bytes past the framing; everything framed before has been handed over already.
fn raw(socket: &mut WebSocket<Wire>, bytes: &[u8]) -> tungstenite::Result<()> {
    Ok(socket.get_mut().write_all(bytes)?)
}
