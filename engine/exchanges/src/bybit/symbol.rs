//! Bybit tickers: base and quote without a separator, the same in spot and in contracts; contracts against USDC say
//! `PERP` instead.

use tickplane_model::{Product, Symbol, Timeframe};

/// Only `BTCPERP` tells its symbol: `BTCUSDT` cannot be split, so that the listing must.
pub(super) fn canonical(product: Product, ticker: &str) -> Option<Symbol> {
    let base = ticker.strip_suffix("PERP").filter(|base| product == Product::Perpetual && !base.is_empty())?;
    Symbol::new(&format!("{base}-USDC-PERP")).ok()
}

/// `BTC-USDT` and `BTC-USDT-PERP` are `BTCUSDT`, `BTC-USDC-PERP` is `BTCPERP`. Contracts against dollars are inverse.
pub(super) fn ticker(product: Product, symbol: &Symbol) -> Option<String> {
    let mut parts = symbol.as_str().split('-');
    let (base, quote, kind) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    match (product, quote, kind) {
        (Product::Spot, _, None) => Some(format!("{base}{quote}")),
        (Product::Perpetual, "USDC", Some("PERP")) => Some(format!("{base}PERP")),
        (Product::Perpetual, "USD", _) => None,
        (Product::Perpetual, _, Some("PERP")) => Some(format!("{base}{quote}")),
        _ => None,
    }
}

/// Whether quantities of a contract count dollars: inverse ones, `BTCUSD`, `BTCUSDM26`.
pub(super) fn counts_contracts(ticker: &str) -> bool {
    let dated = || {
        let (pair, month) = ticker.split_at_checked(ticker.len().saturating_sub(3))?;
        let is_month = matches!(month.as_bytes(), [b'H' | b'M' | b'U' | b'Z', b'0'..=b'9', b'0'..=b'9']);
        is_month.then_some(pair)
    };
    ticker.ends_with("USD") || dated().is_some_and(|pair| pair.ends_with("USD"))
}

/// An interval of a kline topic or row: minutes, or a letter.
pub(super) fn timeframe(interval: &str) -> Option<Timeframe> {
    Timeframe::ALL.into_iter().find(|timeframe| self::interval(*timeframe) == Some(interval))
}

/// The venue's word for a timeframe.
pub(super) fn interval(timeframe: Timeframe) -> Option<&'static str> {
    Some(match timeframe {
        Timeframe::M1 => "1",
        Timeframe::M3 => "3",
        Timeframe::M5 => "5",
        Timeframe::M15 => "15",
        Timeframe::M30 => "30",
        Timeframe::H1 => "60",
        Timeframe::H2 => "120",
        Timeframe::H4 => "240",
        Timeframe::H6 => "360",
        Timeframe::H12 => "720",
        Timeframe::D1 => "D",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickers_of_both_products() {
        let of = |product, text: &str| ticker(product, &Symbol::new(text).unwrap());
        for (product, symbol, expected) in [
            (Product::Spot, "BTC-USDT", Some("BTCUSDT")),
            (Product::Perpetual, "BTC-USDT-PERP", Some("BTCUSDT")),
            (Product::Perpetual, "BTC-USDC-PERP", Some("BTCPERP")),
            (Product::Perpetual, "BTC-USD-PERP", None),
            (Product::Perpetual, "BTC-USDT", None),
            (Product::Spot, "BTC-USDT-PERP", None),
            (Product::InversePerpetual, "BTC-USD-PERP-INV", None),
        ] {
            assert_eq!(of(product, symbol).as_deref(), expected, "{symbol}");
        }
        assert_eq!(canonical(Product::Perpetual, "BTCPERP"), Some(Symbol::new("BTC-USDC-PERP").unwrap()));
        assert_eq!(canonical(Product::Spot, "BTCPERP"), None);
        assert_eq!(canonical(Product::Perpetual, "BTCUSDT"), None);
    }

    #[test]
    fn inverse_contracts_count_dollars() {
        for (ticker, expected) in [
            ("BTCUSD", true),
            ("BTCUSDM26", true),
            ("BTCUSDT", false),
            ("BTCPERP", false),
            ("M26", false),
            ("é26", false),
        ] {
            assert_eq!(counts_contracts(ticker), expected, "{ticker}");
        }
    }
}
