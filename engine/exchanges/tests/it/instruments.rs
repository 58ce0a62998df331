//! Instruments for the other tests, and symbols both ways.

use tickplane_exchanges::{Exchange, Meta, all};
use tickplane_model::{Instrument, InstrumentStatus, Product, Symbol};

/// The product of a canonical symbol.
pub(crate) fn product(symbol: &str) -> Product {
    match symbol.split('-').skip(2).collect::<Vec<_>>().as_slice() {
        [] => Product::Spot,
        ["PERP"] => Product::Perpetual,
        ["PERP", "INV"] => Product::InversePerpetual,
        _ => Product::Dated,
    }
}

/// The market that a symbol is of.
pub(crate) fn market_of(exchange: &dyn Exchange, symbol: &str) -> &'static Meta {
    exchange.market(product(symbol))
}

/// What the symbols of a product end with.
fn suffix(product: Product) -> &'static str {
    match product {
        Product::Spot => "",
        Product::Perpetual => "-PERP",
        Product::InversePerpetual => "-PERP-INV",
        Product::Dated => "-20261225",
    }
}

/// `count` instruments of a product with the venue's kind of tickers.
pub(crate) fn made(exchange: &dyn Exchange, product: Product, count: usize) -> Vec<Instrument> {
    (0..count).map(|number| named(exchange, &format!("COIN{number}-USDT{}", suffix(product)))).collect()
}

/// One instrument of this symbol.
pub(crate) fn named(exchange: &dyn Exchange, text: &str) -> Instrument {
    let symbol = Symbol::new(text).expect("a symbol");
    let product = product(text);
    let venue_symbol = exchange.venue_symbol(product, &symbol);
    Instrument {
        exchange: exchange.meta().id,
        venue_symbol: venue_symbol.unwrap_or_else(|| panic!("{}: {text} has no ticker", exchange.meta().id)),
        symbol,
        product,
        tick_size: 0.01,
        lot_size: 0.001,
        contract_size: 1.0,
        quote_volume_24h: 1.0,
        status: InstrumentStatus::Trading,
    }
}

#[test]
fn symbols_round_trip_where_the_ticker_tells_them() {
    for exchange in all() {
        for product in exchange.markets().iter().flat_map(|market| market.products) {
            let id = exchange.meta().id;
            let mut told = 0;
            for text in ["BTC-USD", "1INCH-EUR", "AAPLx-USD", "USDT-USDC", "BTC-USDT"] {
                let symbol = Symbol::new(&format!("{text}{}", suffix(*product))).unwrap();
                let Some(ticker) = exchange.venue_symbol(*product, &symbol) else { continue };
                if let Some(back) = exchange.symbol(*product, &ticker) {
                    assert_eq!(back, symbol, "{id}");
                    told += 1;
                }
            }
            let ticker =
                exchange.venue_symbol(*product, &Symbol::new(&format!("BTC-USDT{}", suffix(*product))).unwrap());
            assert!(ticker.is_some(), "{id}: no ticker of BTC-USDT{}", suffix(*product));
            eprintln!("{id} {product}: {told} of 5 tickers tell their symbol");
            assert_eq!(exchange.symbol(*product, ""), None, "{id}");
        }
    }
}
