//! The events of one message on their way to where they belong.

use std::collections::VecDeque;

use tickplane_exchanges::Outgoing;
use tickplane_model::{
    Event, EventSink, ExchangeId, Instrument, InstrumentIndex, Quote, RejectReason, Trade, TradeFlags,
};
use tickplane_rings::Sender;
use tickplane_segments::{ConnectionHealth, Stage, ThreadHealth};

use crate::instrument::{Intake, OwnedInstrument};
use crate::now::{Clock, Now};
use crate::report::{Action, Happening, Report};

/// What one message brought that concerns the connection as a whole.
#[derive(Clone, Copy, Default)]
pub(crate) struct Saw {
    pub(crate) ack: bool,
    /// Of whatever age.
    pub(crate) data: bool,
    /// News: no history, and nothing that was seen before.
    pub(crate) news: bool,
    pub(crate) sequence_gap: bool,
    pub(crate) closing: bool,
}

/// Takes the events of one message to where they belong.
pub(crate) struct Reading<'a, C> {
    pub(crate) exchange: ExchangeId,
    pub(crate) health: &'a mut ConnectionHealth,
    pub(crate) carried: &'a [(InstrumentIndex, Instrument)],
    pub(crate) instruments: &'a mut [OwnedInstrument],
    pub(crate) senders: &'a mut [Sender],
    pub(crate) thread: &'a mut ThreadHealth,
    pub(crate) actions: &'a mut VecDeque<Action>,
    pub(crate) outbox: &'a mut VecDeque<Outgoing>,
    pub(crate) stamp: Now,
    pub(crate) clock: &'a C,
    pub(crate) saw: Saw,
}

impl<C: Clock> Reading<'_, C> {
    fn trade(&mut self, index: u32, trade: &Trade) {
        let Some(instrument) = self.instruments.get_mut(index as usize) else { return };
        self.saw.data = true;
        let publish_ns = self.clock.now().epoch_ns;
        match instrument.trade(trade, self.stamp, publish_ns, self.senders) {
            Intake::Published { loss } => {
                self.health.trade(self.stamp.epoch_ns);
                if let Some(trades) = loss {
                    self.health.gap(trades);
                }
                // History comes in bulk on subscribe: its delays are nobody's latency.
                if !trade.flags.contains(TradeFlags::HISTORY) {
                    self.saw.news = true;
                    self.thread.record(Stage::ReadToTrade, publish_ns - trade.receive_ns);
                    self.thread.record(Stage::Network, trade.receive_ns - trade.exchange_ns);
                }
            }
            Intake::Duplicate => self.health.duplicate(),
            Intake::Unbelieved => self.health.reject(RejectReason::BadTime),
        }
    }

    fn quote(&mut self, index: u32, quote: &Quote) {
        let Some(instrument) = self.instruments.get_mut(index as usize) else { return };
        (self.saw.data, self.saw.news) = (true, true);
        instrument.quote(quote, self.stamp, self.clock.now().epoch_ns);
        self.health.quote(self.stamp.epoch_ns);
    }

    /// The venue confirmed the subscription of a ticker, or it does not say of which.
    fn ack(&mut self, venue_symbol: Option<&str>) {
        self.saw.ack = true;
        for (index, facts) in self.carried {
            if venue_symbol.is_none_or(|symbol| symbol == facts.venue_symbol) {
                self.instruments[*index as usize].acknowledged(self.stamp, self.senders);
            }
        }
    }

    fn refusal(&mut self, venue_symbol: Option<&str>, reason: &str) {
        self.health.refusal();
        let text = venue_symbol.map_or_else(|| reason.to_owned(), |symbol| format!("{symbol}: {reason}"));
        let report = Report { exchange: self.exchange, what: Happening::Refused { text } };
        self.actions.push_back(Action::Report(report));
    }
}

impl<C: Clock> EventSink for Reading<'_, C> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Trade { of, trade } => match of.instrument {
                Some(index) => self.trade(index, &trade),
                None => self.health.reject(RejectReason::UnknownSymbol),
            },
            Event::Quote { of, quote } => match of.instrument {
                Some(index) => self.quote(index, &quote),
                None => self.health.reject(RejectReason::UnknownSymbol),
            },
            Event::Ack { venue_symbol } => self.ack(venue_symbol),
            Event::Heartbeat => self.health.heartbeat(self.stamp.epoch_ns),
            Event::Refusal { venue_symbol, reason } => self.refusal(venue_symbol, reason),
            Event::Reply { text } => self.outbox.push_back(Outgoing::Text(text.to_owned())),
            Event::SequenceGap { lost } => {
                self.saw.sequence_gap = true;
                self.health.gap(lost);
            }
            Event::Closing => self.saw.closing = true,
            Event::Reject { reason } => self.health.reject(reason),
            Event::Status { .. } | Event::Ticker { .. } | Event::Candle { .. } | Event::Book { .. } => {}
        }
    }
}
