//! The second reading of a recording: row by row, each when it is due.

use std::collections::HashMap;

use tickplane_model::{ExchangeId, NS_PER_MS};

use super::message::{self, Message, Reading};
use super::rows::{Row, Rows};
use super::{Capture, CaptureError, CaptureSummary, Speed, Survey};
use crate::decimal::Digits;
use crate::fault::Outgoing;
use crate::market::{Instrument, Market, MarketQuote, MarketTrade};

/// It begins so long after the last subscription of the first sockets.
const BEGIN_AFTER_NS: i64 = 300 * NS_PER_MS;

/// A message on its way to whoever subscribed it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Played {
    pub(crate) message: Message,
    /// The instruments it is about.
    pub(crate) indexes: Vec<u32>,
    /// Whether it is numbered and not sent.
    pub(crate) is_lost: bool,
}

impl Outgoing for Played {
    fn trade_of(&self) -> Option<u32> {
        if self.message.trades.is_empty() { None } else { self.indexes.first().copied() }
    }

    fn lost(&self, _index: u32) -> Self {
        Self { is_lost: true, ..self.clone() }
    }
}

/// A recording being played.
pub(crate) struct Playback {
    exchange: ExchangeId,
    speed: Speed,
    rows: Rows,
    symbols: HashMap<String, u32>,
    /// Read, and not yet due.
    next: Option<(i64, Played)>,
    ended: bool,
    first_ns: i64,
    /// When it began.
    begun_ns: Option<i64>,
    /// When somebody last subscribed something, before it began.
    subscribed_ns: Option<i64>,
}

impl Playback {
    /// Opens the recording again, and reads its first message.
    pub(crate) fn new(
        capture: &Capture,
        summary: &CaptureSummary,
        symbols: HashMap<String, u32>,
    ) -> Result<Self, CaptureError> {
        let mut playback = Self {
            exchange: summary.exchange,
            speed: capture.speed,
            rows: Rows::open(&capture.path)?,
            symbols,
            next: None,
            ended: false,
            first_ns: summary.from_ns,
            begun_ns: None,
            subscribed_ns: None,
        };
        playback.read();
        Ok(playback)
    }

    /// The venue it is of.
    pub(crate) fn exchange(&self) -> ExchangeId {
        self.exchange
    }

    /// Whether everything was played.
    pub(crate) fn is_finished(&self) -> bool {
        self.ended
    }

    /// What clients last subscribed, if any listens: it begins when they have all they want.
    pub(crate) fn listened(&mut self, subscribed_ns: Option<i64>, now_ns: i64) {
        self.subscribed_ns = subscribed_ns;
        if self.begun_ns.is_none() && subscribed_ns.is_some_and(|last_ns| now_ns >= last_ns + BEGIN_AFTER_NS) {
            self.begun_ns = Some(now_ns);
        }
    }

    /// When something is due; never while nobody wants it.
    pub(crate) fn due_ns(&self) -> i64 {
        let Some((time_ns, _)) = &self.next else { return i64::MAX };
        match (self.begun_ns, self.speed) {
            (None, _) => self.subscribed_ns.map_or(i64::MAX, |last_ns| last_ns + BEGIN_AFTER_NS),
            (Some(begun_ns), Speed::Factor(factor)) => {
                begun_ns.saturating_add(((time_ns - self.first_ns) as f64 / factor) as i64)
            }
            (Some(begun_ns), Speed::Max) => self.subscribed_ns.map_or(i64::MAX, |_| begun_ns),
        }
    }

    /// The messages due now, at most `count`; the market takes note of them.
    pub(crate) fn take(&mut self, count: usize, now_ns: i64, market: &mut Market) -> Vec<Played> {
        let mut due = Vec::new();
        while due.len() < count && self.begun_ns.is_some() && self.due_ns() <= now_ns {
            let Some((time_ns, played)) = self.next.take() else { break };
            note(&played, &self.symbols, time_ns, market);
            due.push(played);
            self.read();
        }
        due
    }

    /// Reads up to the next message. A file that was whole at first and is not now ends early.
    fn read(&mut self) {
        while let Ok(Some(Row { time_ns, text, .. })) = self.rows.next() {
            if let Reading::Data(message) = message::read(self.exchange, &text) {
                let indexes = message.symbols.iter().filter_map(|symbol| self.symbols.get(symbol)).copied().collect();
                self.next = Some((time_ns, Played { message, indexes, is_lost: false }));
                return;
            }
        }
        self.ended = true;
    }
}

/// Tells the market what it did.
fn note(played: &Played, symbols: &HashMap<String, u32>, time_ns: i64, market: &mut Market) {
    for trade in &played.message.trades {
        let Some(&index) = symbols.get(&trade.symbol) else { continue };
        let instrument = market.instrument(index);
        let [price, quantity] = scaled(instrument, [&trade.price, &trade.quantity]);
        if let (Some(price), Some(quantity)) = (price, quantity) {
            let (id, buy) = (trade.id, trade.buy);
            market.play(index, MarketTrade { time_ns: trade.time_ns, id, aggregate: id, price, quantity, buy });
        }
    }
    if let (Some(quote), Some(&index)) = (&played.message.quote, played.indexes.first()) {
        let instrument = market.instrument(index);
        let [bid, bid_quantity] = scaled(instrument, [&quote.bid[0], &quote.bid[1]]);
        let [ask, ask_quantity] = scaled(instrument, [&quote.ask[0], &quote.ask[1]]);
        if let (Some(bid), Some(bid_quantity), Some(ask), Some(ask_quantity)) = (bid, bid_quantity, ask, ask_quantity) {
            let update_id = quote.update_id;
            market.quote(index, MarketQuote { time_ns, update_id, bid, bid_quantity, ask, ask_quantity });
        }
    }
    market.pass(time_ns);
}

/// A price in ticks and a quantity in lots.
fn scaled(instrument: &Instrument, [price, quantity]: [&str; 2]) -> [Option<i64>; 2] {
    let listing = &instrument.listing;
    let of = |text: &str, decimals| Digits::new(text).and_then(|digits| digits.scaled(decimals));
    [of(price, listing.price_decimals), of(quantity, listing.lot_decimals)]
}

/// Reads a recording and makes it ready to play.
pub(crate) fn prepare(capture: &Capture, simulated: &[ExchangeId]) -> Result<(Survey, Playback), CaptureError> {
    let survey = Survey::new(capture, simulated)?;
    let playback = Playback::new(capture, &survey.summary, survey.symbols.clone())?;
    Ok((survey, playback))
}
