//! One Kraken socket: status on connect, an ack per symbol, snapshots, heartbeats.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tickplane_model::NS_PER_SECOND;

use super::asked::{Asked, answer, refuse, success};
use super::books::Books;
use super::messages;
use super::names::Names;
use crate::capture::Played;
use crate::market::{Market, MarketEvent, MarketTrade, aligned};
use crate::server::window::Window;
use crate::venue::{Control, Feed, Outbox};

const HEARTBEAT_NS: i64 = NS_PER_SECOND;
/// A client that subscribes nothing and says nothing is let go.
const INACTIVE_NS: i64 = 60 * NS_PER_SECOND;
/// Kraken publishes no number; clients that pace themselves at 20 a second are well.
const INCOMING: u64 = 50;
const SNAPSHOT_TRADES: usize = 50;
const SNAPSHOT_BARS: i64 = 720;
const MINUTE_NS: i64 = 60 * NS_PER_SECOND;
/// Intervals of `ohlc`, in minutes.
pub(super) const INTERVALS: [i64; 9] = [1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600];

const PRIVATE: [&str; 3] = ["executions", "balances", "level3"];
const PRIVATE_ERROR: &str = "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com";

/// One socket.
pub(super) struct KrakenFeed {
    names: Arc<Names>,
    connection_id: u64,
    trades: BTreeSet<u32>,
    /// Whether the ticker is sent on every change of the quote.
    tickers: BTreeMap<u32, bool>,
    /// Interval in minutes.
    bars: BTreeMap<u32, i64>,
    books: Books,
    instruments: bool,
    incoming: Window,
    sent_ns: i64,
    heard_ns: i64,
}

impl KrakenFeed {
    pub(super) fn new(names: Arc<Names>, connection_id: u64, now_ns: i64) -> Self {
        Self {
            names,
            connection_id,
            trades: BTreeSet::new(),
            tickers: BTreeMap::new(),
            bars: BTreeMap::new(),
            books: Books::default(),
            instruments: false,
            incoming: Window::new(INCOMING, NS_PER_SECOND),
            sent_ns: now_ns,
            heard_ns: now_ns,
        }
    }

    fn is_subscribed(&self) -> bool {
        self.instruments || self.listens()
    }

    fn request(&mut self, request: &Value, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
        let req_id = request.get("req_id").and_then(Value::as_u64);
        let asked = Asked::at(method, req_id, now_ns + outbox.skew_ns);
        match asked.method {
            "ping" => {
                outbox.text(answer(&asked, "pong", Map::new()));
            }
            "subscribe" | "unsubscribe" => {
                let empty = Value::Null;
                let params = request.get("params").unwrap_or(&empty);
                self.subscription(&asked, params, market, now_ns, outbox);
            }
            "add_order"
            | "amend_order"
            | "cancel_order"
            | "cancel_all"
            | "batch_add"
            | "batch_cancel"
            | "edit_order"
            | "cancel_all_orders_after" => refuse(&asked, PRIVATE_ERROR, None, outbox),
            _ => refuse(&asked, "Unsupported event", None, outbox),
        }
    }

    fn subscription(
        &mut self,
        asked: &Asked<'_>,
        params: &Value,
        market: &mut Market,
        now_ns: i64,
        outbox: &mut Outbox,
    ) {
        let channel = params.get("channel").and_then(Value::as_str).unwrap_or_default();
        if PRIVATE.contains(&channel) {
            return refuse(asked, PRIVATE_ERROR, None, outbox);
        }
        if channel == "instrument" {
            return self.instrument(asked, params, market, outbox);
        }
        if !["trade", "ticker", "ohlc", "book"].contains(&channel) {
            return refuse(asked, "Unsupported event", None, outbox);
        }
        let symbols: Option<Vec<&str>> =
            params.get("symbol").and_then(Value::as_array).and_then(|all| all.iter().map(Value::as_str).collect());
        let Some(symbols) = symbols.filter(|symbols| !symbols.is_empty()) else {
            return refuse(asked, "Symbol(s) missing", None, outbox);
        };
        for symbol in symbols {
            let result = match self.names.symbol(symbol) {
                None => Err(format!("Currency pair not supported {symbol}")),
                Some(index) if asked.method == "subscribe" => self.subscribe(channel, index, params),
                Some(index) => self.unsubscribe(channel, index, params),
            };
            match result {
                Err(error) => refuse(asked, &error, Some(symbol), outbox),
                Ok(mut result) => {
                    result.insert("symbol".to_owned(), symbol.into());
                    outbox.text(success(asked, result));
                    if let (Some(index), "subscribe") = (self.names.symbol(symbol), asked.method) {
                        self.snapshot(channel, index, params, market, now_ns, outbox);
                    }
                }
            }
        }
    }

