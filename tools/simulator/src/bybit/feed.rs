//! One Bybit socket: topics of one product class.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tickplane_model::{NS_PER_SECOND, Product};

use super::{Tickers, messages, ticker};
use crate::capture::Played;
use crate::market::{Book, Market, MarketEvent, MarketTrade, aligned};
use crate::venue::{Feed, Outbox};

/// Topics one request of spot may name, and characters that the topics of a connection may have.
const ARGUMENTS: usize = 10;
const CHARACTERS: usize = 21_000;
/// An idle connection is cut.
const IDLE_NS: i64 = 600 * NS_PER_SECOND;
const TICKERS_NS: i64 = NS_PER_SECOND;
/// Intervals of klines in minutes, as topics name them.
const INTERVALS: [(&str, i64); 6] = [("1", 1), ("5", 5), ("15", 15), ("60", 60), ("240", 240), ("D", 1_440)];

/// What a topic is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Topic {
    Trades(u32),
    Book(u32, usize),
    Ticker(u32),
    /// The place of its interval.
    Kline(u32, usize),
}

/// One socket.
pub(super) struct BybitFeed {
    tickers: Tickers,
    product: Product,
    topics: BTreeMap<Topic, String>,
    /// What the client knows of each book, and how many messages it got.
    books: BTreeMap<(u32, usize), (Book, u64)>,
    traded: BTreeSet<u32>,
    heard_ns: i64,
    ticked_ns: i64,
}

impl BybitFeed {
    pub(super) fn new(tickers: Tickers, product: Product, now_ns: i64) -> Self {
        Self {
            tickers,
            product,
            topics: BTreeMap::new(),
            books: BTreeMap::new(),
            traded: BTreeSet::new(),
            heard_ns: now_ns,
            ticked_ns: now_ns,
        }
    }

    fn topic(&self, text: &str) -> Option<Topic> {
        let (channel, rest) = text.split_once('.')?;
        let index = |ticker: &str| self.tickers.get(&(self.product, ticker.to_owned())).copied();
        match channel {
            "publicTrade" => index(rest).map(Topic::Trades),
            "tickers" => index(rest).map(Topic::Ticker),
            "orderbook" => {
                let (depth, ticker) = rest.split_once('.')?;
                let depth = depth.parse().ok().filter(|depth| [1, 50, 200].contains(depth))?;
                index(ticker).map(|index| Topic::Book(index, depth))
            }
            "kline" => {
                let (interval, ticker) = rest.split_once('.')?;
                let at = INTERVALS.iter().position(|(name, _)| *name == interval)?;
                index(ticker).map(|index| Topic::Kline(index, at))
            }
            _ => None,
        }
    }

    /// The topics of a request; the first that is none refuses it whole.
    fn requested(&self, request: &Value) -> Result<Vec<(Topic, String)>, String> {
        let arguments: Vec<&str> = request["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if self.product == Product::Spot && arguments.len() > ARGUMENTS {
            return Err("args size >10".to_owned());
        }
        let topic = |text: &str| match self.topic(text) {
            Some(topic) => Ok((topic, text.to_owned())),
            None => Err(format!("Invalid symbol :[{text}]")),
        };
        arguments.into_iter().map(topic).collect()
    }

    fn subscribe(&mut self, request: &Value) -> Result<Vec<Topic>, String> {
        let requested = self.requested(request)?;
        if let Some((_, text)) = requested.iter().find(|(topic, _)| self.topics.contains_key(topic)) {
            return Err(format!("error:already subscribed,topic:{text}"));
        }
        let length: usize = self.topics.values().chain(requested.iter().map(|(_, text)| text)).map(String::len).sum();
        if length > CHARACTERS {
            return Err("args length too long".to_owned());
        }
        let topics = requested.iter().map(|(topic, _)| *topic).collect();
        self.topics.extend(requested);
        Ok(topics)
    }

    fn unsubscribe(&mut self, request: &Value) -> Result<Vec<Topic>, String> {
        for (topic, _) in self.requested(request)? {
            self.topics.remove(&topic);
            if let Topic::Book(index, depth) = topic {
                self.books.remove(&(index, depth));
            }
        }
        Ok(Vec::new())
    }

    /// What a topic begins with. Trades begin with the next one.
    fn begin(&mut self, topic: Topic, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        match topic {
            Topic::Trades(_) => {}
            Topic::Book(index, depth) => self.book(index, depth, market, now_ns, outbox),
            Topic::Ticker(index) => send_ticker(index, market, now_ns, outbox),
            Topic::Kline(index, at) => send_kline(index, at, false, market, now_ns, outbox),
        }
    }

    /// The first message of a book is whole, the others tell what changed.
    fn book(&mut self, index: u32, depth: usize, market: &Market, now_ns: i64, outbox: &mut Outbox) {
        let instrument = market.instrument(index);
        let (name, new) = (ticker(&instrument.listing), Book::new(instrument, depth));
        let known = self.books.get(&(index, depth));
        let (sent, kind, number) = match known {
            Some((known, number)) => (known.changes(&new, false), "delta", number + 1),
            None => (new.clone(), "snapshot", 1),
        };
        if sent.is_empty() {
            return;
        }
        let times = (instrument.quote.time_ns + outbox.skew_ns, now_ns + outbox.skew_ns);
        outbox.text(messages::book((&instrument.listing, &name), (depth, &sent), (kind, number), times));
        self.books.insert((index, depth), (new, number));
    }

