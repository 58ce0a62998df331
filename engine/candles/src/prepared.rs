//! A trade with its exact decimals, found once for all timeframes of its symbol.

use tickplane_model::Trade;

use crate::decimal::{Decimal, Places};
use crate::sum::is_summable;

/// What a trade adds to the sums of its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amounts {
    pub(crate) quantity: Decimal,
    /// Price times quantity.
    pub(crate) quote: Decimal,
}

/// A trade ready for any series of its symbol; made by [`Decimals::prepare`].
#[derive(Clone, Copy, Debug)]
pub struct Prepared<'a> {
    pub(crate) trade: &'a Trade,
    /// `None` when its numbers cannot be summed.
    pub(crate) amounts: Option<Amounts>,
}

/// Finds the decimals of one symbol's trades; remembers how many places prices and quantities have.
///
/// What it finds does not depend on what it saw before, only how soon. So a symbol's timeframes share one, and a trade
/// is prepared once for all of them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Decimals {
    price: Places,
    quantity: Places,
}

impl Decimals {
    /// The trade with its decimals; [`Series::prepared`](crate::Series::prepared) takes it.
    #[inline]
    pub fn prepare<'a>(&mut self, trade: &'a Trade) -> Prepared<'a> {
        let summable = is_summable(trade.price) && trade.price != 0.0 && is_summable(trade.quantity);
        let amounts = summable.then(|| {
            let quantity = self.quantity.read(trade.quantity);
            Amounts { quantity, quote: self.price.read(trade.price).times(quantity) }
        });
        Prepared { trade, amounts }
    }
}
