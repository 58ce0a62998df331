//! One kline stream: a push every two seconds while it changes, and exactly one that says closed.

use tickplane_model::NS_PER_SECOND;

use super::messages::{self, Unit};
use super::stream::Interval;
use crate::market::{Bar, Market, aligned};

/// A subscribed kline stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Klines {
    pub(super) name: String,
    index: u32,
    interval: Interval,
    open_ns: i64,
    pushed_ns: i64,
    pushed_count: u64,
}

impl Klines {
    pub(super) fn new(name: String, index: u32, interval: Interval, now_ns: i64) -> Self {
        let open_ns = aligned(now_ns, interval.length_ns, interval.offset_ns);
        Self { name, index, interval, open_ns, pushed_ns: 0, pushed_count: 0 }
    }

    /// The messages due now, the closing one first.
    pub(super) fn due(&mut self, market: &Market, now_ns: i64, unit: Unit) -> Vec<String> {
        let mut messages = Vec::new();
        let message = |bar: &Bar, closed: bool| {
            messages::kline(&market.instrument(self.index).listing, bar, self.interval, closed, now_ns, unit)
        };
        while now_ns >= self.open_ns + self.interval.length_ns {
            messages.push(message(&bar(market, self.index, self.interval, self.open_ns), true));
            self.open_ns += self.interval.length_ns;
            (self.pushed_ns, self.pushed_count) = (0, 0);
        }
        let pause_ns = if self.interval.length_ns == NS_PER_SECOND { NS_PER_SECOND } else { 2 * NS_PER_SECOND };
        if now_ns - self.pushed_ns >= pause_ns {
            let forming = bar(market, self.index, self.interval, self.open_ns);
            if forming.count != self.pushed_count {
                messages.push(message(&forming, false));
                (self.pushed_ns, self.pushed_count) = (now_ns, forming.count);
            }
        }
        messages
    }
}

/// The bar that opens at `open_ns`, flat at the last price if nothing traded in it.
fn bar(market: &Market, index: u32, interval: Interval, open_ns: i64) -> Bar {
    let rows = market.traded(index, interval.length_ns, interval.offset_ns, open_ns, open_ns + 1);
    let flat = || Bar::flat(open_ns, interval.length_ns, market.price_before(index, open_ns));
    rows.first().copied().unwrap_or_else(flat)
}
