//! Trades that a worker did not get, because it fell so far behind that the shared ring went over them: they are
//! fetched anew, for the worker alone. Readers of the shared ring have had them, or know how many they missed.

use std::collections::VecDeque;

use tickplane_exchanges::WantedTrades;
use tickplane_model::Trade;

use crate::now::Now;
use crate::questions::Purpose;
use crate::repair::Repair;
use crate::runs::Span;
use crate::shard::Shard;
use crate::tape::{Tape, mark};

/// Losses of one instrument that are fetched; one more is lost for good.
pub(crate) const OWED_MAX: usize = 16;

/// What an answer brought, the more the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Progress {
    None,
    Some,
    /// A span is complete.
    Span,
}

/// One loss of a worker.
#[derive(Debug)]
pub(crate) struct Owed {
    /// Parts of the tape that it has yet to get, oldest number first.
    spans: VecDeque<Span>,
    repair: Repair,
}

impl Owed {
    pub(crate) fn new(spans: Vec<Span>, now: Now) -> Self {
        let mut repair = Repair::default();
        repair.found(now);
        Self { spans: spans.into(), repair }
    }

    /// Takes the trades it waits for out of an answer, whichever part was asked for: parts lie close together.
    pub(crate) fn answered(&mut self, answer: &[Trade], tape: &Tape, mut take: impl FnMut(&Trade)) -> Progress {
        let mut progress = Progress::None;
        self.spans.retain_mut(|span| {
            let of_span = take_part(span, answer, tape, &mut take);
            progress = progress.max(of_span);
            of_span != Progress::Span
        });
        progress
    }

    /// The venue times of what it has not got.
    fn lost(&self) -> Option<(i64, i64)> {
        let times = || self.spans.iter().flat_map(|span| [span.from.exchange_ns, span.to.exchange_ns]);
        times().min().zip(times().max())
    }
}

/// Takes the trades of one part out of an answer; the part shrinks to what the answer does not have.
fn take_part(span: &mut Span, answer: &[Trade], tape: &Tape, take: impl FnMut(&Trade)) -> Progress {
    let (Some(first), Some(last)) = (answer.first().map(mark), answer.last().map(mark)) else { return Progress::None };
    let (reaches_back, reaches_on) = (!tape.is_after(first, span.from), !tape.is_after(span.to, last));
    let touches = !tape.is_after(first, span.to) && !tape.is_after(span.from, last);
    let brings_nothing = !reaches_on && (!reaches_back || last.id == span.from.id);
    if !touches || brings_nothing {
        return Progress::None;
    }
    let wanted = |trade: &&Trade| {
        let at = mark(trade);
        let is_from_on = tape.is_after(at, span.from) || (span.has_from && at.id == span.from.id);
        let is_up_to = tape.is_after(span.to, at) || (span.has_to && at.id == span.to.id);
        is_from_on && is_up_to
    };
    answer.iter().filter(wanted).for_each(take);
    match (reaches_back, reaches_on) {
        (true, true) => return Progress::Span,
        (true, false) => (span.from, span.has_from) = (last, false),
        _ => (span.to, span.has_to) = (first, false),
    }
    Progress::Some
}

impl Shard {
    /// Takes in what workers told of since the last look.
    pub(crate) fn hear_of_losses(&mut self, now: Now) {
        for ring in 0..self.senders.len() {
            while let Some(loss) = self.senders[ring].next_loss() {
                let owns = |route: crate::instrument::Route| route.ring == ring && route.slot == loss.slot;
                if let Some(instrument) = self.instruments.iter_mut().find(|instrument| owns(instrument.route())) {
                    instrument.overwritten(loss, now, &mut self.senders);
                }
            }
        }
    }

    /// Asks for what the worker of an instrument did not get, unless its ring is full still.
    pub(crate) fn ask_for_owed(&mut self, index: usize, now: Now) -> bool {
        let instrument = &self.instruments[index];
        let due = instrument.owed.front().filter(|owed| owed.repair.is_due(now));
        let Some(span) = due.and_then(|owed| owed.spans.front().copied()) else { return false };
        if self.senders[instrument.route().ring].is_behind() {
            return false;
        }
        self.ask(index, Purpose::Owed, WantedTrades::After { known: span.from, before: Some(span.to) }, now)
    }

    pub(crate) fn owed_answered(&mut self, index: usize, trades: &[Trade], now: Now) {
        let instrument = &mut self.instruments[index];
        let progress = instrument.refetch(trades, &mut self.senders);
        let Some(owed) = instrument.owed.front_mut() else { return };
        match progress {
            Progress::None => self.owed_failed(index, now),
            Progress::Some => {
                if !owed.repair.went_on() {
                    self.give_up_owed(index);
                }
            }
            Progress::Span => {
                owed.repair.start_over();
                if owed.spans.is_empty() {
                    self.give_up_owed(index);
                }
            }
        }
    }

    pub(crate) fn owed_failed(&mut self, index: usize, now: Now) {
        let owed = self.instruments[index].owed.front_mut();
        if owed.is_some_and(|owed| !owed.repair.failed(now)) {
            self.give_up_owed(index);
        }
    }

    /// Ends the oldest loss of a worker: whatever it has not got by now is lost.
    fn give_up_owed(&mut self, index: usize) {
        let instrument = &mut self.instruments[index];
        if let Some(owed) = instrument.owed.pop_front() {
            instrument.repaid(owed.lost(), &mut self.senders);
        }
    }
}

#[cfg(test)]
mod tests {
    use tickplane_exchanges::{TradeIds, TradeMark};
    use tickplane_model::{TradeFlags, TradeId};

    use super::*;

    /// Trade `id` happens at `id` nanoseconds.
    fn trade(id: u64) -> Trade {
        Trade {
            exchange_ns: id as i64,
            receive_ns: 0,
            price: 1.0,
            quantity: 1.0,
            id: TradeId::number(u128::from(id)),
            flags: TradeFlags::BACKFILLED,
        }
    }

    #[test]
    fn an_answer_serves_every_part_that_it_reaches() {
        let tape = Tape::new(TradeIds::Increasing, None);
        let at = |id: u64| -> TradeMark { mark(&trade(id)) };
        let part = |from, to, has_both| Span { from: at(from), to: at(to), has_from: has_both, has_to: has_both };
        let now = Now { monotonic_ns: 0, epoch_ns: 0 };
        let mut owed = Owed::new(vec![part(40, 44, true), part(10, 20, false), part(60, 70, true)], now);
        let mut answered = |ids: std::ops::RangeInclusive<u64>| {
            let answer: Vec<Trade> = ids.step_by(2).map(trade).collect();
            let mut taken = Vec::new();
            let progress = owed.answered(&answer, &tape, |trade| taken.push(trade.id.low));
            (progress, taken, owed.lost())
        };
        let (progress, taken, lost) = answered(16..=64);
        assert_eq!(progress, Progress::Span);
        assert_eq!(taken, [40, 42, 44, 16, 18, 60, 62, 64]);
        assert_eq!(lost, Some((10, 70)), "what is left of the other two");
        assert_eq!(answered(30..=38), (Progress::None, Vec::new(), Some((10, 70))));
        assert_eq!(answered(64..=80), (Progress::Span, vec![66, 68, 70], Some((10, 16))));
        assert_eq!(answered(8..=16), (Progress::Span, vec![12, 14], None), "each trade once");
    }
}
