//! Coinbase messages into events.
//!
//! Every message carries `sequence_num`, counted over all channels of the connection: a jump is a loss. So is a jump of
//! the `heartbeat_counter`, which grows by one each second (venue documentation, heartbeats channel).

use tickplane_model::{
    Candle, Event, EventSink, InstrumentIndex, Level, NS_PER_SECOND, Quality, Quote, RejectReason, Side, Timeframe,
    Trade, TradeFlags, TradeId,
};
use tickplane_scan::{Array, Object, Value};

use super::subscribe;
use crate::field::{array, integer, object, pick, positive, quote_side, text, time_text, unsigned};
use crate::symbols::Symbols;
use crate::text_session::{self, reject_error};

type Outcome = Result<(), RejectReason>;

/// One connection's state: the next sequence number, and lists that are filled anew by each message.
pub(super) struct Protocol {
    symbols: Symbols,
    subscriptions: Vec<String>,
    /// Products whose trades the venue listed as subscribed when it answered last, a space after each.
    confirmed: String,
    /// The same while an answer is read.
    listed: String,
    /// Of the next message; `None` before the first.
    next_sequence: Option<u64>,
    /// Of the next heartbeat; `None` before the first, and after a loss that was told already.
    next_heartbeat: Option<u64>,
    /// Trades of one array by id and place.
    order: Vec<(u64, usize)>,
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Protocol {
    pub(super) fn new(symbols: Symbols, subscriptions: Vec<String>) -> Self {
        Self {
            symbols,
            subscriptions,
            confirmed: String::new(),
            listed: String::new(),
            next_sequence: None,
            next_heartbeat: None,
            order: Vec::new(),
            bids: Vec::new(),
            asks: Vec::new(),
        }
    }

    /// Tells a jump of the sequence number. A number from the past only sets the count back.
    fn count(&mut self, sequence: u64, sink: &mut dyn EventSink) {
        if let Some(expected) = self.next_sequence
            && sequence > expected
        {
            sink.event(Event::SequenceGap { lost: sequence - expected });
            self.next_heartbeat = None;
        }
        self.next_sequence = sequence.checked_add(1);
    }
}

impl text_session::Protocol for Protocol {
    fn subscriptions(&self) -> &[String] {
        &self.subscriptions
    }

    fn ticker(&self, instrument: InstrumentIndex) -> Option<&str> {
        self.symbols.ticker(instrument)
    }

    fn resubscriptions(&mut self, ticker: &str, _id: usize) -> Vec<String> {
        subscribe::again(ticker)
    }

    fn message(&mut self, root: Value<'_>, receive_ns: i64, sink: &mut dyn EventSink) -> Outcome {
        let root = object(Some(root))?;
        let [channel, at, sequence, events] = pick(root, ["channel", "timestamp", "sequence_num", "events"])?;
        let Some(channel) = channel else { return without_channel(root, sink) };
        if sequence.is_some() {
            self.count(integer(sequence)?, sink);
        }
        let mut reading = Reading { protocol: self, at, receive_ns, sequence, sink };
        match text(Some(channel))? {
            "market_trades" => reading.each(events, Reading::trades),
            "ticker" | "ticker_batch" => reading.each(events, Reading::tickers),
            "heartbeats" => {
                reading.sink.event(Event::Heartbeat);
                reading.each(events, Reading::heartbeat)
            }
            "l2_data" => reading.each(events, Reading::book),
            "candles" => reading.each(events, Reading::candles),
            "subscriptions" => reading.each(events, Reading::subscriptions),
            "status" => reading.each(events, Reading::status),
            _ => Err(RejectReason::UnknownMessage),
        }
    }
}

/// `{"type":"error","message":"…"}`, or the older Exchange protocol, which names its messages by `type`.
fn without_channel(root: Object<'_>, sink: &mut dyn EventSink) -> Outcome {
    let [kind, message] = pick(root, ["type", "message"])?;
    match text(kind)? {
        "error" => {
            sink.event(Event::Refusal { venue_symbol: None, reason: text(message)? });
            Ok(())
        }
        "match" | "last_match" | "ticker" | "l2update" | "snapshot" | "subscriptions" | "heartbeat" | "status"
        | "received" | "open" | "done" | "change" | "activate" => Err(RejectReason::Superseded),
        _ => Err(RejectReason::UnknownMessage),
    }
}

struct Reading<'m, 's, 'k> {
    protocol: &'s mut Protocol,
    /// The message's own time.
    at: Option<Value<'m>>,
    receive_ns: i64,
    sequence: Option<Value<'m>>,
    sink: &'k mut dyn EventSink,
}

