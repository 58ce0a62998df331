//! Kraken WebSocket v2 messages into events.
//!
//! Channel messages are `{"channel":"trade","type":"snapshot|update","data":[…]}`; answers name their `method`.

use tickplane_model::{
    Candle, Event, EventSink, InstrumentIndex, Level, Quality, Quote, RejectReason, Trade, TradeFlags, TradeId,
};
use tickplane_scan::{Array, Object, Value};

use super::subscribe::{self, PING, PING_EVERY_NS};
use super::symbol::timeframe;
use crate::Outbox;
use crate::field::{array, integer, object, pick, positive, quote_side, text, time_text, truth, unsigned};
use crate::pinger::Pinger;
use crate::symbols::Symbols;
use crate::text_session::{self, reject_error};

type Outcome = Result<(), RejectReason>;

/// One connection's state: when the next ping is due, and lists that are filled anew by each message.
pub(super) struct Protocol {
    symbols: Symbols,
    subscriptions: Vec<String>,
    pinger: Pinger,
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Protocol {
    pub(super) fn new(symbols: Symbols, subscriptions: Vec<String>) -> Self {
        Self { symbols, subscriptions, pinger: Pinger::new(PING_EVERY_NS), bids: Vec::new(), asks: Vec::new() }
    }
}

impl text_session::Protocol for Protocol {
    fn subscriptions(&self) -> &[String] {
        &self.subscriptions
    }

    fn ticker(&self, instrument: InstrumentIndex) -> Option<&str> {
        self.symbols.ticker(instrument)
    }

    fn resubscriptions(&mut self, ticker: &str, id: usize) -> Vec<String> {
        subscribe::again(ticker, id)
    }

    fn message(&mut self, root: Value<'_>, receive_ns: i64, sink: &mut dyn EventSink) -> Outcome {
        // Version 1 wrapped its data in arrays.
        let root = root.object().ok_or(RejectReason::Superseded)?;
        let [channel, kind, data] = pick(root, ["channel", "type", "data"])?;
        let Some(channel) = channel else { return answer(root, sink) };
        let mut reading = Reading { protocol: self, snapshot: false, receive_ns, sink };
        reading.snapshot = kind.and_then(Value::text) == Some("snapshot");
        match text(Some(channel))? {
            "trade" => reading.each(data, Reading::trade),
            "ticker" => reading.each(data, Reading::ticker),
            "heartbeat" => {
                reading.sink.event(Event::Heartbeat);
                Ok(())
            }
            "book" => reading.each(data, Reading::book),
            "ohlc" => reading.each(data, Reading::candle),
            "status" => reading.each(data, Reading::status),
            _ => Err(RejectReason::UnknownMessage),
        }
    }

    fn tick(&mut self, now_ns: i64, outbox: &mut Outbox) {
        if self.pinger.is_due(now_ns) {
            outbox.text(PING);
        }
    }
}

/// What version 1 calls `event`; the futures feed has others.
const VERSION_1_EVENTS: [&str; 5] = ["heartbeat", "systemStatus", "subscriptionStatus", "pong", "error"];

/// Answers to requests, and messages of version 1 and of the futures feed.
fn answer(root: Object<'_>, sink: &mut dyn EventSink) -> Outcome {
    let [error, method, result, success, symbol, rate_error, event, feed] =
        pick(root, ["error", "method", "result", "success", "symbol", "Error", "event", "feed"])?;
    if let Some(reason) = rate_error {
        return refuse(None, text(Some(reason))?, sink);
    }
    let Some(method) = method else {
        let event = event.and_then(Value::text).filter(|_| feed.is_none());
        let superseded = event.is_some_and(|event| VERSION_1_EVENTS.contains(&event));
        return Err(if superseded { RejectReason::Superseded } else { RejectReason::UnknownMessage });
    };
    let method = text(Some(method))?;
    if method == "pong" {
        sink.event(Event::Heartbeat);
        return Ok(());
    }
    if !truth(success)? {
        return refuse(symbol.and_then(Value::text), text(error)?, sink);
    }
    if method != "subscribe" && method != "unsubscribe" {
        return Err(RejectReason::UnknownMessage);
    }
    let [symbol] = pick(object(result)?, ["symbol"])?;
    sink.event(Event::Ack { venue_symbol: symbol.and_then(Value::text) });
    Ok(())
}

fn refuse(venue_symbol: Option<&str>, reason: &str, sink: &mut dyn EventSink) -> Outcome {
    sink.event(Event::Refusal { venue_symbol, reason });
    Ok(())
}

struct Reading<'s, 'k> {
    protocol: &'s mut Protocol,
    snapshot: bool,
    receive_ns: i64,
    sink: &'k mut dyn EventSink,
}

impl Reading<'_, '_> {
    fn each(&mut self, data: Option<Value<'_>>, read: impl Fn(&mut Self, Object<'_>) -> Outcome) -> Outcome {
        for item in array(data)?.items() {
            let outcome = object(Some(item)).and_then(|item| read(self, item));
            reject_error(outcome, self.sink);
        }
        Ok(())
    }

