//! The best bid and offer.

/// Best bid and ask of an instrument. A side the venue left empty is NaN.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Quote {
    /// When the venue says it held; 0 where the venue gives no time.
    pub exchange_ns: i64,
    /// When its bytes were read from the socket, once per read.
    pub receive_ns: i64,
    /// Best bid price in quote currency.
    pub bid_price: f64,
    /// Quantity at the best bid in base currency.
    pub bid_quantity: f64,
    /// Best ask price in quote currency.
    pub ask_price: f64,
    /// Quantity at the best ask in base currency.
    pub ask_quantity: f64,
}
