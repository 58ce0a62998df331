//! Keys: the names under which everything is published. Formatted and parsed here and nowhere else.
//!
//! ```text
//! candles:{exchange}:{symbol}:{timeframe}      trades:{exchange}:{symbol}      quote:{exchange}:{symbol}
//! indicator:{exchange}:{symbol}:{timeframe}:{name}[.{output}]
//! usercandles:{user}:{exchange}:{symbol}:{timeframe}
//! channel:exchange:{exchange}:candle:close:{symbol}:{timeframe}   ...:candle:revise:...
//! channel:exchange:{exchange}:lifecycle        channel:alerts:{exchange}
//! ```

use std::fmt;
use std::str::FromStr;

use crate::{ExchangeId, Symbol, Timeframe};

/// A parsed key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the fields are the parts of the key")]
pub enum Key {
    /// A candle series.
    Candles { exchange: ExchangeId, symbol: Symbol, timeframe: Timeframe },
    /// The trades of an instrument.
    Trades { exchange: ExchangeId, symbol: Symbol },
    /// The best bid and ask of an instrument.
    Quote { exchange: ExchangeId, symbol: Symbol },
    /// One indicator of a series, or one output of it: `rsi_14`, `macdv_12_26_26_9` with output `hist`.
    Indicator { exchange: ExchangeId, symbol: Symbol, timeframe: Timeframe, name: String, output: Option<String> },
    /// A candle series kept for one user.
    UserCandles { user: String, exchange: ExchangeId, symbol: Symbol, timeframe: Timeframe },
    /// Events: a candle of the series closed.
    CandleClose { exchange: ExchangeId, symbol: Symbol, timeframe: Timeframe },
    /// Events: a closed candle of the series was revised.
    CandleRevise { exchange: ExchangeId, symbol: Symbol, timeframe: Timeframe },
    /// Events: connections of the exchange came and went.
    Lifecycle { exchange: ExchangeId },
    /// Events: alerts on the exchange.
    Alerts { exchange: ExchangeId },
}

impl Key {
    /// The exchange the key belongs to.
    #[must_use]
    pub const fn exchange(&self) -> ExchangeId {
        match self {
            Self::Candles { exchange, .. }
            | Self::Trades { exchange, .. }
            | Self::Quote { exchange, .. }
            | Self::Indicator { exchange, .. }
            | Self::UserCandles { exchange, .. }
            | Self::CandleClose { exchange, .. }
            | Self::CandleRevise { exchange, .. }
            | Self::Lifecycle { exchange }
            | Self::Alerts { exchange } => *exchange,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Candles { exchange, symbol, timeframe } => write!(f, "candles:{exchange}:{symbol}:{timeframe}"),
            Self::Trades { exchange, symbol } => write!(f, "trades:{exchange}:{symbol}"),
            Self::Quote { exchange, symbol } => write!(f, "quote:{exchange}:{symbol}"),
            Self::Indicator { exchange, symbol, timeframe, name, output } => {
                write!(f, "indicator:{exchange}:{symbol}:{timeframe}:{name}")?;
                output.as_ref().map_or(Ok(()), |output| write!(f, ".{output}"))
            }
            Self::UserCandles { user, exchange, symbol, timeframe } => {
                write!(f, "usercandles:{user}:{exchange}:{symbol}:{timeframe}")
            }
            Self::CandleClose { exchange, symbol, timeframe } => {
                write!(f, "channel:exchange:{exchange}:candle:close:{symbol}:{timeframe}")
            }
            Self::CandleRevise { exchange, symbol, timeframe } => {
                write!(f, "channel:exchange:{exchange}:candle:revise:{symbol}:{timeframe}")
            }
            Self::Lifecycle { exchange } => write!(f, "channel:exchange:{exchange}:lifecycle"),
            Self::Alerts { exchange } => write!(f, "channel:alerts:{exchange}"),
        }
    }
}

/// Why a text is not a key, and what would be one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyError {
    text: String,
    reason: String,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key \"{}\": {}", self.text, self.reason)
    }
}

impl std::error::Error for KeyError {}

/// The indicator and the output of a column: `macdv_12_26_26_9.hist` is `hist` of `macdv_12_26_26_9`. A point before a
/// digit belongs to a number of the name, as in `bbands_20_2.5.upper`.
#[must_use]
pub fn split_column(column: &str) -> (&str, Option<&str>) {
    let is_output = |text: &str| !text.starts_with(|first: char| first.is_ascii_digit());
    match column.rsplit_once('.').filter(|(_, output)| is_output(output)) {
        Some((name, output)) => (name, Some(output)),
        None => (column, None),
    }
}

