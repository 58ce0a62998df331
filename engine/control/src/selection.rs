//! Which of a venue's instruments are subscribed.

use tickplane_exchanges::Exchange;
use tickplane_model::{ExchangeId, Instrument, InstrumentStatus, Product};

/// Quote currencies whose 24 h volumes compare: the US dollar and coins pegged to it. A venue's "top by volume" ranks
/// pairs against these first, since a volume in rupiah says nothing beside one in bitcoin.
const DOLLARS: [&str; 9] = ["USD", "USDT", "USDC", "FDUSD", "TUSD", "DAI", "PYUSD", "USDE", "RLUSD"];

/// What the user asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Canonical symbols or the venue's own tickers; empty asks for the top by volume.
    pub symbols: Vec<String>,
    /// How many by 24 h volume when no symbols are named.
    pub top: usize,
    /// Of which products those are, in order of preference; what the venue does not carry is passed over.
    pub products: Vec<Product>,
}

impl Wanted {
    /// The products that have to be listed: those of the top, or those that the names of symbols tell. A ticker of the
    /// venue may be of any product wanted.
    pub(crate) fn listed_products(&self, exchange: &dyn Exchange) -> Vec<Product> {
        let carried = |product: &Product| exchange.markets().iter().any(|market| market.products.contains(product));
        let named = self.symbols.iter().filter_map(|name| product_of(name));
        let mut products: Vec<Product> = Vec::new();
        for product in self.products.iter().copied().chain(named).filter(carried) {
            if !products.contains(&product) {
                products.push(product);
            }
        }
        if products.is_empty() { exchange.meta().products.iter().copied().take(1).collect() } else { products }
    }
}

/// The product that a canonical symbol names by its suffix.
fn product_of(name: &str) -> Option<Product> {
    let name = name.to_ascii_uppercase();
    let (name, is_inverse) = name.strip_suffix("-INV").map_or((name.as_str(), false), |name| (name, true));
    let (_, last) = name.rsplit_once('-')?;
    match last {
        "PERP" if is_inverse => Some(Product::InversePerpetual),
        "PERP" => Some(Product::Perpetual),
        _ if last.len() == 8 && last.bytes().all(|byte| byte.is_ascii_digit()) => Some(Product::Dated),
        _ => None,
    }
}

/// Why nothing can be subscribed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SelectionError {
    /// Names the venue does not list.
    #[error("{exchange} does not list {}{}", quoted(.unknown), near(.nearest))]
    Unknown {
        /// The venue.
        exchange: ExchangeId,
        /// The names, as the user wrote them.
        unknown: Vec<String>,
        /// The listed symbols that look most like the first of them.
        nearest: Vec<String>,
    },
    /// The venue lists nothing that trades.
    #[error("{exchange} lists no instrument that trades")]
    Nothing {
        /// The venue.
        exchange: ExchangeId,
    },
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn near(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; it lists {}", names.join(", ")) }
}

/// Picks the wanted instruments from the venue's list: those named, or the top by 24 h volume.
///
/// # Errors
/// When a name is unknown, or nothing trades.
pub fn select(
    exchange: ExchangeId,
    wanted: &Wanted,
    listed: Vec<Instrument>,
) -> Result<Vec<Instrument>, SelectionError> {
    if wanted.symbols.is_empty() {
        top(exchange, wanted.top, listed)
    } else {
        named(exchange, &wanted.symbols, &listed)
    }
}

fn top(exchange: ExchangeId, count: usize, listed: Vec<Instrument>) -> Result<Vec<Instrument>, SelectionError> {
    let mut trading: Vec<Instrument> =
        listed.into_iter().filter(|instrument| instrument.status == InstrumentStatus::Trading).collect();
    trading.sort_by(|a, b| {
        let rank = |instrument: &Instrument| (is_dollar(instrument), volume(instrument));
        let ((a_dollar, a_volume), (b_dollar, b_volume)) = (rank(a), rank(b));
        b_dollar.cmp(&a_dollar).then(b_volume.total_cmp(&a_volume)).then_with(|| a.symbol.cmp(&b.symbol))
    });
    trading.truncate(count);
    if trading.is_empty() { Err(SelectionError::Nothing { exchange }) } else { Ok(trading) }
}

fn is_dollar(instrument: &Instrument) -> bool {
    instrument.symbol.as_str().split('-').nth(1).is_some_and(|quote| DOLLARS.contains(&quote))
}

fn volume(instrument: &Instrument) -> f64 {
    if instrument.quote_volume_24h.is_nan() { 0.0 } else { instrument.quote_volume_24h }
}

fn named(exchange: ExchangeId, names: &[String], listed: &[Instrument]) -> Result<Vec<Instrument>, SelectionError> {
    let mut picked: Vec<Instrument> = Vec::with_capacity(names.len());
    let mut unknown = Vec::new();
    for name in names {
        match listed.iter().find(|instrument| is_named(instrument, name)) {
            Some(instrument) if picked.iter().any(|other| other.symbol == instrument.symbol) => {}
            Some(instrument) => picked.push(instrument.clone()),
            None => unknown.push(name.clone()),
        }
    }
    match unknown.first() {
        None => Ok(picked),
        Some(first) => {
            let nearest = nearest(first, listed);
            Err(SelectionError::Unknown { exchange, unknown, nearest })
        }
    }
}

