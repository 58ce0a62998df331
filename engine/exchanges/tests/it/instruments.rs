//! Instruments for the other tests, and symbols both ways.

use tickplane_exchanges::{Exchange, all};
use tickplane_model::{Instrument, InstrumentStatus, Product, Symbol};

/// `count` spot instruments with the venue's kind of tickers.
pub(crate) fn made(exchange: &dyn Exchange, count: usize) -> Vec<Instrument> {
    (0..count).map(|number| named(exchange, &format!("COIN{number}-USDT"))).collect()
}

/// One spot instrument of this symbol.
pub(crate) fn named(exchange: &dyn Exchange, symbol: &str) -> Instrument {
    let symbol = Symbol::new(symbol).expect("a symbol");
    Instrument {
        exchange: exchange.meta().id,
        venue_symbol: exchange.venue_symbol(Product::Spot, &symbol).expect("a ticker"),
        symbol,
        product: Product::Spot,
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
        let mut told = 0;
        for text in ["BTC-USD", "1INCH-EUR", "AAPLx-USD", "USDT-USDC"] {
            let symbol = Symbol::new(text).unwrap();
            let ticker = exchange.venue_symbol(Product::Spot, &symbol).expect("a ticker");
            if let Some(back) = exchange.symbol(Product::Spot, &ticker) {
                assert_eq!(back, symbol, "{}", exchange.meta().id);
                told += 1;
            }
        }
        assert!(told == 0 || told == 4, "{}: all or none", exchange.meta().id);
        assert_eq!(exchange.symbol(Product::Spot, "nonsense"), None);
        assert_eq!(exchange.symbol(Product::Spot, ""), None);
    }
}
