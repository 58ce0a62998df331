//! Host names into addresses, and connection attempts kept within the venues' limits, off the data path's threads.
#![allow(clippy::disallowed_methods, reason = "the resolver has threads of its own: the system's resolver blocks")]

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use tickplane_segments::HoldKind;
use tickplane_shards::ConnectionId;

use crate::thread::{Command, Notice, Waking};

/// An attempt that may go out within this time needs no second look at its name.
const FRESH: Duration = Duration::from_secs(5);
/// An attempt that is later than it was booked by more than this is booked again: the venue counts when it comes.
const LATE_MAX: Duration = Duration::from_millis(200);

/// When a connection attempt may go out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Booking {
    /// In how long.
    pub wait: Duration,
    /// What keeps it back until then.
    pub hold: HoldKind,
}

/// Says when connection attempts and messages may go out. One gate serves every shard, on the resolver's thread.
pub trait Gate: Send + Sync {
    /// Books an attempt at a host; and its first message, for the same moment, where
    /// [`Limits::books_first_message`](tickplane_exchanges::Limits::books_first_message) says so.
    fn book(&self, host: &str, port: u16) -> Booking;

    /// Books one more message to a host whose venue counts those of all connections together; returns how long it has
    /// to wait.
    fn book_message(&self, _host: &str, _port: u16) -> Duration {
        Duration::ZERO
    }

    /// How long the venue of a host still wants nobody. Asked when an attempt that was booked is to leave.
    fn closed_for(&self, _host: &str, _port: u16) -> Duration {
        Duration::ZERO
    }
}

/// One connection attempt on its way.
struct Attempt {
    connection: ConnectionId,
    number: u64,
    host: String,
    port: u16,
    answer: Waking,
    notices: Sender<Notice>,
    /// When it may leave, once that is booked.
    booked: Option<Instant>,
    /// The way back for its addresses: nothing else holds the thread's inbox open.
    back: Sender<Message>,
}

enum Message {
    /// An attempt begins.
    Begin(Attempt),
    Resolved(Attempt, Result<Vec<SocketAddr>, String>),
    /// A connection wants to say something.
    Speak {
        connection: ConnectionId,
        number: u64,
        host: String,
        port: u16,
        answer: Waking,
    },
}

/// Resolves names and lets attempts go when the gate does; what comes of it is a [`Command::Resolved`]. It ends with its
/// last clone.
#[derive(Clone)]
pub struct Resolver {
    messages: Sender<Message>,
}

impl Resolver {
    /// Starts the thread. Without a gate every attempt goes at once.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(gate: Option<Arc<dyn Gate>>) -> std::io::Result<Self> {
        let (messages, inbox) = unbounded();
        let queue = Queue { gate, waiting: Vec::new() };
        std::thread::Builder::new().name("resolver".to_owned()).spawn(move || queue.run(&inbox))?;
        Ok(Self { messages })
    }

    /// Begins an attempt; IP addresses are answered the same way.
    pub(crate) fn ask(
        &self,
        (connection, number): (ConnectionId, u64),
        (host, port): (String, u16),
        answer: Waking,
        notices: Sender<Notice>,
    ) {
        let back = self.messages.clone();
        let attempt = Attempt { connection, number, host, port, answer, notices, booked: None, back };
        // The thread lives as long as any sender: this cannot fail.
        let _ = self.messages.send(Message::Begin(attempt));
    }

    /// Asks when a connection may say something; the answer is a [`Command::Permitted`].
    pub(crate) fn ask_to_speak(
        &self,
        (connection, number): (ConnectionId, u64),
        (host, port): (String, u16),
        answer: Waking,
    ) {
        let _ = self.messages.send(Message::Speak { connection, number, host, port, answer });
    }
}

/// An attempt that the gate holds back, with its addresses. Without them its name is to be looked up once more, a
/// little before it leaves: it may have moved meanwhile.
struct Held {
    until: Instant,
    attempt: Attempt,
    addresses: Option<Vec<SocketAddr>>,
}

struct Queue {
    gate: Option<Arc<dyn Gate>>,
    waiting: Vec<Held>,
}

