//! Binance messages into events.
//!
//! Raw messages are events; combined ones wrap them: `{"stream":"btcusdt@trade","data":{…}}`. Spot `bookTicker` and
//! partial books have no event name and are told by their fields.

use tickplane_model::{
    Candle, Event, EventSink, InstrumentIndex, Level, Product, Quality, Quote, RejectReason, Trade, TradeFlags, TradeId,
};
use tickplane_scan::{Object, Value, microseconds};

use super::asked::{Answer, Asked};
use super::symbol::{counts_contracts, ticker_of_stream, timeframe};
use crate::field::{
    array, integer, level_pairs, object, pick, positive, quote_side, text, time, time_ms, truth, unsigned,
};
use crate::symbols::Symbols;
use crate::text_session::{self, reject_error};

type Outcome = Result<(), RejectReason>;

/// One connection's state: what was asked for, and the lists and texts that are filled anew by each message.
pub(super) struct Protocol {
    product: Product,
    symbols: Symbols,
    asked: Asked,
    ticker: String,
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Protocol {
    pub(super) fn new(product: Product, symbols: Symbols, asked: Asked) -> Self {
        Self { product, symbols, asked, ticker: String::new(), bids: Vec::new(), asks: Vec::new() }
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
        self.asked.again(ticker, id)
    }

    fn message(&mut self, root: Value<'_>, receive_ns: i64, sink: &mut dyn EventSink) -> Outcome {
        let mut reading = Reading { protocol: self, receive_ns, sink };
        let Some(root) = root.object() else { return reading.each(root, None) };
        let [stream, data, kind] = pick(root, ["stream", "data", "e"])?;
        match (stream.and_then(Value::text), data) {
            (Some("!serverShutdown"), _) => reading.closing(),
            (Some(stream), Some(data)) => reading.each(data, Some(stream)),
            _ => reading.event(root, kind, None),
        }
    }
}

struct Reading<'s, 'k> {
    protocol: &'s mut Protocol,
    receive_ns: i64,
    sink: &'k mut dyn EventSink,
}

impl Reading<'_, '_> {
    /// One event, or an array of them.
    fn each(&mut self, data: Value<'_>, stream: Option<&str>) -> Outcome {
        if let Some(event) = data.object() {
            let [kind] = pick(event, ["e"])?;
            return self.event(event, kind, stream);
        }
        for item in array(Some(data))?.items() {
            let outcome = object(Some(item)).and_then(|event| {
                let [kind] = pick(event, ["e"])?;
                self.event(event, kind, stream)
            });
            reject_error(outcome, self.sink);
        }
        Ok(())
    }

    fn event(&mut self, event: Object<'_>, kind: Option<Value<'_>>, stream: Option<&str>) -> Outcome {
        let Some(kind) = kind else { return self.unnamed(event, stream) };
        match text(Some(kind))? {
            "trade" => self.trade(event),
            "bookTicker" | "24hrTicker" | "24hrMiniTicker" | "1hTicker" | "4hTicker" | "1dTicker" => self.ticker(event),
            "aggTrade" => self.aggregate_trade(event),
            "kline" => self.kline(event),
            "depthUpdate" => self.depth(event, stream),
            "serverShutdown" => self.closing(),
            _ => Err(RejectReason::UnknownMessage),
        }
    }

    fn trade(&mut self, event: Object<'_>) -> Outcome {
        let [symbol, id, price, quantity, at, origin, maker] = pick(event, ["s", "t", "p", "q", "T", "X", "m"])?;
        // Insurance fund and auto-deleveraging rows of the futures feed are not on the tape.
        if origin.and_then(Value::text).is_some_and(|origin| origin != "MARKET") {
            return Ok(());
        }
        self.send_trade(text(symbol)?, id, price, quantity, at, maker, TradeFlags::default())
    }