fn is_named(instrument: &Instrument, name: &str) -> bool {
    instrument.symbol.as_str().eq_ignore_ascii_case(name) || instrument.venue_symbol.eq_ignore_ascii_case(name)
}

/// Listed symbols of the same base, by volume: what the user most likely meant.
fn nearest(name: &str, listed: &[Instrument]) -> Vec<String> {
    let base = name.split(['-', '/', '_']).next().unwrap_or(name).to_ascii_uppercase();
    let mut near: Vec<&Instrument> = listed
        .iter()
        .filter(|instrument| {
            let symbol = instrument.symbol.as_str().to_ascii_uppercase();
            !base.is_empty() && (symbol.starts_with(&base) || base.starts_with(symbol.split('-').next().unwrap_or("-")))
        })
        .collect();
    near.sort_by(|a, b| volume(b).total_cmp(&volume(a)));
    near.iter().take(5).map(|instrument| instrument.symbol.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use tickplane_model::{Product, Symbol};

    use super::*;

    fn listed(symbol: &str, volume: f64, status: InstrumentStatus) -> Instrument {
        Instrument {
            exchange: ExchangeId::Binance,
            symbol: Symbol::new(symbol).unwrap(),
            venue_symbol: symbol.replace('-', ""),
            product: Product::Spot,
            tick_size: 0.01,
            lot_size: 0.01,
            contract_size: 1.0,
            quote_volume_24h: volume,
            status,
        }
    }

    fn market() -> Vec<Instrument> {
        vec![
            listed("BTC-IDR", 9e12, InstrumentStatus::Trading),
            listed("ETH-USDT", 5e8, InstrumentStatus::Trading),
            listed("BTC-USDT", 1e9, InstrumentStatus::Trading),
            listed("BTC-USDC", f64::NAN, InstrumentStatus::Trading),
            listed("XRP-USDT", 8e8, InstrumentStatus::Restricted),
        ]
    }

    fn symbols(picked: Result<Vec<Instrument>, SelectionError>) -> Vec<String> {
        picked.unwrap().into_iter().map(|instrument| instrument.symbol.to_string()).collect()
    }

    #[test]
    fn the_top_counts_dollars_and_what_trades() {
        let wanted = |top| Wanted { symbols: vec![], top, products: vec![] };
        assert_eq!(symbols(select(ExchangeId::Binance, &wanted(2), market())), ["BTC-USDT", "ETH-USDT"]);
        assert_eq!(
            symbols(select(ExchangeId::Binance, &wanted(9), market())),
            ["BTC-USDT", "ETH-USDT", "BTC-USDC", "BTC-IDR"]
        );
        let nothing = select(ExchangeId::Binance, &wanted(3), market().split_off(4));
        assert_eq!(nothing, Err(SelectionError::Nothing { exchange: ExchangeId::Binance }));
    }

    #[test]
    fn what_is_wanted_tells_which_products_are_listed() {
        let kraken = tickplane_exchanges::exchange(ExchangeId::Kraken).unwrap();
        let wanted = |products: &[Product]| Wanted { symbols: vec![], top: 1, products: products.to_vec() };
        for products in [&[][..], &[Product::Spot], &[Product::InversePerpetual], &[Product::Spot, Product::Dated]] {
            assert_eq!(wanted(products).listed_products(kraken), [Product::Spot], "{products:?}");
        }
        for (name, product) in [
            ("BTC-USDT", None),
            ("BTCUSDT", None),
            ("btc-usdt-perp", Some(Product::Perpetual)),
            ("BTC-USD-PERP-INV", Some(Product::InversePerpetual)),
            ("BTC-USDT-20261225", Some(Product::Dated)),
            ("BTC-USD-20261225-INV", Some(Product::Dated)),
        ] {
            assert_eq!(product_of(name), product, "{name}");
        }
    }

    #[test]
    fn names_are_canonical_or_the_venues_own_and_taken_once() {
        let wanted = Wanted {
            symbols: ["ETH-USDT", "btcusdt", "BTC-USDT"].map(String::from).to_vec(),
            top: 0,
            products: vec![],
        };
        assert_eq!(symbols(select(ExchangeId::Binance, &wanted, market())), ["ETH-USDT", "BTC-USDT"]);
    }

    #[test]
    fn unknown_names_are_all_told_with_what_is_near() {
        let wanted =
            Wanted { symbols: ["BTC-EUR", "ETH-USDT", "FOO-BAR"].map(String::from).to_vec(), top: 0, products: vec![] };
        let error = select(ExchangeId::Binance, &wanted, market()).unwrap_err().to_string();
        assert_eq!(error, "binance does not list \"BTC-EUR\", \"FOO-BAR\"; it lists BTC-IDR, BTC-USDT, BTC-USDC");
    }
}
