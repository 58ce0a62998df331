//! The rules of candles computed the naive way: keep everything, and rebuild all rows from scratch when asked.

use std::collections::BTreeMap;

use tickplane_candles::{AHEAD_MAX_NS, BEHIND_MAX_NS, Outcome, SeriesConfig};
use tickplane_model::{Candle, NS_PER_MS, Quality, Side, Trade, TradeFlags};

use crate::exact::{nearest, product, shortest};

/// The volume, quote volume and taker's part of trades: the `f64` nearest each exact sum.
pub(crate) type Sums = fn(&[Trade]) -> [f64; 3];

pub(crate) struct Oracle {
    config: SeriesConfig,
    sums: Sums,
    first: Option<u64>,
    head: u64,
    trades: BTreeMap<u64, Vec<Trade>>,
    /// Spans in which the stream was down or a loss is known.
    outages: Vec<(i64, i64)>,
    down_since_ns: Option<i64>,
    venue_ns: i64,
    newest_ns: i64,
    ahead_ns: i64,
}

impl Oracle {
    pub(crate) fn new(config: SeriesConfig, sums: Sums) -> Self {
        let (trades, outages) = (BTreeMap::new(), Vec::new());
        let (newest_ns, ahead_ns) = (i64::MIN, i64::MIN);
        Self {
            config,
            sums,
            first: None,
            head: 0,
            trades,
            outages,
            down_since_ns: None,
            venue_ns: 0,
            newest_ns,
            ahead_ns,
        }
    }

    fn row(&self, time_ns: i64) -> u64 {
        self.config.calendar.row(self.config.timeframe, time_ns)
    }

    fn start_ns(&self, row: u64) -> i64 {
        self.config.calendar.open_time_ns(self.config.timeframe, row)
    }

    fn end_ns(&self, row: u64) -> i64 {
        self.config.calendar.end_time_ns(self.config.timeframe, row)
    }

    pub(crate) fn trade(&mut self, trade: Trade) -> Outcome {
        let row = self.row(trade.exchange_ns);
        let is_ahead = trade.exchange_ns > trade.receive_ns.max(self.newest_ns).max(self.venue_ns) + AHEAD_MAX_NS;
        let is_confirmed = self.ahead_ns.abs_diff(trade.exchange_ns) <= AHEAD_MAX_NS as u64;
        if is_ahead {
            self.ahead_ns = trade.exchange_ns;
        }
        if is_ahead && !is_confirmed {
            return Outcome::Refused;
        }
        if trade.exchange_ns < self.start_ns(row) || !self.config.calendar.is_open(trade.exchange_ns) {
            return Outcome::Refused;
        }
        let first = *self.first.get_or_insert(row);
        let late = row < self.head;
        if late && (row < first || row + u64::from(self.config.revise_rows) < self.head) {
            return Outcome::TooLate;
        }
        let fetched = trade.flags.contains(TradeFlags::BACKFILLED);
        if late && !fetched && trade.exchange_ns + BEHIND_MAX_NS < trade.receive_ns.min(self.newest_ns) {
            return Outcome::Refused;
        }
        if !late {
            self.newest_ns = self.newest_ns.max(trade.exchange_ns);
        }
        self.head = self.head.max(row);
        self.venue_ns = self.venue_ns.max(if late { 0 } else { trade.exchange_ns });
        self.trades.entry(row).or_default().push(trade);
        if late { Outcome::Revised } else { Outcome::Live }
    }

    pub(crate) fn advance(&mut self, venue_ns: i64) {
        self.venue_ns = self.venue_ns.max(venue_ns);
        if self.first.is_some() {
            self.head = self.head.max(self.row(venue_ns - self.config.grace_ns));
        }
    }

    pub(crate) fn down(&mut self, at_ns: i64) {
        self.venue_ns = self.venue_ns.max(at_ns);
        self.down_since_ns = Some(self.down_since_ns.map_or(at_ns, |since_ns| since_ns.min(at_ns)));
    }

    pub(crate) fn up(&mut self, at_ns: i64) {
        self.venue_ns = self.venue_ns.max(at_ns);
        if let Some(since_ns) = self.down_since_ns.take()
            && self.first.is_some()
        {
            self.outages.push((since_ns, at_ns.max(since_ns + 1)));
        }
    }

    pub(crate) fn lost(&mut self, at_ns: i64) {
        self.missing(at_ns, at_ns + 1);
    }

    pub(crate) fn missing(&mut self, from_ns: i64, to_ns: i64) {
        if self.first.is_some() {
            self.outages.push((from_ns, to_ns));
        }
    }

    /// Spans that were noted, those split by [`Self::filled`] counted twice.
    pub(crate) fn noted(&self) -> usize {
        self.outages.len()
    }

    pub(crate) fn filled(&mut self, from_ns: i64, to_ns: i64) {
        for (start_ns, end_ns) in std::mem::take(&mut self.outages) {
            let rests = [(start_ns, end_ns.min(from_ns)), (start_ns.max(to_ns), end_ns)];
            self.outages.extend(rests.into_iter().filter(|(start_ns, end_ns)| start_ns < end_ns));
        }
    }

