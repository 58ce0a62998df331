//! One connection to a venue: when to open it, what to say, when to give it up.

use std::collections::VecDeque;
use std::sync::Arc;

use rustls::ClientConfig;
use tickplane_exchanges::{Exchange, Grant, Meta, Outbox, Outgoing, Request, Scope, Session};
use tickplane_model::{ExchangeId, Instrument, InstrumentIndex};
use tickplane_segments::{ConnectionCounter, ConnectionHealth, ConnectionState, HoldKind};

use crate::Now;
use crate::allowance::Allowance;
use crate::backoff::Backoff;
use crate::close_reason::{CloseReason, StayAway};
use crate::hosts::Hosts;
use crate::link::{Address, Link, LinkError};
use crate::permit::Permit;

/// TCP, TLS and the WebSocket upgrade together may take this long.
pub(crate) const OPENING_MS_MAX: u64 = 10_000;
/// A connection is on trial for this long, unless its maker says otherwise.
pub const TRIAL_MS: u64 = 10_000;
/// Sessions are asked about application-level pings this often.
const TICK_MS: u64 = 1_000;
/// A connection that the venue ends at an age is renewed when between two and one of so many parts of it are left:
/// between 22 and 23 hours of 24.
const RENEWAL_PART: u64 = 24;
/// A moment without a word from the venue, at which little is missed.
const QUIET_MS: u64 = 1_000;

/// Everything a connection needs to live, made by the cold path.
pub struct ConnectionSpec {
    /// The venue.
    pub exchange: &'static dyn Exchange,
    /// Where it goes, the preferred first; at least one. An attempt that brings no data is followed by one at the next.
    pub addresses: Vec<Address>,
    /// What each attempt asks the venue by REST first, where that grants the address; it then goes there instead.
    pub grant: Option<Request>,
    /// Whether the trades of its instruments come on it. Where it brings their quotes only, another one is their home.
    pub has_trades: bool,
    /// What the socket serves, for the session.
    pub route: &'static str,
    /// Headers of the upgrade that the venue demands.
    pub headers: Vec<(&'static str, String)>,
    /// How it trusts.
    pub tls: Arc<ClientConfig>,
    /// The instruments it carries, by their index in the shard.
    pub instruments: Arc<[(InstrumentIndex, Instrument)]>,
    /// Its record in the plane's segment.
    pub health: ConnectionHealth,
    /// How long a connection must have lived before its news end the backoff: a venue that serves and drops at once is
    /// not hammered. [`TRIAL_MS`] for any real venue.
    pub trial_ms: u64,
    /// How long the first attempt waits, so that many connections stay within the venue's limit.
    pub first_attempt_ms: u64,
    /// Tells its jitter from that of others.
    pub seed: u64,
}

enum Phase {
    /// Waits until this time for the next attempt.
    Waiting(u64),
    /// TCP, TLS and the upgrade, until this time.
    Opening(u64),
    Open,
}

/// What became due.
pub(crate) enum Due {
    Nothing,
    Connect,
    Close(CloseReason),
}

pub(crate) struct Connection {
    pub(crate) spec: ConnectionSpec,
    /// The facts of the market that it serves.
    meta: &'static Meta,
    pub(crate) link: Option<Link>,
    pub(crate) session: Option<Box<dyn Session>>,
    /// Bytes for the TCP socket.
    pub(crate) outgoing: Vec<u8>,
    /// Requests to subscribe that wait for the venue's rate.
    pub(crate) outbox: VecDeque<Outgoing>,
    /// Pings and answers that do; they go first.
    pub(crate) answers: VecDeque<Outgoing>,
    /// How many requests to subscribe the venue takes.
    allowance: Allowance,
    /// The question that asks for a grant, while it is out.
    pub(crate) asked: Option<u64>,
    /// What this attempt was granted, and where that is.
    granted: Option<(Grant, Address)>,
    /// Whether subscriptions were answered on this socket.
    pub(crate) is_subscribed: bool,
    /// Whether news came on this socket.
    pub(crate) has_news: bool,
    /// Until when it is on trial.
    trial_ns: u64,
    /// Which of the addresses is tried.
    hosts: Hosts,
    /// Counts attempts, so that a late answer of the resolver is known as late.
    pub(crate) attempt: u64,
    phase: Phase,
    backoff: Backoff,
    last_heard_ns: u64,
    /// How long the venue had said nothing when the shard looked last.
    silence_ns: u64,
    next_tick_ns: u64,
    next_send_ns: u64,
    /// Whether the next message may go, where the venue counts those of all connections together.
    permit: Permit,
    /// When the WebSocket opened.
    opened_ns: u64,
}

impl Connection {
    pub(crate) fn new(spec: ConnectionSpec, now: Now) -> Self {
        let phase = Phase::Waiting(now.after_ms(spec.first_attempt_ms));
        let backoff = Backoff::new(spec.seed);
        let meta = spec
            .instruments
            .first()
            .map_or_else(|| spec.exchange.meta(), |(_, instrument)| spec.exchange.market(instrument.product));
        let hosts = Hosts::new(spec.addresses.len());
        Self {
            spec,
            meta,
            link: None,
            session: None,
            outgoing: Vec::new(),
            outbox: VecDeque::new(),
            answers: VecDeque::new(),
            allowance: Allowance::new(meta.limits.subscribes),
            asked: None,
            granted: None,
            is_subscribed: false,
            has_news: false,
            trial_ns: 0,
            hosts,
            attempt: 0,
            phase,
            backoff,
            last_heard_ns: 0,
            silence_ns: 0,
            next_tick_ns: 0,
            next_send_ns: 0,
            permit: Permit::of(&meta.limits),
            opened_ns: 0,
        }
    }

