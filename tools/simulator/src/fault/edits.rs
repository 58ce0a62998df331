//! Trades doubled, swapped and lost on their way to the sockets.

use std::collections::BTreeMap;

use super::active::Faults;

/// Something on its way out.
pub(crate) trait Outgoing: Clone {
    /// The instrument whose trade it is, if it is one.
    fn trade_of(&self) -> Option<u32>;

    /// What stands in its place when it is lost: a venue that numbers its messages has numbered this one.
    fn lost(&self, index: u32) -> Self;
}

/// What the faults in force ask for one instrument's trade.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct TradeRule {
    /// The fault that loses it, and how many of each instrument it loses.
    pub(crate) lost: Option<(u64, Option<u32>)>,
    pub(crate) doubled: bool,
    pub(crate) swapped: bool,
}

/// The state between batches.
#[derive(Clone, Debug)]
pub(crate) struct Edits<T> {
    /// Trades that wait for the next of their instrument.
    held: BTreeMap<u32, T>,
    /// Trades lost so far, by fault and instrument.
    lost: BTreeMap<(u64, u32), u32>,
}

impl<T> Default for Edits<T> {
    fn default() -> Self {
        Self { held: BTreeMap::new(), lost: BTreeMap::new() }
    }
}

impl<T: Outgoing> Edits<T> {
    /// A batch as it is sent under these faults.
    pub(crate) fn apply(&mut self, batch: Vec<T>, faults: &Faults) -> Vec<T> {
        if self.held.is_empty() && !faults.edit_trades() {
            return batch;
        }
        let mut sent = Vec::with_capacity(batch.len());
        for item in batch {
            match item.trade_of() {
                Some(index) => self.trade(index, item, &faults.trade_rule(index), &mut sent),
                None => sent.push(item),
            }
        }
        let over: Vec<u32> = self.held.keys().copied().filter(|index| !faults.trade_rule(*index).swapped).collect();
        sent.extend(over.iter().filter_map(|index| self.held.remove(index)));
        sent
    }

    fn trade(&mut self, index: u32, item: T, rule: &TradeRule, sent: &mut Vec<T>) {
        if rule.lost.is_some_and(|(fault, count)| self.loses(fault, index, count)) {
            sent.push(item.lost(index));
            return;
        }
        match self.held.remove(&index) {
            Some(earlier) if rule.swapped => sent.extend([item.clone(), earlier]),
            None if rule.swapped => {
                self.held.insert(index, item);
                return;
            }
            earlier => {
                sent.extend(earlier);
                sent.push(item.clone());
            }
        }
        if rule.doubled {
            sent.push(item);
        }
    }

    fn loses(&mut self, fault: u64, index: u32, count: Option<u32>) -> bool {
        let lost = self.lost.entry((fault, index)).or_default();
        let loses = count.is_none_or(|count| *lost < count);
        *lost += u32::from(loses);
        loses
    }
}