    fn trades(&mut self, index: u32, trades: &[MarketTrade], market: &Market, now_ns: i64, outbox: &mut Outbox) {
        self.traded.insert(index);
        if self.topics.contains_key(&Topic::Trades(index)) && !trades.is_empty() {
            let listing = &market.instrument(index).listing;
            let shifted: Vec<MarketTrade> = trades.iter().map(|trade| trade.shifted(outbox.skew_ns)).collect();
            outbox.text(messages::trades(listing, &ticker(listing), &shifted, now_ns + outbox.skew_ns));
        }
    }
}

fn send_ticker(index: u32, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
    let day = market.day(index);
    let instrument = market.instrument(index);
    outbox.text(messages::ticker(instrument, &ticker(&instrument.listing), &day, now_ns + outbox.skew_ns));
}

/// The bar of now, or the one that ended last.
fn send_kline(index: u32, at: usize, is_closed: bool, market: &Market, now_ns: i64, outbox: &mut Outbox) {
    let (interval, minutes) = INTERVALS[at];
    let length_ns = minutes * 60 * NS_PER_SECOND;
    let open_ns = aligned(now_ns, length_ns, 0) - if is_closed { length_ns } else { 0 };
    let bars = market.filled(index, length_ns, 0, open_ns, open_ns + 1);
    let listing = &market.instrument(index).listing;
    if let Some(bar) = bars.first() {
        let bar = (interval, bar);
        outbox.text(messages::kline(listing, &ticker(listing), bar, is_closed, now_ns + outbox.skew_ns));
    }
}

impl Feed for BybitFeed {
    fn opened(&mut self, _market: &mut Market, _now_ns: i64, _outbox: &mut Outbox) {}

    fn text(&mut self, text: &str, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        self.heard_ns = now_ns;
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let id = request["req_id"].as_str().unwrap_or_default().to_owned();
        let op = request["op"].as_str().unwrap_or_default();
        let answer = |is_good: bool, words: &str| {
            json!({"success": is_good, "ret_msg": words, "conn_id": "0970e817-426e-429a", "req_id": id, "op": op})
                .to_string()
        };
        let outcome = match op {
            "ping" => {
                outbox.text(answer(true, "pong"));
                return;
            }
            "subscribe" => self.subscribe(&request),
            "unsubscribe" => self.unsubscribe(&request),
            _ => Err("Invalid op".to_owned()),
        };
        match outcome {
            Ok(topics) => {
                outbox.text(answer(true, if self.product == Product::Spot { op } else { "" }));
                for topic in topics {
                    self.begin(topic, market, now_ns, outbox);
                }
            }
            Err(words) => outbox.refuse(answer(false, &words)),
        }
    }

    fn happened(&mut self, events: &[MarketEvent], market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        let mut trades: BTreeMap<u32, Vec<MarketTrade>> = BTreeMap::new();
        let mut moved = BTreeSet::new();
        for event in events {
            match event {
                MarketEvent::Trade(index, trade) => trades.entry(*index).or_default().push(*trade),
                MarketEvent::Quote(index, _) => {
                    moved.insert(*index);
                }
                MarketEvent::Lost(_) => {}
            }
        }
        for (index, trades) in trades {
            self.trades(index, &trades, market, now_ns, outbox);
        }
        let books = self.topics.keys().filter_map(|topic| match topic {
            Topic::Book(index, depth) if moved.contains(index) => Some((*index, *depth)),
            _ => None,
        });
        for (index, depth) in books.collect::<Vec<_>>() {
            self.book(index, depth, market, now_ns, outbox);
        }
    }

    /// No recording of this venue can be played.
    fn played(&mut self, _played: &Played, _now_ns: i64, _outbox: &mut Outbox) {}

    fn timer_ns(&self) -> i64 {
        self.ticked_ns + TICKERS_NS
    }

    /// Tickers and klines once a second, and the klines that closed.
    fn timer(&mut self, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        if now_ns >= self.heard_ns + IDLE_NS {
            outbox.close(1000, "idle");
            return;
        }
        let last_ns = std::mem::replace(&mut self.ticked_ns, now_ns);
        for topic in self.topics.keys().copied().collect::<Vec<_>>() {
            match topic {
                Topic::Ticker(index) => send_ticker(index, market, now_ns, outbox),
                Topic::Kline(index, at) => {
                    let length_ns = INTERVALS[at].1 * 60 * NS_PER_SECOND;
                    if aligned(now_ns, length_ns, 0) > last_ns {
                        send_kline(index, at, true, market, now_ns, outbox);
                    }
                    if self.traded.contains(&index) {
                        send_kline(index, at, false, market, now_ns, outbox);
                    }
                }
                Topic::Trades(_) | Topic::Book(..) => {}
            }
        }
        self.traded.clear();
    }

    fn listens(&self) -> bool {
        !self.topics.is_empty()
    }
}
