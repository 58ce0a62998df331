//! One Binance socket: subscriptions, acks, limits, pings.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tickplane_model::{NS_PER_MS, NS_PER_SECOND};

use super::Tickers;
use super::depth::Depths;
use super::kline::Klines;
use super::messages::{self, Unit};
use super::request::{Asked, invalid, names};
use super::stream::Stream;
use crate::capture::Played;
use crate::market::{Market, MarketEvent, MarketTrade};
use crate::server::window::Window;
use crate::venue::{Control, Feed, Outbox};

/// Incoming messages a second: JSON, pings and pongs count alike.
const INCOMING: u64 = 5;
const STREAMS_MAX: usize = 1_024;
const PING_EVERY_NS: i64 = 20 * NS_PER_SECOND;
const PONG_WITHIN_NS: i64 = 60 * NS_PER_SECOND;
const LIFE_NS: i64 = 24 * 3_600 * NS_PER_SECOND;
/// An ack waits for the first data or this long: at the venue data may arrive before it.
const ACK_AFTER_NS: i64 = 20 * NS_PER_MS;
/// Once-a-second streams go out this long after the second.
const TICK_AFTER_NS: i64 = 5 * NS_PER_MS;

const TRADE: u8 = 1;
const AGG_TRADE: u8 = 1 << 1;
const BOOK_TICKER: u8 = 1 << 2;

/// One socket.
pub(super) struct BinanceFeed {
    tickers: Tickers,
    combined: bool,
    /// Whether streams come from a recording only.
    recorded: bool,
    unit: Unit,
    /// Streams by name, and what they carry.
    streams: BTreeMap<String, Stream>,
    initial: Vec<String>,
    /// Per instrument, the streams to send at once.
    wanted: Vec<u8>,
    klines: Vec<Klines>,
    depths: Vec<Depths>,
    acks: Vec<String>,
    acks_ns: i64,
    incoming: Window,
    opened_ns: i64,
    ping_ns: i64,
    /// The oldest ping without its pong.
    unanswered: Option<(String, i64)>,
    tick_ns: i64,
    ticked_id: BTreeMap<u32, u64>,
}

impl BinanceFeed {
    pub(super) fn new(
        tickers: Tickers,
        combined: bool,
        initial: Vec<String>,
        microseconds: bool,
        now_ns: i64,
        recorded: bool,
    ) -> Self {
        Self {
            wanted: vec![0; tickers.len()],
            tickers,
            combined,
            recorded,
            unit: Unit { length_ns: if microseconds { 1_000 } else { NS_PER_MS }, skew_ns: 0 },
            streams: BTreeMap::new(),
            initial,
            klines: Vec::new(),
            depths: Vec::new(),
            acks: Vec::new(),
            acks_ns: i64::MAX,
            incoming: Window::new(INCOMING, NS_PER_SECOND),
            opened_ns: now_ns,
            ping_ns: now_ns + PING_EVERY_NS,
            unanswered: None,
            tick_ns: i64::MAX,
            ticked_id: BTreeMap::new(),
        }
    }

    /// Over the limit the venue disconnects.
    fn admit(&mut self, now_ns: i64, outbox: &mut Outbox) -> bool {
        let admitted = self.incoming.take(now_ns);
        if !admitted {
            outbox.close(1008, "Too many requests");
        }
        admitted
    }

    fn subscribe(&mut self, names: Vec<String>, market: &Market, now_ns: i64, outbox: &mut Outbox) -> bool {
        for name in names {
            let stream = Stream::parse(&name, &self.tickers);
            if self.streams.insert(name.clone(), stream).is_some() || self.recorded {
                continue;
            }
            match stream {
                Stream::Kline(index, interval) => self.klines.push(Klines::new(name, index, interval, now_ns)),
                Stream::Depth(index, depth) => self.depths.push(Depths::new(name, index, depth, market, now_ns)),
                _ => {}
            }
        }
        if self.streams.len() > STREAMS_MAX {
            outbox.close(1008, "Too many streams");
            return false;
        }
        self.rearm(now_ns);
        true
    }

