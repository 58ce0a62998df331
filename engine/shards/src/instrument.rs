//! An instrument in the hands of its one owner shard.

use tickplane_exchanges::TradeIds;
use tickplane_model::{Quote, Trade};
use tickplane_rings::{Sender, WorkerEvent};
use tickplane_segments::InstrumentWriter;

use crate::duplicates::{Duplicates, Verdict};

/// Which worker builds the candles of an instrument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Which of the shard's rings leads there.
    pub ring: usize,
    /// The worker's number for the instrument.
    pub slot: u32,
}

/// An instrument with its region, made by the cold path and then owned by one shard.
pub struct OwnedInstrument {
    writer: InstrumentWriter,
    route: Route,
    duplicates: Duplicates,
    is_up: bool,
    was_up: bool,
}

/// What became of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Intake {
    /// Published; this many before it are missing.
    Published {
        lost: u64,
    },
    Duplicate,
}

impl OwnedInstrument {
    /// Takes over an instrument; what its region holds from an earlier process counts as seen.
    #[must_use]
    pub fn new(writer: InstrumentWriter, ids: TradeIds, route: Route) -> Self {
        let newest = writer.last_trade().map(|trade| trade.id);
        Self { writer, route, duplicates: Duplicates::new(ids, newest), is_up: false, was_up: false }
    }

    pub(crate) fn route(&self) -> Route {
        self.route
    }

    /// Publishes a trade that was not seen before: into the shared ring first, then to the worker.
    pub(crate) fn trade(&mut self, trade: &Trade, publish_ns: i64, senders: &mut [Sender]) -> Intake {
        let lost = match self.duplicates.judge(trade.id) {
            Verdict::Duplicate => return Intake::Duplicate,
            Verdict::New => 0,
            Verdict::NewAfter { lost } => lost,
        };
        let sender = &mut senders[self.route.ring];
        if lost > 0 {
            sender.tell(WorkerEvent::Lost { slot: self.route.slot, at_ns: trade.receive_ns });
        }
        let seq = self.writer.publish_trade(trade, publish_ns);
        sender.trade(self.route.slot, seq, trade);
        Intake::Published { lost }
    }

    pub(crate) fn quote(&mut self, quote: &Quote, publish_ns: i64) {
        self.writer.publish_quote(quote, publish_ns);
    }

    /// The stream is subscribed, or data of it arrived.
    pub(crate) fn up(&mut self, at_ns: i64, senders: &mut [Sender]) {
        if !self.is_up {
            self.is_up = true;
            if self.was_up {
                senders[self.route.ring].tell(WorkerEvent::Up { slot: self.route.slot, at_ns });
            }
            self.was_up = true;
        }
    }

    /// The connection that carries the stream is gone.
    pub(crate) fn down(&mut self, at_ns: i64, senders: &mut [Sender]) {
        if self.is_up {
            self.is_up = false;
            senders[self.route.ring].tell(WorkerEvent::Down { slot: self.route.slot, at_ns });
        }
    }

    /// Messages of the connection were lost: its trades may be among them.
    pub(crate) fn lost(&self, at_ns: i64, senders: &mut [Sender]) {
        senders[self.route.ring].tell(WorkerEvent::Lost { slot: self.route.slot, at_ns });
    }
}