    pub(crate) fn exchange(&self) -> ExchangeId {
        self.meta.id
    }

    /// Where the present or next attempt goes.
    pub(crate) fn address(&self) -> &Address {
        match &self.granted {
            Some((_, address)) => address,
            None => &self.spec.addresses[self.hosts.at()],
        }
    }

    /// The venue granted this attempt an address.
    pub(crate) fn granted(&mut self, grant: Grant, address: Address) {
        self.granted = Some((grant, address));
    }

    /// An attempt begins.
    pub(crate) fn begin(&mut self, now: Now) {
        self.attempt += 1;
        self.phase = Phase::Opening(now.after_ms(OPENING_MS_MAX));
        self.spec.health.attempted(now.epoch_ns);
        self.leaves();
    }

    /// The attempt may not go out yet.
    pub(crate) fn delayed(&mut self, wait_ms: u64, hold: HoldKind, now: Now) {
        if matches!(self.phase, Phase::Opening(_)) {
            self.phase = Phase::Opening(now.after_ms(wait_ms + OPENING_MS_MAX));
            self.hold(wait_ms, hold, now);
        }
    }

    /// Nothing keeps the attempt back any more.
    pub(crate) fn leaves(&mut self) {
        self.spec.health.released();
        self.spec.health.set_state(ConnectionState::Connecting);
    }

    fn hold(&mut self, wait_ms: u64, hold: HoldKind, now: Now) {
        self.spec.health.held(now.epoch_ns + wait_ms as i64 * 1_000_000, hold);
        let is_ours = hold == HoldKind::Backoff;
        self.spec.health.set_state(if is_ours { ConnectionState::Waiting } else { ConnectionState::Held });
    }

    /// TCP is open: TLS and the upgrade begin.
    pub(crate) fn connected(&mut self) -> Result<(), LinkError> {
        let limit = self.meta.limits.incoming_bytes_max;
        let mut link = Link::new(self.address(), &self.spec.tls, &self.spec.headers, limit)?;
        link.receive(&mut [], &mut self.outgoing)?;
        link.poll()?;
        link.flush(&mut self.outgoing)?;
        self.link = Some(link);
        Ok(())
    }

