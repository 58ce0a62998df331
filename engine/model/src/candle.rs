//! One row of a series.

use crate::Quality;

/// Open, high, low, close, volumes and what the row is made of.
///
/// In a gap row the prices are NaN and the volumes 0; in a synthetic row all prices are the previous close.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Candle {
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
    /// Sum of quantities in base currency: the `f64` nearest the exact sum.
    pub volume: f64,
    /// Sum of price times quantity in quote currency.
    pub quote_volume: f64,
    /// The part of `volume` whose taker bought.
    pub taker_buy_volume: f64,
    /// Number of trades.
    pub trade_count: u64,
    /// What the row is made of.
    pub quality: Quality,
}
