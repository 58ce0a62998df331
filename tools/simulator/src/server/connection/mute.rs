//! A connection under silence: the venue goes on as if it were heard, and nothing of it leaves.

use super::{Connection, Gone, Phase, Turn};
use crate::venue::{Control, Frame, Outbox};

impl Connection {
    /// Loses what the venue says. It has numbered and counted it, as it would have had the network lost it, so that the
    /// numbers jump when it is heard again. The sockets are to stay open: its pings count as answered, and a goodbye
    /// waits for the end of the silence.
    pub(super) fn lose(&mut self, outbox: Outbox, now_ns: i64) {
        let Phase::Socket { feed, .. } = &mut self.phase else { return };
        for frame in outbox.frames {
            match frame {
                Frame::Ping(payload) => {
                    feed.control(Control::Pong(payload.as_bytes()), now_ns, &mut Outbox::default());
                }
                Frame::Close { .. } => self.hurt.goodbye = Some(frame),
                Frame::Text(_) => {}
            }
        }
    }

    /// Says the goodbye that waited, if the silence is over.
    pub(super) fn say_goodbye(&mut self, turn: &Turn<'_>) -> Result<(), Gone> {
        if self.hurt.is_mute() {
            return Ok(());
        }
        let Some(goodbye) = self.hurt.goodbye.take() else { return Ok(()) };
        self.send(Outbox { frames: vec![goodbye], ..Outbox::default() }, turn)
    }
}
