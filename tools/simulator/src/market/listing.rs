//! What a simulated venue lists: real tickers in the venue's own quote currencies, with tick and lot sizes.

use tickplane_model::{ExchangeId, Product, Symbol};

use crate::venue::{Profile, profile};

/// Bases by size, with a price in US dollars near that of late September 2026. They only have to look real.
const BASES: [(&str, f64); 112] = [
    ("BTC", 83_744.0),
    ("ETH", 2_668.0),
    ("SOL", 141.0),
    ("XRP", 1.92),
    ("DOGE", 0.134),
    ("BNB", 742.0),
    ("ADA", 0.47),
    ("LINK", 14.6),
    ("AVAX", 15.2),
    ("LTC", 79.4),
    ("SUI", 1.61),
    ("DOT", 2.31),
    ("TRX", 0.29),
    ("BCH", 512.0),
    ("XLM", 0.23),
    ("HBAR", 0.134),
    ("UNI", 5.7),
    ("AAVE", 172.0),
    ("NEAR", 1.74),
    ("ETC", 13.1),
    ("PEPE", 0.0000047),
    ("SHIB", 0.0000085),
    ("TON", 1.62),
    ("XMR", 341.0),
    ("ICP", 3.4),
    ("APT", 2.1),
    ("ARB", 0.21),
    ("OP", 0.31),
    ("FIL", 1.4),
    ("ATOM", 2.4),
    ("INJ", 5.3),
    ("TIA", 0.61),
    ("SEI", 0.12),
    ("RENDER", 1.9),
    ("FET", 0.24),
    ("GRT", 0.041),
    ("ALGO", 0.13),
    ("VET", 0.012),
    ("MKR", 1_510.0),
    ("LDO", 0.62),
    ("CRV", 0.41),
    ("SNX", 0.52),
    ("COMP", 31.0),
    ("SAND", 0.15),
    ("MANA", 0.16),
    ("AXS", 0.92),
    ("CHZ", 0.031),
    ("ENJ", 0.029),
    ("BAT", 0.21),
    ("ZEC", 402.0),
    ("DASH", 48.0),
    ("XTZ", 0.51),
    ("EOS", 0.22),
    ("KSM", 8.1),
    ("FLOW", 0.18),
    ("IMX", 0.31),
    ("QNT", 78.0),
    ("EGLD", 8.4),
    ("THETA", 0.38),
    ("GALA", 0.0072),
    ("RUNE", 0.61),
    ("KAVA", 0.14),
    ("ZRX", 0.13),
    ("YFI", 4_012.0),
    ("BAL", 0.61),
    ("OCEAN", 0.21),
    ("STORJ", 0.14),
    ("ANKR", 0.0071),
    ("SKL", 0.012),
    ("1INCH", 0.16),
    ("ENS", 11.2),
    ("APE", 0.24),
    ("GMT", 0.019),
    ("JASMY", 0.0068),
    ("WLD", 0.71),
    ("PYTH", 0.071),
    ("JUP", 0.21),
    ("JTO", 0.43),
    ("BONK", 0.0000103),
    ("WIF", 0.41),
    ("FLOKI", 0.000047),
    ("ONDO", 0.42),
    ("ENA", 0.27),
    ("STRK", 0.09),
    ("ZK", 0.034),
    ("MANTA", 0.09),
    ("ALT", 0.013),
    ("DYM", 0.09),
    ("PIXEL", 0.011),
    ("PORTAL", 0.019),
    ("AEVO", 0.041),
    ("ETHFI", 0.83),
    ("TAO", 311.0),
    ("KAS", 0.047),
    ("CFX", 0.074),
    ("ROSE", 0.017),
    ("MINA", 0.081),
    ("CELO", 0.13),
    ("ONE", 0.0049),
    ("ZIL", 0.0067),
    ("IOTA", 0.11),
    ("NEO", 4.1),
    ("QTUM", 1.4),
    ("ONT", 0.071),
    ("ICX", 0.068),
    ("WAVES", 0.71),
    ("LRC", 0.061),
    ("BAND", 0.41),
    ("NMR", 9.7),
    ("REQ", 0.11),
    ("CTSI", 0.041),
    ("AUDIO", 0.037),
];

pub(crate) const BINANCE_QUOTES: [(&str, f64); 10] = [
    ("USDT", 1.0),
    ("USDC", 1.0),
    ("FDUSD", 0.998),
    ("EUR", 1.17),
    ("TRY", 0.024),
    ("BRL", 0.185),
    ("JPY", 0.0066),
    ("BTC", 83_744.0),
    ("ETH", 2_668.0),
    ("BNB", 742.0),
];
pub(crate) const COINBASE_QUOTES: [(&str, f64); 10] = [
    ("USD", 1.0),
    ("EUR", 1.17),
    ("GBP", 1.34),
    ("USDT", 1.0),
    ("CAD", 0.72),
    ("AUD", 0.66),
    ("SGD", 0.78),
    ("INR", 0.0113),
    ("BTC", 83_744.0),
    ("ETH", 2_668.0),
];
pub(crate) const KRAKEN_QUOTES: [(&str, f64); 10] = [
    ("USD", 1.0),
    ("EUR", 1.17),
    ("USDT", 1.0),
    ("USDC", 1.0),
    ("GBP", 1.34),
    ("CAD", 0.72),
    ("AUD", 0.66),
    ("JPY", 0.0066),
    ("BTC", 83_744.0),
    ("ETH", 2_668.0),
];

