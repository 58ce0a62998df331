//! The shard's end: it never blocks, never drops and never grows with the number of trades.

use tickplane_model::Trade;

use crate::{Overwritten, WorkerEvent};

/// The shard's end of a ring.
#[derive(Debug)]
pub struct Sender {
    producer: rtrb::Producer<WorkerEvent>,
    /// The way back.
    losses: rtrb::Consumer<Overwritten>,
    /// What did not fit, in order. Trades are merged, so its length is bounded by the number of instruments and
    /// of connection changes, not by the number of trades. (Trades fetched anew are sent when nothing waits, an answer of
    /// the venue at a time.)
    deferred: Vec<WorkerEvent>,
    /// How much of `deferred` is already in the ring.
    flushed: usize,
    /// Whether something entered the ring since [`Sender::take_sent`].
    has_sent: bool,
    /// Per slot: one more than the place of its last entry in `deferred`; 0 for none.
    places: Vec<usize>,
}

impl Sender {
    pub(crate) fn new(producer: rtrb::Producer<WorkerEvent>, losses: rtrb::Consumer<Overwritten>) -> Self {
        Self { producer, losses, deferred: Vec::new(), flushed: 0, has_sent: false, places: Vec::new() }
    }

    /// Makes room for one more instrument. Called when it is added, so that sending never allocates for trades.
    pub fn add_slot(&mut self, slot: u32) {
        let length = slot as usize + 1;
        if self.places.len() < length {
            self.places.resize(length, 0);
            self.deferred.reserve(4 * length);
        }
    }

    /// Sends a trade that stands in the shared trade ring as number `seq`; `false` if it was deferred.
    pub fn trade(&mut self, slot: u32, seq: u64, trade: &Trade) -> bool {
        let is_sent = !self.is_behind() && self.push(WorkerEvent::Trade { slot, seq, trade: *trade });
        if !is_sent {
            self.defer_trade(slot, seq);
        }
        is_sent
    }

    /// Sends anything that is not a trade.
    pub fn tell(&mut self, event: WorkerEvent) {
        if self.is_behind() || !self.push(event) {
            self.defer(event);
        }
    }

    /// The next loss that the worker told of.
    pub fn next_loss(&mut self) -> Option<Overwritten> {
        self.losses.pop().ok()
    }

    /// Whether something entered the ring since the last call: then the worker may have to be woken.
    pub fn take_sent(&mut self) -> bool {
        std::mem::take(&mut self.has_sent)
    }

    /// Whether the ring was full and something still waits for room.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.flushed < self.deferred.len()
    }

    /// Moves what waits into the ring as far as there is room; `true` when nothing waits any more.
    pub fn flush(&mut self) -> bool {
        while let Some(event) = self.deferred.get(self.flushed) {
            let event = *event;
            if !self.push(event) {
                return false;
            }
            self.flushed += 1;
        }
        if self.flushed > 0 {
            self.deferred.clear();
            self.flushed = 0;
            self.places.fill(0);
        }
        true
    }

    fn push(&mut self, event: WorkerEvent) -> bool {
        let is_sent = self.producer.push(event).is_ok();
        self.has_sent |= is_sent;
        is_sent
    }

    fn defer_trade(&mut self, slot: u32, seq: u64) {
        let place = self.places[slot as usize];
        if place > self.flushed
            && let WorkerEvent::CatchUp { to, .. } = &mut self.deferred[place - 1]
        {
            debug_assert_eq!(*to + 1, seq, "trades of an instrument are sent in order");
            *to = seq;
            return;
        }
        self.defer(WorkerEvent::CatchUp { slot, from: seq, to: seq });
    }

    fn defer(&mut self, event: WorkerEvent) {
        let (WorkerEvent::Trade { slot, .. }
        | WorkerEvent::CatchUp { slot, .. }
        | WorkerEvent::Down { slot, .. }
        | WorkerEvent::Up { slot, .. }
        | WorkerEvent::Lost { slot, .. }
        | WorkerEvent::Missing { slot, .. }
        | WorkerEvent::Filled { slot, .. }
        | WorkerEvent::Again { slot, .. }
        | WorkerEvent::Repaid { slot, .. }) = event;
        self.deferred.push(event);
        self.places[slot as usize] = self.deferred.len();
    }
}

#[cfg(test)]
mod tests {
    use tickplane_model::{TradeFlags, TradeId};

    use super::*;
    use crate::ring;

    fn trade(id: u64) -> Trade {
        Trade {
            exchange_ns: id as i64,
            receive_ns: 0,
            price: 1.0,
            quantity: 1.0,
            id: TradeId::number(u128::from(id)),
            flags: TradeFlags::default(),
        }
    }

    /// What the worker makes of the events: every (slot, seq) it is told to fold, in order, and "down" as seq 0.
    fn told(events: &[WorkerEvent]) -> Vec<(u32, u64)> {
        let mut told = Vec::new();
        for event in events {
            match *event {
                WorkerEvent::Trade { slot, seq, .. } => told.push((slot, seq)),
                WorkerEvent::CatchUp { slot, from, to } => told.extend((from..=to).map(|seq| (slot, seq))),
                WorkerEvent::Down { slot, .. }
                | WorkerEvent::Up { slot, .. }
                | WorkerEvent::Lost { slot, .. }
                | WorkerEvent::Missing { slot, .. }
                | WorkerEvent::Filled { slot, .. }
                | WorkerEvent::Again { slot, .. }
                | WorkerEvent::Repaid { slot, .. } => told.push((slot, 0)),
            }
        }
        told
    }

    #[test]
    fn a_full_ring_keeps_every_trade_in_order_per_instrument() {
        let (mut sender, mut receiver) = ring(4);
        let mut sent = Vec::new();
        let mut received = Vec::new();
        let mut next = [1_u64; 3];
        for slot in 0..3 {
            sender.add_slot(slot);
        }
        for step in 0_u32..2_000 {
            let slot = step * 7 % 3;
            if step % 97 == 0 {
                sender.tell(WorkerEvent::Down { slot, at_ns: 0 });
                sent.push((slot, 0));
            }
            sender.trade(slot, next[slot as usize], &trade(1));
            sent.push((slot, next[slot as usize]));
            next[slot as usize] += 1;
            if step % 50 == 0 {
                receiver.drain(3, |event| received.push(event));
                sender.flush();
            }
        }
        while !sender.flush() || !receiver.is_empty() {
            receiver.drain(3, |event| received.push(event));
        }
        let received = told(&received);
        for slot in 0..3 {
            let of = |all: &[(u32, u64)]| all.iter().filter(|(s, _)| *s == slot).copied().collect::<Vec<_>>();
            assert_eq!(of(&received), of(&sent), "slot {slot}");
        }
    }

    #[test]
    fn what_waits_is_bounded_by_instruments() {
        let (mut sender, _receiver) = ring(1);
        sender.add_slot(0);
        for seq in 1..=1_000_000 {
            sender.trade(0, seq, &trade(seq));
        }
        assert_eq!(sender.deferred.len(), 1);
    }
}
