//! Coinbase product ids: `BTC-USD` is its own canonical symbol.

use tickplane_model::{Product, Symbol};

/// Spot ids are `BASE-QUOTE`. Ids of three parts are futures (`BIT-30OCT26-CDE`) and mean something else.
pub(super) fn canonical(product: Product, ticker: &str) -> Option<Symbol> {
    (product == Product::Spot && ticker.split('-').count() == 2).then(|| Symbol::new(ticker).ok()).flatten()
}

pub(super) fn ticker(product: Product, symbol: &Symbol) -> Option<String> {
    canonical(product, symbol.as_str()).map(|symbol| symbol.to_string())
}