    /// The WebSocket is open: a new session says what it has to.
    pub(crate) fn opened(&mut self, now: Now) {
        let of: Vec<(InstrumentIndex, &Instrument)> =
            self.spec.instruments.iter().map(|(index, instrument)| (*index, instrument)).collect();
        let mut session = self.spec.exchange.session(self.spec.route, &of);
        if let Some((grant, _)) = &self.granted {
            session.granted(grant);
        }
        let mut outbox = Outbox::default();
        session.opened(now.epoch_ns, &mut outbox);
        self.outbox = outbox.0.into();
        self.allowance = Allowance::new(self.meta.limits.subscribes);
        self.session = Some(session);
        self.phase = Phase::Open;
        self.trial_ns = now.after_ms(self.spec.trial_ms);
        self.heard(now);
        self.next_tick_ns = now.after_ms(TICK_MS);
        self.next_send_ns = now.monotonic_ns;
        self.opened_ns = now.monotonic_ns;
        self.permit = Permit::opened(&self.meta.limits, now);
        self.spec.health.connected(now.epoch_ns);
        self.spec.health.set_state(ConnectionState::Connected);
    }

    /// Bytes came: the peer lives.
    pub(crate) fn heard(&mut self, now: Now) {
        self.last_heard_ns = now.monotonic_ns;
        self.silence_ns = 0;
    }

    /// Whether the venue had missed heartbeats when the shard looked last: what it says next does not follow on what it
    /// said before. Looks are told apart from reads so that a thread that was not running blames no venue.
    pub(crate) fn missed_heartbeats(&self) -> bool {
        let heartbeat_ms = self.meta.heartbeat_ms;
        self.is_subscribed && heartbeat_ms.is_some_and(|heartbeat_ms| self.silence_ns >= ms(heartbeat_ms) * 5 / 2)
    }

    /// News came. Of a connection that has lived for a while they show that the venue serves us: the next outage starts
    /// with short waits again.
    #[inline]
    pub(crate) fn served(&mut self, now: Now) {
        if !self.has_news {
            self.has_news = true;
            self.spec.health.set_state(ConnectionState::Live);
        }
        if now.monotonic_ns >= self.trial_ns {
            self.backoff.reset();
        }
    }

    /// Of a connection that is subscribed: whether a stream of it is dead while its market is not.
    pub(crate) fn shows_stale(&mut self, is_stale: bool) {
        let well = if self.has_news { ConnectionState::Live } else { ConnectionState::Subscribed };
        self.spec.health.set_state(if is_stale { ConnectionState::Stale } else { well });
    }

    /// Forgets the socket; returns how many milliseconds until the next attempt.
    pub(crate) fn ended(&mut self, now: Now, reason: &CloseReason) -> u64 {
        let backoff_ms = if *reason == CloseReason::Renewed { 0 } else { self.backoff.next_ms() };
        let stay_ms = match reason.stay_away() {
            Some(StayAway { seconds, is_of_host: true }) => {
                self.hosts.bar(now.after_ms(u64::from(seconds) * 1_000));
                0
            }
            Some(StayAway { seconds, .. }) => u64::from(seconds) * 1_000,
            None => 0,
        };
        // A host that served is the first to be asked again.
        let stay_ms = self.hosts.next(self.has_news, now).max(stay_ms);
        let wait_ms = backoff_ms.max(stay_ms);
        self.link = None;
        self.session = None;
        self.outgoing.clear();
        self.outbox.clear();
        self.answers.clear();
        self.asked = None;
        self.granted = None;
        self.is_subscribed = false;
        self.has_news = false;
        self.phase = Phase::Waiting(now.after_ms(wait_ms));
        if *reason == CloseReason::Stopped {
            self.spec.health.released();
            self.spec.health.set_state(ConnectionState::Closed);
        } else {
            self.hold(wait_ms, if stay_ms > backoff_ms { HoldKind::Ban } else { HoldKind::Backoff }, now);
            self.spec.health.count(ConnectionCounter::Disconnects, u64::from(*reason != CloseReason::Renewed));
        }
        wait_ms
    }

    /// What is due now; sends ticks and paced messages on the way.
    pub(crate) fn due(&mut self, now: Now) -> Due {
        match self.phase {
            Phase::Waiting(until) if now.monotonic_ns >= until => Due::Connect,
            Phase::Opening(until) if now.monotonic_ns >= until => Due::Close(CloseReason::OpeningTimeout),
            Phase::Waiting(_) | Phase::Opening(_) => Due::Nothing,
            Phase::Open => self.due_open(now),
        }
    }

