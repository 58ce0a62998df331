//! What a simulated venue is: its REST answers, and one feed per WebSocket. Neither touches a socket or a clock.

use tickplane_model::ExchangeId;

use crate::capture::Played;
use crate::fault::{Label, Parts};
use crate::market::{Market, MarketEvent, Offer};
use crate::server::http::{Request, Response};

/// A frame to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Frame {
    /// A text message.
    Text(String),
    /// A ping.
    Ping(String),
    /// Says why, then the connection ends.
    Close {
        /// RFC 6455 status.
        code: u16,
        /// The venue's words.
        reason: &'static str,
    },
}

/// Frames to send, in order.
#[derive(Default, Debug)]
pub(crate) struct Outbox {
    pub(crate) frames: Vec<Frame>,
    /// How many of them refuse something.
    pub(crate) refusals: u64,
    /// How far the clock in messages is from the truth.
    pub(crate) skew_ns: i64,
    /// Streams of which nothing is sent.
    pub(crate) withheld: Vec<Label>,
}

impl Outbox {
    /// Queues a text message; false when its stream is withheld.
    pub(crate) fn text(&mut self, text: impl Into<String>) -> bool {
        let text = text.into();
        let withheld = self.withheld.iter().any(|label| label.is_of(&text));
        if !withheld {
            self.frames.push(Frame::Text(text));
        }
        !withheld
    }

    /// Queues a refusal.
    pub(crate) fn refuse(&mut self, text: impl Into<String>) {
        self.refusals += 1;
        self.text(text);
    }

    /// Queues the end of the connection.
    pub(crate) fn close(&mut self, code: u16, reason: &'static str) {
        self.refusals += 1;
        self.frames.push(Frame::Close { code, reason });
    }
}

/// A control frame from the client. Pings have been answered already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Control<'a> {
    /// A ping.
    Ping,
    /// A pong with its payload.
    Pong(&'a [u8]),
}

/// One WebSocket's venue side.
pub(crate) trait Feed: Send {
    /// The socket is open.
    fn opened(&mut self, market: &mut Market, now_ns: i64, outbox: &mut Outbox);

    /// The client said something; a binary message comes as empty text.
    fn text(&mut self, text: &str, market: &mut Market, now_ns: i64, outbox: &mut Outbox);

    /// The client sent a control frame.
    fn control(&mut self, _control: Control<'_>, _now_ns: i64, _outbox: &mut Outbox) {}

    /// The market moved.
    fn happened(&mut self, events: &[MarketEvent], market: &mut Market, now_ns: i64, outbox: &mut Outbox);

    /// A recorded message is played: sent if it is subscribed.
    fn played(&mut self, played: &Played, now_ns: i64, outbox: &mut Outbox);

    /// When [`Feed::timer`] is due; `i64::MAX` for never.
    fn timer_ns(&self) -> i64;

    /// Time passed.
    fn timer(&mut self, market: &mut Market, now_ns: i64, outbox: &mut Outbox);

    /// Whether anything is subscribed.
    fn listens(&self) -> bool;
}

/// A simulated venue.
pub(crate) trait Venue: Send {
    /// Takes a WebSocket, or refuses it.
    fn upgrade(&mut self, request: &Request, market: &Market, now_ns: i64) -> Result<Box<dyn Feed>, Response>;

    /// Limits on connections and requests hold for times so many times shorter from now on.
    fn hurry(&mut self, times: u32);

    /// Answers a REST request.
    fn rest(&mut self, request: &Request, market: &mut Market, now_ns: i64) -> Response;
}

/// How the simulation of a venue is made and what it lists.
pub(crate) struct Profile {
    pub(crate) exchange: ExchangeId,
    /// What it lists.
    pub(crate) offer: Offer,
    /// Where clients connect, relative to the listening port.
    pub(crate) websocket_path: &'static str,
    /// The venue of a market.
    pub(crate) make: fn(&Market) -> Box<dyn Venue>,
    /// Whether a text is data of a symbol, or of any, and of its trades only if so asked: what a fault withholds.
    pub(crate) is_data: fn(Option<&Parts>, bool, &str) -> bool,
}

/// Every simulated venue: one line each.
static PROFILES: [&Profile; 4] =
    [&crate::binance::PROFILE, &crate::bybit::PROFILE, &crate::coinbase::PROFILE, &crate::kraken::PROFILE];

/// The profile of an exchange, if it is simulated.
pub(crate) fn profile(exchange: ExchangeId) -> Option<&'static Profile> {
    PROFILES.into_iter().find(|profile| profile.exchange == exchange)
}

/// The exchanges that are simulated.
#[must_use]
pub fn simulated() -> Vec<ExchangeId> {
    PROFILES.iter().map(|profile| profile.exchange).collect()
}
