//! Bybit v5 messages into events.
//!
//! Data names its `topic`, `publicTrade.BTCUSDT`; answers name their `op`. The order of fields varies by topic.

use tickplane_model::{
    Candle, Event, EventSink, IdForm, InstrumentIndex, Level, Product, Quality, Quote, RejectReason, Ticker, Trade,
    TradeFlags, TradeId,
};
use tickplane_scan::{Array, Object, Value};

use super::asked::Asked;
use super::subscribe::{self, PING, PING_EVERY_NS};
use super::symbol::{counts_contracts, timeframe};
use super::top::{Top, Tops, side};
use crate::Outbox;
use crate::field::{
    array, integer, level_pairs, object, pick, positive, text, time_ms, truth, unsigned, unsigned_or_nan,
};
use crate::pinger::Pinger;
use crate::symbols::Symbols;
use crate::text_session::{self, reject_error};

type Outcome = Result<(), RejectReason>;

/// One connection's state: what was asked, best bids and asks as far as told, and lists that each message fills anew.
pub(super) struct Protocol {
    product: Product,
    symbols: Symbols,
    asked: Asked,
    pinger: Pinger,
    books: Tops,
    tickers: Tops,
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Protocol {
    pub(super) fn new(product: Product, symbols: Symbols, asked: Asked) -> Self {
        Self {
            product,
            symbols,
            asked,
            pinger: Pinger::new(PING_EVERY_NS),
            books: Tops::default(),
            tickers: Tops::default(),
            bids: Vec::new(),
            asks: Vec::new(),
        }
    }
}

impl text_session::Protocol for Protocol {
    fn subscriptions(&self) -> &[String] {
        self.asked.messages()
    }

    fn ticker(&self, instrument: InstrumentIndex) -> Option<&str> {
        self.symbols.ticker(instrument)
    }

    fn resubscriptions(&mut self, ticker: &str, id: usize) -> Vec<String> {
        subscribe::again(ticker, id)
    }

    fn message(&mut self, root: Value<'_>, receive_ns: i64, sink: &mut dyn EventSink) -> Outcome {
        let root = root.object().ok_or(RejectReason::UnknownMessage)?;
        let [topic, kind, data, sent_at, matched_at] = pick(root, ["topic", "type", "data", "ts", "cts"])?;
        let Some(topic) = topic else { return self.answer(root, sink) };
        let at = matched_at.or(sent_at);
        let is_snapshot = kind.and_then(Value::text) == Some("snapshot");
        let mut reading = Reading { protocol: self, is_snapshot, receive_ns, sink };
        let (channel, rest) = text(Some(topic))?.split_once('.').unwrap_or_default();
        match channel {
            "publicTrade" => reading.each(data, Reading::trade),
            "orderbook" if rest.starts_with("1.") => reading.best(object(data)?, at),
            "orderbook" => reading.book(object(data)?),
            "tickers" => reading.ticker(object(data)?, at),
            "kline" => {
                let ticker = rest.split_once('.').ok_or(RejectReason::MissingField)?.1;
                reading.each(data, |reading, row| reading.candle(ticker, row))
            }
            "system" => reading.each(data, Reading::status),
            // The versions before v5, by their own topics.
            "trade" | "orderBookL2_25" | "orderBook_200" | "instrument_info" | "klineV2" | "candle" | "bookticker" => {
                Err(RejectReason::Superseded)
            }
            _ => Err(RejectReason::UnknownMessage),
        }
    }

    fn tick(&mut self, now_ns: i64, outbox: &mut Outbox) {
        if self.pinger.is_due(now_ns) {
            outbox.text(PING);
        }
    }
}

impl Protocol {
    /// Answers to requests and pings. Those of the options' socket list topics.
    fn answer(&mut self, root: Object<'_>, sink: &mut dyn EventSink) -> Outcome {
        let [op, success, reason, id, kind, data, old] =
            pick(root, ["op", "success", "ret_msg", "req_id", "type", "data", "ret_code"])?;
        if old.is_some() {
            return Err(RejectReason::Superseded);
        }
        let id = id.and_then(Value::text).unwrap_or_default();
        match op.and_then(Value::text) {
            Some("ping" | "pong") => sink.event(Event::Heartbeat),
            Some("subscribe") if truth(success)? => self.asked.accepted(id, sink),
            // A cancellation is followed by the subscription that it is for.
            Some("unsubscribe") if truth(success)? => {}
            // What lived through the refusal of its request is subscribed.
            Some("subscribe") if text(reason)?.contains("already subscribed") => self.asked.accepted(id, sink),
            Some("subscribe") => self.asked.refused(id, text(reason)?, sink),
            Some("unsubscribe") => sink.event(Event::Refusal { venue_symbol: None, reason: text(reason)? }),
            None if kind.and_then(Value::text) == Some("COMMAND_RESP") => return listed(object(data)?, sink),
            _ => return Err(RejectReason::UnknownMessage),
        }
        Ok(())
    }
}

/// `{"failTopics":[…],"successTopics":[…]}`
fn listed(data: Object<'_>, sink: &mut dyn EventSink) -> Outcome {
    let [failed, accepted] = pick(data, ["failTopics", "successTopics"])?;
    let ticker = |topic: Value<'_>| topic.text().and_then(|topic| topic.rsplit('.').next().map(str::len));
    for topic in failed.and_then(Value::array).into_iter().flat_map(Array::items) {
        let text = text(Some(topic))?;
        let venue_symbol = ticker(topic).map(|length| &text[text.len() - length..]);
        sink.event(Event::Refusal { venue_symbol, reason: "the topic failed" });
    }
    for topic in array(accepted)?.items() {
        let text = text(Some(topic))?;
        sink.event(Event::Ack { venue_symbol: ticker(topic).map(|length| &text[text.len() - length..]) });
    }
    Ok(())
}

struct Reading<'s, 'k> {
    protocol: &'s mut Protocol,
    is_snapshot: bool,
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