impl Queue {
    fn run(mut self, inbox: &Receiver<Message>) {
        loop {
            let until = self.waiting.iter().map(|held| held.until).min();
            let message = match until {
                Some(until) => inbox.recv_deadline(until),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Begin(attempt)) => resolve(attempt),
                Ok(Message::Resolved(attempt, Ok(addresses))) => self.resolved(attempt, addresses),
                Ok(Message::Resolved(attempt, Err(reason))) => attempt.answer(Err(reason)),
                Ok(Message::Speak { connection, number, host, port, answer }) => {
                    let wait = self.gate.as_ref().map_or(Duration::ZERO, |gate| gate.book_message(&host, port));
                    answer.send(Command::Permitted { connection, attempt: number, wait });
                }
                Err(RecvTimeoutError::Timeout) => self.let_go(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn resolved(&mut self, attempt: Attempt, addresses: Vec<SocketAddr>) {
        match attempt.booked {
            None => self.book(attempt, addresses),
            Some(until) if Instant::now() < until => {
                self.waiting.push(Held { until, attempt, addresses: Some(addresses) });
            }
            Some(_) => self.leave(attempt, addresses),
        }
    }

    fn book(&mut self, mut attempt: Attempt, addresses: Vec<SocketAddr>) {
        let at_once = Booking { wait: Duration::ZERO, hold: HoldKind::Limit };
        let booking = self.gate.as_ref().map_or(at_once, |gate| gate.book(&attempt.host, attempt.port));
        if booking.wait.is_zero() {
            return attempt.answer(Ok(addresses));
        }
        attempt.delayed(booking);
        let until = Instant::now() + booking.wait;
        attempt.booked = Some(until);
        let held = match booking.wait.checked_sub(FRESH) {
            Some(early) => Held { until: Instant::now() + early, attempt, addresses: None },
            None => Held { until, attempt, addresses: Some(addresses) },
        };
        self.waiting.push(held);
    }

    fn let_go(&mut self) {
        let now = Instant::now();
        let due: Vec<Held> = self.waiting.extract_if(.., |held| held.until <= now).collect();
        for Held { attempt, addresses, .. } in due {
            match addresses {
                Some(addresses) => self.leave(attempt, addresses),
                None => resolve(attempt),
            }
        }
    }

    /// The moment that was booked has come. The venue may have shut its door since: then another one is booked, as for an
    /// attempt that comes too late for its own.
    fn leave(&mut self, attempt: Attempt, addresses: Vec<SocketAddr>) {
        let is_closed = self.gate.as_ref().is_some_and(|gate| !gate.closed_for(&attempt.host, attempt.port).is_zero());
        let is_late = attempt.booked.is_some_and(|booked| booked.elapsed() > LATE_MAX);
        if is_closed || is_late { self.book(attempt, addresses) } else { attempt.answer(Ok(addresses)) }
    }
}

/// Asks the system on a thread of its own: a name server that does not answer holds up nobody else.
fn resolve(attempt: Attempt) {
    let back = attempt.back.clone();
    if let Ok(ip) = attempt.host.parse::<IpAddr>() {
        let addresses = vec![SocketAddr::new(ip, attempt.port)];
        let _ = back.send(Message::Resolved(attempt, Ok(addresses)));
        return;
    }
    let Attempt { connection, number, answer, .. } = &attempt;
    let (connection, number, without_thread) = (*connection, *number, answer.clone());
    let asking = move || {
        let result = (attempt.host.as_str(), attempt.port)
            .to_socket_addrs()
            .map(Iterator::collect::<Vec<SocketAddr>>)
            .map_err(|error| format!("{}: {error}", attempt.host));
        // A resolver that ended has nobody left to answer.
        let _ = back.send(Message::Resolved(attempt, result));
    };
    if let Err(error) = std::thread::Builder::new().name("resolve".to_owned()).spawn(asking) {
        let result = Err(format!("no thread to ask the name server with: {error}"));
        without_thread.send(Command::Resolved { connection, attempt: number, result });
    }
}

impl Attempt {
    fn answer(self, result: Result<Vec<SocketAddr>, String>) {
        self.answer.send(Command::Resolved { connection: self.connection, attempt: self.number, result });
    }

    fn delayed(&self, Booking { wait, hold }: Booking) {
        self.answer.send(Command::Delayed { connection: self.connection, attempt: self.number, wait, hold });
        let host = format!("{}:{}", self.host, self.port);
        // Nobody has to listen.
        let _ = self.notices.send(Notice::Delayed { host, wait, hold });
    }
}
