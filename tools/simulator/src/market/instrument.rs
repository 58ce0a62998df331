//! One instrument's random life: orders that fill against a quote, bursts, and quiet spells.

use std::collections::VecDeque;

use tickplane_model::NS_PER_US;

use super::bar::Bars;
use super::listing::Listing;
use super::random::Random;
use super::trade::{MarketEvent, MarketQuote, MarketTrade};

/// Half of all events change the quote without a trade.
const ORDER_CHANCE: f64 = 0.5;
/// Fills of an order, on average (see `fills`).
const FILLS_MEAN: f64 = 1.6;
/// A burst starts at this chance per event, lasts 5 to 40 events, and runs this much faster.
const BURST_CHANCE: f64 = 0.02;
const BURST_SPEED: f64 = 40.0;
const BURST_EVENTS_MEAN: f64 = 22.0;
/// Relative price move of a minute, whatever the rate of events.
const MINUTE_MOVE: f64 = 6e-4;
/// How strongly the price returns to where it started, per event.
const RETURN: f64 = 2e-6;

/// One instrument: its listing, quote, newest trades and bars.
#[derive(Clone, Debug)]
pub(crate) struct Instrument {
    pub(crate) listing: Listing,
    pub(crate) quote: MarketQuote,
    /// Newest trades, oldest first.
    pub(crate) log: VecDeque<MarketTrade>,
    pub(crate) bars: Bars,
    log_max: usize,
    random: Random,
    middle: f64,
    interval_ns: f64,
    /// Relative price move of one event.
    event_move: f64,
    burst_left: u32,
    due_ns: i64,
    next_id: u64,
    next_aggregate: u64,
    /// Trades and quotes since its life began.
    pub(crate) trades: u64,
    pub(crate) quotes: u64,
}

impl Instrument {
    /// An instrument whose life begins at `origin_ns` and depends on nothing but the seed, its lane and its listing.
    pub(crate) fn new(listing: Listing, seed: u64, lane: u64, origin_ns: i64, limits: (usize, usize)) -> Self {
        let mut random = Random::new(seed, lane);
        let normal = FILLS_MEAN * ORDER_CHANCE * (1.0 + BURST_CHANCE * BURST_EVENTS_MEAN);
        let interval_ns = 1e9 * normal / listing.rate;
        let next_id = 1_000_000 + random.below(800_000_000);
        let quote = MarketQuote {
            time_ns: origin_ns,
            update_id: next_id * 7,
            bid: 0,
            bid_quantity: 0,
            ask: 0,
            ask_quantity: 0,
        };
        let mut instrument = Self {
            middle: listing.price as f64,
            quote,
            log: VecDeque::new(),
            bars: Bars::new(limits.1),
            log_max: limits.0,
            random,
            interval_ns,
            event_move: MINUTE_MOVE * (interval_ns / 60e9).min(1.0).sqrt(),
            burst_left: 0,
            due_ns: origin_ns,
            next_id,
            next_aggregate: next_id / 2,
            trades: 0,
            quotes: 0,
            listing,
        };
        instrument.requote(origin_ns);
        instrument.wait();
        instrument
    }

    /// An instrument without a life of its own, to which only what was recorded happens.
    pub(crate) fn recorded(listing: Listing, origin_ns: i64, limits: (usize, usize)) -> Self {
        let mut instrument = Self::new(Listing { rate: 1.0, ..listing }, 0, 0, origin_ns, limits);
        (instrument.due_ns, instrument.next_id, instrument.quotes) = (i64::MAX, 0, 0);
        let price = instrument.listing.price;
        (instrument.quote.bid, instrument.quote.ask) = (price, price + 1);
        instrument
    }

    /// A recorded trade; one that is not newer than the last is a repetition.
    pub(crate) fn play(&mut self, trade: MarketTrade) -> bool {
        let new = trade.id >= self.next_id;
        if new {
            self.next_id = trade.id + 1;
            self.record(trade);
        }
        new
    }