    /// Every row from the first to the open one, which is the last.
    pub(crate) fn rows(&self) -> Vec<(u64, Candle)> {
        let Some(first) = self.first else { return Vec::new() };
        let mut carry = f64::NAN;
        let mut rows = Vec::new();
        for row in first..=self.head {
            let candle = self.candle(row, carry);
            carry = if candle.close.is_nan() { carry } else { candle.close };
            rows.push((row, candle));
        }
        rows
    }

    fn candle(&self, row: u64, carry: f64) -> Candle {
        let gap_ms = self.gap_ms(row);
        let mut quality = Quality::default().with_gap_ms(gap_ms);
        if row < self.head {
            quality = quality.with(Quality::FINAL);
        }
        if Some(row) == self.first {
            quality = quality.with(Quality::PARTIAL);
        }
        let mut trades = self.trades.get(&row).cloned().unwrap_or_default();
        // Stable: equal times without numbers keep the order of arrival.
        trades.sort_by_key(|trade| (trade.exchange_ns, trade.id.low));
        let closed = trades.is_empty() && self.config.calendar.is_closed(self.config.timeframe, row);
        if closed {
            quality = quality.with(Quality::MARKET_CLOSED).with_gap_ms(0);
        }
        let price = match (trades.is_empty() && !closed, gap_ms) {
            (true, 0) => carry,
            _ => f64::NAN,
        };
        if trades.is_empty() && !closed && gap_ms == 0 {
            quality = quality.with(Quality::SYNTHETIC);
        }
        if trades.iter().any(|trade| trade.flags.contains(TradeFlags::BACKFILLED)) {
            quality = quality.with(Quality::BACKFILLED);
        }
        let prices = || trades.iter().map(|trade| trade.price);
        let [volume, quote_volume, taker_buy_volume] = (self.sums)(&trades);
        Candle {
            open_time_ns: self.start_ns(row),
            open: trades.first().map_or(price, |trade| trade.price),
            high: prices().reduce(f64::max).unwrap_or(price),
            low: prices().reduce(f64::min).unwrap_or(price),
            close: trades.last().map_or(price, |trade| trade.price),
            volume,
            quote_volume,
            taker_buy_volume,
            trade_count: trades.len() as u64,
            quality,
        }
    }

    fn gap_ms(&self, row: u64) -> u32 {
        let (start_ns, end_ns) = (self.start_ns(row), self.end_ns(row));
        let known_ns = if row == self.head { end_ns.min(self.venue_ns + 1) } else { end_ns };
        let now = self.down_since_ns.map(|since_ns| (since_ns, known_ns));
        let gap_ns: i64 = self
            .outages
            .iter()
            .copied()
            .chain(now)
            .map(|(from_ns, to_ns)| (to_ns.min(end_ns) - from_ns.max(start_ns)).max(0))
            .sum();
        (gap_ns.min(end_ns - start_ns) as u64).div_ceil(NS_PER_MS as u64) as u32
    }
}

/// The sums by big integers, whatever the numbers.
pub(crate) fn big_sums(trades: &[Trade]) -> [f64; 3] {
    let quantity = |trade: &&Trade| shortest(trade.quantity);
    let quote = |trade: &Trade| product(&shortest(trade.price), &shortest(trade.quantity));
    [
        nearest(&trades.iter().map(|trade| quantity(&trade)).sum()),
        nearest(&trades.iter().map(quote).sum()),
        nearest(&trades.iter().filter(|trade| trade.side() == Side::Buy).map(|trade| quantity(&trade)).sum()),
    ]
}

/// The same in 128 bits, for prices of two places up to 10^5 and quantities of twelve up to 10^6.
pub(crate) fn small_sums(trades: &[Trade]) -> [f64; 3] {
    let (mut volume, mut quote_volume, mut buys) = (0_i128, 0_i128, 0_i128);
    for trade in trades {
        let (price, quantity) = (scaled(trade.price, 2), scaled(trade.quantity, 12));
        volume += quantity;
        quote_volume += price * quantity;
        buys += if trade.side() == Side::Buy { quantity } else { 0 };
    }
    let nearest = |sum: i128, places: u32| format!("{sum}e-{places}").parse().expect("a decimal");
    [nearest(volume, 12), nearest(quote_volume, 14), nearest(buys, 12)]
}

/// The shortest decimal that reads as `x`, times 10^places.
fn scaled(x: f64, places: i32) -> i128 {
    let text = format!("{x:e}");
    let (digits, exponent) = text.split_once('e').expect("an exponent");
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i32);
    let zeros = places + exponent.parse::<i32>().expect("an exponent") - fraction;
    digits.replace('.', "").parse::<i128>().expect("digits") * 10_i128.pow(zeros.try_into().expect("few places"))
}