    fn aggregate_trade(&mut self, event: Object<'_>) -> Outcome {
        let [symbol, id, price, quantity, at, maker] = pick(event, ["s", "a", "p", "q", "T", "m"])?;
        self.send_trade(text(symbol)?, id, price, quantity, at, maker, TradeFlags::AGGREGATE)
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of a trade, as the message names them")]
    #[inline]
    fn send_trade(
        &mut self,
        symbol: &str,
        id: Option<Value<'_>>,
        price: Option<Value<'_>>,
        quantity: Option<Value<'_>>,
        at: Option<Value<'_>>,
        buyer_is_maker: Option<Value<'_>>,
        mut flags: TradeFlags,
    ) -> Outcome {
        // The buyer rested in the book: the taker sold.
        if truth(buyer_is_maker)? {
            flags = flags.with(TradeFlags::SELL);
        }
        let mut quantity = positive(quantity)?;
        if self.protocol.product != Product::Spot && counts_contracts(symbol) {
            let (base, unit) = self.protocol.symbols.base_quantity(symbol, quantity);
            (quantity, flags) = (base, flags.with(unit));
        }
        let trade = Trade {
            exchange_ns: event_time(at)?,
            receive_ns: self.receive_ns,
            price: positive(price)?,
            quantity,
            id: TradeId::number(u128::from(integer(id)?)),
            flags,
        };
        self.protocol.symbols.send(symbol, self.sink, |of| Event::Trade { of, trade })
    }

    /// `bookTicker` of futures and the tickers of a window, of which only the spot 24 h ticker carries a quote.
    fn ticker(&mut self, event: Object<'_>) -> Outcome {
        let [sent_at, at, symbol, bid, bids, ask, asks] = pick(event, ["E", "T", "s", "b", "B", "a", "A"])?;
        if bid.is_none() && ask.is_none() {
            return Ok(());
        }
        let exchange_ns = event_time(at.or(sent_at))?;
        self.send_quote(text(symbol)?, exchange_ns, (bid, bids), (ask, asks))
    }

    #[inline]
    fn send_quote(
        &mut self,
        symbol: &str,
        exchange_ns: i64,
        bid: (Option<Value<'_>>, Option<Value<'_>>),
        ask: (Option<Value<'_>>, Option<Value<'_>>),
    ) -> Outcome {
        if bid.0.is_none() || ask.0.is_none() {
            return Err(RejectReason::MissingField);
        }
        let (bid_price, bid_quantity) = quote_side(bid.0, bid.1)?;
        let (ask_price, ask_quantity) = quote_side(ask.0, ask.1)?;
        let receive_ns = self.receive_ns;
        let quote = Quote { exchange_ns, receive_ns, bid_price, bid_quantity, ask_price, ask_quantity };
        self.protocol.symbols.send(symbol, self.sink, |of| Event::Quote { of, quote })
    }

    fn kline(&mut self, event: Object<'_>) -> Outcome {
        let [symbol, kline] = pick(event, ["s", "k"])?;
        let [opens, interval, open, close, high, low, volume, trades, closed, quote_volume, taker] =
            pick(object(kline)?, ["t", "i", "o", "c", "h", "l", "v", "n", "x", "q", "V"])?;
        let timeframe = timeframe(text(interval)?).ok_or(RejectReason::UnknownMessage)?;
        let closed = truth(closed)?;
        let candle = Candle {
            open_time_ns: event_time(opens)?,
            open: unsigned(open)?,
            high: unsigned(high)?,
            low: unsigned(low)?,
            close: unsigned(close)?,
            volume: unsigned(volume)?,
            quote_volume: unsigned(quote_volume)?,
            taker_buy_volume: unsigned(taker)?,
            trade_count: integer(trades)?,
            quality: if closed { Quality::VENUE.with(Quality::FINAL) } else { Quality::VENUE },
        };
        let closed = Some(closed);
        self.protocol.symbols.send(text(symbol)?, self.sink, |of| Event::Candle { of, timeframe, candle, closed })
    }

    fn depth(&mut self, event: Object<'_>, stream: Option<&str>) -> Outcome {
        let [symbol, last, bids, asks] = pick(event, ["s", "u", "b", "a"])?;
        // Futures send partial books, each a whole one, under the same event name.
        let snapshot = stream.is_some_and(|stream| {
            stream.split('@').nth(1).is_some_and(|name| matches!(name, "depth5" | "depth10" | "depth20"))
        });
        self.send_book(text(symbol)?, snapshot, integer(last)?, bids, asks)
    }

    fn send_book(
        &mut self,
        symbol: &str,
        snapshot: bool,
        last: u64,
        bids: Option<Value<'_>>,
        asks: Option<Value<'_>>,
    ) -> Outcome {
        let Protocol { symbols, bids: bid_levels, asks: ask_levels, .. } = &mut *self.protocol;
        level_pairs(array(bids)?, bid_levels)?;
        level_pairs(array(asks)?, ask_levels)?;
        symbols.send(symbol, self.sink, |of| Event::Book {
            of,
            snapshot,
            sequence: Some(last),
            bids: bid_levels,
            asks: ask_levels,
        })
    }

    /// What has no event name: spot `bookTicker`, partial books and snapshots, acks and errors.
    fn unnamed(&mut self, event: Object<'_>, stream: Option<&str>) -> Outcome {
        let [symbol, bid, bids, ask, asks] = pick(event, ["s", "b", "B", "a", "A"])?;
        if let Some(symbol) = symbol {
            return self.send_quote(text(Some(symbol))?, 0, (bid, bids), (ask, asks));
        }
        let [last, bids, asks, symbol] = pick(event, ["lastUpdateId", "bids", "asks", "symbol"])?;
        match last {
            Some(_) => self.partial_book(integer(last)?, bids, asks, symbol, stream),
            None => self.reply(event),
        }
    }

    /// A whole book. The spot form names no symbol: only the stream's name tells it.
    fn partial_book(
        &mut self,
        last: u64,
        bids: Option<Value<'_>>,
        asks: Option<Value<'_>>,
        symbol: Option<Value<'_>>,
        stream: Option<&str>,
    ) -> Outcome {
        if symbol.is_some() {
            return self.send_book(text(symbol)?, true, last, bids, asks);
        }
        let mut ticker = std::mem::take(&mut self.protocol.ticker);
        ticker_of_stream(stream.ok_or(RejectReason::MissingField)?, &mut ticker);
        let outcome = self.send_book(&ticker, true, last, bids, asks);
        self.protocol.ticker = ticker;
        outcome
    }

    /// `{"result":null,"id":1}`, `{"error":{"code":2,"msg":"…"},"id":1}`, `{"code":2,"msg":"…"}`.
    fn reply(&mut self, event: Object<'_>) -> Outcome {
        let [result, error, message, id] = pick(event, ["result", "error", "msg", "id"])?;
        let answer = if let Some(error) = error.filter(|error| !error.is_null()) {
            let [message] = pick(object(Some(error))?, ["msg"])?;
            Answer::Refused(text(message)?)
        } else if message.is_some() {
            Answer::Refused(text(message)?)
        } else if result.is_some() && id.is_some() {
            Answer::Accepted
        } else {
            return Err(RejectReason::UnknownMessage);
        };
        let id = integer(id).ok().and_then(|id| usize::try_from(id).ok());
        self.protocol.asked.answered(id, &answer, self.sink);
        Ok(())
    }

    fn closing(&mut self) -> Outcome {
        self.sink.event(Event::Closing);
        Ok(())
    }
}

/// Values from here on are microseconds: as milliseconds they would lie beyond the year 5000. The unit is chosen in
/// the connection's address (`timeUnit=MICROSECOND`).
const MICROSECONDS_FROM: u64 = 100_000_000_000_000;

#[inline]
fn event_time(value: Option<Value<'_>>) -> Result<i64, RejectReason> {
    match value.and_then(Value::integer) {
        Some(Ok(us)) if us >= MICROSECONDS_FROM => time(microseconds(us)),
        _ => time_ms(value),
    }
}