    /// A recorded quote.
    pub(crate) fn replace_quote(&mut self, quote: MarketQuote) {
        self.quote = quote;
        self.quotes += 1;
    }

    /// When the next event is due.
    pub(crate) fn due_ns(&self) -> i64 {
        self.due_ns
    }

    /// Id of the next trade.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Lets the event that is due happen.
    pub(crate) fn step(&mut self, index: u32, events: &mut Vec<MarketEvent>) {
        let now_ns = self.due_ns;
        if self.random.chance(ORDER_CHANCE) {
            self.order(index, now_ns, events);
        }
        self.drift();
        self.requote(now_ns);
        events.push(MarketEvent::Quote(index, self.quote));
        self.wait();
    }

    /// A taker's order: its first fill is at the quote, the next ones may walk away from it.
    fn order(&mut self, index: u32, now_ns: i64, events: &mut Vec<MarketEvent>) {
        let buy = self.random.chance(0.5);
        let away = if buy { 1 } else { -1 };
        let mut price = if buy { self.quote.ask } else { self.quote.bid };
        let step = (price / 50_000).max(1);
        for fill in 0..self.fills() {
            if fill > 0 && self.random.chance(0.6) {
                price = (price + away * step).max(1);
                self.next_aggregate += 1;
            }
            let quantity = self.quantity();
            let trade =
                MarketTrade { time_ns: now_ns, id: self.next_id, aggregate: self.next_aggregate, price, quantity, buy };
            self.next_id += 1;
            self.record(trade);
            events.push(MarketEvent::Trade(index, trade));
        }
        self.next_aggregate += 1;
        self.middle += 0.1 * (price as f64 - self.middle);
    }

    fn record(&mut self, trade: MarketTrade) {
        self.trades += 1;
        self.bars.add(&trade);
        self.log.push_back(trade);
        if self.log.len() > self.log_max {
            self.log.pop_front();
        }
    }

    /// 1 mostly, at times a sweep of up to 12.
    fn fills(&mut self) -> u64 {
        if self.random.chance(0.8) { 1 } else { 2 + self.random.below(4) + 7 * u64::from(self.random.chance(0.08)) }
    }

    /// Heavy-tailed around the typical quantity; now and then a round one.
    fn quantity(&mut self) -> i64 {
        if self.random.chance(0.1) {
            return self.listing.quantity;
        }
        let factor = (self.random.bell() * 1.3 - 0.8).exp();
        ((self.listing.quantity as f64 * factor) as i64).max(1)
    }

    fn drift(&mut self) {
        let home = self.listing.price as f64;
        self.middle += self.random.bell() * self.event_move * self.middle + (home - self.middle) * RETURN;
        self.middle = self.middle.clamp(home * 0.3, home * 3.0);
    }

    fn requote(&mut self, now_ns: i64) {
        let narrow = (self.middle / 60_000.0).ceil().max(1.0) as i64;
        let spread = narrow * (1 + i64::from(self.random.chance(0.25)));
        let bid = (self.middle as i64 - spread / 2).max(1);
        let (bid_quantity, ask_quantity) = (self.quantity() * 3, self.quantity() * 3);
        let update_id = self.quote.update_id + 1;
        self.quotes += 1;
        self.quote = MarketQuote { time_ns: now_ns, update_id, bid, bid_quantity, ask: bid + spread, ask_quantity };
    }

    fn wait(&mut self) {
        let mean = if self.burst_left > 0 {
            self.burst_left -= 1;
            self.interval_ns / BURST_SPEED
        } else {
            if self.random.chance(BURST_CHANCE) {
                self.burst_left = 5 + self.random.below(36) as u32;
            }
            self.interval_ns
        };
        let wait_us = (self.random.exponential(mean) / NS_PER_US as f64) as i64;
        self.due_ns += wait_us.max(1) * NS_PER_US;
    }
}
