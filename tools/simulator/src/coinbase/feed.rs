//! One Coinbase socket: channels, one sequence over all of them, quarter-second trade batches, the deadlines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tickplane_model::{NS_PER_MS, NS_PER_SECOND};

use super::Products;
use super::level2::Books;
use super::messages;
use crate::capture::{Message, Played, renumbered};
use crate::market::{Market, MarketEvent, MarketTrade, aligned};
use crate::server::window::Window;
use crate::stamp;
use crate::venue::{Control, Feed, Outbox};

/// A subscription must come this soon, or the server hangs up.
const SUBSCRIBE_WITHIN_NS: i64 = 5 * NS_PER_SECOND;
/// Trades are sent in batches of this length.
const BATCH_NS: i64 = 250 * NS_PER_MS;
const TICKER_BATCH_NS: i64 = 5 * NS_PER_SECOND;
/// Candles are sent in buckets of five minutes only.
const CANDLE_NS: i64 = 300 * NS_PER_SECOND;
const CANDLES: i64 = 100;
const SNAPSHOT_TRADES: usize = 100;
/// Incoming messages a second without authentication, of all sockets of an IP together.
const INCOMING: u64 = 8;
/// A socket on which nothing is sent is closed.
const SILENCE_NS: i64 = 90 * NS_PER_SECOND;

const CHANNELS: [&str; 7] = ["heartbeats", "candles", "status", "ticker", "ticker_batch", "market_trades", "level2"];
const PRIVATE: [&str; 2] = ["user", "futures_balance_summary"];

/// Periodic work of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Timers {
    heartbeat_ns: i64,
    trades_ns: i64,
    ticker_batch_ns: i64,
    candles_ns: i64,
}

/// What all sockets say together: every client of a simulation has the same address.
#[derive(Clone)]
pub(super) struct Incoming(Arc<Mutex<Window>>);

impl Default for Incoming {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Window::new(INCOMING, NS_PER_SECOND))))
    }
}

impl Incoming {
    fn take(&self, now_ns: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(now_ns)
    }
}

/// One socket.
pub(super) struct CoinbaseFeed {
    products: Products,
    sequence: u64,
    /// Channels and their products, as the acks list them.
    channels: BTreeMap<&'static str, BTreeSet<String>>,
    /// The same, as indexes.
    indexes: BTreeMap<&'static str, BTreeSet<u32>>,
    pending: BTreeMap<u32, Vec<MarketTrade>>,
    /// Whose trades of this batch are lost: their message takes its number all the same.
    lost: BTreeSet<u32>,
    moved: BTreeSet<u32>,
    candled: BTreeSet<u32>,
    books: Books,
    incoming: Incoming,
    timers: Timers,
    start_ns: i64,
    opened_ns: i64,
    sent_ns: i64,
    subscribed: bool,
}

impl CoinbaseFeed {
    pub(super) fn new(products: Products, incoming: Incoming, start_ns: i64, now_ns: i64) -> Self {
        let never = i64::MAX;
        Self {
            products,
            sequence: 0,
            channels: BTreeMap::new(),
            indexes: BTreeMap::new(),
            pending: BTreeMap::new(),
            lost: BTreeSet::new(),
            moved: BTreeSet::new(),
            candled: BTreeSet::new(),
            books: Books::default(),
            incoming,
            timers: Timers { heartbeat_ns: never, trades_ns: never, ticker_batch_ns: never, candles_ns: never },
            start_ns,
            opened_ns: now_ns,
            sent_ns: now_ns,
            subscribed: false,
        }
    }

    fn send(&mut self, channel: &str, events: &str, now_ns: i64, outbox: &mut Outbox) {
        // What is withheld takes no number: a dead subscription is no gap.
        if outbox.text(messages::envelope(channel, now_ns + outbox.skew_ns, self.sequence, events)) {
            self.sequence += 1;
            self.sent_ns = now_ns;
        }
    }