    fn unsubscribe(&mut self, names: &[String], now_ns: i64) {
        self.streams.retain(|name, _| !names.contains(name));
        self.klines.retain(|klines| !names.contains(&klines.name));
        self.depths.retain(|depths| !names.contains(&depths.name));
        self.rearm(now_ns);
    }

    fn rearm(&mut self, now_ns: i64) {
        self.wanted.fill(0);
        let mut ticks = !self.klines.is_empty();
        for stream in self.streams.values() {
            match *stream {
                Stream::Trade(index) => self.wanted[index as usize] |= TRADE,
                Stream::AggTrade(index) => self.wanted[index as usize] |= AGG_TRADE,
                Stream::BookTicker(index) => self.wanted[index as usize] |= BOOK_TICKER,
                Stream::Ticker(_) | Stream::MiniTicker(_) | Stream::MiniTickers => ticks = true,
                Stream::Kline(..) | Stream::Depth(..) | Stream::Silent => {}
            }
        }
        self.tick_ns = match (ticks && !self.recorded, self.tick_ns) {
            (false, _) => i64::MAX,
            (true, i64::MAX) => next_tick(now_ns),
            (true, armed) => armed,
        };
    }

    fn ack(&mut self, id: &Value, now_ns: i64) {
        self.acks.push(format!(r#"{{"result":null,"id":{id}}}"#));
        self.acks_ns = self.acks_ns.min(now_ns + ACK_AFTER_NS);
    }

    fn flush_acks(&mut self, outbox: &mut Outbox) {
        self.acks_ns = i64::MAX;
        for ack in self.acks.drain(..) {
            outbox.text(ack);
        }
    }

    fn request(
        &mut self,
        request: &Value,
        market: &Market,
        now_ns: i64,
        outbox: &mut Outbox,
    ) -> Result<(), (u8, String)> {
        let Asked { id, method, params } = Asked::read(request)?;
        match method {
            "SUBSCRIBE" | "UNSUBSCRIBE" => {
                let names = names(params).ok_or_else(|| invalid("params must be an array of strings"))?;
                if method == "UNSUBSCRIBE" {
                    self.unsubscribe(&names, now_ns);
                } else if !self.subscribe(names, market, now_ns, outbox) {
                    return Ok(());
                }
                self.ack(id, now_ns);
            }
            "LIST_SUBSCRIPTIONS" => {
                let names: Vec<&String> = self.streams.keys().collect();
                self.answer(&json!({"result": names, "id": id}), outbox);
            }
            "SET_PROPERTY" | "GET_PROPERTY" => self.property(method, params, id, outbox)?,
            other => {
                return Err(invalid(&format!(
                    "unknown variant `{other}`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
                )));
            }
        }
        Ok(())
    }

    fn property(
        &mut self,
        method: &str,
        params: Option<&Value>,
        id: &Value,
        outbox: &mut Outbox,
    ) -> Result<(), (u8, String)> {
        let params = params.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if params.first().and_then(Value::as_str) != Some("combined") {
            return Err((0, "Unknown property".to_owned()));
        }
        if method == "GET_PROPERTY" {
            self.answer(&json!({"result": self.combined, "id": id}), outbox);
            return Ok(());
        }
        let value = params.get(1).and_then(Value::as_bool);
        self.combined = value.ok_or_else(|| (1, "Invalid value type: expected Boolean".to_owned()))?;
        self.answer(&json!({"result": null, "id": id}), outbox);
        Ok(())
    }

    /// Answers in order: acks that wait go first.
    fn answer(&mut self, answer: &Value, outbox: &mut Outbox) {
        self.flush_acks(outbox);
        outbox.text(answer.to_string());
    }

    /// Queues data, wrapped where the connection is a combined one, and then any ack that waited for it.
    fn data(&mut self, stream: &str, data: String, outbox: &mut Outbox) {
        outbox.text(if self.combined { format!(r#"{{"stream":"{stream}","data":{data}}}"#) } else { data });
        self.flush_acks(outbox);
    }

    fn trades(&mut self, index: u32, fills: &[MarketTrade], market: &Market, now_ns: i64, outbox: &mut Outbox) {
        let listing = &market.instrument(index).listing;
        let wanted = self.wanted[index as usize];
        let lower = super::ticker(listing).to_ascii_lowercase();
        if wanted & TRADE != 0 {
            for fill in fills {
                self.data(&format!("{lower}@trade"), messages::trade(listing, fill, now_ns, self.unit), outbox);
            }
        }
        if wanted & AGG_TRADE != 0
            && let Some(text) = messages::agg_trade(listing, fills, now_ns, self.unit)
        {
            self.data(&format!("{lower}@aggTrade"), text, outbox);
        }
    }

    /// The streams that go out once a second.
    fn tick(&mut self, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        let mut klines = std::mem::take(&mut self.klines);
        for stream in &mut klines {
            for message in stream.due(market, now_ns, self.unit) {
                self.data(&stream.name, message, outbox);
            }
        }
        self.klines = klines;
        let streams: Vec<(String, Stream)> =
            self.streams.iter().map(|(name, stream)| (name.clone(), *stream)).collect();
        let before = self.ticked_id.clone();
        for (name, stream) in streams {
            match stream {
                Stream::Ticker(index) | Stream::MiniTicker(index) if self.changed(&before, index, market) => {
                    let full = matches!(stream, Stream::Ticker(_));
                    let text = messages::ticker_message(index, full, market, now_ns, self.unit);
                    self.data(&name, text, outbox);
                }
                Stream::MiniTickers => {
                    let all = 0..market.instruments().len() as u32;
                    let changed: Vec<u32> = all.filter(|index| self.changed(&before, *index, market)).collect();
                    let texts: Vec<String> = changed
                        .into_iter()
                        .map(|index| messages::ticker_message(index, false, market, now_ns, self.unit))
                        .collect();
                    if !texts.is_empty() {
                        self.data(&name, format!("[{}]", texts.join(",")), outbox);
                    }
                }
                _ => {}
            }
        }
        self.tick_ns = next_tick(now_ns);
    }

    fn depths(&mut self, market: &Market, now_ns: i64, outbox: &mut Outbox) {
        let mut depths = std::mem::take(&mut self.depths);
        for stream in depths.iter_mut().filter(|stream| stream.due_ns <= now_ns) {
            if let Some(message) = stream.due(market, now_ns, self.unit) {
                self.data(&stream.name, message, outbox);
            }
        }
        self.depths = depths;
    }

    fn changed(&mut self, before: &BTreeMap<u32, u64>, index: u32, market: &Market) -> bool {
        let id = market.instrument(index).quote.update_id;
        self.ticked_id.insert(index, id);
        before.get(&index) != Some(&id)
    }

    fn ping(&mut self, now_ns: i64, outbox: &mut Outbox) {
        let payload = (now_ns / NS_PER_MS).to_string();
        self.unanswered.get_or_insert_with(|| (payload.clone(), now_ns + PONG_WITHIN_NS));
        outbox.frames.push(crate::venue::Frame::Ping(payload));
        self.ping_ns = now_ns + PING_EVERY_NS;
    }
}

fn next_tick(now_ns: i64) -> i64 {
    ((now_ns - TICK_AFTER_NS).div_euclid(NS_PER_SECOND) + 1) * NS_PER_SECOND + TICK_AFTER_NS
}

impl Feed for BinanceFeed {
    fn opened(&mut self, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        let initial = std::mem::take(&mut self.initial);
        self.subscribe(initial, market, now_ns, outbox);
    }

    fn text(&mut self, text: &str, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        if !self.admit(now_ns, outbox) {
            return;
        }
        let parsed = serde_json::from_str::<Value>(text);
        let result = match &parsed {
            Ok(request) => self.request(request, market, now_ns, outbox),
            Err(error) => Err((3, format!("Invalid JSON: {error}"))),
        };
        if let Err((code, msg)) = result {
            self.flush_acks(outbox);
            let id = parsed.ok().and_then(|request| request.get("id").cloned()).unwrap_or_default();
            outbox.refuse(json!({"error": {"code": code, "msg": msg}, "id": id}).to_string());
        }
    }

    fn control(&mut self, control: Control<'_>, now_ns: i64, outbox: &mut Outbox) {
        if !self.admit(now_ns, outbox) {
            return;
        }
        // A pong with another payload is allowed and counts for nothing.
        if let (Control::Pong(payload), Some((expected, _))) = (control, &self.unanswered)
            && payload == expected.as_bytes()
        {
            self.unanswered = None;
        }
    }

    fn happened(&mut self, events: &[MarketEvent], market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        self.unit.skew_ns = outbox.skew_ns;
        let mut at = 0;
        while let Some(event) = events.get(at) {
            at += 1;
            if let MarketEvent::Quote(index, quote) = event {
                self.depths.iter_mut().for_each(|depths| depths.quoted(*index, quote, market));
            }
            match *event {
                MarketEvent::Quote(index, quote) if self.wanted[index as usize] & BOOK_TICKER != 0 => {
                    let listing = &market.instrument(index).listing;
                    let stream = format!("{}@bookTicker", super::ticker(listing).to_ascii_lowercase());
                    self.data(&stream, messages::book_ticker(listing, &quote), outbox);
                }
                MarketEvent::Trade(index, first) if self.wanted[index as usize] != 0 => {
                    let mut fills = vec![first];
                    loop {
                        match events.get(at) {
                            Some(MarketEvent::Trade(other, next))
                                if *other == index && next.aggregate == first.aggregate =>
                            {
                                fills.push(*next);
                            }
                            Some(MarketEvent::Lost(_)) => {}
                            _ => break,
                        }
                        at += 1;
                    }
                    self.trades(index, &fills, market, now_ns, outbox);
                }
                _ => {}
            }
        }
    }

    fn played(&mut self, played: &Played, _now_ns: i64, outbox: &mut Outbox) {
        if !played.is_lost && self.streams.contains_key(&played.message.stream) {
            outbox.text(messages::recorded(&played.message, self.combined));
            self.flush_acks(outbox);
        }
    }

    fn timer_ns(&self) -> i64 {
        let deadline = self.unanswered.as_ref().map_or(i64::MAX, |(_, deadline_ns)| *deadline_ns);
        let life = self.opened_ns + LIFE_NS;
        let depth = self.depths.iter().map(|depths| depths.due_ns).min().unwrap_or(i64::MAX);
        self.ping_ns.min(deadline).min(self.acks_ns).min(self.tick_ns).min(life).min(depth)
    }

    fn timer(&mut self, market: &mut Market, now_ns: i64, outbox: &mut Outbox) {
        self.unit.skew_ns = outbox.skew_ns;
        if self.unanswered.as_ref().is_some_and(|(_, deadline_ns)| now_ns >= *deadline_ns) {
            outbox.close(1008, "Pong timeout");
            return;
        }
        if now_ns >= self.opened_ns + LIFE_NS {
            let event = format!(r#"{{"e":"serverShutdown","E":{}}}"#, self.unit.of(now_ns));
            self.data("!serverShutdown", event, outbox);
            outbox.close(1001, "Connection life is 24 hours");
            return;
        }
        if now_ns >= self.acks_ns {
            self.flush_acks(outbox);
        }
        if now_ns >= self.ping_ns {
            self.ping(now_ns, outbox);
        }
        self.depths(market, now_ns, outbox);
        if now_ns >= self.tick_ns {
            self.tick(market, now_ns, outbox);
        }
    }

    fn listens(&self) -> bool {
        !self.streams.is_empty()
    }
}
