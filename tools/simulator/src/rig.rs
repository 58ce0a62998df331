//! For tests: one feed on a market, with time as an argument.

use serde_json::Value;
use tickplane_model::{ExchangeId, NS_PER_MS, NS_PER_SECOND};

use crate::market::{Market, listings};
use crate::server::http::{self, Request, Response};
use crate::venue::{Control, Feed, Frame, Outbox, Venue, profile};

/// 2026-09-25 17:05:00 UTC.
pub(crate) const ORIGIN_NS: i64 = 1_790_355_900 * NS_PER_SECOND;

/// A venue, its market, and perhaps a socket; `now_ns` moves by [`Rig::pass_ms`].
pub(crate) struct Rig {
    pub(crate) market: Market,
    pub(crate) now_ns: i64,
    venue: Box<dyn Venue>,
    feed: Option<Box<dyn Feed>>,
    outbox: Outbox,
}

impl Rig {
    /// A venue whose market has run for three minutes and a half.
    pub(crate) fn new(exchange: ExchangeId, symbols: usize) -> Self {
        let mut market = Market::new(exchange, listings(exchange, symbols, 1.0), 11, ORIGIN_NS);
        let now_ns = ORIGIN_NS + 210 * NS_PER_SECOND;
        market.advance(now_ns);
        drop(market.take_events());
        let venue = (profile(exchange).unwrap().make)(&market);
        Self { market, now_ns, venue, feed: None, outbox: Outbox::default() }
    }

    fn request(target: &str) -> Request {
        http::parse(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap().unwrap().0
    }

    /// Opens a socket.
    pub(crate) fn open(&mut self, target: &str) -> Result<(), Response> {
        let mut feed = self.venue.upgrade(&Self::request(target), &self.market, self.now_ns)?;
        feed.opened(&mut self.market, self.now_ns, &mut self.outbox);
        self.feed = Some(feed);
        Ok(())
    }

    /// Says something.
    pub(crate) fn say(&mut self, text: &str) {
        let feed = self.feed.as_mut().unwrap();
        feed.text(text, &mut self.market, self.now_ns, &mut self.outbox);
    }

    /// Sends a control frame.
    pub(crate) fn control(&mut self, control: Control<'_>) {
        self.feed.as_mut().unwrap().control(control, self.now_ns, &mut self.outbox);
    }

    /// Lets time pass, millisecond by millisecond as far as something is due.
    pub(crate) fn pass_ms(&mut self, ms: i64) {
        let end_ns = self.now_ns + ms * NS_PER_MS;
        while self.now_ns < end_ns {
            let timer_ns = self.feed.as_ref().map_or(i64::MAX, |feed| feed.timer_ns());
            let due_ns = timer_ns.min(self.market.due_ns()).max(self.now_ns + NS_PER_MS);
            self.now_ns = due_ns.min(end_ns);
            self.market.advance(self.now_ns);
            let events = self.market.take_events();
            if let Some(feed) = &mut self.feed {
                if feed.listens() {
                    feed.happened(&events, &mut self.market, self.now_ns, &mut self.outbox);
                }
                if feed.timer_ns() <= self.now_ns {
                    feed.timer(&mut self.market, self.now_ns, &mut self.outbox);
                }
            }
        }
    }

    /// The frames since last asked.
    pub(crate) fn frames(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.outbox).frames
    }

    /// The texts among them, as JSON.
    pub(crate) fn texts(&mut self) -> Vec<Value> {
        texts(&self.frames())
    }

    /// The texts, after every ping got its pong.
    pub(crate) fn answered(&mut self) -> Vec<Value> {
        let frames = self.frames();
        for frame in &frames {
            if let Frame::Ping(payload) = frame {
                self.control(Control::Pong(payload.as_bytes()));
            }
        }
        texts(&frames)
    }

    /// The reason of the close frame, if the venue hung up.
    pub(crate) fn closed(&mut self) -> Option<&'static str> {
        self.frames().into_iter().find_map(|frame| match frame {
            Frame::Close { reason, .. } => Some(reason),
            _ => None,
        })
    }

    /// Asks by REST: status and body.
    pub(crate) fn get(&mut self, target: &str) -> (u16, Value) {
        let response = self.venue.rest(&Self::request(target), &mut self.market, self.now_ns);
        (response.status, serde_json::from_str(&response.body).unwrap_or_default())
    }
}

fn texts(frames: &[Frame]) -> Vec<Value> {
    let text = |frame: &Frame| match frame {
        Frame::Text(text) => Some(serde_json::from_str(text).unwrap_or_else(|_| panic!("not JSON: {text}"))),
        _ => None,
    };
    frames.iter().filter_map(text).collect()
}

/// A side of a book a client keeps: quantities by price, as text; `"0"` in any form deletes.
pub(crate) fn keep(side: &mut std::collections::BTreeMap<String, String>, price: &Value, quantity: &Value) {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let quantity = text(quantity);
    if quantity.parse::<f64>().unwrap() == 0.0 {
        side.remove(&text(price));
    } else {
        side.insert(text(price), quantity);
    }
}
