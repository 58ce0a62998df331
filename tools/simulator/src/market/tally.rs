//! The market's account of itself, for comparing with what arrived somewhere else.

use super::bar::Bar;
use super::listing::Listing;
use crate::decimal::Decimal;

/// One interval of [`crate::Simulation::tally`]: computed in whole ticks and lots, each value rounded once, to the
/// nearest `f64`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TallyRow {
    /// When the interval opens.
    pub open_time_ns: i64,
    /// Price of the first trade.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Price of the last trade.
    pub close: f64,
    /// Sum of quantities, in base currency.
    pub volume: f64,
    /// Sum of price times quantity, in quote currency.
    pub quote_volume: f64,
    /// The part of `volume` whose taker bought.
    pub taker_buy_volume: f64,
    /// Number of trades.
    pub trade_count: u64,
}

impl TallyRow {
    pub(crate) fn new(bar: &Bar, listing: &Listing) -> Self {
        let price = |ticks: i64| Decimal::new(ticks, listing.price_decimals).nearest();
        let quantity = |lots: i128| Decimal::new(lots, listing.lot_decimals).nearest();
        Self {
            open_time_ns: bar.open_ns,
            open: price(bar.open),
            high: price(bar.high),
            low: price(bar.low),
            close: price(bar.close),
            volume: quantity(bar.volume),
            quote_volume: Decimal::new(bar.turnover, listing.price_decimals + listing.lot_decimals).nearest(),
            taker_buy_volume: quantity(bar.buy_volume),
            trade_count: bar.count,
        }
    }
}