    fn request(&mut self, request: &Value, market: &mut Market, now_ns: i64, outbox: &mut Outbox) -> Option<()> {
        let kind = request.get("type")?.as_str()?;
        let name = request.get("channel")?.as_str()?;
        let channel = CHANNELS.into_iter().find(|channel| *channel == name)?;
        let products: Vec<&str> = match request.get("product_ids") {
            Some(Value::Array(products)) => products.iter().map(Value::as_str).collect::<Option<_>>()?,
            Some(Value::Null) | None => Vec::new(),
            Some(_) => return None,
        };
        match kind {
            "subscribe" => self.subscribe(channel, &products, market, now_ns, outbox)?,
            "unsubscribe" => self.unsubscribe(channel, &products),
            _ => return None,
        }
        self.rearm(now_ns);
        let subscriptions = json!({"subscriptions": self.channels}).to_string();
        self.send("subscriptions", &subscriptions, now_ns, outbox);
        Some(())
    }

    /// Nothing is subscribed if one product is unknown.
    fn subscribe(
        &mut self,
        channel: &'static str,
        products: &[&str],
        market: &mut Market,
        now_ns: i64,
        outbox: &mut Outbox,
    ) -> Option<()> {
        let all: Vec<u32> = (0..market.instruments().len() as u32).collect();
        let indexes: Vec<u32> = match (channel, products) {
            ("heartbeats", _) => Vec::new(),
            ("status", []) => all,
            (_, []) => return None,
            _ => products.iter().map(|product| self.products.get(*product).copied()).collect::<Option<_>>()?,
        };
        self.subscribed = true;
        let names = self.channels.entry(channel).or_default();
        if channel == "heartbeats" {
            names.insert("heartbeats".to_owned());
        }
        // Frames of an alias are labelled with the book's own id, and so is the ack.
        names.extend(indexes.iter().map(|index| market.instrument(*index).listing.symbol.to_string()));
        let known = self.indexes.entry(channel).or_default();
        let new: Vec<u32> = indexes.into_iter().filter(|index| known.insert(*index)).collect();
        self.snapshot(channel, &new, market, now_ns, outbox);
        Some(())
    }

    fn unsubscribe(&mut self, channel: &'static str, products: &[&str]) {
        let indexes = products.iter().filter_map(|product| self.products.get(*product));
        let gone: BTreeSet<u32> = indexes.copied().collect();
        let labels: BTreeSet<String> = products.iter().map(|product| label(product)).collect();
        let every = products.is_empty();
        if let Some(names) = self.channels.get_mut(channel) {
            names.retain(|name| !every && !labels.contains(name));
        }
        if let Some(known) = self.indexes.get_mut(channel) {
            known.retain(|index| !every && !gone.contains(index));
        }
        self.channels.retain(|_, names| !names.is_empty());
        if channel == "market_trades" {
            self.pending.retain(|index, _| !every && !gone.contains(index));
            self.lost.retain(|index| !every && !gone.contains(index));
        }
    }

    fn has_batch(&self) -> bool {
        !self.pending.is_empty() || !self.lost.is_empty()
    }

    fn wants(&self, channel: &str, index: u32) -> bool {
        self.indexes.get(channel).is_some_and(|indexes| indexes.contains(&index))
    }

    fn is_on(&self, channel: &str) -> bool {
        self.channels.contains_key(channel)
    }

    fn rearm(&mut self, now_ns: i64) {
        let arm = |on: bool, armed_ns: i64, due_ns: i64| match (on, armed_ns) {
            (false, _) => i64::MAX,
            (true, i64::MAX) => due_ns,
            (true, armed_ns) => armed_ns,
        };
        let second = now_ns + NS_PER_SECOND;
        self.timers.heartbeat_ns = arm(self.is_on("heartbeats"), self.timers.heartbeat_ns, second);
        self.timers.candles_ns = arm(self.is_on("candles"), self.timers.candles_ns, second);
        let batch = now_ns + TICKER_BATCH_NS;
        self.timers.ticker_batch_ns = arm(self.is_on("ticker_batch"), self.timers.ticker_batch_ns, batch);
        self.timers.trades_ns = arm(self.has_batch(), self.timers.trades_ns, self.timers.trades_ns);
    }

