//! One venue's seeded market: what happens is a function of the seed and of the time since its origin.

mod bar;
mod book;
mod instrument;
mod listing;
mod past;
mod random;
mod tally;
mod trade;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tickplane_model::{ExchangeId, NS_PER_DAY, NS_PER_SECOND, Symbol};

pub(crate) use bar::{Bar, aligned};
#[cfg(test)]
pub(crate) use book::applied;
pub(crate) use book::{Book, LEVELS, Level};
pub(crate) use instrument::Instrument;
pub(crate) use listing::{
    BINANCE_QUOTES, COINBASE_QUOTES, KRAKEN_QUOTES, Listing, Offer, SYMBOLS_MAX, fine_lots, listings, lots_by_worth,
};
pub(crate) use random::Random;
pub use tally::TallyRow;
pub(crate) use trade::{MarketEvent, MarketQuote, MarketTrade};

/// Trades all instruments of a venue remember together, and the most one instrument remembers.
const LOG_TOTAL: usize = 2_000_000;
const LOG_EACH: usize = 40_000;
/// The same for seconds that had trades.
const SECONDS_TOTAL: usize = 1_000_000;
const SECONDS_EACH: usize = 7_200;
/// From this many trades per second on, less past is made at start: it must stay quick.
const BUSY: f64 = 2_000.0;

/// A venue's instruments and what happened to them lately.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) exchange: ExchangeId,
    instruments: Vec<Instrument>,
    first_ids: Vec<u64>,
    due: BinaryHeap<Reverse<(i64, u32)>>,
    events: Vec<MarketEvent>,
    seed: u64,
    origin_ns: i64,
    now_ns: i64,
    trades: u64,
    days: Vec<Option<Box<[Bar]>>>,
    /// All that happens to each instrument of a recording, as one bar; absent for a made market.
    recorded: Option<Vec<Bar>>,
    /// Instruments and times of which the venue's candles are wrong.
    misstated: Vec<(u32, i64)>,
}

/// When a market that is wanted at `start_ns` begins: at least two minutes earlier, on a multiple of five minutes,
/// so that every demo timeframe has whole intervals from the start; a busy one at least a minute, on a minute.
pub(crate) fn origin_ns(start_ns: i64, trades_per_second: f64) -> i64 {
    let minute = 60 * NS_PER_SECOND;
    if trades_per_second > BUSY {
        aligned(start_ns - minute, minute, 0)
    } else {
        aligned(start_ns - 2 * minute, 5 * minute, 0)
    }
}

impl Market {
    /// A market that begins at `origin_ns`; nothing has happened yet.
    pub(crate) fn new(exchange: ExchangeId, listings: Vec<Listing>, seed: u64, origin_ns: i64) -> Self {
        let limits = limits(listings.len());
        let lane = |index: usize| lane(exchange, index);
        let instruments: Vec<Instrument> = listings
            .into_iter()
            .enumerate()
            .map(|(index, listing)| Instrument::new(listing, seed, lane(index), origin_ns, limits))
            .collect();
        let due =
            instruments.iter().zip(0..).map(|(instrument, index)| Reverse((instrument.due_ns(), index))).collect();
        Self { seed, due, ..Self::empty(exchange, instruments, origin_ns) }
    }

    /// A market to which only what was recorded happens, from `origin_ns` on: listings, and all of each one's trades
    /// as one bar.
    pub(crate) fn recorded(exchange: ExchangeId, listings: Vec<(Listing, Bar)>, origin_ns: i64) -> Self {
        let limits = limits(listings.len());
        let (listings, totals): (Vec<_>, Vec<_>) = listings.into_iter().unzip();
        let instruments = listings.into_iter().map(|listing| Instrument::recorded(listing, origin_ns, limits));
        Self { recorded: Some(totals), ..Self::empty(exchange, instruments.collect(), origin_ns) }
    }

    /// Instruments to which nothing happens.
    fn empty(exchange: ExchangeId, instruments: Vec<Instrument>, origin_ns: i64) -> Self {
        Self {
            exchange,
            first_ids: instruments.iter().map(Instrument::next_id).collect(),
            days: vec![None; instruments.len()],
            instruments,
            due: BinaryHeap::new(),
            events: Vec::new(),
            seed: 0,
            origin_ns,
            now_ns: origin_ns,
            trades: 0,
            recorded: None,
            misstated: Vec::new(),
        }
    }

    /// Whether it plays a recording.
    pub(crate) fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// A recorded trade happens.
    pub(crate) fn play(&mut self, index: u32, trade: MarketTrade) {
        self.trades += u64::from(self.instruments[index as usize].play(trade));
        self.now_ns = self.now_ns.max(trade.time_ns);
    }