    /// Oldest first, up to 1,024 a message; `S` is the taker's side. The first message after a subscription is no history.
    fn trade(&mut self, trade: Object<'_>) -> Outcome {
        let [symbol, side, price, quantity, id, at] = pick(trade, ["s", "S", "p", "v", "i", "T"])?;
        let symbol = text(symbol)?;
        let mut flags = taker_side(side)?;
        let mut quantity = positive(quantity)?;
        if self.protocol.product != Product::Spot && counts_contracts(symbol) {
            let (base, unit) = self.protocol.symbols.base_quantity(symbol, quantity);
            (quantity, flags) = (base, flags.with(unit));
        }
        let trade = Trade {
            exchange_ns: time_ms(at)?,
            receive_ns: self.receive_ns,
            price: positive(price)?,
            quantity,
            id: trade_id(id)?,
            flags,
        };
        self.protocol.symbols.send(symbol, self.sink, |of| Event::Trade { of, trade })
    }

    /// The book's first level: whole, or what changed of it.
    fn best(&mut self, book: Object<'_>, at: Option<Value<'_>>) -> Outcome {
        let [symbol, bids, asks] = pick(book, ["s", "b", "a"])?;
        let (symbol, exchange_ns) = (text(symbol)?, time_ms(at)?);
        self.levels(bids, asks)?;
        if !self.protocol.symbols.accepts(symbol) {
            return Err(RejectReason::UnknownSymbol);
        }
        let Protocol { books, bids, asks, .. } = &mut *self.protocol;
        let top = books.of(symbol)?;
        if self.is_snapshot {
            *top = Top::default();
        }
        Top::take(&mut top.bid, bids);
        Top::take(&mut top.ask, asks);
        let top = *top;
        self.quote(symbol, exchange_ns, top)
    }

    fn levels(&mut self, bid_side: Option<Value<'_>>, ask_side: Option<Value<'_>>) -> Outcome {
        let Protocol { bids, asks, .. } = &mut *self.protocol;
        level_pairs(array(bid_side)?, bids)?;
        level_pairs(array(ask_side)?, asks)
    }

    fn quote(&mut self, symbol: &str, exchange_ns: i64, top: Top) -> Outcome {
        let ((bid_price, bid_quantity), (ask_price, ask_quantity)) = (side(top.bid), side(top.ask));
        let receive_ns = self.receive_ns;
        let quote = Quote { exchange_ns, receive_ns, bid_price, bid_quantity, ask_price, ask_quantity };
        self.protocol.symbols.send(symbol, self.sink, |of| Event::Quote { of, quote })
    }

    fn book(&mut self, book: Object<'_>) -> Outcome {
        let [symbol, bids, asks, number] = pick(book, ["s", "b", "a", "u"])?;
        let (symbol, sequence) = (text(symbol)?, Some(integer(number)?));
        self.levels(bids, asks)?;
        let snapshot = self.is_snapshot;
        let Protocol { symbols, bids, asks, .. } = &mut *self.protocol;
        symbols.send(symbol, self.sink, |of| Event::Book { of, snapshot, sequence, bids, asks })
    }