    /// What a channel sends first. It goes out before the ack, as recorded.
    fn snapshot(
        &mut self,
        channel: &'static str,
        indexes: &[u32],
        market: &mut Market,
        now_ns: i64,
        outbox: &mut Outbox,
    ) {
        match channel {
            _ if market.is_recorded() => {}
            "market_trades" => {
                for &index in indexes {
                    let instrument = market.instrument(index);
                    let newest = instrument.log.iter().rev().take(SNAPSHOT_TRADES);
                    let event = messages::trades_event("snapshot", &instrument.listing, newest);
                    self.send(channel, &event, now_ns, outbox);
                }
            }
            "ticker" | "ticker_batch" => self.tickers(channel, indexes, "snapshot", market, now_ns, outbox),
            "candles" => {
                let from_ns = now_ns - CANDLES * CANDLE_NS;
                for &index in indexes {
                    self.candles(&[index], "snapshot", from_ns, market, now_ns, outbox);
                }
            }
            "level2" => {
                for &index in indexes {
                    let event = self.books.snapshot(index, market.instrument(index));
                    self.send("l2_data", &event, now_ns, outbox);
                }
            }
            "status" => {
                let rows = indexes.iter().map(|index| messages::status_product(&market.instrument(*index).listing));
                let event = format!(r#"{{"type":"snapshot","products":[{}]}}"#, rows.collect::<Vec<_>>().join(","));
                self.send(channel, &event, now_ns, outbox);
            }
            _ => {}
        }
    }

    fn tickers(
        &mut self,
        channel: &'static str,
        indexes: &[u32],
        kind: &str,
        market: &mut Market,
        now_ns: i64,
        outbox: &mut Outbox,
    ) {
        for &index in indexes {
            let day = market.day(index);
            let row = messages::ticker(market.instrument(index), &day, channel == "ticker");
            let event = format!(r#"{{"type":"{kind}","tickers":[{row}]}}"#);
            self.send(channel, &event, now_ns, outbox);
        }
    }

    fn candles(
        &mut self,
        indexes: &[u32],
        kind: &str,
        from_ns: i64,
        market: &Market,
        now_ns: i64,
        outbox: &mut Outbox,
    ) {
        let mut rows = Vec::new();
        for &index in indexes {
            let bars = market.traded(index, CANDLE_NS, 0, from_ns, now_ns + 1);
            let listing = &market.instrument(index).listing;
            rows.extend(bars.iter().rev().map(|bar| messages::candle(listing, bar, true)));
        }
        if !rows.is_empty() {
            let event = format!(r#"{{"type":"{kind}","candles":[{}]}}"#, rows.join(","));
            self.send("candles", &event, now_ns, outbox);
        }
    }

    fn flush_trades(&mut self, market: &Market, now_ns: i64, outbox: &mut Outbox) {
        self.sequence += std::mem::take(&mut self.lost).len() as u64;
        for (index, trades) in std::mem::take(&mut self.pending) {
            let event = messages::trades_event("update", &market.instrument(index).listing, trades.iter());
            self.send("market_trades", &event, now_ns, outbox);
        }
        self.timers.trades_ns = i64::MAX;
    }

    fn heartbeat(&mut self, now_ns: i64, outbox: &mut Outbox) {
        let up_ns = now_ns - self.start_ns;
        let (time, counter) = (stamp::go(now_ns + outbox.skew_ns, up_ns), up_ns / NS_PER_SECOND);
        let event = format!(r#"{{"current_time":"{time}","heartbeat_counter":{counter}}}"#);
        self.send("heartbeats", &event, now_ns, outbox);
        self.timers.heartbeat_ns += NS_PER_SECOND;
    }
}

/// The id the frames carry: USDC products are aliases of the USD books.
fn label(product: &str) -> String {
    product.strip_suffix("-USDC").map_or_else(|| product.to_owned(), |base| format!("{base}-USD"))
}

fn error(message: &str) -> String {
    json!({"type": "error", "message": message}).to_string()
}

impl Feed for CoinbaseFeed {
    fn opened(&mut self, _market: &mut Market, _now_ns: i64, _outbox: &mut Outbox) {}

    fn text(&mut self, text: &str, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        if !self.incoming.take(now_ns) {
            outbox.refuse(error("rate limit exceeded"));
            return;
        }
        let request = serde_json::from_str::<Value>(text).unwrap_or_default();
        let channel = request.get("channel").and_then(Value::as_str).unwrap_or_default();
        if PRIVATE.contains(&channel) {
            outbox.refuse(error("authentication failure"));
        } else if self.request(&request, market, now_ns, outbox).is_none() {
            outbox.refuse(error("failure to subscribe"));
        }
    }

    fn control(&mut self, _control: Control<'_>, now_ns: i64, outbox: &mut Outbox) {
        if !self.incoming.take(now_ns) {
            outbox.refuse(error("rate limit exceeded"));
        }
    }

    fn happened(&mut self, events: &[MarketEvent], market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        let (mut traded, mut quoted) = (Vec::new(), BTreeSet::new());
        for event in events {
            let (index, trade) = match *event {
                MarketEvent::Trade(index, trade) => (index, trade),
                MarketEvent::Quote(index, _) => {
                    quoted.insert(index);
                    continue;
                }
                MarketEvent::Lost(index) => {
                    if self.wants("market_trades", index) {
                        self.lost.insert(index);
                    }
                    continue;
                }
            };
            if self.wants("market_trades", index) {
                self.pending.entry(index).or_default().push(trade.shifted(outbox.skew_ns));
            }
            if self.wants("ticker", index) && !traded.contains(&index) {
                traded.push(index);
            }
            if self.wants("ticker_batch", index) {
                self.moved.insert(index);
            }
            if self.wants("candles", index) {
                self.candled.insert(index);
            }
        }
        if self.has_batch() && self.timers.trades_ns == i64::MAX {
            self.timers.trades_ns = aligned(now_ns, BATCH_NS, self.opened_ns) + BATCH_NS;
        }
        self.tickers("ticker", &traded, "update", market, now_ns, outbox);
        quoted.retain(|index| self.wants("level2", *index));
        for index in quoted {
            if let Some(event) = self.books.update(index, market.instrument(index), outbox.skew_ns) {
                self.send("l2_data", &event, now_ns, outbox);
            }
        }
    }

    /// As recorded, but for the number in the connection's sequence.
    fn played(&mut self, played: &Played, now_ns: i64, outbox: &mut Outbox) {
        let Message { text, stream, .. } = &played.message;
        let channel = if stream == "l2_data" { "level2" } else { stream };
        let wanted = played.indexes.iter().any(|index| self.wants(channel, *index));
        if wanted && (played.is_lost || outbox.text(renumbered(text, self.sequence))) {
            self.sequence += 1;
            self.sent_ns = now_ns;
        }
    }

    fn timer_ns(&self) -> i64 {
        let deadline = if self.subscribed { self.sent_ns + SILENCE_NS } else { self.opened_ns + SUBSCRIBE_WITHIN_NS };
        let Timers { heartbeat_ns, trades_ns, ticker_batch_ns, candles_ns } = self.timers;
        deadline.min(heartbeat_ns).min(trades_ns).min(ticker_batch_ns).min(candles_ns)
    }

    fn timer(&mut self, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        if !self.subscribed && now_ns >= self.opened_ns + SUBSCRIBE_WITHIN_NS {
            outbox.close(1008, "no subscription within 5 seconds");
            return;
        }
        if now_ns >= self.timers.trades_ns {
            self.flush_trades(market, now_ns, outbox);
        }
        if now_ns >= self.timers.heartbeat_ns {
            self.heartbeat(now_ns, outbox);
        }
        if now_ns >= self.timers.ticker_batch_ns {
            let moved: Vec<u32> = std::mem::take(&mut self.moved).into_iter().collect();
            self.tickers("ticker_batch", &moved, "update", market, now_ns, outbox);
            self.timers.ticker_batch_ns = now_ns + TICKER_BATCH_NS;
        }
        if now_ns >= self.timers.candles_ns {
            let changed: Vec<u32> = std::mem::take(&mut self.candled).into_iter().collect();
            let from_ns = aligned(now_ns, CANDLE_NS, 0);
            self.candles(&changed, "update", from_ns, market, now_ns, outbox);
            self.timers.candles_ns = now_ns + NS_PER_SECOND;
        }
        if self.subscribed && now_ns >= self.sent_ns + SILENCE_NS {
            outbox.close(1000, "no updates");
        }
    }

    fn listens(&self) -> bool {
        self.indexes.iter().any(|(channel, indexes)| *channel != "status" && !indexes.is_empty())
    }
}
