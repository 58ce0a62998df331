//! Binance tickers: base and quote without a separator, upper case in messages, lower case in stream names.

use tickplane_model::{Symbol, Timeframe};

/// `BTC-USDT` is `BTCUSDT`. The way back needs the listing: `BTCUSDT` cannot be split.
pub(super) fn ticker(symbol: &Symbol) -> Option<String> {
    let (base, quote) = symbol.as_str().split_once('-')?;
    (!quote.contains('-')).then(|| format!("{base}{quote}"))
}

/// The ticker of a stream name such as `btcusdt@depth5@100ms`, into `ticker`.
pub(super) fn ticker_of_stream(stream: &str, ticker: &mut String) {
    ticker.clear();
    let name = stream.split('@').next().unwrap_or_default();
    ticker.extend(name.chars().flat_map(char::to_uppercase));
}

/// Whether a derivative's quantities count contracts: those settled in coin, `BTCUSD_PERP`, `BTCUSD_261225`.
pub(super) fn counts_contracts(ticker: &str) -> bool {
    ticker.contains("USD_")
}

/// The timeframe of a kline interval; `None` for those tickplane does not keep (3d, 1M).
pub(super) fn timeframe(interval: &str) -> Option<Timeframe> {
    Timeframe::ALL.into_iter().find(|timeframe| timeframe.as_str() == interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickers_of_symbols_and_streams() {
        assert_eq!(ticker(&Symbol::new("BTC-USDT").unwrap()).unwrap(), "BTCUSDT");
        assert_eq!(ticker(&Symbol::new("BTC-USDT-PERP").unwrap()), None);
        let mut text = String::new();
        ticker_of_stream("nknusdt@depth@100ms", &mut text);
        assert_eq!(text, "NKNUSDT");
        assert!(counts_contracts("BTCUSD_PERP") && !counts_contracts("BTCUSDT_261225"));
    }
}