impl<'m> Reading<'m, '_, '_> {
    fn each(&mut self, events: Option<Value<'m>>, read: impl Fn(&mut Self, Object<'m>) -> Outcome) -> Outcome {
        for event in array(events)?.items() {
            let outcome = object(Some(event)).and_then(|event| read(self, event));
            reject_error(outcome, self.sink);
        }
        Ok(())
    }

    /// Each answer lists all that is subscribed on the socket, by channel: only what an answer adds was confirmed by it.
    /// A stream is its trades; the other channels confirm none.
    fn subscriptions(&mut self, event: Object<'m>) -> Outcome {
        let [channels] = pick(event, ["subscriptions"])?;
        let [trades] = pick(object(channels)?, [subscribe::TRADES])?;
        let Protocol { confirmed, listed, .. } = &mut *self.protocol;
        listed.clear();
        if trades.is_some() {
            for product in array(trades)?.items() {
                listed.push_str(text(Some(product))?);
                listed.push(' ');
            }
        }
        let is_new = |product: &&str| confirmed.split(' ').all(|known| known != *product);
        for product in listed.split_terminator(' ').filter(is_new) {
            self.sink.event(Event::Ack { venue_symbol: Some(product) });
        }
        confirmed.clone_from(listed);
        Ok(())
    }

    /// Tells a jump of the counter that no jump of the sequence number told. How much else was lost it does not say.
    fn heartbeat(&mut self, event: Object<'m>) -> Outcome {
        let [counter] = pick(event, ["heartbeat_counter"])?;
        let counter = integer(counter)?;
        if self.protocol.next_heartbeat.is_some_and(|expected| counter > expected) {
            self.sink.event(Event::SequenceGap { lost: 0 });
        }
        self.protocol.next_heartbeat = counter.checked_add(1);
        Ok(())
    }

    /// Trades by growing id: snapshots come newest first, and nothing is promised of updates.
    fn trades(&mut self, event: Object<'m>) -> Outcome {
        let [kind, trades] = pick(event, ["type", "trades"])?;
        let flags = if text(kind)? == "snapshot" { TradeFlags::HISTORY } else { TradeFlags::default() };
        let trades = array(trades)?;
        let mut order = std::mem::take(&mut self.protocol.order);
        order.clear();
        for trade in trades.items() {
            match trade_id(trade) {
                Ok(id) => order.push((id, trade.position())),
                Err(reason) => self.sink.event(Event::Reject { reason }),
            }
        }
        order.sort_unstable();
        for (id, position) in &order {
            let outcome = self.trade(trades.value().at(*position), *id, flags);
            reject_error(outcome, self.sink);
        }
        self.protocol.order = order;
        Ok(())
    }

    fn trade(&mut self, trade: Value<'m>, id: u64, flags: TradeFlags) -> Outcome {
        let [product, price, quantity, at, side] =
            pick(object(Some(trade))?, ["product_id", "price", "size", "time", "side"])?;
        let flags = match maker_side(side)?.opposite() {
            Side::Buy => flags,
            Side::Sell => flags.with(TradeFlags::SELL),
        };
        let trade = Trade {
            exchange_ns: time_text(at)?,
            receive_ns: self.receive_ns,
            price: positive(price)?,
            quantity: positive(quantity)?,
            id: TradeId::number(u128::from(id)),
            flags,
        };
        self.protocol.symbols.send(text(product)?, self.sink, |of| Event::Trade { of, trade })
    }

    fn tickers(&mut self, event: Object<'m>) -> Outcome {
        let [tickers] = pick(event, ["tickers"])?;
        for ticker in array(tickers)?.items() {
            let outcome = self.ticker(ticker);
            reject_error(outcome, self.sink);
        }
        Ok(())
    }

    /// `ticker_batch` has no best bid and ask, and so gives no quote.
    fn ticker(&mut self, ticker: Value<'m>) -> Outcome {
        let [product, bid, bids, ask, asks] = pick(
            object(Some(ticker))?,
            ["product_id", "best_bid", "best_bid_quantity", "best_ask", "best_ask_quantity"],
        )?;
        if bid.is_none() && ask.is_none() {
            return Ok(());
        }
        let (bid_price, bid_quantity) = quote_side(bid, bids)?;
        let (ask_price, ask_quantity) = quote_side(ask, asks)?;
        let exchange_ns = time_text(self.at)?;
        let receive_ns = self.receive_ns;
        let quote = Quote { exchange_ns, receive_ns, bid_price, bid_quantity, ask_price, ask_quantity };
        self.protocol.symbols.send(text(product)?, self.sink, |of| Event::Quote { of, quote })
    }

    fn book(&mut self, event: Object<'m>) -> Outcome {
        let [kind, product, updates] = pick(event, ["type", "product_id", "updates"])?;
        let snapshot = text(kind)? == "snapshot";
        let sequence = self.sequence.map(|sequence| integer(Some(sequence))).transpose()?;
        let Protocol { symbols, bids, asks, .. } = &mut *self.protocol;
        levels(array(updates)?, bids, asks)?;
        symbols.send(text(product)?, self.sink, |of| Event::Book { of, snapshot, sequence, bids, asks })
    }

    fn candles(&mut self, event: Object<'m>) -> Outcome {
        let [candles] = pick(event, ["candles"])?;
        for candle in array(candles)?.items() {
            let outcome = self.candle(candle);
            reject_error(outcome, self.sink);
        }
        Ok(())
    }

    fn candle(&mut self, candle: Value<'m>) -> Outcome {
        let row = object(Some(candle))?;
        let [product] = pick(row, ["product_id"])?;
        let candle = read_candle(row)?;
        // The channel knows this one timeframe and never says that a candle is closed.
        let timeframe = Timeframe::M5;
        self.protocol.symbols.send(text(product)?, self.sink, |of| Event::Candle {
            of,
            timeframe,
            candle,
            closed: None,
        })
    }

    fn status(&mut self, event: Object<'m>) -> Outcome {
        let [products] = pick(event, ["products"])?;
        for product in array(products)?.items() {
            let [status] = pick(object(Some(product))?, ["status"])?;
            self.sink.event(Event::Status { text: text(status)? });
        }
        Ok(())
    }
}

