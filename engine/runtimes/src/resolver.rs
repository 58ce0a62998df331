//! Host names into addresses, on a thread of its own: the system's resolver blocks.
#![allow(clippy::disallowed_methods, reason = "the resolver has a thread of its own")]

use std::net::{SocketAddr, ToSocketAddrs};

use crossbeam_channel::{Sender, unbounded};
use tickplane_shards::ConnectionId;

use crate::thread::{Command, Waking};

struct Question {
    connection: ConnectionId,
    attempt: u64,
    host: String,
    port: u16,
    answer: Waking,
}

/// Asks the system's resolver; answers come back as [`Command::Resolved`]. It ends with its last clone.
#[derive(Clone, Debug)]
pub struct Resolver {
    questions: Sender<Question>,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Question({}:{})", self.host, self.port)
    }
}

impl Resolver {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start() -> std::io::Result<Self> {
        let (questions, inbox) = unbounded::<Question>();
        std::thread::Builder::new().name("resolver".to_owned()).spawn(move || {
            for question in inbox {
                let Question { connection, attempt, host, port, answer } = question;
                let result = (host.as_str(), port)
                    .to_socket_addrs()
                    .map(Iterator::collect::<Vec<SocketAddr>>)
                    .map_err(|error| format!("{host}: {error}"));
                answer.send(Command::Resolved { connection, attempt, result });
            }
        })?;
        Ok(Self { questions })
    }

    /// Asks; IP addresses are answered the same way.
    pub(crate) fn ask(&self, connection: ConnectionId, attempt: u64, host: String, port: u16, answer: Waking) {
        // The thread lives as long as any sender: this cannot fail.
        let _ = self.questions.send(Question { connection, attempt, host, port, answer });
    }
}
