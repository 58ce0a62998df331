//! Events as JSON, in the words of the `decode` command.

use serde_json::{Map, Value, json};
use tickplane_exchanges::{Payload, Session};
use tickplane_model::{Candle, Event, Level, Named, Quote, Ticker, Trade, TradeFlags};

/// When the tests say that messages came.
pub(crate) const RECEIVE_NS: i64 = 1_800_000_000_123_456_789;

/// What a session makes of one text.
pub(crate) fn read(session: &mut dyn Session, text: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    session.message(Payload::Text(text), RECEIVE_NS, &mut |event: Event<'_>| events.push(event_json(event)));
    events
}

fn event_json(event: Event<'_>) -> Value {
    match event {
        Event::Trade { of, trade } => trade_json(of, trade),
        Event::Quote { of, quote } => quote_json(of, quote),
        Event::Ticker { of, ticker } => ticker_json(of, ticker),
        Event::Candle { of, timeframe, candle, closed } => {
            let mut shown = candle_json(candle);
            shown.insert("type".into(), "candle".into());
            shown.insert("venue_symbol".into(), of.venue_symbol.into());
            shown.insert("timeframe".into(), timeframe.as_str().into());
            shown.insert("closed".into(), closed.into());
            Value::Object(shown)
        }
        Event::Book { of, snapshot, sequence, bids, asks } => json!({
            "type": "book", "venue_symbol": of.venue_symbol, "snapshot": snapshot, "sequence": sequence,
            "bids": levels(bids), "asks": levels(asks),
        }),
        Event::Ack { venue_symbol } => json!({"type": "ack", "venue_symbol": venue_symbol}),
        Event::Refusal { venue_symbol, reason } => {
            json!({"type": "refusal", "venue_symbol": venue_symbol, "reason": reason})
        }
        Event::Heartbeat => json!({"type": "heartbeat"}),
        Event::Status { text } => json!({"type": "status", "text": text}),
        Event::Closing => json!({"type": "closing"}),
        Event::Reply { text } => json!({"type": "reply", "text": text}),
        Event::SequenceGap { lost } => json!({"type": "sequence-gap", "lost": lost}),
        Event::Reject { reason } => json!({"type": "reject", "reason": reason.as_str()}),
    }
}

fn trade_json(of: Named<'_>, trade: Trade) -> Value {
    assert_eq!(trade.receive_ns, RECEIVE_NS);
    let mut shown = rest_trade_json(&trade);
    shown.insert("type".into(), "trade".into());
    shown.insert("venue_symbol".into(), of.venue_symbol.into());
    Value::Object(shown)
}

/// A trade without the words that name its instrument.
pub(crate) fn rest_trade_json(trade: &Trade) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("price".into(), trade.price.into());
    shown.insert("quantity".into(), trade.quantity.into());
    shown.insert("side".into(), trade.side().as_str().into());
    shown.insert("id".into(), trade.id.to_string().into());
    shown.insert("exchange_ns".into(), trade.exchange_ns.into());
    for (flag, key, value) in [
        (TradeFlags::HISTORY, "history", Value::Bool(true)),
        (TradeFlags::AGGREGATE, "aggregate", Value::Bool(true)),
        (TradeFlags::CONTRACTS, "unit", "contract".into()),
    ] {
        if trade.flags.contains(flag) {
            shown.insert(key.into(), value);
        }
    }
    if trade.flags.fills() > 1 {
        shown.insert("fills".into(), trade.flags.fills().into());
    }
    shown
}

fn quote_json(of: Named<'_>, quote: Quote) -> Value {
    assert_eq!(quote.receive_ns, RECEIVE_NS);
    json!({
        "type": "quote", "venue_symbol": of.venue_symbol, "exchange_ns": quote.exchange_ns,
        "bid_price": quote.bid_price, "bid_quantity": quote.bid_quantity,
        "ask_price": quote.ask_price, "ask_quantity": quote.ask_quantity,
    })
}

/// What the ticker leaves out is left out.
fn ticker_json(of: Named<'_>, ticker: Ticker) -> Value {
    let mut shown = json!({"type": "ticker", "venue_symbol": of.venue_symbol, "exchange_ns": ticker.exchange_ns});
    for (key, value) in [("last", ticker.last), ("volume", ticker.volume), ("quote_volume", ticker.quote_volume)] {
        if !value.is_nan() {
            shown[key] = value.into();
        }
    }
    shown
}

/// The values of a candle; what the venue does not give is left out.
pub(crate) fn candle_json(candle: Candle) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("open_time_ns".into(), candle.open_time_ns.into());
    for (key, value) in [
        ("open", candle.open),
        ("high", candle.high),
        ("low", candle.low),
        ("close", candle.close),
        ("volume", candle.volume),
        ("quote_volume", candle.quote_volume),
        ("taker_buy_volume", candle.taker_buy_volume),
    ] {
        if !value.is_nan() {
            shown.insert(key.into(), value.into());
        }
    }
    shown.insert("trade_count".into(), candle.trade_count.into());
    shown
}

fn levels(levels: &[Level]) -> Vec<[f64; 2]> {
    levels.iter().map(|level| [level.price, level.quantity]).collect()
}
