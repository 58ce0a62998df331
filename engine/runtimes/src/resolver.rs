//! Host names into addresses, and connection attempts kept within the venues' limits, off the data path's threads.
#![allow(clippy::disallowed_methods, reason = "the resolver has threads of its own: the system's resolver blocks")]

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use tickplane_shards::ConnectionId;

use crate::thread::{Command, Notice, Waking};

/// Says when a connection attempt may go out. One gate serves every shard, on the resolver's thread.
pub trait Gate: Send + Sync {
    /// Books an attempt at a host; returns how long it has to wait.
    fn book(&self, host: &str, port: u16) -> Duration;
}

/// One connection attempt on its way.
struct Attempt {
    connection: ConnectionId,
    number: u64,
    host: String,
    port: u16,
    answer: Waking,
    notices: Sender<Notice>,
}

enum Message {
    /// An attempt begins. The sender is the way back for its addresses: nothing else holds the thread's inbox open.
    Begin(Attempt, Sender<Message>),
    Resolved(Attempt, Result<Vec<SocketAddr>, String>),
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
        let attempt = Attempt { connection, number, host, port, answer, notices };
        // The thread lives as long as any sender: this cannot fail.
        let _ = self.messages.send(Message::Begin(attempt, self.messages.clone()));
    }
}

/// An attempt that the gate holds back, with its addresses.
struct Held {
    until: Instant,
    attempt: Attempt,
    addresses: Vec<SocketAddr>,
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
                Ok(Message::Begin(attempt, back)) => resolve(attempt, back),
                Ok(Message::Resolved(attempt, Ok(addresses))) => self.book(attempt, addresses),
                Ok(Message::Resolved(attempt, Err(reason))) => attempt.answer(Err(reason)),
                Err(RecvTimeoutError::Timeout) => self.let_go(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn book(&mut self, attempt: Attempt, addresses: Vec<SocketAddr>) {
        let wait = self.gate.as_ref().map_or(Duration::ZERO, |gate| gate.book(&attempt.host, attempt.port));
        if wait.is_zero() {
            return attempt.answer(Ok(addresses));
        }
        attempt.delayed(wait);
        self.waiting.push(Held { until: Instant::now() + wait, attempt, addresses });
    }

    fn let_go(&mut self) {
        let now = Instant::now();
        for held in self.waiting.extract_if(.., |held| held.until <= now) {
            held.attempt.answer(Ok(held.addresses));
        }
    }
}

/// Asks the system on a thread of its own: a name server that does not answer holds up nobody else.
fn resolve(attempt: Attempt, back: Sender<Message>) {
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

    fn delayed(&self, wait: Duration) {
        self.answer.send(Command::Delayed { connection: self.connection, attempt: self.number, wait });
        let host = format!("{}:{}", self.host, self.port);
        // Nobody has to listen.
        let _ = self.notices.send(Notice::Delayed { host, wait });
    }
}
