//! Bars of the time before the market began: a walk backwards from its first price.

use tickplane_model::{NS_PER_DAY, NS_PER_SECOND};

use super::bar::{Bar, aligned};
use super::instrument::Instrument;
use super::random::Random;

const MINUTE_NS: i64 = 60 * NS_PER_SECOND;
const HOUR_NS: i64 = 60 * MINUTE_NS;
const WEEK_NS: i64 = 7 * NS_PER_DAY;
/// Weeks open on Mondays, and 1970-01-05 was one.
const MONDAY_NS: i64 = 4 * NS_PER_DAY;
/// Relative price move of one minute.
const MINUTE_MOVE: f64 = 3e-4;

/// Stretches of the past, newest first: the length of their bars, how long they reach back, and the grid on which they
/// begin, so that any interval built from them is whole. More than 1,000 bars of every interval that a venue tells, and 500
/// of those that are made of seconds.
const STRETCHES: [(i64, i64, i64); 7] = [
    (NS_PER_SECOND, 8_000 * NS_PER_SECOND, MINUTE_NS),
    (MINUTE_NS, 4 * NS_PER_DAY, HOUR_NS),
    (15 * MINUTE_NS, 18 * NS_PER_DAY, NS_PER_DAY),
    (HOUR_NS, 70 * NS_PER_DAY, NS_PER_DAY),
    (2 * HOUR_NS, 420 * NS_PER_DAY, NS_PER_DAY),
    (NS_PER_DAY, 3_100 * NS_PER_DAY, WEEK_NS),
    (WEEK_NS, 6_000 * NS_PER_DAY, WEEK_NS),
];

/// The past of one instrument back to `from_ns`, oldest first: seconds before `origin_ns`, and coarser bars the
/// farther back it goes.
pub(crate) fn past(instrument: &Instrument, random: Random, origin_ns: i64, first_id: u64, from_ns: i64) -> Vec<Bar> {
    let mut walk = Walk::new(instrument, random, first_id);
    let mut bars = Vec::new();
    let mut open_ns = origin_ns;
    for (length_ns, reach_ns, grid_ns) in STRETCHES {
        let offset_ns = if grid_ns == WEEK_NS { MONDAY_NS } else { 0 };
        let begin_ns = aligned(open_ns - reach_ns, grid_ns, offset_ns);
        while open_ns > begin_ns && open_ns > from_ns {
            open_ns -= length_ns;
            bars.push(walk.back(open_ns, length_ns));
        }
    }
    bars.reverse();
    bars
}

struct Walk {
    random: Random,
    /// The opening price of the bar after the next one made.
    price: i64,
    home: f64,
    next_id: u64,
    trades_per_minute: f64,
    quantity: f64,
}

impl Walk {
    fn new(instrument: &Instrument, random: Random, first_id: u64) -> Self {
        let listing = &instrument.listing;
        Self {
            random,
            price: listing.price,
            home: listing.price as f64,
            next_id: first_id,
            trades_per_minute: listing.rate * 60.0,
            quantity: listing.quantity as f64,
        }
    }

    /// The bar that ends where the last one began.
    fn back(&mut self, open_ns: i64, length_ns: i64) -> Bar {
        let minutes = length_ns as f64 / MINUTE_NS as f64;
        let scale = self.price as f64 * MINUTE_MOVE * minutes.sqrt();
        let close = self.price;
        let pull = (self.home - close as f64) * 1e-4 * minutes.min(1_000.0);
        let open = ((close as f64 + self.random.bell() * scale + pull) as i64).max(1);
        let high = open.max(close) + (self.random.unit() * scale * 0.5) as i64;
        let low = (open.min(close) - (self.random.unit() * scale * 0.5) as i64).max(1);
        self.price = open;
        let count = (self.trades_per_minute * minutes * (0.5 + self.random.unit())) as u64;
        if count == 0 {
            self.price = close;
            return Bar::flat(open_ns, length_ns, close);
        }
        self.next_id = self.next_id.saturating_sub(count);
        let volume = (count as f64 * self.quantity * (0.6 + 0.8 * self.random.unit())).max(1.0) as i128;
        let average = i128::from((open + close + high + low) / 4);
        let buy_volume = (volume as f64 * (0.3 + 0.4 * self.random.unit())) as i128;
        Bar {
            open_ns,
            length_ns,
            open,
            high,
            low,
            close,
            volume,
            turnover: volume * average,
            buy_volume,
            buy_turnover: buy_volume * average,
            count,
            first_id: self.next_id,
        }
    }
}
