//! Exact bars: the market's own account of its trades.

use std::collections::VecDeque;

use tickplane_model::NS_PER_SECOND;

use super::trade::MarketTrade;

/// Open, high, low and close in ticks, volumes in lots, turnover in ticks × lots: sums of integers, exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bar {
    pub(crate) open_ns: i64,
    pub(crate) length_ns: i64,
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    pub(crate) volume: i128,
    pub(crate) turnover: i128,
    pub(crate) buy_volume: i128,
    pub(crate) buy_turnover: i128,
    pub(crate) count: u64,
    /// Id of the first trade; ids of one instrument have no holes.
    pub(crate) first_id: u64,
}

impl Bar {
    /// A bar without trades at `price`.
    pub(crate) fn flat(open_ns: i64, length_ns: i64, price: i64) -> Self {
        Self {
            open_ns,
            length_ns,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            turnover: 0,
            buy_volume: 0,
            buy_turnover: 0,
            count: 0,
            first_id: 0,
        }
    }

    /// The end of the interval: the first instant outside it.
    pub(crate) fn end_ns(&self) -> i64 {
        self.open_ns + self.length_ns
    }

    /// Average price in ticks × 10^`extra` decimals, rounded to nearest.
    pub(crate) fn average(&self, extra: u32) -> i128 {
        let scale = 10_i128.pow(extra);
        if self.volume == 0 { 0 } else { (self.turnover * scale + self.volume / 2) / self.volume }
    }

    /// Makes it say what did not happen: a high one percent above, and a trade of half the volume.
    pub(super) fn misstate(&mut self) {
        self.high += self.high / 100 + 1;
        self.volume += self.volume / 2 + 1;
        self.count += 1;
    }

    fn add(&mut self, trade: &MarketTrade) {
        let turnover = i128::from(trade.price) * i128::from(trade.quantity);
        if self.count == 0 {
            (self.open, self.high, self.low, self.first_id) = (trade.price, trade.price, trade.price, trade.id);
        }
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.close = trade.price;
        self.volume += i128::from(trade.quantity);
        self.turnover += turnover;
        if trade.buy {
            self.buy_volume += i128::from(trade.quantity);
            self.buy_turnover += turnover;
        }
        self.count += 1;
    }

    /// Adds a later bar of the same instrument to this one.
    pub(crate) fn merge(&mut self, later: &Self) {
        if later.count == 0 {
            return;
        }
        if self.count == 0 {
            (self.open, self.high, self.low, self.first_id) = (later.open, later.high, later.low, later.first_id);
        }
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
        self.turnover += later.turnover;
        self.buy_volume += later.buy_volume;
        self.buy_turnover += later.buy_turnover;
        self.count += later.count;
    }
}

/// Regroups bars, oldest first, into intervals of `length_ns` that stand at multiples of it plus `offset_ns`.
/// Bars longer than the interval are left out; intervals without trades are absent.
pub(crate) fn regroup<'a>(bars: impl Iterator<Item = &'a Bar>, length_ns: i64, offset_ns: i64) -> Vec<Bar> {
    let mut rows: Vec<Bar> = Vec::new();
    for bar in bars.filter(|bar| bar.length_ns <= length_ns && bar.count > 0) {
        let open_ns = aligned(bar.open_ns, length_ns, offset_ns);
        match rows.last_mut() {
            Some(row) if row.open_ns == open_ns => row.merge(bar),
            _ => rows.push(Bar { open_ns, length_ns, ..*bar }),
        }
    }
    rows
}

/// The open time of the interval that holds `time_ns`.
pub(crate) fn aligned(time_ns: i64, length_ns: i64, offset_ns: i64) -> i64 {
    (time_ns - offset_ns).div_euclid(length_ns) * length_ns + offset_ns
}

const MINUTE_NS: i64 = 60 * NS_PER_SECOND;
const HOUR_NS: i64 = 60 * MINUTE_NS;
/// Minutes kept after their seconds are forgotten: a week.
const MINUTES_MAX: usize = 7 * 1_440;
/// Hours kept for the rolling day.
const HOURS_MAX: usize = 26;

/// The bars of one instrument since the market began: seconds, older minutes, and hours for the rolling day.
#[derive(Clone, Debug)]
pub(crate) struct Bars {
    seconds: VecDeque<Bar>,
    minutes: VecDeque<Bar>,
    hours: VecDeque<Bar>,
    seconds_max: usize,
}

