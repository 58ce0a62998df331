//! Binance's stream messages, combined or raw.

use serde_json::Value;
use tickplane_model::NS_PER_MS;

use super::message::{Message, QuoteText, Reading, TradeText, owned};

/// Quote currencies of Binance's spot market; tickers do not say where the base ends.
const QUOTES: [&str; 38] = [
    "FDUSD", "IDRT", "USDT", "USDC", "TUSD", "BUSD", "USDP", "USDE", "USD1", "RLUSD", "BIDR", "BKRW", "BVND", "EURI",
    "BFUSD", "DOGE", "DAI", "PAX", "BTC", "ETH", "BNB", "TRX", "XRP", "SOL", "DOT", "EUR", "GBP", "AUD", "TRY", "BRL",
    "JPY", "RUB", "UAH", "ARS", "MXN", "PLN", "RON", "ZAR",
];

/// Reads a message; in-stream REST answers and acks are other things.
pub(super) fn read(text: &str) -> Reading {
    let Ok(root) = text.parse::<Value>() else { return Reading::Other };
    let stream = root.get("stream").and_then(Value::as_str);
    let data = root.get("data").filter(|_| stream.is_some()).unwrap_or(&root);
    if is_futures(stream.unwrap_or_default(), data) {
        return Reading::Foreign("Binance futures");
    }
    let quote = quote(data);
    let named = data.get("s").and_then(Value::as_str).map(str::to_owned);
    let symbol = named.or_else(|| stream?.split_once('@').map(|(ticker, _)| ticker.to_uppercase()));
    let symbol = symbol.filter(|symbol| !symbol.is_empty() && !symbol.starts_with('!'));
    let Some(name) = stream.map(str::to_owned).or_else(|| name(symbol.as_deref()?, data)) else {
        return Reading::Other;
    };
    let trade = symbol.as_deref().and_then(|symbol| trade(symbol, data));
    Reading::Data(Message {
        payload_at: stream.map_or(0, |stream| payload_at(text, stream)),
        text: text.to_owned(),
        stream: name,
        symbols: symbol.into_iter().collect(),
        trades: trade.into_iter().collect(),
        quote,
    })
}

/// Futures carry the previous update's id in depth, an order type in trades, and event times in quotes.
fn is_futures(stream: &str, data: &Value) -> bool {
    let kind = data.get("e").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "bookTicker" => true,
        "trade" => data.get("X").is_some(),
        "depthUpdate" => data.get("pu").is_some(),
        "markPriceUpdate" | "forceOrder" => true,
        _ => stream.ends_with("@depth@0ms"),
    }
}

/// The payload of `{"stream":"…","data":…}`, which is how Binance sends it.
fn payload_at(text: &str, stream: &str) -> usize {
    let prefix = format!(r#"{{"stream":"{stream}","data":"#);
    if text.starts_with(&prefix) && text.ends_with('}') { prefix.len() } else { 0 }
}

/// The stream that a raw message is of. Depth does not tell its speed: taken for the fast one.
fn name(symbol: &str, data: &Value) -> Option<String> {
    let kind = match data.get("e").and_then(Value::as_str) {
        Some("kline") => format!("kline_{}", data.get("k")?.get("i")?.as_str()?),
        Some("24hrTicker") => "ticker".to_owned(),
        Some("24hrMiniTicker") => "miniTicker".to_owned(),
        Some("depthUpdate") => "depth@100ms".to_owned(),
        Some(kind) => kind.to_owned(),
        None => quote(data).map(|_| "bookTicker".to_owned())?,
    };
    Some(format!("{}@{kind}", symbol.to_lowercase()))
}

fn text(data: &Value, key: &str) -> Option<String> {
    data.get(key)?.as_str().map(str::to_owned)
}

fn trade(symbol: &str, data: &Value) -> Option<TradeText> {
    if data.get("e")?.as_str()? != "trade" {
        return None;
    }
    let time = data.get("T")?.as_i64()?;
    // Milliseconds until the year 5138, microseconds where the connection asked for them.
    let time_ns = if time < 100_000_000_000_000 { time * NS_PER_MS } else { time * (NS_PER_MS / 1_000) };
    Some(TradeText {
        symbol: symbol.to_owned(),
        id: data.get("t")?.as_u64()?,
        price: text(data, "p")?,
        quantity: text(data, "q")?,
        time_ns,
        buy: !data.get("m")?.as_bool()?,
    })
}

fn quote(data: &Value) -> Option<QuoteText> {
    if data.get("e").is_some() {
        return None;
    }
    let side = |price, quantity| Some([text(data, price)?, text(data, quantity)?]);
    Some(QuoteText { update_id: data.get("u")?.as_u64()?, bid: side("b", "B")?, ask: side("a", "A")? })
}

/// Base and quote of a ticker: the longest known quote currency that leaves a base.
pub(super) fn parts(ticker: &str) -> Option<(String, String)> {
    let known = QUOTES.iter().filter(|quote| ticker.ends_with(*quote) && ticker.len() > quote.len());
    let length = known.map(|quote| quote.len()).max().unwrap_or(3);
    ticker.split_at_checked(ticker.len().checked_sub(length)?).filter(|(base, _)| !base.is_empty()).map(owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> Message {
        match read(text) {
            Reading::Data(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn recorded_frames() {
        let wrapped = data(
            r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}"#,
        );
        assert!(wrapped.text[wrapped.payload_at..].starts_with(r#"{"e":"trade""#));
        assert_eq!((wrapped.stream.as_str(), &wrapped.trades[0].price[..]), ("btcusdt@trade", "61837.63000000"));
        assert_eq!((wrapped.trades[0].time_ns, wrapped.trades[0].buy), (1_723_161_255_342_000_000, false));
        let quote = data(r#"{"u":50,"s":"BTCUSDT","b":"61837.63","B":"3.7","a":"61837.64","A":"1.5"}"#);
        assert_eq!((quote.stream.as_str(), quote.payload_at), ("btcusdt@bookTicker", 0));
        assert_eq!(quote.quote.unwrap().ask, ["61837.64", "1.5"]);
        let arrays = data(r#"{"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker","s":"BTCUSDT"}]}"#);
        assert_eq!((arrays.stream.as_str(), arrays.symbols.len()), ("!miniTicker@arr", 0));
        assert_eq!(read(r#"{"lastUpdateId":5,"bids":[],"asks":[]}"#), Reading::Other);
        assert_eq!(read(r#"{"result":null,"id":1}"#), Reading::Other);
        let perpetual = r#"{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5,"s":"BTCUSDT","b":"1","B":"2","a":"2","A":"2","T":1,"E":1}}"#;
        assert_eq!(read(perpetual), Reading::Foreign("Binance futures"));
    }

    #[test]
    fn tickers_are_split_at_their_quote() {
        for (ticker, base, quote) in [
            ("BTCUSDT", "BTC", "USDT"),
            ("BLZETH", "BLZ", "ETH"),
            ("RUNEEUR", "RUNE", "EUR"),
            ("BTCFDUSD", "BTC", "FDUSD"),
            ("USDCUSDT", "USDC", "USDT"),
            ("NEWXYZ", "NEW", "XYZ"),
        ] {
            assert_eq!(parts(ticker), Some((base.to_owned(), quote.to_owned())));
        }
        assert_eq!(parts("ABC"), None);
    }
}