    /// A recorded quote happens.
    pub(crate) fn quote(&mut self, index: u32, quote: MarketQuote) {
        self.instruments[index as usize].replace_quote(quote);
    }

    /// A recording's time passes.
    pub(crate) fn pass(&mut self, now_ns: i64) {
        self.now_ns = self.now_ns.max(now_ns);
    }

    /// Lets happen everything that is due by `now_ns`.
    pub(crate) fn advance(&mut self, now_ns: i64) {
        while let Some(&Reverse((due_ns, index))) = self.due.peek()
            && due_ns <= now_ns
        {
            let instrument = &mut self.instruments[index as usize];
            let before = instrument.next_id();
            instrument.step(index, &mut self.events);
            self.trades += instrument.next_id() - before;
            let next_ns = instrument.due_ns();
            if let Some(mut top) = self.due.peek_mut() {
                *top = Reverse((next_ns, index));
            }
        }
        if !self.is_recorded() {
            self.now_ns = self.now_ns.max(now_ns);
        }
    }

    /// What happened since this was last asked, in order of time.
    pub(crate) fn take_events(&mut self) -> Vec<MarketEvent> {
        std::mem::take(&mut self.events)
    }

    /// Gives the room of a list back for the next round.
    pub(crate) fn reuse(&mut self, mut events: Vec<MarketEvent>) {
        events.clear();
        if self.events.is_empty() && events.capacity() < 100_000 {
            self.events = events;
        }
    }

    /// When something happens next.
    pub(crate) fn due_ns(&self) -> i64 {
        self.due.peek().map_or(i64::MAX, |Reverse((due_ns, _))| *due_ns)
    }

    /// The time up to which everything has happened.
    pub(crate) fn now_ns(&self) -> i64 {
        self.now_ns
    }

    /// When the market began.
    pub(crate) fn origin_ns(&self) -> i64 {
        self.origin_ns
    }

    /// Trades since the market began.
    pub(crate) fn trades(&self) -> u64 {
        self.trades
    }

    /// Trades of one instrument since the market began.
    pub(crate) fn trades_of(&self, index: u32) -> u64 {
        self.instrument(index).trades
    }

    /// Changes of one instrument's best bid and ask since the market began.
    pub(crate) fn quotes_of(&self, index: u32) -> u64 {
        self.instrument(index).quotes
    }

    /// All instruments, busiest first; positions are their indexes.
    pub(crate) fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The instrument of this index.
    pub(crate) fn instrument(&self, index: u32) -> &Instrument {
        &self.instruments[index as usize]
    }

    /// The index of a symbol.
    pub(crate) fn index_of(&self, symbol: &Symbol) -> Option<u32> {
        (0..)
            .zip(&self.instruments)
            .find(|(_, instrument)| instrument.listing.symbol == *symbol)
            .map(|(index, _)| index)
    }

    /// Intervals with trades that open in [from, to), oldest first, past included; `offset_ns` shifts the grid.
    pub(crate) fn traded(&self, index: u32, length_ns: i64, offset_ns: i64, from_ns: i64, to_ns: i64) -> Vec<Bar> {
        let instrument = self.instrument(index);
        let mut bars = Vec::new();
        if from_ns < self.origin_ns {
            bars = self.past(index, from_ns);
            bars.retain(|bar| bar.open_ns >= from_ns && bar.open_ns < to_ns.saturating_add(length_ns));
        }
        bars.extend(instrument.bars.between(from_ns, to_ns.saturating_add(length_ns)));
        let mut rows = bar::regroup(bars.iter(), length_ns, offset_ns);
        rows.retain(|row| row.open_ns >= from_ns && row.open_ns < to_ns);
        for (_, time_ns) in self.misstated.iter().filter(|(of, _)| *of == index) {
            rows.iter_mut().filter(|row| (row.open_ns..row.end_ns()).contains(time_ns)).for_each(Bar::misstate);
        }
        rows
    }

    /// From now on the venue's candles that hold this time are wrong; its account of itself stays right.
    pub(crate) fn misstate(&mut self, index: u32, time_ns: i64) {
        self.misstated.push((index, time_ns));
    }

