//! A candle in the hands of C, and what its quality says.

use tickplane_layout::series::CANDLE_WORDS;
use tickplane_model::Candle;

/// The interval is over; only a revision changes the candle from here.
pub const TP_QUALITY_FINAL: u64 = 1;
/// The plane began to listen inside the interval: earlier trades are missing.
pub const TP_QUALITY_PARTIAL: u64 = 2;
/// No trade happened; the prices are the previous close.
pub const TP_QUALITY_SYNTHETIC: u64 = 4;
/// Holds trades that were fetched afterwards.
pub const TP_QUALITY_BACKFILLED: u64 = 8;
/// Taken from the exchange's own candle instead of its trades.
pub const TP_QUALITY_VENUE: u64 = 16;
/// The exchange's market was closed.
pub const TP_QUALITY_MARKET_CLOSED: u64 = 32;
/// Computed from a finer timeframe.
pub const TP_QUALITY_DERIVED: u64 = 64;
/// `quality >> TP_QUALITY_REVISIONS_SHIFT & 0xffff`: how often the candle was revised after it was final.
pub const TP_QUALITY_REVISIONS_SHIFT: u32 = 16;
/// `quality >> TP_QUALITY_GAP_MS_SHIFT`: how long the feed was interrupted inside the interval, in milliseconds.
pub const TP_QUALITY_GAP_MS_SHIFT: u32 = 32;

/// One candle. In a gap prices are NaN and volumes 0.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CandleRow {
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
    /// What the candle is made of: TP_QUALITY_FINAL and the others.
    pub quality: u64,
}

const _: () = assert!(size_of::<CandleRow>() == CANDLE_WORDS * 8);

impl From<&Candle> for CandleRow {
    fn from(candle: &Candle) -> Self {
        Self {
            open_time_ns: candle.open_time_ns,
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            volume: candle.volume,
            quote_volume: candle.quote_volume,
            taker_buy_volume: candle.taker_buy_volume,
            trade_count: candle.trade_count,
            quality: candle.quality.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use tickplane_model::Quality;

    use super::*;

    #[test]
    fn quality_bits_are_the_models() {
        let flags = [
            (TP_QUALITY_FINAL, Quality::FINAL),
            (TP_QUALITY_PARTIAL, Quality::PARTIAL),
            (TP_QUALITY_SYNTHETIC, Quality::SYNTHETIC),
            (TP_QUALITY_BACKFILLED, Quality::BACKFILLED),
            (TP_QUALITY_VENUE, Quality::VENUE),
            (TP_QUALITY_MARKET_CLOSED, Quality::MARKET_CLOSED),
            (TP_QUALITY_DERIVED, Quality::DERIVED),
        ];
        for (bits, flag) in flags {
            assert_eq!(Quality(bits), flag);
        }
        let quality = Quality::FINAL.with_gap_ms(70_000).revised().revised();
        assert_eq!(quality.0 >> TP_QUALITY_REVISIONS_SHIFT & 0xffff, 2);
        assert_eq!(quality.0 >> TP_QUALITY_GAP_MS_SHIFT, 70_000);
    }
}
