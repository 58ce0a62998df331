//! Leave to say one thing, where a venue counts what all connections from an IP say together.

use tickplane_exchanges::{Limits, Scope};

use crate::now::Now;

/// Whether a connection may send its next message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Permit {
    /// The venue counts each connection for itself: nobody is asked.
    NotNeeded,
    /// It has to be asked for.
    Needed,
    /// It was, and the answer is to come.
    Asked,
    /// One message may go from this time on.
    From(u64),
}

impl Permit {
    /// Of a connection that is not open.
    pub(crate) fn of(limits: &Limits) -> Self {
        if limits.outgoing_scope == Scope::Ip && limits.outgoing.is_some() { Self::Needed } else { Self::NotNeeded }
    }

    /// Of one that just opened: its first message may have been booked with the attempt.
    pub(crate) fn opened(limits: &Limits, now: Now) -> Self {
        if limits.books_first_message() { Self::From(now.monotonic_ns) } else { Self::of(limits) }
    }

    /// From when on a message may go.
    pub(crate) const fn free_ns(self) -> u64 {
        match self {
            Self::NotNeeded => 0,
            Self::Needed | Self::Asked => u64::MAX,
            Self::From(from_ns) => from_ns,
        }
    }

    /// When there is something to do for a message that waits: to ask, or to send it.
    pub(crate) const fn due_ns(self) -> u64 {
        match self {
            Self::Needed => 0,
            _ => self.free_ns(),
        }
    }

    /// Asks, if that is needed; says whether it was.
    pub(crate) fn ask(&mut self) -> bool {
        let is_needed = *self == Self::Needed;
        if is_needed {
            *self = Self::Asked;
        }
        is_needed
    }

    /// The answer.
    pub(crate) fn grant(&mut self, from_ns: u64) {
        if *self == Self::Asked {
            *self = Self::From(from_ns);
        }
    }

    /// A message went.
    pub(crate) fn spend(&mut self) {
        if *self != Self::NotNeeded {
            *self = Self::Needed;
        }
    }
}