    /// As [`Market::traded`], with a flat row at the last close for every interval without trades up to now. The
    /// rows begin with the first trade if that is later than `from_ns` only because there is no older past.
    pub(crate) fn filled(&self, index: u32, length_ns: i64, offset_ns: i64, from_ns: i64, to_ns: i64) -> Vec<Bar> {
        let traded = self.traded(index, length_ns, offset_ns, from_ns, to_ns);
        if self.is_recorded() && traded.is_empty() {
            return Vec::new();
        }
        let end_ns = to_ns.min(self.now_ns + 1);
        let begin_ns = aligned(from_ns + length_ns - 1, length_ns, offset_ns);
        let (mut open_ns, mut close) = match traded.first() {
            Some(first) if from_ns < self.origin_ns => {
                self.close_in_past(index, begin_ns).map_or((first.open_ns, first.open), |close| (begin_ns, close))
            }
            _ => (begin_ns, self.price_before(index, from_ns)),
        };
        let mut rows: Vec<Bar> = Vec::with_capacity(traded.len());
        let mut next = traded.iter().peekable();
        while open_ns < end_ns {
            let row = next.next_if(|row| row.open_ns == open_ns).copied();
            let row = row.unwrap_or_else(|| Bar::flat(open_ns, length_ns, close));
            close = row.close;
            rows.push(row);
            open_ns += length_ns;
        }
        rows
    }

    /// The price of the last trade before a time that the log still covers.
    pub(crate) fn price_before(&self, index: u32, time_ns: i64) -> i64 {
        let instrument = self.instrument(index);
        let before = instrument.log.iter().rev().find(|trade| trade.time_ns < time_ns);
        before.map_or(instrument.listing.price, |trade| trade.price)
    }

    /// The close of the bar of the past that ends at or before a time, if the past reaches so far.
    fn close_in_past(&self, index: u32, time_ns: i64) -> Option<i64> {
        let past = self.past(index, time_ns - 1);
        past.iter().rfind(|bar| bar.end_ns() <= time_ns).map(|bar| bar.close)
    }

    /// What is made up for the time before a made market began.
    fn past(&self, index: u32, from_ns: i64) -> Vec<Bar> {
        if self.is_recorded() {
            return Vec::new();
        }
        // A stream of chance beside that of the instrument's own life.
        let random = Random::new(self.seed, lane(self.exchange, index as usize) | 1 << 48);
        let first_id = self.first_ids[index as usize];
        past::past(self.instrument(index), random, self.origin_ns, first_id, from_ns)
    }

    /// The rolling 24 hours of an instrument as one bar, to the hour; of a recording all it will ever hold, so that
    /// ranks by volume are right from the start.
    pub(crate) fn day(&mut self, index: u32) -> Bar {
        if let Some(totals) = &self.recorded {
            return totals[index as usize];
        }
        let length_ns = NS_PER_DAY / 24;
        if self.days[index as usize].is_none() {
            let from_ns = aligned(self.origin_ns - NS_PER_DAY, length_ns, 0);
            let hours = bar::regroup(self.past(index, from_ns).iter(), length_ns, 0);
            self.days[index as usize] = Some(hours.into());
        }
        let since_ns = self.now_ns - NS_PER_DAY;
        let instrument = &self.instruments[index as usize];
        let mut day = Bar::flat(since_ns, NS_PER_DAY, instrument.listing.price);
        let past = self.days[index as usize].iter().flatten();
        for hour in past.chain(instrument.bars.hours()).filter(|hour| hour.open_ns >= since_ns) {
            day.merge(hour);
        }
        day
    }

    /// The venue's candles of intervals with trades that open in [from, to), oldest first, its past included.
    pub(crate) fn candles(
        &self,
        index: u32,
        length_ns: i64,
        offset_ns: i64,
        from_ns: i64,
        to_ns: i64,
    ) -> Vec<TallyRow> {
        let rows = self.traded(index, length_ns, offset_ns, from_ns, to_ns);
        rows.iter().map(|row| TallyRow::new(row, &self.instrument(index).listing)).collect()
    }

    /// The account of an instrument since the market began: intervals with trades, oldest first. An interval that
    /// opened before a made market did is left out: the account would be only a part of it.
    pub(crate) fn tally(&self, index: u32, length_ns: i64, offset_ns: i64) -> Vec<TallyRow> {
        let instrument = self.instrument(index);
        bar::regroup(instrument.bars.all(), length_ns, offset_ns)
            .iter()
            .filter(|row| row.open_ns >= self.origin_ns || self.is_recorded())
            .map(|row| TallyRow::new(row, &instrument.listing))
            .collect()
    }
}

/// Trades and seconds that each of so many instruments remembers.
fn limits(instruments: usize) -> (usize, usize) {
    let count = instruments.max(1);
    ((LOG_TOTAL / count).clamp(1_000, LOG_EACH), (SECONDS_TOTAL / count).clamp(600, SECONDS_EACH))
}

fn lane(exchange: ExchangeId, index: usize) -> u64 {
    (u64::from(exchange as u8) << 32) | index as u64
}

#[cfg(test)]
mod tests;
