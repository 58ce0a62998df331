//! The registry: one line per exchange.

use tickplane_model::{ExchangeId, Instrument, InstrumentIndex, Product};

use crate::binance::Binance;
use crate::bybit::Bybit;
use crate::coinbase::Coinbase;
use crate::kraken::Kraken;
use crate::{Exchange, Session};

static EXCHANGES: &[&dyn Exchange] = &[
    &Binance,  // spot
    &Bybit,    // v5: spot, linear perpetual contracts
    &Coinbase, // Advanced Trade
    &Kraken,   // spot, WebSocket v2
];

/// Every exchange that can be run and decoded.
#[must_use]
pub fn all() -> &'static [&'static dyn Exchange] {
    EXCHANGES
}

/// The exchange with this id; `None` for those the project knows by name only.
#[must_use]
pub fn exchange(id: ExchangeId) -> Option<&'static dyn Exchange> {
    EXCHANGES.iter().copied().find(|exchange| exchange.meta().id == id)
}

/// A session that reads messages of any symbol of `product`, one connection in order: what `decode` uses.
///
/// `instruments` gives known symbols their index; all others come without an instrument. `None` where the exchange
/// is not in the registry.
#[must_use]
pub fn decoder(
    id: ExchangeId,
    product: Product,
    instruments: &[(InstrumentIndex, &Instrument)],
) -> Option<Box<dyn Session>> {
    exchange(id).map(|exchange| exchange.decoder(product, instruments))
}