/// The most symbols one venue can list.
pub(crate) const SYMBOLS_MAX: usize = 1_000;

/// Trades per second of the first listing at rate 1; the next ones fall off by a power law.
const RATE_FIRST: f64 = 32.0;
const RATE_EXPONENT: f64 = 1.25;
const RATE_LAST: f64 = 0.02;
/// Worth of a typical trade in US dollars.
const TRADE_USD: f64 = 600.0;

/// One instrument as the venue lists it. A tick is 10^-`price_decimals`, a lot 10^-`lot_decimals`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Listing {
    pub(crate) symbol: Symbol,
    pub(crate) product: Product,
    pub(crate) base: String,
    pub(crate) quote: String,
    pub(crate) price_decimals: u32,
    pub(crate) lot_decimals: u32,
    /// Where the price starts, in ticks.
    pub(crate) price: i64,
    /// A typical trade, in lots.
    pub(crate) quantity: i64,
    /// Trades per second, on average.
    pub(crate) rate: f64,
}

/// What a venue lists.
pub(crate) struct Offer {
    /// Quote currencies and what they are worth in US dollars, the one that is traded most first.
    pub(crate) quotes: &'static [(&'static str, f64)],
    /// Whether it has perpetual contracts against the first of them beside spot.
    pub(crate) has_perpetuals: bool,
    /// Decimals of price and quantity, by the power of ten of the price and what one unit is worth in US dollars.
    pub(crate) steps: fn(i32, f64) -> (u32, u32),
}

/// The first `count` listings of a venue, busiest first; contracts and spot by turns. Empty for a venue without a
/// simulation.
pub(crate) fn listings(exchange: ExchangeId, count: usize, rate: f64) -> Vec<Listing> {
    let Some(Profile { offer, .. }) = profile(exchange) else { return Vec::new() };
    let pairs = |quotes: &'static [(&str, f64)]| {
        let pairs = quotes.iter().flat_map(|quote| BASES.iter().map(move |base| (*base, *quote)));
        pairs.filter(|(base, quote)| base.0 != quote.0)
    };
    let spot: Vec<_> = pairs(offer.quotes).map(|pair| (pair, Product::Spot)).collect();
    let contracts = if offer.has_perpetuals { &offer.quotes[..1] } else { &[] };
    let contracts: Vec<_> = pairs(contracts).map(|pair| (pair, Product::Perpetual)).collect();
    let mut both: Vec<_> = spot.into_iter().enumerate().chain(contracts.into_iter().enumerate()).collect();
    both.sort_by_key(|(rank, _)| *rank);
    both.into_iter()
        .take(count)
        .enumerate()
        .filter_map(|(rank, (_, ((base, quote), product)))| listing(offer, (base, quote), product, rank, rate))
        .collect()
}

/// A currency and what it is worth in US dollars.
type Worth = (&'static str, f64);

fn listing(
    offer: &Offer,
    ((base, base_usd), (quote, quote_usd)): (Worth, Worth),
    product: Product,
    rank: usize,
    rate: f64,
) -> Option<Listing> {
    let suffix = if product == Product::Spot { "" } else { "-PERP" };
    let symbol = Symbol::new(&format!("{base}-{quote}{suffix}")).ok()?;
    let price = base_usd / quote_usd;
    let magnitude = price.log10().floor() as i32;
    let (price_decimals, lot_decimals) = (offer.steps)(magnitude, base_usd);
    let in_ticks = price * 10_f64.powi(price_decimals as i32);
    let in_lots = TRADE_USD / base_usd * 10_f64.powi(lot_decimals as i32);
    let falling = RATE_FIRST / (1.0 + rank as f64).powf(RATE_EXPONENT);
    Some(Listing {
        symbol,
        product,
        base: base.to_owned(),
        quote: quote.to_owned(),
        price_decimals,
        lot_decimals,
        price: (in_ticks.round() as i64).max(100),
        quantity: (in_lots.round() as i64).max(4),
        rate: falling.max(RATE_LAST) * rate,
    })
}

/// Prices of six digits; lots of 1e-8 everywhere.
pub(crate) fn fine_lots(magnitude: i32, _base_usd: f64) -> (u32, u32) {
    ((5 - magnitude).clamp(1, 10) as u32, 8)
}

/// Prices of seven digits and at most 8 decimals; a lot is worth some cents.
pub(crate) fn lots_by_worth(magnitude: i32, base_usd: f64) -> (u32, u32) {
    let lots = base_usd.log10().floor() as i32 + 1;
    ((6 - magnitude).clamp(2, 8) as u32, lots.clamp(0, 5) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_distinct_symbols_of_falling_rate() {
        for exchange in crate::venue::simulated() {
            let all = listings(exchange, SYMBOLS_MAX, 1.0);
            let mut symbols: Vec<&Symbol> = all.iter().map(|listing| &listing.symbol).collect();
            symbols.sort();
            symbols.dedup();
            assert_eq!(symbols.len(), SYMBOLS_MAX, "{exchange}");
            assert!(all.windows(2).all(|pair| pair[0].rate >= pair[1].rate));
            assert!((20.0..=50.0).contains(&all[0].rate) && all[19].rate < 1.0);
            assert!(all.iter().all(|l| l.price >= 100 && l.quantity >= 1 && l.price_decimals <= 10));
        }
        assert!(listings(ExchangeId::Fyers, 5, 1.0).is_empty());
    }
}