    /// Oldest first in updates and in the snapshot; `side` is the taker's.
    fn trade(&mut self, trade: Object<'_>) -> Outcome {
        let [symbol, side, price, quantity, id, at] =
            pick(trade, ["symbol", "side", "price", "qty", "trade_id", "timestamp"])?;
        let side = match text(side)? {
            "buy" => TradeFlags::default(),
            "sell" => TradeFlags::SELL,
            _ => return Err(RejectReason::MissingField),
        };
        let trade = Trade {
            exchange_ns: time_text(at)?,
            receive_ns: self.receive_ns,
            price: positive(price)?,
            quantity: positive(quantity)?,
            id: TradeId::number(u128::from(integer(id)?)),
            flags: if self.snapshot { side.with(TradeFlags::HISTORY) } else { side },
        };
        self.protocol.symbols.send(text(symbol)?, self.sink, |of| Event::Trade { of, trade })
    }

    /// Dormant pairs send zeros; older messages have no time.
    fn ticker(&mut self, ticker: Object<'_>) -> Outcome {
        let [symbol, bid, bids, ask, asks, at] =
            pick(ticker, ["symbol", "bid", "bid_qty", "ask", "ask_qty", "timestamp"])?;
        if bid.is_none() || ask.is_none() {
            return Err(RejectReason::MissingField);
        }
        let (bid_price, bid_quantity) = quote_side(bid, bids)?;
        let (ask_price, ask_quantity) = quote_side(ask, asks)?;
        let exchange_ns = if at.is_some() { time_text(at)? } else { 0 };
        let receive_ns = self.receive_ns;
        let quote = Quote { exchange_ns, receive_ns, bid_price, bid_quantity, ask_price, ask_quantity };
        self.protocol.symbols.send(text(symbol)?, self.sink, |of| Event::Quote { of, quote })
    }

    fn book(&mut self, book: Object<'_>) -> Outcome {
        let [symbol, bid_side, ask_side] = pick(book, ["symbol", "bids", "asks"])?;
        let snapshot = self.snapshot;
        let Protocol { symbols, bids, asks, .. } = &mut *self.protocol;
        levels(array(bid_side)?, bids)?;
        levels(array(ask_side)?, asks)?;
        symbols.send(text(symbol)?, self.sink, |of| Event::Book { of, snapshot, sequence: None, bids, asks })
    }

    /// Never says that a candle is closed. `timestamp` is the interval's end.
    fn candle(&mut self, row: Object<'_>) -> Outcome {
        let [symbol, open, high, low, close, trades, volume, begin, interval] =
            pick(row, ["symbol", "open", "high", "low", "close", "trades", "volume", "interval_begin", "interval"])?;
        let timeframe = timeframe(integer(interval)?).ok_or(RejectReason::UnknownMessage)?;
        let candle = Candle {
            open_time_ns: time_text(begin)?,
            open: unsigned(open)?,
            high: unsigned(high)?,
            low: unsigned(low)?,
            close: unsigned(close)?,
            volume: unsigned(volume)?,
            quote_volume: f64::NAN,
            taker_buy_volume: f64::NAN,
            trade_count: integer(trades)?,
            quality: Quality::VENUE,
        };
        self.protocol.symbols.send(text(symbol)?, self.sink, |of| Event::Candle { of, timeframe, candle, closed: None })
    }

    fn status(&mut self, status: Object<'_>) -> Outcome {
        let [system] = pick(status, ["system"])?;
        self.sink.event(Event::Status { text: text(system)? });
        Ok(())
    }
}

fn levels(side: Array<'_>, levels: &mut Vec<Level>) -> Outcome {
    levels.clear();
    for level in side.items() {
        let [price, quantity] = pick(object(Some(level))?, ["price", "qty"])?;
        levels.push(Level { price: unsigned(price)?, quantity: unsigned(quantity)? });
    }
    Ok(())
}