    /// Contracts carry the best bid and ask; after the first message only what changed is there.
    fn ticker(&mut self, ticker: Object<'_>, at: Option<Value<'_>>) -> Outcome {
        let [symbol, last, volume, turnover, bid, bids, ask, asks] = pick(
            ticker,
            ["symbol", "lastPrice", "volume24h", "turnover24h", "bid1Price", "bid1Size", "ask1Price", "ask1Size"],
        )?;
        let (symbol, exchange_ns) = (text(symbol)?, time_ms(at)?);
        let (last, volume, quote_volume) =
            (unsigned_or_nan(last)?, unsigned_or_nan(volume)?, unsigned_or_nan(turnover)?);
        if [bid, bids, ask, asks].iter().any(Option::is_some) {
            self.ticker_quote(symbol, exchange_ns, (bid, bids), (ask, asks))?;
        }
        if [last, volume, quote_volume].iter().all(|number| number.is_nan()) {
            return Ok(());
        }
        let ticker = Ticker { exchange_ns, last, volume, quote_volume };
        self.protocol.symbols.send(symbol, self.sink, |of| Event::Ticker { of, ticker })
    }

    fn ticker_quote(&mut self, symbol: &str, exchange_ns: i64, bid: Told<'_>, ask: Told<'_>) -> Outcome {
        if !self.protocol.symbols.accepts(symbol) {
            return Err(RejectReason::UnknownSymbol);
        }
        let top = self.protocol.tickers.of(symbol)?;
        if self.is_snapshot {
            *top = Top::default();
        }
        top.bid = told(top.bid, bid)?;
        top.ask = told(top.ask, ask)?;
        let top = *top;
        self.quote(symbol, exchange_ns, top)
    }

    /// `end` is the interval's last millisecond; `confirm` closes it.
    fn candle(&mut self, symbol: &str, row: Object<'_>) -> Outcome {
        let [opens, interval, open, close, high, low, volume, turnover, confirm] =
            pick(row, ["start", "interval", "open", "close", "high", "low", "volume", "turnover", "confirm"])?;
        let timeframe = timeframe(text(interval)?).ok_or(RejectReason::UnknownMessage)?;
        let closed = truth(confirm)?;
        let candle = Candle {
            open_time_ns: time_ms(opens)?,
            open: unsigned(open)?,
            high: unsigned(high)?,
            low: unsigned(low)?,
            close: unsigned(close)?,
            volume: unsigned(volume)?,
            quote_volume: unsigned(turnover)?,
            taker_buy_volume: f64::NAN,
            trade_count: 0,
            quality: if closed { Quality::VENUE.with(Quality::FINAL) } else { Quality::VENUE },
        };
        let closed = Some(closed);
        self.protocol.symbols.send(symbol, self.sink, |of| Event::Candle { of, timeframe, candle, closed })
    }

    /// A maintenance, and how far it is.
    fn status(&mut self, status: Object<'_>) -> Outcome {
        let [state] = pick(status, ["state"])?;
        self.sink.event(Event::Status { text: text(state)? });
        Ok(())
    }
}

/// Price and quantity of one side, each as far as the message has it.
type Told<'a> = (Option<Value<'a>>, Option<Value<'a>>);

/// A side after a message that leaves out what did not change.
fn told(known: Option<Level>, (price, quantity): Told<'_>) -> Result<Option<Level>, RejectReason> {
    if price.and_then(Value::text).is_some_and(str::is_empty) {
        return Ok(None);
    }
    let known = known.unwrap_or(Level { price: f64::NAN, quantity: f64::NAN });
    let price = if price.is_some() { unsigned(price)? } else { known.price };
    let quantity = if quantity.is_some() { unsigned(quantity)? } else { known.quantity };
    Ok((price > 0.0).then_some(Level { price, quantity }))
}

pub(super) fn taker_side(side: Option<Value<'_>>) -> Result<TradeFlags, RejectReason> {
    match text(side)? {
        "Buy" => Ok(TradeFlags::default()),
        "Sell" => Ok(TradeFlags::SELL),
        _ => Err(RejectReason::MissingField),
    }
}

/// A number in spot, a UUID in contracts.
pub(super) fn trade_id(id: Option<Value<'_>>) -> Result<TradeId, RejectReason> {
    if let Some(Ok(number)) = id.and_then(Value::integer128) {
        return Ok(TradeId::number(number));
    }
    let bits = uuid(text(id)?).ok_or(RejectReason::BadNumber)?;
    Ok(TradeId { high: (bits >> 64) as u64, low: bits as u64, form: IdForm::Uuid })
}

/// `20f43950-d8dd-5b31-9112-a178eb6023af`
fn uuid(text: &str) -> Option<u128> {
    let bytes: &[u8; 36] = text.as_bytes().try_into().ok()?;
    bytes.iter().enumerate().try_fold(0_u128, |bits, (at, byte)| match (at, byte) {
        (8 | 13 | 18 | 23, b'-') => Some(bits),
        (8 | 13 | 18 | 23, _) => None,
        // Capitals would not print as the venue wrote them.
        (_, b'0'..=b'9') => Some(bits << 4 | u128::from(byte - b'0')),
        (_, b'a'..=b'f') => Some(bits << 4 | u128::from(byte - b'a' + 10)),
        _ => None,
    })
}
