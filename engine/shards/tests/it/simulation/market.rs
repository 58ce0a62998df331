//! A market that is a function of time: every trade that ever happens, and the rows they make, the naive way.

use std::collections::BTreeMap;

use crate::rig::START_NS;
use crate::simulation::random::Random;

/// One trade of the market.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelTrade {
    pub(crate) id: u64,
    /// Nanoseconds since [`START_NS`], at the venue.
    pub(crate) at_ns: u64,
    /// In cents.
    pub(crate) price: u64,
    /// In thousandths.
    pub(crate) quantity: u64,
    pub(crate) is_sell: bool,
}

/// A row as the market's own trades make it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct ModelRow {
    pub(crate) open: u64,
    pub(crate) high: u64,
    pub(crate) low: u64,
    pub(crate) close: u64,
    pub(crate) quantity: u64,
    pub(crate) count: u64,
}

/// The trades of one symbol, oldest first.
pub(crate) struct Market {
    pub(crate) trades: Vec<ModelTrade>,
}

impl Market {
    /// Trades from `from_ms` to `to_ms`; ids have holes unless they are contiguous.
    pub(crate) fn new(random: &mut Random, (from_ms, to_ms): (u64, u64), is_contiguous: bool) -> Self {
        let mean_us = [20_000, 200_000, 1_000_000, 4_000_000][random.below(4) as usize];
        let (mut at_us, mut id, mut price) = (from_ms * 1_000, random.below(1_000_000), 100_000 + random.below(10_000));
        let mut trades = Vec::new();
        while trades.len() < 900 {
            at_us += 1 + random.below(2 * mean_us);
            if at_us >= to_ms * 1_000 {
                break;
            }
            id += if is_contiguous { 1 } else { 1 + random.below(5) };
            price = price + random.below(21) - 10;
            let (quantity, is_sell) = (1 + random.below(5_000), random.below(2) == 0);
            trades.push(ModelTrade { id, at_ns: at_us * 1_000, price, quantity, is_sell });
        }
        Self { trades }
    }

    /// Trades of a day in a market that hardly anybody visits: some together, then nothing for up to three hours.
    pub(crate) fn rare(random: &mut Random, to_ms: u64) -> Self {
        let (mut trades, mut at_ns) = (Vec::new(), 1_000_000_000);
        while at_ns < to_ms * 1_000_000 {
            let (id, price, quantity) = (1 + trades.len() as u64, 100_000 + random.below(100), 1 + random.below(100));
            trades.push(ModelTrade { id, at_ns, price, quantity, is_sell: false });
            let gap_s = if random.below(3) == 0 { random.below(10_800) } else { random.below(20) };
            at_ns += 1_000_000 * (1 + random.below(999) + gap_s * 1_000);
        }
        Self { trades }
    }

    /// Trades that have happened by then.
    pub(crate) fn until(&self, at_ns: u64) -> &[ModelTrade] {
        &self.trades[..self.trades.partition_point(|trade| trade.at_ns <= at_ns)]
    }

    /// Rows of a second by their number since the epoch, from a trade on.
    pub(crate) fn rows(&self, from_id: u64) -> BTreeMap<u64, ModelRow> {
        let mut rows: BTreeMap<u64, ModelRow> = BTreeMap::new();
        for trade in self.trades.iter().filter(|trade| trade.id >= from_id) {
            let number = (START_NS as u64 + trade.at_ns) / 1_000_000_000;
            let row =
                rows.entry(number).or_insert(ModelRow { open: trade.price, low: u64::MAX, ..ModelRow::default() });
            row.high = row.high.max(trade.price);
            row.low = row.low.min(trade.price);
            row.close = trade.price;
            row.quantity += trade.quantity;
            row.count += 1;
        }
        rows
    }
}
