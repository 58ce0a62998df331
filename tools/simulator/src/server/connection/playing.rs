//! A connection to which a recording is played.

use super::{Connection, Gone, Phase, Turn};
use crate::capture::Played;

impl Connection {
    /// Recorded messages are played.
    pub(crate) fn played(&mut self, batch: &[Played], turn: &mut Turn<'_>) -> Result<(), Gone> {
        if !self.listens() {
            return Ok(());
        }
        let mut outbox = self.outbox(turn.faults);
        let Phase::Socket { feed, .. } = &mut self.phase else { return Ok(()) };
        for played in batch {
            feed.played(played, turn.now_ns, &mut outbox);
        }
        self.send(outbox, turn)
    }

    /// When the client last said what it wants, if it listens.
    pub(crate) fn subscribed_ns(&self) -> Option<i64> {
        self.listens().then_some(self.heard_ns)
    }

    /// Bytes that wait to be sent to a client that listens.
    pub(crate) fn backlog(&self) -> usize {
        match &self.phase {
            Phase::Socket { socket, .. } if self.listens() => socket.get_ref().backlog(),
            _ => 0,
        }
    }
}
