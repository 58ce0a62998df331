//! Coinbase Advanced Trade's channel messages.

use serde_json::Value;

use super::message::{Message, Reading, TradeText};
use super::rows::stamp_ns;

const CHANNELS: [&str; 6] = ["market_trades", "ticker", "ticker_batch", "candles", "l2_data", "status"];

/// Reads a message; acks and heartbeats are other things.
pub(super) fn read(text: &str) -> Reading {
    let message = || {
        let root: Value = text.parse().ok()?;
        let channel = root.get("channel")?.as_str()?;
        let events = root.get("events")?.as_array()?;
        if !CHANNELS.contains(&channel) || root.get("sequence_num").is_none() {
            return None;
        }
        let rows: Vec<&Value> = events.iter().flat_map(rows).collect();
        let mut symbols: Vec<String> = rows.iter().filter_map(|row| product(row)).collect();
        symbols.dedup();
        let mut trades: Vec<TradeText> = match channel {
            "market_trades" => rows.iter().filter_map(|row| trade(row)).collect(),
            _ => Vec::new(),
        };
        // Newest first, as it is sent.
        trades.sort_by_key(|trade| trade.id);
        let (text, stream) = (text.to_owned(), channel.to_owned());
        Some(Message { text, stream, payload_at: 0, symbols, trades, quote: None })
    };
    message().map_or(Reading::Other, Reading::Data)
}

/// An event and whatever it lists.
fn rows(event: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["trades", "tickers", "candles", "products"];
    std::iter::once(event).chain(lists.into_iter().filter_map(|list| event.get(list)?.as_array()).flatten())
}

/// Trades, tickers and candles name their product so; the products of `status` by their id.
fn product(row: &Value) -> Option<String> {
    row.get("product_id").or_else(|| row.get("id"))?.as_str().map(str::to_owned)
}

fn trade(row: &Value) -> Option<TradeText> {
    let text = |key: &str| row.get(key)?.as_str();
    Some(TradeText {
        symbol: text("product_id")?.to_owned(),
        id: text("trade_id")?.parse().ok()?,
        price: text("price")?.to_owned(),
        quantity: text("size")?.to_owned(),
        time_ns: stamp_ns(text("time")?)?,
        // The side is the maker's.
        buy: text("side")? == "SELL",
    })
}

/// The same message with another number in the connection's sequence: ours is the connection now.
pub(crate) fn renumbered(text: &str, sequence: u64) -> String {
    let key = r#""sequence_num":"#;
    let Some(at) = text.find(key).map(|at| at + key.len()) else { return text.to_owned() };
    let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
    format!("{}{sequence}{}", &text[..at], &text[at + digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_come_in_order_and_numbers_are_ours() {
        let text = r#"{"channel":"market_trades","client_id":"","timestamp":"2026-09-25T17:48:26.08Z","sequence_num":41,"events":[{"type":"update","trades":[{"product_id":"BTC-USD","trade_id":"8","price":"2.50","size":"0.1","time":"2026-09-25T17:48:26.844359Z","side":"SELL"},{"product_id":"BTC-USD","trade_id":"7","price":"2.5","size":"0.2","time":"2026-09-25T17:48:26.844359Z","side":"BUY"}]}]}"#;
        let Reading::Data(message) = read(text) else { panic!() };
        assert_eq!(
            message.trades.iter().map(|trade| (trade.id, trade.buy)).collect::<Vec<_>>(),
            [(7, false), (8, true)]
        );
        assert_eq!(message.trades[0].time_ns, 1_790_358_506_844_359_000);
        assert_eq!(message.symbols, ["BTC-USD"]);
        assert_eq!(renumbered(text, 3), text.replace(":41,", ":3,"));
        let beat = r#"{"channel":"heartbeats","sequence_num":1,"events":[{"heartbeat_counter":1}]}"#;
        assert_eq!(read(beat), Reading::Other);
    }
}