    fn subscribe(&mut self, channel: &str, index: u32, params: &Value) -> Result<Map<String, Value>, String> {
        let again = || "Already subscribed".to_owned();
        let mut result = Map::new();
        result.insert("channel".to_owned(), channel.into());
        match channel {
            "trade" => {
                if !self.trades.insert(index) {
                    return Err(again());
                }
            }
            "ticker" => {
                let trigger = params.get("event_trigger").and_then(Value::as_str).unwrap_or("trades");
                if !["trades", "bbo"].contains(&trigger) {
                    return Err("Invalid event_trigger".to_owned());
                }
                if self.tickers.contains_key(&index) {
                    return Err(again());
                }
                self.tickers.insert(index, trigger == "bbo");
                result.insert("event_trigger".to_owned(), trigger.into());
            }
            "book" => {
                let depth = self.books.subscribe(index, params)?;
                result.insert("depth".to_owned(), depth.into());
            }
            _ => {
                let minutes = params.get("interval").map_or(Some(1), Value::as_i64).unwrap_or_default();
                if !INTERVALS.contains(&minutes) {
                    return Err("Subscription ohlc interval not supported".to_owned());
                }
                if self.bars.contains_key(&index) {
                    return Err("Already subscribed to one ohlc interval on this symbol".to_owned());
                }
                self.bars.insert(index, minutes);
                result.insert("interval".to_owned(), minutes.into());
                result.insert("warnings".to_owned(), json!(["timestamp is deprecated, use interval_begin"]));
            }
        }
        result.insert("snapshot".to_owned(), wants_snapshot(channel, params).into());
        Ok(result)
    }

    fn unsubscribe(&mut self, channel: &str, index: u32, params: &Value) -> Result<Map<String, Value>, String> {
        let mut result = Map::new();
        result.insert("channel".to_owned(), channel.into());
        let was = match channel {
            "trade" => self.trades.remove(&index),
            "ticker" => self.tickers.remove(&index).is_some(),
            "book" => self.books.unsubscribe(index),
            _ => {
                let minutes = params.get("interval").and_then(Value::as_i64).unwrap_or(1);
                result.insert("interval".to_owned(), minutes.into());
                let same = self.bars.get(&index) == Some(&minutes);
                if same {
                    self.bars.remove(&index);
                }
                same
            }
        };
        if was { Ok(result) } else { Err("Subscription Not Found".to_owned()) }
    }

    fn instrument(&mut self, asked: &Asked<'_>, params: &Value, market: &Market, outbox: &mut Outbox) {
        let subscribe = asked.method == "subscribe";
        if self.instruments == subscribe {
            let error = if subscribe { "Already subscribed" } else { "Subscription Not Found" };
            return refuse(asked, error, None, outbox);
        }
        self.instruments = subscribe;
        let snapshot = wants_snapshot("instrument", params);
        let mut result = Map::new();
        result.insert("channel".to_owned(), "instrument".into());
        if subscribe {
            result.insert("snapshot".to_owned(), snapshot.into());
        }
        outbox.text(success(asked, result));
        if subscribe && snapshot {
            let listings = market.instruments().iter().map(|instrument| &instrument.listing);
            outbox.text(messages::instruments(listings.zip(&self.names.pairs)));
        }
    }

    fn snapshot(
        &mut self,
        channel: &str,
        index: u32,
        params: &Value,
        market: &mut Market,
        now_ns: i64,
        outbox: &mut Outbox,
    ) {
        if market.is_recorded() {
            return;
        }
        let pair = self.names.pair(index);
        if channel == "book" {
            // Without a snapshot the book is followed all the same: changes need something to differ from.
            let snapshot = self.books.snapshot(index, market.instrument(index), pair, outbox.skew_ns);
            if let Some(snapshot) = snapshot.filter(|_| wants_snapshot(channel, params)) {
                outbox.text(snapshot);
            }
            return;
        }
        if !wants_snapshot(channel, params) {
            return;
        }
        match channel {
            "trade" => {
                let instrument = market.instrument(index);
                let skip = instrument.log.len().saturating_sub(SNAPSHOT_TRADES);
                let newest = instrument.log.iter().skip(skip);
                let rows: Vec<String> = newest.map(|trade| messages::trade(&instrument.listing, pair, trade)).collect();
                outbox.text(messages::data("trade", "snapshot", &rows));
            }
            "ticker" => {
                let day = market.day(index);
                outbox.text(messages::ticker(market.instrument(index), pair, &day, "snapshot", now_ns));
            }
            _ => {
                let length_ns = self.bars.get(&index).map_or(MINUTE_NS, |minutes| minutes * MINUTE_NS);
                let from_ns = aligned(now_ns, length_ns, 0) - (SNAPSHOT_BARS - 1) * length_ns;
                let bars = market.traded(index, length_ns, 0, from_ns, now_ns + 1);
                let listing = &market.instrument(index).listing;
                let rows: Vec<String> = bars.iter().map(|bar| messages::ohlc_row(listing, pair, bar)).collect();
                outbox.text(messages::ohlc("snapshot", now_ns, &rows));
            }
        }
    }

