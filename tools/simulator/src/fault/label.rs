//! Which outgoing text is data of which symbol: told from the text, so that recorded and made messages are alike.

use tickplane_model::{ExchangeId, Symbol};

use crate::venue::profile;

/// The streams a fault withholds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Label {
    exchange: ExchangeId,
    /// Every symbol if absent.
    symbol: Option<Parts>,
    trades_only: bool,
}

/// A symbol as the venues spell it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Parts {
    pub(crate) base: String,
    pub(crate) quote: String,
}

impl Parts {
    /// The first two parts of a symbol.
    pub(crate) fn new(symbol: &Symbol) -> Self {
        let mut parts = symbol.as_str().split('-').map(str::to_owned);
        Self { base: parts.next().unwrap_or_default(), quote: parts.next().unwrap_or_default() }
    }

    pub(crate) fn joined(&self, between: &str) -> String {
        format!("{}{between}{}", self.base, self.quote)
    }
}

impl Label {
    /// The streams of a symbol, or of all.
    pub(crate) fn new(exchange: ExchangeId, symbol: Option<&Symbol>, trades_only: bool) -> Self {
        Self { exchange, symbol: symbol.map(Parts::new), trades_only }
    }

    /// Whether this text is data of the streams. Messages about all symbols at once (Binance's arrays) are of none.
    pub(crate) fn is_of(&self, text: &str) -> bool {
        profile(self.exchange).is_some_and(|profile| (profile.is_data)(self.symbol.as_ref(), self.trades_only, text))
    }

    /// Whether this text of a client subscribes the streams.
    pub(crate) fn is_subscribed_by(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let Some(symbol) = &self.symbol else { return text.contains(r#""subscribe""#) };
        let names = ["", "-", "/"].map(|between| symbol.joined(between).to_lowercase());
        text.contains(r#""subscribe""#) && names.iter().any(|name| text.contains(name.as_str()))
    }
}

pub(crate) fn is_binance(symbol: Option<&Parts>, trades_only: bool, text: &str) -> bool {
    if text.starts_with('[') || text.starts_with(r#"{"stream":"!"#) {
        return false;
    }
    let is_trade = text.contains(r#""e":"trade""#) || text.contains(r#""e":"aggTrade""#);
    let named = match symbol {
        Some(symbol) => {
            let name = symbol.joined("");
            text.contains(&format!(r#""s":"{name}""#))
                || text.starts_with(&format!(r#"{{"stream":"{}@"#, name.to_lowercase()))
        }
        None => [r#""stream":""#, r#""s":""#, r#""lastUpdateId":"#].iter().any(|mark| text.contains(mark)),
    };
    named && (is_trade || !trades_only)
}

pub(crate) fn is_coinbase(symbol: Option<&Parts>, trades_only: bool, text: &str) -> bool {
    let named = match symbol {
        Some(symbol) => text.contains(&format!(r#""product_id":"{}""#, symbol.joined("-"))),
        None => text.contains(r#""product_id":""#),
    };
    named && (!trades_only || text.contains(r#""channel":"market_trades""#))
}

pub(crate) fn is_kraken(symbol: Option<&Parts>, trades_only: bool, text: &str) -> bool {
    let Some(rest) = text.strip_prefix(r#"{"channel":""#) else { return false };
    let named = match symbol {
        Some(symbol) => text.contains(&format!(r#""symbol":"{}""#, symbol.joined("/"))),
        None => text.contains(r#""symbol":""#),
    };
    named && !rest.starts_with("instrument") && (!trades_only || rest.starts_with("trade"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINANCE: &str = r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":1}}"#;
    const TICKER: &str = r#"{"u":50,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}"#;
    const DEPTH: &str = r#"{"stream":"btcusdt@depth5","data":{"lastUpdateId":1,"bids":[],"asks":[]}}"#;
    const COINBASE: &str = r#"{"channel":"market_trades","sequence_num":1,"events":[{"type":"update","trades":[{"product_id":"BTC-USD"}]}]}"#;
    const KRAKEN: &str = r#"{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD"}]}"#;

    fn label(exchange: ExchangeId, symbol: &str, trades_only: bool) -> Label {
        let symbol = (symbol != "all").then(|| Symbol::new(symbol).unwrap());
        Label::new(exchange, symbol.as_ref(), trades_only)
    }

    #[test]
    fn data_is_told_from_acks_and_from_others() {
        use ExchangeId::{Binance, Coinbase, Kraken};
        for (exchange, symbol, trades_only, text, expected) in [
            (Binance, "BTC-USDT", false, BINANCE, true),
            (Binance, "BTC-USDT", true, BINANCE, true),
            (Binance, "BTC-USDT", false, TICKER, true),
            (Binance, "BTC-USDT", true, TICKER, false),
            (Binance, "BTC-USDT", false, DEPTH, true),
            (Binance, "ETH-USDT", false, BINANCE, false),
            (Binance, "all", false, BINANCE, true),
            (Binance, "all", true, TICKER, false),
            (Binance, "all", false, r#"{"result":null,"id":1}"#, false),
            (Binance, "BTC-USDT", false, r#"{"id":3,"result":["btcusdt@trade"]}"#, false),
            (Binance, "BTC-USDT", false, r#"[{"e":"24hrMiniTicker","s":"BTCUSDT"}]"#, false),
            (Coinbase, "BTC-USD", false, COINBASE, true),
            (Coinbase, "ETH-USD", false, COINBASE, false),
            (Coinbase, "all", true, COINBASE, true),
            (
                Coinbase,
                "BTC-USD",
                false,
                r#"{"channel":"subscriptions","events":[{"subscriptions":{"ticker":["BTC-USD"]}}]}"#,
                false,
            ),
            (Kraken, "BTC-USD", false, KRAKEN, true),
            (Kraken, "BTC-USD", true, KRAKEN, false),
            (Kraken, "all", false, r#"{"channel":"heartbeat"}"#, false),
            (
                Kraken,
                "BTC-USD",
                false,
                r#"{"method":"subscribe","result":{"channel":"trade","symbol":"BTC/USD"}}"#,
                false,
            ),
        ] {
            assert_eq!(label(exchange, symbol, trades_only).is_of(text), expected, "{symbol} {trades_only} {text}");
        }
    }

    #[test]
    fn subscriptions_are_recognised_in_every_dialect() {
        let btc = label(ExchangeId::Binance, "BTC-USDT", false);
        assert!(btc.is_subscribed_by(r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#));
        assert!(!btc.is_subscribed_by(r#"{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":1}"#));
        assert!(!btc.is_subscribed_by(r#"{"method":"SUBSCRIBE","params":["ethusdt@trade"],"id":1}"#));
        let btc = label(ExchangeId::Kraken, "BTC-USD", false);
        assert!(btc.is_subscribed_by(r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}"#));
        let btc = label(ExchangeId::Coinbase, "BTC-USD", false);
        assert!(btc.is_subscribed_by(r#"{"type":"subscribe","product_ids":["BTC-USD"],"channel":"market_trades"}"#));
    }
}