impl Bars {
    /// Remembers at most `seconds_max` seconds that had trades.
    pub(crate) fn new(seconds_max: usize) -> Self {
        Self { seconds: VecDeque::new(), minutes: VecDeque::new(), hours: VecDeque::new(), seconds_max }
    }

    /// Counts a trade.
    pub(crate) fn add(&mut self, trade: &MarketTrade) {
        open_bar(&mut self.seconds, NS_PER_SECOND, trade).add(trade);
        open_bar(&mut self.hours, HOUR_NS, trade).add(trade);
        if self.hours.len() > HOURS_MAX {
            self.hours.pop_front();
        }
        if self.seconds.len() > self.seconds_max {
            self.forget_a_minute();
        }
    }

    /// Folds the seconds of the oldest minute into one bar.
    fn forget_a_minute(&mut self) {
        let Some(first) = self.seconds.pop_front() else { return };
        let open_ns = aligned(first.open_ns, MINUTE_NS, 0);
        let mut minute = Bar { open_ns, length_ns: MINUTE_NS, ..first };
        while let Some(next) = self.seconds.front().filter(|next| next.open_ns < open_ns + MINUTE_NS) {
            minute.merge(next);
            self.seconds.pop_front();
        }
        self.minutes.push_back(minute);
        if self.minutes.len() > MINUTES_MAX {
            self.minutes.pop_front();
        }
    }

    /// Everything remembered, oldest first: minutes, then seconds.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Bar> {
        self.minutes.iter().chain(&self.seconds)
    }

    /// Seconds and minutes that open in [from, to), oldest first, without walking what lies before.
    pub(crate) fn between(&self, from_ns: i64, to_ns: i64) -> impl Iterator<Item = &Bar> {
        let minute = self.minutes.partition_point(|bar| bar.open_ns < from_ns);
        let second = self.seconds.partition_point(|bar| bar.open_ns < from_ns);
        let bars = self.minutes.range(minute..).chain(self.seconds.range(second..));
        bars.take_while(move |bar| bar.open_ns < to_ns)
    }

    /// Hours, oldest first.
    pub(crate) fn hours(&self) -> impl Iterator<Item = &Bar> {
        self.hours.iter()
    }
}

fn open_bar<'a>(bars: &'a mut VecDeque<Bar>, length_ns: i64, trade: &MarketTrade) -> &'a mut Bar {
    let open_ns = aligned(trade.time_ns, length_ns, 0);
    if bars.back().is_none_or(|bar| bar.open_ns != open_ns) {
        bars.push_back(Bar::flat(open_ns, length_ns, trade.price));
    }
    let last = bars.len() - 1;
    &mut bars[last]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(time_ms: i64, id: u64, price: i64, quantity: i64, buy: bool) -> MarketTrade {
        MarketTrade { time_ns: time_ms * 1_000_000, id, aggregate: id, price, quantity, buy }
    }

    #[test]
    fn forgetting_seconds_keeps_the_minutes_exact() {
        let (mut short, mut long) = (Bars::new(10), Bars::new(100_000));
        for i in 0..5_000_i64 {
            let trade = trade(i * 700, i as u64, 1_000 + (i * 37) % 91, 1 + i % 5, i % 3 == 0);
            short.add(&trade);
            long.add(&trade);
        }
        for length in [MINUTE_NS, 5 * MINUTE_NS, HOUR_NS] {
            assert_eq!(regroup(short.all(), length, 0), regroup(long.all(), length, 0));
        }
        assert!(short.seconds.len() <= 10);
    }

    #[test]
    fn a_bar_is_what_its_trades_are() {
        let mut bars = Bars::new(100);
        for t in [trade(1_000, 7, 50, 2, true), trade(1_400, 8, 40, 3, false), trade(1_999, 9, 45, 1, true)] {
            bars.add(&t);
        }
        let rows = regroup(bars.all(), NS_PER_SECOND, 0);
        let bar = rows[0];
        assert_eq!((rows.len(), bar.open_ns, bar.first_id, bar.count), (1, NS_PER_SECOND, 7, 3));
        assert_eq!((bar.open, bar.high, bar.low, bar.close), (50, 50, 40, 45));
        assert_eq!((bar.volume, bar.turnover, bar.buy_volume, bar.buy_turnover), (6, 265, 3, 145));
        assert_eq!(bar.average(1), 442);
    }
}