    fn due_open(&mut self, now: Now) -> Due {
        let silence_max_ms = self.meta.limits.silence_max_ms;
        self.silence_ns = now.monotonic_ns.saturating_sub(self.last_heard_ns);
        if now.monotonic_ns >= self.last_heard_ns + ms(silence_max_ms) {
            return Due::Close(CloseReason::Silent(silence_max_ms));
        }
        if self.is_old(now) {
            return Due::Close(CloseReason::Renewed);
        }
        if now.monotonic_ns >= self.next_tick_ns
            && let Some(session) = &mut self.session
        {
            let mut outbox = Outbox::default();
            session.tick(now.epoch_ns, &mut outbox);
            self.answers.extend(outbox.0);
            self.next_tick_ns = now.after_ms(TICK_MS);
        }
        match self.send_paced(now) {
            Ok(()) => Due::Nothing,
            Err(error) => Due::Close(error.into()),
        }
    }

    /// Whether the venue will end it soon for its age, and this is the moment to be first: a quiet one, or the last.
    fn is_old(&self, now: Now) -> bool {
        let Some(life_ms) = self.meta.limits.connection_life_ms else { return false };
        let (age_ms, part_ms) = ((now.monotonic_ns - self.opened_ns) / 1_000_000, life_ms / RENEWAL_PART);
        // Connections that opened together are not renewed together.
        let spread_ms = self.spec.seed % part_ms.max(1);
        let is_quiet = self.silence_ns >= QUIET_MS * 1_000_000;
        age_ms >= life_ms - 2 * part_ms + spread_ms + if is_quiet { 0 } else { part_ms / 2 }
    }

    /// Whether it has something to say and must ask first; the question is out then.
    pub(crate) fn asks_to_speak(&mut self, now: Now) -> bool {
        let has_request = !self.outbox.is_empty() && self.allowance.free_ns() <= now.monotonic_ns;
        matches!(self.phase, Phase::Open) && (has_request || !self.answers.is_empty()) && self.permit.ask()
    }

    /// It may say one thing more.
    pub(crate) fn permitted(&mut self, wait_ms: u64, now: Now) {
        self.permit.grant(now.after_ms(wait_ms));
    }

    /// Sends what waits in the outbox, no faster than the venue allows.
    pub(crate) fn send_paced(&mut self, now: Now) -> Result<(), LinkError> {
        let Some(link) = &mut self.link else { return Ok(()) };
        while now.monotonic_ns >= self.next_send_ns.max(self.permit.free_ns()) {
            let message = match self.answers.pop_front() {
                None if self.allowance.free_ns() > now.monotonic_ns => break,
                None => self.outbox.pop_front().inspect(|_| self.allowance.spend(now.monotonic_ns)),
                answer => answer,
            };
            let Some(message) = message else { break };
            link.send(&message)?;
            self.permit.spend();
            self.next_send_ns = now.monotonic_ns + spacing_ns(self.meta);
        }
        link.flush(&mut self.outgoing)
    }

    /// When [`Connection::due`] has something to do next.
    pub(crate) fn next_due_ns(&self) -> u64 {
        match self.phase {
            Phase::Waiting(until) | Phase::Opening(until) => until,
            Phase::Open => {
                let silence = self.last_heard_ns + ms(self.meta.limits.silence_max_ms);
                let send = match (self.answers.is_empty(), self.outbox.is_empty()) {
                    (false, _) => self.next_send_ns,
                    (true, false) => self.next_send_ns.max(self.allowance.free_ns()),
                    (true, true) => u64::MAX,
                };
                silence.min(self.next_tick_ns).min(send.max(self.permit.due_ns()))
            }
        }
    }
}

const fn ms(ms: u32) -> u64 {
    ms as u64 * 1_000_000
}

/// Time between two outgoing messages. One message of each period is left for pongs, which some venues count. Where the
/// venue counts by IP, permits keep the pace.
fn spacing_ns(meta: &Meta) -> u64 {
    if meta.limits.outgoing_scope == Scope::Ip {
        return 0;
    }
    meta.limits.outgoing.map_or(0, |rate| ms(rate.per_ms) / u64::from(rate.count.saturating_sub(1).max(1)))
}
