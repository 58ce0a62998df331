//! Kraken's WebSocket v2 messages.

use serde_json::Value;

use super::message::{Message, Reading, TradeText};
use super::rows::stamp_ns;

const CHANNELS: [&str; 4] = ["trade", "ticker", "ohlc", "book"];

/// Reads a message; acks, status and heartbeats are other things.
pub(super) fn read(text: &str) -> Reading {
    let message = || {
        let root: Value = text.parse().ok()?;
        let channel = root.get("channel")?.as_str().filter(|channel| CHANNELS.contains(channel))?;
        let rows = root.get("data")?.as_array()?;
        let mut symbols: Vec<String> =
            rows.iter().filter_map(|row| Some(row.get("symbol")?.as_str()?.to_owned())).collect();
        symbols.dedup();
        let trades = if channel == "trade" { rows.iter().filter_map(trade).collect() } else { Vec::new() };
        let (text, stream) = (text.to_owned(), channel.to_owned());
        Some(Message { text, stream, payload_at: 0, symbols, trades, quote: None })
    };
    message().map_or(Reading::Other, Reading::Data)
}

/// Numbers are JSON numbers of at most 15 digits: their shortest text is what was sent, but for zeros at the end.
fn trade(row: &Value) -> Option<TradeText> {
    let number = |key: &str| row.get(key)?.as_f64().map(|number| number.to_string());
    Some(TradeText {
        symbol: row.get("symbol")?.as_str()?.to_owned(),
        id: row.get("trade_id")?.as_u64()?,
        price: number("price")?,
        quantity: number("qty")?,
        time_ns: stamp_ns(row.get("timestamp")?.as_str()?)?,
        buy: row.get("side")?.as_str()? == "buy",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive() {
        let text = r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":83744.30,"qty":0.00044780,"ord_type":"limit","trade_id":71,"timestamp":"2026-09-25T17:48:26.844359Z"}]}"#;
        let Reading::Data(message) = read(text) else { panic!() };
        let trade = &message.trades[0];
        assert_eq!((trade.price.as_str(), trade.quantity.as_str(), trade.buy), ("83744.3", "0.0004478", false));
        assert_eq!(read(r#"{"channel":"heartbeat"}"#), Reading::Other);
        assert_eq!(
            read(r#"[337,[["5541.20000","0.15850568","1534614057.321597","s","l",""]],"trade","XBT/USD"]"#),
            Reading::Other
        );
    }
}
