//! Kraken pairs: `BTC/USD` on WebSocket v2, `XBT/USD` in the older names of the REST listing.

use tickplane_model::{Product, Symbol, Timeframe};

/// `BTC/USD` is `BTC-USD`.
pub(super) fn canonical(product: Product, pair: &str) -> Option<Symbol> {
    let (base, quote) = pair.split_once('/').filter(|_| product == Product::Spot)?;
    Symbol::new(&format!("{base}-{quote}")).ok()
}

/// `BTC-USD` is `BTC/USD`.
pub(super) fn ticker(product: Product, symbol: &Symbol) -> Option<String> {
    let (base, quote) = symbol.as_str().split_once('-').filter(|_| product == Product::Spot)?;
    (!quote.contains('-')).then(|| format!("{base}/{quote}"))
}

/// The v2 pair of a listing's `wsname`, whose old names v2 refuses.
pub(super) fn pair_of_listing(wsname: &str) -> Option<String> {
    let (base, quote) = wsname.split_once('/')?;
    Some(format!("{}/{}", renamed(base), renamed(quote)))
}

fn renamed(asset: &str) -> &str {
    match asset {
        "XBT" => "BTC",
        "XDG" => "DOGE",
        other => other,
    }
}

/// The timeframe of an interval in minutes; `None` for those tickplane does not keep (15 days) or that open on other
/// days than its own (weeks, from Thursday).
pub(super) fn timeframe(minutes: u64) -> Option<Timeframe> {
    let seconds = i64::try_from(minutes).ok()?.checked_mul(60)?;
    super::meta::META.timeframes.iter().copied().find(|timeframe| timeframe.seconds() == seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_become_the_ones_v2_takes() {
        assert_eq!(pair_of_listing("XBT/USD").unwrap(), "BTC/USD");
        assert_eq!(pair_of_listing("XDG/XBT").unwrap(), "DOGE/BTC");
        assert_eq!(pair_of_listing("AAPLx/USD").unwrap(), "AAPLx/USD");
        assert_eq!(pair_of_listing("XBTUSD"), None);
    }

    #[test]
    fn weeks_from_thursday_are_not_ours() {
        assert_eq!(timeframe(1), Some(Timeframe::M1));
        assert_eq!(timeframe(1_440), Some(Timeframe::D1));
        assert_eq!(timeframe(10_080), None);
        assert_eq!(timeframe(u64::MAX), None);
    }
}