const FORMS: &str = "write candles:EXCHANGE:SYMBOL:TIMEFRAME, trades:EXCHANGE:SYMBOL, quote:EXCHANGE:SYMBOL, \
indicator:EXCHANGE:SYMBOL:TIMEFRAME:NAME or channel:exchange:EXCHANGE:candle:close:SYMBOL:TIMEFRAME";

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|reason| KeyError { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<Key, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["candles", exchange, symbol, timeframe] => {
            let (exchange, symbol, timeframe) = series(exchange, symbol, timeframe)?;
            Ok(Key::Candles { exchange, symbol, timeframe })
        }
        ["trades", exchange, symbol] => Ok(Key::Trades { exchange: word(exchange)?, symbol: word(symbol)? }),
        ["quote", exchange, symbol] => Ok(Key::Quote { exchange: word(exchange)?, symbol: word(symbol)? }),
        ["indicator", exchange, symbol, timeframe, name] => {
            let (exchange, symbol, timeframe) = series(exchange, symbol, timeframe)?;
            let (name, output) = split_column(name);
            plain("indicator name", &name.replace('.', ""))?;
            let output = output.map(|output| plain("indicator output", output)).transpose()?;
            Ok(Key::Indicator { exchange, symbol, timeframe, name: name.to_owned(), output })
        }
        ["usercandles", user, exchange, symbol, timeframe] => {
            let user = plain("user", user)?;
            let (exchange, symbol, timeframe) = series(exchange, symbol, timeframe)?;
            Ok(Key::UserCandles { user, exchange, symbol, timeframe })
        }
        ["channel", "exchange", exchange, "candle", kind, symbol, timeframe] => {
            let (exchange, symbol, timeframe) = series(exchange, symbol, timeframe)?;
            match kind {
                "close" => Ok(Key::CandleClose { exchange, symbol, timeframe }),
                "revise" => Ok(Key::CandleRevise { exchange, symbol, timeframe }),
                other => Err(format!("candle events are \"close\" and \"revise\", not \"{other}\"")),
            }
        }
        ["channel", "exchange", exchange, "lifecycle"] => Ok(Key::Lifecycle { exchange: word(exchange)? }),
        ["channel", "alerts", exchange] => Ok(Key::Alerts { exchange: word(exchange)? }),
        _ => Err(FORMS.to_owned()),
    }
}

fn series(exchange: &str, symbol: &str, timeframe: &str) -> Result<(ExchangeId, Symbol, Timeframe), String> {
    Ok((word(exchange)?, word(symbol)?, word(timeframe)?))
}

fn word<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn plain(what: &str, text: &str) -> Result<String, String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if text.is_empty() || !text.bytes().all(good) {
        return Err(format!("{what} \"{text}\" must be letters, digits, - and _"));
    }
    Ok(text.to_owned())
}

/// A pattern over the text of keys: `*` stands for any run of characters, everything else for itself.
/// A pattern without `*` that is not a whole key matches keys that contain it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(String);

impl Pattern {
    /// Takes a pattern as a user types it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        if text.contains('*') || text.parse::<Key>().is_ok() {
            Self(text.to_owned())
        } else {
            Self(format!("*{text}*"))
        }
    }

    /// Whether the text of a key fits.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = key.strip_prefix(pieces.next().unwrap_or("")) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_round_trips() {
        for text in [
            "candles:binance:BTC-USDT:1m",
            "trades:kraken:BTC-USD",
            "quote:coinbase:ETH-USD",
            "indicator:binance:BTC-USDT:1m:rsi_14",
            "indicator:binance:BTC-USDT:1m:macdv_12_26_26_9.hist",
            "indicator:binance:BTC-USDT:1m:bbands_20_2.5",
            "indicator:binance:BTC-USDT:1m:bbands_20_2.5.upper",
            "usercandles:alice:okx:BTC-USDT-PERP:4h",
            "channel:exchange:binance:candle:close:BTC-USDT:1m",
            "channel:exchange:binance:candle:revise:BTC-USDT:1m",
            "channel:exchange:fyers:lifecycle",
            "channel:alerts:delta",
        ] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn errors_name_the_part_that_is_wrong() {
        for (text, reason) in [
            ("candles:bitstamp:BTC-USD:1m", "unknown exchange \"bitstamp\""),
            ("candles:binance:BTCUSDT:1m", "symbol \"BTCUSDT\" is not BASE-QUOTE"),
            ("candles:binance:BTC-USDT:7m", "unknown timeframe \"7m\""),
            ("candles:binance:BTC-USDT", "write candles:EXCHANGE"),
            ("channel:exchange:binance:candle:open:BTC-USDT:1m", "not \"open\""),
            ("indicator:binance:BTC-USDT:1m:", "indicator name \"\""),
            ("indicator:binance:BTC-USDT:1m:.upper", "indicator name \"\""),
            ("indicator:binance:BTC-USDT:1m:macd.", "indicator output \"\""),
            ("indicator:binance:BTC-USDT:1m:macd.a b", "indicator output \"a b\""),
        ] {
            let error = text.parse::<Key>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn patterns_match_like_a_shell() {
        let key = "candles:binance:BTC-USDT:1m";
        for (pattern, fits) in [
            ("candles:binance:*", true),
            ("*:BTC-USDT:*", true),
            ("*:1m", true),
            ("*:5m", false),
            ("binance", true),
            ("candles:binance:BTC-USDT:1m", true),
            ("candles:binance:BTC-USDT:15m", false),
            ("*", true),
            ("candles:*:ETH*", false),
            ("candles:*BTC*1m", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(key), fits, "{pattern}");
        }
    }
}