fn trade_id(trade: Value<'_>) -> Result<u64, RejectReason> {
    let [id] = pick(object(Some(trade))?, ["trade_id"])?;
    integer(id)
}

/// `side` is the maker's: documented so, and a trade at the best ask is marked SELL (recorded 2026-04-07).
pub(super) fn maker_side(side: Option<Value<'_>>) -> Result<Side, RejectReason> {
    match text(side)? {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        _ => Err(RejectReason::MissingField),
    }
}

fn levels(updates: Array<'_>, bids: &mut Vec<Level>, asks: &mut Vec<Level>) -> Outcome {
    bids.clear();
    asks.clear();
    for update in updates.items() {
        let [side, price, quantity] = pick(object(Some(update))?, ["side", "price_level", "new_quantity"])?;
        let level = Level { price: unsigned(price)?, quantity: unsigned(quantity)? };
        match text(side)? {
            "bid" => bids.push(level),
            // Older documentation says "ask".
            "offer" | "ask" => asks.push(level),
            _ => return Err(RejectReason::MissingField),
        }
    }
    Ok(())
}

/// A candle as the channel and REST write it: times in whole seconds, volume in base currency only.
pub(super) fn read_candle(row: Object<'_>) -> Result<Candle, RejectReason> {
    let [start, high, low, open, close, volume] = pick(row, ["start", "high", "low", "open", "close", "volume"])?;
    let start = i64::try_from(integer(start).map_err(|_| RejectReason::BadTime)?).ok();
    Ok(Candle {
        open_time_ns: start.and_then(|s| s.checked_mul(NS_PER_SECOND)).ok_or(RejectReason::BadTime)?,
        open: unsigned(open)?,
        high: unsigned(high)?,
        low: unsigned(low)?,
        close: unsigned(close)?,
        volume: unsigned(volume)?,
        quote_volume: f64::NAN,
        taker_buy_volume: f64::NAN,
        trade_count: 0,
        quality: Quality::VENUE,
    })
}