    fn bar(&self, index: u32, minutes: i64, time_ns: i64, market: &Market, now_ns: i64, outbox: &mut Outbox) {
        let length_ns = minutes * MINUTE_NS;
        let open_ns = aligned(time_ns, length_ns, 0);
        let listing = &market.instrument(index).listing;
        for bar in market.traded(index, length_ns, 0, open_ns, open_ns + 1) {
            let row = messages::ohlc_row(listing, self.names.pair(index), &bar);
            outbox.text(messages::ohlc("update", now_ns + outbox.skew_ns, &[row]));
        }
    }
}

/// Trades come without history unless it is asked for; the other channels begin with it.
fn wants_snapshot(channel: &str, params: &Value) -> bool {
    params.get("snapshot").and_then(Value::as_bool).unwrap_or(channel != "trade")
}

impl Feed for KrakenFeed {
    fn opened(&mut self, _market: &mut Market, _now_ns: i64, outbox: &mut Outbox) {
        outbox.text(messages::status(self.connection_id));
    }

    fn text(&mut self, text: &str, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        self.heard_ns = now_ns;
        if !self.incoming.take(now_ns) {
            outbox.refuse(r#"{"Error":"Exceeded msg rate"}"#);
            return;
        }
        match serde_json::from_str::<Value>(text) {
            Ok(request) if request.is_object() => self.request(&request, market, now_ns, outbox),
            _ => {
                let asked = Asked::at("", None, now_ns + outbox.skew_ns);
                refuse(&asked, "Malformed request", None, outbox);
            }
        }
        self.sent_ns = now_ns;
    }

    fn control(&mut self, _control: Control<'_>, now_ns: i64, _outbox: &mut Outbox) {
        self.heard_ns = now_ns;
    }

    fn happened(&mut self, events: &[MarketEvent], market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        let mut traded: BTreeMap<u32, Vec<MarketTrade>> = BTreeMap::new();
        let mut quoted: BTreeSet<u32> = BTreeSet::new();
        for event in events {
            match *event {
                MarketEvent::Trade(index, trade) => traded.entry(index).or_default().push(trade),
                MarketEvent::Quote(index, _) => {
                    quoted.insert(index);
                }
                MarketEvent::Lost(_) => {}
            }
        }
        let before = outbox.frames.len();
        for (&index, trades) in &traded {
            let (listing, pair) = (&market.instrument(index).listing, self.names.pair(index));
            if self.trades.contains(&index) {
                let shown = trades.iter().map(|trade| trade.shifted(outbox.skew_ns));
                let rows: Vec<String> = shown.map(|trade| messages::trade(listing, pair, &trade)).collect();
                outbox.text(messages::data("trade", "update", &rows));
            }
            if let (Some(minutes), Some(last)) = (self.bars.get(&index), trades.last()) {
                self.bar(index, *minutes, last.time_ns, market, now_ns, outbox);
            }
        }
        for (&index, &every_quote) in &self.tickers {
            if traded.contains_key(&index) || every_quote && quoted.contains(&index) {
                let day = market.day(index);
                let instrument = market.instrument(index);
                let pair = self.names.pair(index);
                let time_ns = instrument.quote.time_ns + outbox.skew_ns;
                outbox.text(messages::ticker(instrument, pair, &day, "update", time_ns));
            }
        }
        for &index in &quoted {
            let pair = self.names.pair(index);
            if let Some(update) = self.books.update(index, market.instrument(index), pair, outbox.skew_ns) {
                outbox.text(update);
            }
        }
        if outbox.frames.len() > before {
            self.sent_ns = now_ns;
        }
    }

    fn played(&mut self, played: &Played, now_ns: i64, outbox: &mut Outbox) {
        let wants = |index: &u32| match played.message.stream.as_str() {
            "trade" => self.trades.contains(index),
            "ticker" => self.tickers.contains_key(index),
            "ohlc" => self.bars.contains_key(index),
            _ => self.books.follows(*index),
        };
        if !played.is_lost && played.indexes.iter().any(wants) && outbox.text(played.message.text.clone()) {
            self.sent_ns = now_ns;
        }
    }

    fn timer_ns(&self) -> i64 {
        if self.is_subscribed() { self.sent_ns + HEARTBEAT_NS } else { self.heard_ns + INACTIVE_NS }
    }

    fn timer(&mut self, _market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        if self.is_subscribed() {
            outbox.text(r#"{"channel":"heartbeat"}"#);
            self.sent_ns = now_ns;
        } else {
            outbox.close(1000, "inactive");
        }
    }

    fn listens(&self) -> bool {
        let quiet = self.trades.is_empty() && self.tickers.is_empty() && self.bars.is_empty();
        !(quiet && self.books.is_empty())
    }
}
